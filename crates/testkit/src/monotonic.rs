//! A clock that all processes of the machine share and nobody can set: for times that one process tells another.

use rustix::time::{ClockId, clock_gettime};

/// The length at which [`now_ns`] is written, with leading zeros.
pub(crate) const DIGITS: usize = 20;

/// Nanoseconds since the machine started.
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}
