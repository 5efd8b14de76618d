//! When rounds begin, which keys take part, and over what time their calls are spread.

use std::time::Duration;

use domain::settings::Settings;
use jiff::Timestamp;

use crate::keyring::PoolKey;

/// A key that has been refused for so long is likely never to come back.
const LONG_DEAD: Duration = Duration::from_hours(14 * 24);
/// Then it is tried so often.
const DAILY: Duration = Duration::from_hours(24);
/// The calls of a round are spread over this part of the interval,
const SPREAD: u32 = 20;
/// but no longer.
const LONGEST_SPREAD: Duration = Duration::from_hours(1);

/// When a round ended, on the process' own clock, which begins with the process: `ago` before it showed `at_ms`.
pub struct End {
    at_ms: u64,
    ago: Duration,
}

impl End {
    /// A round that ends as the clock shows `at_ms`.
    pub fn at(at_ms: u64) -> Self {
        Self { at_ms, ago: Duration::ZERO }
    }

    /// A round that ended at `wall`, maybe before the process began. The clock shows `now_ms`.
    pub fn read(wall: Timestamp, now_ms: u64) -> Self {
        Self { at_ms: now_ms, ago: Timestamp::now().duration_since(wall).try_into().unwrap_or_default() }
    }

    /// How long ago that is when the clock shows `now_ms`.
    pub fn since(&self, now_ms: u64) -> Duration {
        self.ago + Duration::from_millis(now_ms.saturating_sub(self.at_ms))
    }
}

/// Whether a group's next round is to begin, so long after the last one ended: after an interval, and up to a tenth of it later, by
/// `jitter` (0 to 1).
pub fn is_due(since: Option<Duration>, jitter: f64, settings: &Settings) -> bool {
    since.is_none_or(|since| since >= pause(jitter, settings))
}

/// From the end of a round to the next one.
pub fn pause(jitter: f64, settings: &Settings) -> Duration {
    interval(settings).mul_f64(1.0 + jitter / 10.0)
}

/// Whether an invalid key takes part in round `number` of its group.
pub fn takes_part(key: &PoolKey, settings: &Settings, number: u64) -> bool {
    rounds_until(key, settings, number) == 0
}

/// How many rounds after round `number` an invalid key takes part next; 0 if in that one. Each refusal it has had beyond those that made
/// it invalid stands for one interval: so no more need be remembered of it.
pub fn rounds_until(key: &PoolKey, settings: &Settings, number: u64) -> u64 {
    let interval = interval(settings);
    let threshold = u32::try_from(settings.blacklist_threshold).unwrap_or(0);
    if interval.saturating_mul(key.failures().saturating_sub(threshold)) < LONG_DEAD {
        return 0;
    }
    // Different keys on different rounds of the day.
    let rounds_a_day = (DAILY.as_secs() / interval.as_secs().max(1)).max(1);
    let past = key.id.0.unsigned_abs().wrapping_add(number) % rounds_a_day;
    (rounds_a_day - past) % rounds_a_day
}

/// A number for the first round since the program started, as if it had always been running: else programs that are often restarted
/// would never get to some keys.
pub fn first_round(now: Timestamp, settings: &Settings) -> u64 {
    now.as_second().unsigned_abs() / interval(settings).as_secs().max(1)
}

/// The time over which the calls of a round are spread.
pub fn window(settings: &Settings) -> Duration {
    (interval(settings) / SPREAD).min(LONGEST_SPREAD)
}

fn interval(settings: &Settings) -> Duration {
    Duration::from_mins(u64::try_from(settings.key_validation_interval_minutes).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use domain::ids::KeyId;
    use domain::key::KeyStatus;
    use domain::secret::Secret;

    use super::*;

    fn settings(minutes: i64) -> Settings {
        Settings { key_validation_interval_minutes: minutes, blacklist_threshold: 3, ..Settings::default() }
    }

    #[test]
    fn rounds_are_an_interval_apart_and_a_little_more() {
        let (hourly, minutes) = (settings(60), Duration::from_mins);
        assert!(is_due(None, 0.9, &hourly), "the first one at once");
        for (jitter, since, due) in [(0.0, 59, false), (0.0, 60, true), (1.0, 65, false), (1.0, 66, true)] {
            assert_eq!(is_due(Some(minutes(since)), jitter, &hourly), due, "{jitter} {since}");
        }
    }

    #[test]
    fn a_round_before_a_restart_counts_and_one_in_the_future_has_just_been() {
        let hour_ago = Timestamp::now() - jiff::SignedDuration::from_hours(1);
        assert_eq!(End::read(hour_ago, 5).since(1_005).as_secs(), 3_601);
        let in_an_hour = Timestamp::now() + jiff::SignedDuration::from_hours(1);
        assert_eq!(End::read(in_an_hour, 5).since(1_005).as_secs(), 1);
        assert_eq!(End::at(5).since(1_005).as_secs(), 1);
    }

    #[test]
    fn keys_dead_for_two_weeks_are_tried_once_a_day() {
        let rounds_in_a_day = |failures: u32, minutes: i64, id: i64| {
            let key = PoolKey::new(KeyId(id), Secret::from("sk"), KeyStatus::Invalid, failures);
            let first = first_round("2026-05-05T10:00:00Z".parse().unwrap(), &settings(minutes));
            (0..1440 / minutes.unsigned_abs())
                .filter(|round| takes_part(&key, &settings(minutes), first + round))
                .count()
        };
        for id in 1..50 {
            assert_eq!(rounds_in_a_day(3 + 14 * 24 - 1, 60, id), 24, "not yet two weeks of hours");
            assert_eq!(rounds_in_a_day(3 + 14 * 24, 60, id), 1);
            assert_eq!(rounds_in_a_day(3 + 1000, 1440, id), 1);
            assert_eq!(rounds_in_a_day(3 + 14 * 1440, 1, id), 1);
        }
    }

    #[test]
    fn the_next_round_of_a_key_is_the_first_in_which_it_takes_part() {
        let (hourly, first) = (settings(60), 1_000);
        for failures in [3, 3 + 1000] {
            for id in 1..50 {
                let key = PoolKey::new(KeyId(id), Secret::from("sk"), KeyStatus::Invalid, failures);
                let expected = (0..24).find(|round| takes_part(&key, &hourly, first + round));
                assert_eq!(Some(rounds_until(&key, &hourly, first)), expected, "{failures} {id}");
            }
        }
    }

    #[test]
    fn calls_are_spread_over_a_part_of_the_interval() {
        for (minutes, seconds) in [(1, 3), (60, 180), (43_200, 3600)] {
            assert_eq!(window(&settings(minutes)).as_secs(), seconds);
        }
    }
}
