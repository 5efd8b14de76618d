//! The process' own clock for everything that must not jump when somebody sets the time: rests, ejections, deadlines.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

static START: OnceLock<Instant> = OnceLock::new();

/// Between two times that the same trouble is said.
const SAID_EVERY_MS: u64 = 10_000;

/// Milliseconds since the process first asked.
#[must_use]
pub fn mono_ms() -> u64 {
    mono_ms_at(Instant::now())
}

/// The monotonic milliseconds of `instant`; 0 for instants before the first call.
#[must_use]
pub fn mono_ms_at(instant: Instant) -> u64 {
    let start = *START.get_or_init(|| instant);
    u64::try_from(instant.saturating_duration_since(start).as_millis()).unwrap_or(u64::MAX)
}

/// The wall-clock time at which the monotonic clock shows `at_ms`, as far as it can be told now.
#[must_use]
pub fn wall_time_of(at_ms: u64) -> Timestamp {
    let ahead = Duration::from_millis(at_ms.saturating_sub(mono_ms()));
    Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX)
}

/// What the monotonic clock shows at `wall`; now, if that has passed.
#[must_use]
pub fn mono_ms_of(wall: Timestamp) -> u64 {
    let ahead = wall.duration_since(Timestamp::now());
    mono_ms().saturating_add(u64::try_from(ahead.as_millis()).unwrap_or(0))
}

/// For what is worth a line in the log, but not one for each request it happens to.
#[derive(Debug)]
pub struct Seldom(AtomicU64);

impl Seldom {
    /// Nothing has been said yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Whether it has not been said for ten seconds. If so, it counts as said now.
    pub fn is_time(&self) -> bool {
        let (now, said) = (mono_ms() + SAID_EVERY_MS, self.0.load(Ordering::Relaxed));
        now >= said + SAID_EVERY_MS && self.0.compare_exchange(said, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// A setting that counts seconds.
#[must_use]
pub fn seconds(setting: i64) -> Duration {
    Duration::from_secs(u64::try_from(setting).unwrap_or(0))
}
