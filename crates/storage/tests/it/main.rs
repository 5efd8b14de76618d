//! The crate against real databases, those of GPT-Load 1.4.9 among them.
//!
//! `TEST_DATABASE` chooses the server; without it, and where a test is about what only SQLite has, it is SQLite.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod adopt;
mod backup;
mod feed;
mod groups;
mod keys;
mod lease;
mod logs;
mod migrate;
mod reencrypt;
mod settings;
mod spool;
mod stats;
mod store;
mod support;
mod tasks;
mod tls;
mod way_back;
