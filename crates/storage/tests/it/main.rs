//! The crate against real SQLite files, those of GPT-Load 1.4.9 among them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod adopt;
mod groups;
mod keys;
mod logs;
mod migrate;
mod reencrypt;
mod settings;
mod spool;
mod stats;
mod store;
mod support;
mod way_back;
