//! What every flow begins with.

use testkit::app::{App, Builder};
use testkit::provider::MockProvider;
use testkit::servers::Engine;

pub(crate) mod call;
pub(crate) mod clock;
pub(crate) mod events;
pub(crate) mod flood;
pub(crate) mod keys;
pub(crate) mod process;
pub(crate) mod traffic;

/// The program under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_gpt-load");

/// A running program that writes its log to the database at once, and a provider.
pub(crate) async fn app_and_provider() -> (App, MockProvider) {
    let (app, provider) = (App::start(BINARY).await, MockProvider::start());
    app.set(serde_json::json!({"request_log_write_interval_minutes": 0})).await;
    (app, provider)
}

/// A program to be started with an environment of its own.
pub(crate) fn builder() -> Builder {
    App::builder(BINARY)
}

/// The same on SQLite, for what is about its file.
pub(crate) fn on_sqlite() -> Builder {
    App::builder_on(Engine::Sqlite, BINARY)
}
