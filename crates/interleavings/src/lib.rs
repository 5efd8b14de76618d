//! What threads share, compiled so that every order of events can be tried.
//!
//! The modules are those of `domain`, `gateway` and `upstream`, by links to their files. They take locks and atomics from `crate::sync`,
//! which is [loom]'s here: it runs a test again and again, each time with the threads taking turns in another way. What a test says
//! then holds for all of them.

#![expect(clippy::must_use_candidate, reason = "the lint does not see that loom's atomics change")]
#![expect(clippy::new_without_default, reason = "what is private in the program is public here")]

extern crate self as domain;

pub use body::budget::Budget;
pub use body::replay::{Keep, Replay};
pub use real_domain::*;

#[expect(dead_code, reason = "`upstream` uses all of it")]
pub mod body;
pub mod clock;
pub mod journal;
pub mod keyring;
pub mod latest;
pub mod pick;
pub mod sync;

/// As in `upstream`.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 3600);

/// Runs `scenario` in every order of events in which no thread is interrupted more than three times.
pub fn in_every_order(scenario: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.max_branches = 20_000;
    builder.check(scenario);
}
