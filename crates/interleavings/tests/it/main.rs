//! What holds in every order of events.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bodies;
mod notices;
mod pool;
mod ring;
mod snapshot;
