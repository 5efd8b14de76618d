//! Guards: what keeps one cause from being counted as many.
//!
//! | guard | one cause | that would be counted as |
//! |---|---|---|
//! | [`RetryBudget`] | a sick upstream | several requests for each one it can't answer |
//! | [`AddressLimit`] | a limit on our address | limits on many keys, each with a longer rest than the last |
//! | [`MassRefusal`] | a provider that refuses everybody | many bad keys |
//!
//! Each is a small rule for one node. None lasts longer than its cause: a success ends it, and while keys rest on a guess one request a
//! second may look for that success.

pub mod address_limit;
pub mod mass_refusal;
pub mod retry_budget;
mod row;

pub use address_limit::AddressLimit;
pub use mass_refusal::{Fate, MassRefusal};
pub use retry_budget::{Grant, RetryBudget};

/// What an event did to a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It goes on as before.
    None,
    /// It acts from now on.
    Began,
    /// It acts no more.
    Ended,
}
