//! What must hold for any input that clients, providers and operators can send: one function for each way in.
//!
//! A function takes raw bytes and panics if a promise is broken. [`TARGETS`] are run by libFuzzer, guided by coverage, for as long as one
//! likes (`make fuzz`), and by an ordinary test over the committed corpus and a fixed number of mutations of it (`make test`).
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "test code: a panic is how a broken promise shows, and all functions may tell of one"
)]

mod gateway;
mod input;
pub mod targets;

/// A function that panics if a promise does not hold for these bytes.
pub type Target = fn(&[u8]);

/// All functions by the names of their programs and corpus folders.
pub const TARGETS: &[(&str, Target)] = &[
    ("classify", targets::classify),
    ("decode", targets::decode),
    ("dsn", targets::dsn),
    ("form", targets::form),
    ("head", targets::head),
    ("json", targets::json),
    ("keys", targets::keys),
    ("mask", targets::mask),
    ("models", targets::models),
    ("rest", targets::rest),
    ("sse", targets::sse),
    ("statuses", targets::statuses),
];
