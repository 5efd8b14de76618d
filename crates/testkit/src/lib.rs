//! What the tests of the other crates are made of: a mock provider that behaves as told, the program under test, an HTTP client
//! that sends and shows exact bytes, and real proxies to put in between; and the load client of the benchmark.
//!
//! Every server listens on loopback, runs on a runtime of its own (so it serves while a test blocks) and ends when dropped.
//! Whatever waits gives up after [`wait::LIMIT`] with a panic that says what was expected.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "test code: a panic is the failure message, and a forgotten value shows as a failed test"
)]

pub mod app;
pub mod database;
pub mod fault_proxy;
pub mod gate;
pub mod haproxy;
pub mod http;
pub mod load;
mod monotonic;
pub mod outbound;
pub mod provider;
mod server;
pub mod servers;
pub mod wait;
pub mod wire;

pub use app::App;
pub use fault_proxy::FaultProxy;
pub use gate::Gate;
pub use haproxy::HaProxy;
pub use provider::{Answer, MockProvider, Script};
pub use wait::{eventually, within};
