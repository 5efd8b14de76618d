//! The client against real sockets: servers and proxies are scripted by the tests, byte by byte.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod answers;
mod bodies;
mod cut;
mod failures;
mod kit;
mod proxies;
mod reuse;
mod secure;
mod surplus;
