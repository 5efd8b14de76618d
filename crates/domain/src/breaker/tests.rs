use proptest::prelude::*;

use super::{Admission, Breaker, FAILURES_TO_EJECT, FIRST_EJECTION_MS, LONGEST_EJECTION_MS, PROBE_LEASE_MS};

fn ejected_at(now_ms: u64) -> Breaker {
    let mut breaker = Breaker::default();
    for _ in 0..FAILURES_TO_EJECT {
        assert_eq!(breaker.admit(now_ms), Admission::Open);
        breaker.failure(now_ms, Admission::Open);
    }
    breaker
}

#[test]
fn five_failures_in_a_row_eject() {
    let mut breaker = Breaker::default();
    for now in 0..4 {
        breaker.failure(now, Admission::Open);
    }
    assert_eq!(breaker.peek(4), Admission::Open);
    breaker.success();
    for now in 4..8 {
        breaker.failure(now, Admission::Open);
    }
    assert_eq!(breaker.peek(8), Admission::Open, "a success starts the count anew");
    breaker.failure(8, Admission::Open);
    assert_eq!(breaker.peek(8), Admission::Ejected);
    assert_eq!(breaker.peek(8 + FIRST_EJECTION_MS - 1), Admission::Ejected);
    assert_eq!(breaker.peek(8 + FIRST_EJECTION_MS), Admission::Probe);
}

#[test]
fn one_request_at_a_time_is_the_probe() {
    let mut breaker = ejected_at(0);
    assert_eq!(breaker.admit(10_000), Admission::Probe);
    assert_eq!(breaker.admit(10_001), Admission::Ejected);
    breaker.success();
    assert_eq!(breaker.admit(10_002), Admission::Open);
}

#[test]
fn a_failed_probe_doubles_the_ejection_up_to_five_minutes() {
    let mut breaker = ejected_at(0);
    let mut now = FIRST_EJECTION_MS;
    for length in [20_000, 40_000, 80_000, 160_000, 300_000, 300_000] {
        assert_eq!(breaker.admit(now), Admission::Probe);
        breaker.failure(now, Admission::Probe);
        assert_eq!(breaker.peek(now + length - 1), Admission::Ejected, "{length}");
        now += length;
    }
    assert_eq!(breaker.admit(now), Admission::Probe);
    breaker.success();
    assert_eq!(breaker, Breaker::default(), "nothing of it is left after a success");
}

#[test]
fn failures_of_others_do_not_prolong_an_ejection() {
    let mut breaker = ejected_at(0);
    let before = breaker;
    breaker.failure(1, Admission::Ejected);
    breaker.failure(2, Admission::Open);
    breaker.failure(FIRST_EJECTION_MS, Admission::Open);
    assert_eq!(breaker, before);
}

#[test]
fn a_late_probe_counts_once() {
    let mut breaker = ejected_at(0);
    assert_eq!(breaker.admit(10_000), Admission::Probe);
    let later = 10_000 + PROBE_LEASE_MS;
    assert_eq!(breaker.admit(later), Admission::Probe);
    breaker.failure(later, Admission::Probe);
    let ejected = breaker;
    breaker.failure(later + 1, Admission::Probe);
    assert_eq!(breaker, ejected);
}

#[test]
fn a_success_in_need_ends_the_ejection_at_once() {
    let mut breaker = ejected_at(0);
    assert_eq!(breaker.admit(1), Admission::Ejected);
    breaker.success();
    assert_eq!(breaker.peek(1), Admission::Open);
}

#[test]
fn an_abandoned_or_lost_probe_blocks_nobody() {
    let mut breaker = ejected_at(0);
    assert_eq!(breaker.admit(10_000), Admission::Probe);
    breaker.probe_abandoned();
    assert_eq!(breaker.admit(10_001), Admission::Probe);
    assert_eq!(breaker.admit(10_001 + PROBE_LEASE_MS - 1), Admission::Ejected);
    assert_eq!(breaker.admit(10_001 + PROBE_LEASE_MS), Admission::Probe);
    let mut healthy = Breaker::default();
    healthy.probe_abandoned();
    assert_eq!(healthy, Breaker::default());
}

#[test]
fn the_end_of_time_is_no_trouble() {
    let mut breaker = ejected_at(u64::MAX);
    assert_eq!(breaker.admit(u64::MAX), Admission::Probe);
    breaker.failure(u64::MAX, Admission::Probe);
}

proptest! {
    /// Whatever happens, at most one probe is out, and an upstream left alone is tried again in bounded time.
    #[test]
    fn there_is_one_probe_and_always_a_way_back(steps in prop::collection::vec((0u8..5, 0u64..20_000), 0..200)) {
        let mut breaker = Breaker::default();
        let (mut now, mut probe_since) = (0, None);
        for (step, pause) in steps {
            now += pause;
            match step {
                0 | 1 => {
                    let admission = breaker.admit(now);
                    if admission == Admission::Probe {
                        prop_assert!(probe_since.is_none_or(|since| now >= since + PROBE_LEASE_MS));
                        probe_since = Some(now);
                    }
                }
                2 => { breaker.failure(now, Admission::Open); }
                3 => { breaker.failure(now, Admission::Probe); probe_since = None; }
                _ => { breaker.success(); probe_since = None; }
            }
        }
        let longest = LONGEST_EJECTION_MS.max(PROBE_LEASE_MS);
        prop_assert_ne!(breaker.peek(now + longest), Admission::Ejected);
    }
}
