//! When a sick upstream is ejected, and how it comes back.
//!
//! | state | leaves it by |
//! |---|---|
//! | closed: traffic flows | [`FAILURES_TO_EJECT`] failures in a row → ejected for [`FIRST_EJECTION_MS`] |
//! | ejected: its time is not over | time → half open; a success (it was used as a last resort) → closed |
//! | half open: one live request at a time is its probe | probe succeeds → closed; probe fails → ejected for twice as long, at most [`LONGEST_EJECTION_MS`] |
//!
//! Time is any monotonic count of milliseconds, passed in.

/// Failures in a row that eject an upstream.
pub const FAILURES_TO_EJECT: u8 = 5;
/// How long the first ejection lasts.
pub const FIRST_EJECTION_MS: u64 = 10_000;
/// How long an ejection lasts at most, however often the probe failed.
pub const LONGEST_EJECTION_MS: u64 = 300_000;
/// After this time without a verdict a probe counts as lost, and another request may be the probe.
pub const PROBE_LEASE_MS: u64 = 60_000;

/// The state of one upstream, or of one upstream and model. The default is a healthy one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    state: State,
}

/// How a request may use an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Freely.
    Open,
    /// As the one request that finds out whether the upstream is well again.
    Probe,
    /// Only when every other upstream is ejected too.
    Ejected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u8 },
    Ejected { until_ms: u64, length_ms: u64, probe_until_ms: u64 },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// What [`admit`](Self::admit) would answer, without taking the probe.
    #[must_use]
    pub fn peek(&self, now_ms: u64) -> Admission {
        match self.state {
            State::Closed { .. } => Admission::Open,
            State::Ejected { until_ms, probe_until_ms, .. } if now_ms < until_ms.max(probe_until_ms) => {
                Admission::Ejected
            }
            State::Ejected { .. } => Admission::Probe,
        }
    }

    /// Asks for a request to be let through. Whoever is answered [`Admission::Probe`] has to report
    /// [`success`](Self::success), [`failure`](Self::failure) or [`probe_abandoned`](Self::probe_abandoned); until
    /// then, or for [`PROBE_LEASE_MS`], all others are answered [`Admission::Ejected`].
    pub fn admit(&mut self, now_ms: u64) -> Admission {
        let admission = self.peek(now_ms);
        if let (Admission::Probe, State::Ejected { probe_until_ms, .. }) = (admission, &mut self.state) {
            *probe_until_ms = now_ms.saturating_add(PROBE_LEASE_MS);
        }
        admission
    }

    /// A request succeeded. However it was admitted, that proves the upstream well.
    pub fn success(&mut self) {
        *self = Self::default();
    }

    /// A request failed through the upstream's fault. `admitted` is what [`admit`](Self::admit) had answered to it:
    /// while the upstream is ejected only the probe's failure counts, not those of requests that were under way or
    /// had no other choice. Returns whether this failure ejects it.
    pub fn failure(&mut self, now_ms: u64, admitted: Admission) -> bool {
        match self.state {
            State::Closed { failures } if failures + 1 < FAILURES_TO_EJECT => {
                self.state = State::Closed { failures: failures + 1 };
                return false;
            }
            State::Closed { .. } => self.eject(now_ms, FIRST_EJECTION_MS),
            State::Ejected { until_ms, length_ms, .. } if admitted == Admission::Probe && now_ms >= until_ms => {
                self.eject(now_ms, length_ms.saturating_mul(2).min(LONGEST_EJECTION_MS));
            }
            State::Ejected { .. } => return false,
        }
        true
    }

    /// The probe ended without telling anything about the upstream (its client left): the next request may be the
    /// probe.
    pub fn probe_abandoned(&mut self) {
        if let State::Ejected { probe_until_ms, .. } = &mut self.state {
            *probe_until_ms = 0;
        }
    }

    fn eject(&mut self, now_ms: u64, length_ms: u64) {
        self.state = State::Ejected { until_ms: now_ms.saturating_add(length_ms), length_ms, probe_until_ms: 0 };
    }
}

#[cfg(test)]
mod tests;
