//! The outcome table, row by row, with the answers that providers really give.
//!
//! | file | what it shows |
//! |---|---|
//! | `table` | each answer: what the client gets, whether another key is tried, what becomes of the key |
//! | `encoded` | the same for compressed answers |
//! | `blame` | thresholds, the operator's lists, doubts settled by evidence, what blames no key |
//! | `rests` | how long a rate-limited key rests, and for what |
//! | `masked` | a key's secret stays in |

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};
use testkit::provider::MockProvider;

use crate::support::keys::key_of;

mod blame;
mod encoded;
mod masked;
mod rests;
mod table;

/// A group with one key and without retries, so that each call is one attempt.
async fn single_key(app: &App, name: &str, provider: &MockProvider, config: Value) -> GroupHandle {
    let mut config = config;
    config["max_retries"] = json!(0);
    app.group(name).upstream(&provider.url()).keys([key_of(name, "only")]).config(config).create().await
}
