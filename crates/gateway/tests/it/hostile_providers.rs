//! Providers whose answers are broken, endless, ambiguous or none, as a client of the program sees it. How the connection to them is
//! treated, byte by byte, is shown by the tests of `upstream`.
//!
//! | file | what it shows |
//! |---|---|
//! | `broken` | what is no answer is told as that, and no client hangs |
//! | `cut` | answers that break off, at every byte |
//! | `surplus` | more than was asked for |
//! | `early` | answers to requests that are still being sent |
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use serde_json::json;
use testkit::app::{App, GroupHandle};
use testkit::provider::MockProvider;

use crate::support::app_and_provider;

mod broken;
mod cut;
mod early;
mod surplus;

/// A program with a group whose requests are tried once.
async fn tried_once() -> (App, MockProvider, GroupHandle) {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(json!({"max_retries": 0}));
    let group = group.create().await;
    (app, provider, group)
}
