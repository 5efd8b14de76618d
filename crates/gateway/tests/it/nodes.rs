//! Several nodes on one database server, each with a folder of its own.

use testkit::App;
use testkit::servers::Engine;

use crate::support::BINARY;

mod leader;
mod tasks;
pub(crate) mod terms;

/// A server's, for a file is one node's.
fn engine() -> Engine {
    match Engine::of_tests() {
        Engine::Sqlite => Engine::Postgres,
        server => server,
    }
}

async fn start(count: usize) -> Vec<App> {
    let mut nodes = vec![App::builder_on(engine(), BINARY).start().await];
    while nodes.len() < count {
        nodes.push(nodes[0].sibling(BINARY).start().await);
    }
    nodes
}
