//! The memory of kept bodies, and a body that two attempts want.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use interleavings::body::{BodyError, RequestBody};
use interleavings::{Budget, Keep, Replay, in_every_order};
use loom::future::block_on;
use loom::thread;

#[test]
fn who_fits_is_not_refused_for_one_who_does_not() {
    in_every_order(|| {
        let budget = Budget::new(10);
        let held = budget.reserve(6);
        let other = Arc::clone(&budget);
        let too_much = thread::spawn(move || assert!(other.reserve(100).is_none()));
        let mut fits = budget.reserve(2).expect("4 are left");
        assert!(fits.grow(2), "2 are left");
        too_much.join().unwrap();
        assert_eq!(budget.used_bytes(), 10);
        drop((held, fits));
        assert_eq!(budget.used_bytes(), 0);
    });
}

#[test]
fn no_more_than_the_limit_is_ever_given() {
    in_every_order(|| {
        let budget = Budget::new(10);
        let takes = || {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                let taken = budget.reserve(6);
                assert!(budget.used_bytes() <= 10);
                drop(taken);
            })
        };
        let threads = [takes(), takes()];
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(budget.used_bytes(), 0);
    });
}

fn read(mut body: RequestBody) -> Result<Vec<u8>, BodyError> {
    block_on(async {
        let mut data = Vec::new();
        while let Some(frame) = body.frame().await {
            data.extend_from_slice(frame?.data_ref().map_or(&b""[..], |data| data));
        }
        Ok(data)
    })
}

#[test]
fn the_attempt_that_takes_a_body_over_sends_all_of_it() {
    in_every_order(|| {
        let budget = Budget::new(100);
        let keep = Keep { limit_bytes: 100, reservation: budget.reserve(3).expect("100 are left") };
        let rest = Full::new(Bytes::from_static(b"def")).map_err(|never: Infallible| match never {});
        let replay = Replay::new(Bytes::from_static(b"abc"), rest, keep, Duration::MAX);
        let first = replay.attempt();
        let early = thread::spawn(move || read(first));
        assert_eq!(read(replay.attempt()).as_deref(), Ok(&b"abcdef"[..]));
        let early = early.join().unwrap();
        assert!(matches!(early.as_deref(), Ok(b"abcdef") | Err(BodyError::Superseded)), "{early:?}");
        assert!(replay.finished() && replay.can_replay());
        assert_eq!(budget.used_bytes(), 6);
        drop(replay);
        assert_eq!(budget.used_bytes(), 0);
    });
}
