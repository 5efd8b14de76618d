//! Clients that smuggle, flood, stall or send nonsense: over raw sockets, with the provider's record of what came through.
//!
//! | file | what it shows |
//! |---|---|
//! | `smuggling` | messages that can be read in two ways |
//! | `odd_heads` | heads that try to change what goes to the provider |
//! | `http2` | the same over HTTP/2, frame by frame |
//! | `slow` | heads, bodies and readers that do not come on |
//! | `crowds` | thousands of connections and streams |
//! | `bombs` | little that becomes much when it is decoded |
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use testkit::app::App;
use testkit::http::Connection;
use testkit::provider::MockProvider;

use crate::support::app_and_provider;

mod bombs;
mod crowds;
mod http2;
mod odd_heads;
mod slow;
mod smuggling;

/// A program with a group `g` (proxy key `pk-g`, provider key `sk-1`).
async fn served() -> (App, MockProvider) {
    let (app, provider) = app_and_provider().await;
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    (app, provider)
}

async fn connect(app: &App) -> Connection {
    Connection::open(&app.addr().to_string()).await.unwrap()
}

/// The statuses of the answers that come until the connection ends.
async fn statuses(mut connection: Connection) -> Vec<u16> {
    let answers = connection.read_to_end().await.unwrap();
    let answers = String::from_utf8_lossy(&answers);
    let lines = answers.split("HTTP/1.1 ").skip(1);
    lines.map(|line| line.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or_default()).collect()
}
