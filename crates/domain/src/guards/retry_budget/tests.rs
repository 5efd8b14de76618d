use proptest::prelude::*;

use super::{Grant, RetryBudget, SPAN_MS};

const FIRST: Grant = Grant::Refused { first: true };
const AGAIN: Grant = Grant::Refused { first: false };

fn given(budget: &RetryBudget, percent: u64, now_ms: u64, asked: usize) -> usize {
    (0..asked).filter(|_| budget.retry(percent, now_ms) == Grant::Given).count()
}

#[test]
fn the_share_is_that_of_the_last_ten_seconds() {
    let cases = [
        // percent, requests and when, when retries are asked for, how many are given
        (50, 0, 0, 0, 100),
        (50, 3_000, 0, 0, 1_600),
        (50, 3_000, 0, 9_999, 1_600),
        (50, 3_000, 0, 10_999, 1_600),
        (50, 3_000, 0, 11_000, 100),
        (20, 1_000, 5_000, 6_000, 300),
        (1, 199, 0, 0, 101),
        (300, 100, 0, 0, 400),
        (10_000, 10, 0, 0, 1_100),
        (0, 0, 0, 0, 100_000),
    ];
    for (percent, requests, at, now, expected) in cases {
        let budget = RetryBudget::default();
        (0..requests).for_each(|_| assert!(!budget.request(at)));
        assert_eq!(given(&budget, percent, now, 100_000), expected, "{percent} % of {requests} at {now}");
    }
}

#[test]
fn what_was_given_is_spent_for_ten_seconds_at_least() {
    let budget = RetryBudget::default();
    assert_eq!(given(&budget, 50, 999, 1_000), 100);
    assert_eq!(given(&budget, 50, 10_999, 1_000), 0);
    assert_eq!(given(&budget, 50, 11_000, 1_000), 100);
}

#[test]
fn a_burst_is_not_held_against_the_next_one() {
    for pause_ms in (9_000..12_000).step_by(100) {
        let budget = RetryBudget::default();
        for begun_ms in [0, pause_ms] {
            for ms in begun_ms..begun_ms + 1_000 {
                (0..100).for_each(|_| assert!(!budget.request(ms)));
                assert_eq!(given(&budget, 50, ms, 30), 30, "at {ms} after {pause_ms}");
            }
        }
    }
}

#[test]
fn it_begins_with_the_first_refusal_and_ends_ten_seconds_after_the_last() {
    let budget = RetryBudget::default();
    assert_eq!(given(&budget, 50, 0, 100), 100);
    assert!(!budget.is_acting(0));
    assert_eq!((budget.retry(50, 0), budget.retry(50, 500)), (FIRST, AGAIN));
    assert!(budget.is_acting(500 + SPAN_MS - 1) && !budget.is_acting(500 + SPAN_MS));
    assert!(!budget.request(500 + SPAN_MS - 1));
    assert!(budget.request(500 + SPAN_MS));
    assert!(!budget.request(500 + SPAN_MS), "it ends once");
    assert_eq!(given(&budget, 50, 30_000, 200), 100);
    assert_eq!(budget.retry(50, 30_000), AGAIN, "that it acts again was told by the first of those refused before");
}

#[test]
fn long_gaps_and_the_end_of_time_are_no_trouble() {
    let budget = RetryBudget::default();
    for now in [0, 1_000_000, 1 << 42, u64::MAX] {
        budget.request(now);
        assert!(given(&budget, 50, now, 1_000) >= 100, "{now}");
    }
}

/// An upstream that is sick for twenty seconds: each request would be tried four times.
#[test]
fn a_storm_stays_under_one_retry_for_two_requests_and_the_free_ones() {
    for requests_a_second in [1_u64, 10, 50, 300, 3_000] {
        let budget = RetryBudget::default();
        let (mut requests, mut retries) = (0_u64, 0_u64);
        for ms in 0..30_000 {
            if ms * requests_a_second % 1_000 >= requests_a_second {
                continue;
            }
            budget.request(ms);
            if ms < 10_000 {
                continue;
            }
            requests += 1;
            retries += (0..3).take_while(|_| budget.retry(50, ms) == Grant::Given).count() as u64;
        }
        assert!(retries <= requests / 2 + 10 * 20 + requests_a_second, "{requests_a_second}: {retries} for {requests}");
        // Up to ten requests in ten seconds all retries are free.
        assert!(requests_a_second > 1 || retries == 3 * requests, "{retries} for {requests}");
    }
}

proptest! {
    /// Over any ten seconds the retries are within the budget of the requests of the eleven seconds before each of them.
    #[test]
    fn no_ten_seconds_hold_more_retries_than_the_budget(
        steps in prop::collection::vec((0u64..800, 0u64..30, 0u64..60), 1..60), percent in 1u64..200,
    ) {
        let budget = RetryBudget::default();
        let (mut now, mut requests, mut retries) = (0, Vec::new(), Vec::new());
        for (pause, asked, wanted) in steps {
            now += pause;
            (0..asked).for_each(|_| { budget.request(now); requests.push(now); });
            for _ in 0..wanted {
                let since = |times: &[u64], span_ms| times.iter().filter(|time| **time + span_ms > now).count() as u64;
                let allowed = since(&requests, SPAN_MS + 1_000) * percent / 100 + 100;
                if budget.retry(percent, now) == Grant::Given {
                    prop_assert!(since(&retries, SPAN_MS) < allowed);
                    retries.push(now);
                }
            }
        }
    }
}
