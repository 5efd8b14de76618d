//! Bytes, heads and methods arrive as they were sent, in both directions.
//!
//! | file | what it shows |
//! |---|---|
//! | `requests` | methods, targets, headers and bodies on their way to the provider |
//! | `responses` | statuses, headers and bodies on their way back |
//! | `byte_exact` | bodies of any size in any pieces |
//! | `credentials` | the client's key goes, the provider's comes |
//! | `connections` | HTTP/1.0, reused connections, `Expect` |
//! | `http2` | clients that speak HTTP/2 |
//! | `redirects` | which redirects of a provider are followed |
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use testkit::app::{App, GroupHandle};
use testkit::provider::MockProvider;
use testkit::wire::Headers;

mod byte_exact;
mod connections;
mod credentials;
mod http2;
mod redirects;
mod requests;
mod responses;

/// A group with one key, `sk-NAME`, in front of `provider`.
async fn one_key(app: &App, provider: &MockProvider, name: &str) -> GroupHandle {
    app.group(name).upstream(&provider.url()).keys([format!("sk-{name}")]).create().await
}

/// Each name once, in lower case and sorted.
fn names(headers: &Headers) -> Vec<String> {
    let mut names: Vec<_> = headers.names().iter().map(|name| name.to_ascii_lowercase()).collect();
    names.sort();
    names.dedup();
    names
}

/// The fields of `sent`, as [`names`] and [`Headers::all`] show them.
fn grouped(sent: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in sent {
        let name = name.to_ascii_lowercase();
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push((*value).to_owned()),
            None => groups.push((name, vec![(*value).to_owned()])),
        }
    }
    groups
}
