//! The few changes made to a request: URL, headers, parameters, model.
//!
//! Every edit replaces the bytes concerned and leaves all others as they came.
//!
//! | module | what it does |
//! |---|---|
//! | [`json`], [`multipart`] | find top-level members and form fields without a document tree |
//! | [`hints`](mod@hints) | the model and the stream flag, from as little of a body as possible |
//! | [`params`] | parameter overrides |
//! | [`models`] | model redirect: rules, body, path, model lists |
//! | [`url`] | the upstream's path and query |
//! | [`headers`] | hop-by-hop, identity and credential headers; header rules |

use std::ops::Range;

pub mod headers;
pub mod hints;
pub mod json;
pub mod models;
pub mod multipart;
pub mod params;
mod percent;
pub mod url;

/// `body` with each span replaced. Spans are ascending and don't overlap.
fn splice(body: &[u8], edits: &[(Range<usize>, &[u8])]) -> Vec<u8> {
    let added: usize = edits.iter().map(|(_, text)| text.len()).sum();
    let mut out = Vec::with_capacity(body.len() + added);
    let mut kept_from = 0;
    for (span, text) in edits {
        out.extend_from_slice(body.get(kept_from..span.start).unwrap_or_default());
        out.extend_from_slice(text);
        kept_from = span.end;
    }
    out.extend_from_slice(body.get(kept_from..).unwrap_or_default());
    out
}
