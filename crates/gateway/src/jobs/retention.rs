//! Deletes request logs that are older than the settings keep them, in small steps so that nothing waits for it, and rests that are over.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use storage::Db;

use super::leading::LeaderJob;
use crate::leadership::Term;
use crate::snapshot::Current;

/// When the job looks first: the clock of a machine that has just been started may still be set.
const FIRST: Duration = Duration::from_secs(2 * 60);
/// How often the job looks then.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// Rows deleted in one step.
const STEP: u32 = 1000;
/// Between two steps at least; otherwise as long as the step took, so that half of the time others can write.
const PAUSE: Duration = Duration::from_millis(20);

/// The job.
pub struct Retention {
    db: Db,
    current: Current,
    clock: WallClock,
    /// Until the next look.
    wait: Duration,
    /// The last look left some behind.
    is_behind: bool,
}

impl Retention {
    /// Deletes from `db` what the settings in `current` don't keep.
    pub fn new(db: Db, current: Current) -> Self {
        Self { db, current, clock: WallClock::at(Timestamp::now(), Instant::now()), wait: FIRST, is_behind: false }
    }
}

impl LeaderJob for Retention {
    const NAME: &'static str = "retention";

    async fn due(&mut self) {
        tokio::time::sleep(self.wait).await;
    }

    /// One step, so that a stop need not wait for all of them.
    async fn turn(&mut self, term: &Term) -> anyhow::Result<()> {
        let (now, begun) = (Timestamp::now(), Instant::now());
        let was_behind = std::mem::take(&mut self.is_behind);
        self.wait = EVERY;
        if !self.clock.is_to_be_trusted(now, begun) {
            return Ok(());
        }
        if !was_behind {
            self.db.delete_ended_cooldowns(term.token, now).await?;
        }
        let days = self.current.load().settings.request_log_retention_days;
        let kept = Duration::from_secs(24 * 3600 * u64::try_from(days).unwrap_or(0));
        let Some(before) = now.checked_sub(kept).ok().filter(|_| days > 0) else { return Ok(()) };
        self.is_behind = self.db.delete_logs_before(term.token, before, STEP).await? == u64::from(STEP);
        if self.is_behind {
            self.wait = begun.elapsed().max(PAUSE);
        }
        Ok(())
    }
}

/// Notices when somebody sets the wall clock: what is deleted because a wrong date made it old is gone for good.
struct WallClock {
    wall: Timestamp,
    seen: Instant,
    set: Option<Instant>,
}

impl WallClock {
    /// A jump by as much makes the clock suspect, and for as long. (A machine that slept jumps, too.)
    const JUMP: Duration = Duration::from_secs(24 * 3600);

    fn at(wall: Timestamp, seen: Instant) -> Self {
        Self { wall, seen, set: None }
    }

    fn is_to_be_trusted(&mut self, wall: Timestamp, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.seen);
        let expected = self.wall.checked_add(passed).unwrap_or(Timestamp::MAX);
        if wall.duration_since(expected).unsigned_abs() >= Self::JUMP {
            tracing::warn!(%expected, now = %wall, "the clock was set: for a day nothing is deleted from the log");
            self.set = Some(now);
        }
        (self.wall, self.seen) = (wall, now);
        self.set.is_none_or(|set| now.saturating_duration_since(set) >= Self::JUMP)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_clock_that_was_set_is_not_trusted_for_a_day() {
        let (start, wall): (_, Timestamp) = (Instant::now(), "2026-01-01T00:00:00Z".parse().unwrap());
        let mut clock = WallClock::at(wall, start);
        // Hours since the start, hours the wall clock is ahead of what it should show, whether it is trusted.
        for (hour, ahead, trusted) in [
            (1, 0, true),
            (2, 3, true),
            (3, 3, true),
            (4, 8760, false),
            (5, 8760, false),
            (6, 0, false),
            (29, 0, false),
            (30, 0, true),
            (31, -48, false),
            (55, -48, true),
        ] {
            let (wall, now) =
                (wall + SignedDuration::from_hours(hour + ahead), Duration::from_hours(hour.unsigned_abs()));
            assert_eq!(clock.is_to_be_trusted(wall, start + now), trusted, "hour {hour}");
        }
    }
}
