use std::convert::Infallible;

use futures_util::{FutureExt, StreamExt, stream};
use http_body_util::StreamBody;
use proptest::prelude::*;

use super::*;
use crate::Budget;

type Item = Result<Frame<Bytes>, Box<dyn Error + Send + Sync>>;

fn keep(budget: &Arc<Budget>, limit_bytes: usize, prefix: &[u8]) -> Keep {
    Keep { limit_bytes, reservation: budget.reserve(prefix.len()).expect("budget") }
}

/// A body of the given chunks whose length is unknown; between two chunks it is pending once.
fn chunks(data: &[u8], sizes: &[usize]) -> impl Body<Data = Bytes, Error = Infallible> + Send + use<> {
    let mut rest = Bytes::copy_from_slice(data);
    let mut frames = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        frames.push(Ok(Frame::data(rest.split_to(rest.len().min(*size)))));
    }
    StreamBody::new(
        stream::iter(frames)
            .then(|frame| async {
                tokio::task::yield_now().await;
                frame
            })
            .boxed(),
    )
}

/// Up to `limit` bytes of an attempt.
async fn read(mut body: RequestBody, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut data = Vec::new();
    while data.len() < limit {
        let Some(frame) = body.frame().await else { break };
        data.extend_from_slice(frame?.data_ref().expect("no trailers here"));
    }
    Ok(data)
}

proptest! {
    #[test]
    fn every_attempt_sends_the_same_bytes(
        size in 0_usize..60_000,
        prefix in 0_usize..2_000,
        sizes in prop::collection::vec(1_usize..20_000, 1..6),
        given_up_after in prop::collection::vec(0_usize..60_000, 0..4),
    ) {
        let data: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
        let prefix = prefix.min(size);
        let (runtime, budget) = (tokio::runtime::Builder::new_current_thread().enable_time().build()?, Budget::new(60_000));
        runtime.block_on(async {
            let (head, rest) = data.split_at(prefix);
            let keep = keep(&budget, 60_000, head);
            let replay = Replay::new(Bytes::copy_from_slice(head), chunks(rest, &sizes), keep, Duration::MAX);
            for limit in given_up_after {
                let part = read(replay.attempt(), limit).await.expect("a replayable body");
                prop_assert!(data.starts_with(&part));
            }
            prop_assert_eq!(&read(replay.attempt(), usize::MAX).await.expect("a replayable body"), &data);
            prop_assert!(replay.finished() && replay.can_replay());
            prop_assert_eq!(budget.used_bytes(), size);
            drop(replay);
            prop_assert_eq!(budget.used_bytes(), 0, "the budget is given back");
            Ok(())
        })?;
    }

    #[test]
    fn beyond_a_limit_the_body_is_streamed_through_once(
        size in 1_usize..40_000,
        limit in 0_usize..40_000,
        budgeted in 0_usize..40_000,
        sizes in prop::collection::vec(1_usize..20_000, 1..6),
        given_up_after in 0_usize..40_000,
    ) {
        let data: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
        let (runtime, budget) = (tokio::runtime::Builder::new_current_thread().enable_time().build()?, Budget::new(budgeted));
        runtime.block_on(async {
            let source = || Replay::new(Bytes::new(), chunks(&data, &sizes), keep(&budget, limit, b""), Duration::MAX);
            let fits = size <= limit.min(budgeted);
            let replay = source();
            prop_assert_eq!(&read(replay.attempt(), usize::MAX).await.expect("the first attempt gets all"), &data);
            prop_assert_eq!(replay.can_replay(), fits);
            prop_assert_eq!(budget.used_bytes(), if fits { size } else { 0 }, "an overflowed part is let go");
            drop(replay);

            let replay = source();
            read(replay.attempt(), given_up_after).await.expect("part of the body");
            let kept = replay.can_replay();
            match read(replay.attempt(), usize::MAX).await {
                Ok(all) => prop_assert!(kept && all == data),
                Err(error) => prop_assert!(!kept && error == BodyError::NotKept),
            }
            Ok(())
        })?;
    }
}

fn small(frames: Vec<Item>) -> Replay {
    let budget = Budget::new(1_000);
    Replay::new(Bytes::new(), StreamBody::new(stream::iter(frames)), keep(&budget, 1_000, b""), Duration::MAX)
}

#[tokio::test]
async fn a_byte_at_a_time_is_kept_in_few_pieces() {
    let budget = Budget::new(1 << 20);
    let data = vec![7; 200_000];
    let replay = Replay::new(Bytes::new(), chunks(&data, &[1]), keep(&budget, 1 << 20, b""), Duration::MAX);
    assert_eq!(read(replay.attempt(), usize::MAX).await.expect("a body").len(), data.len());
    let mut pieces = 0;
    let mut again = replay.attempt();
    while let Some(frame) = again.frame().await {
        pieces += usize::from(frame.is_ok());
    }
    assert!(pieces <= 4, "200,000 chunks of one byte were kept as {pieces}");
}

#[tokio::test]
async fn the_length_is_exact_when_the_source_knows_it() {
    let budget = Budget::new(100);
    let rest = http_body_util::Full::new(Bytes::from_static(b"world"));
    let replay = Replay::new(Bytes::from_static(b"hello "), rest, keep(&budget, 100, b"hello "), Duration::MAX);
    let mut body = replay.attempt();
    assert_eq!(body.size_hint().exact(), Some(11));
    let first = body.frame().await.expect("the prefix").expect("no failure");
    assert_eq!(first.data_ref().expect("data"), "hello ");
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));
    body.frame().await.expect("the rest").expect("no failure");
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
    assert_eq!(replay.attempt().size_hint().exact(), Some(11));
    assert_eq!(small(vec![]).attempt().size_hint().exact(), None);
}

#[tokio::test]
async fn trailers_come_with_every_attempt() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", http::HeaderValue::from_static("1"));
    let replay = small(vec![Ok(Frame::data("data".into())), Ok(Frame::trailers(trailers.clone()))]);
    for _ in 0..2 {
        let collected = replay.attempt().collect().await.expect("a whole body");
        assert_eq!(collected.trailers(), Some(&trailers));
        assert_eq!(collected.to_bytes(), "data");
    }
}

#[tokio::test]
async fn a_failed_source_is_told_from_a_failed_upstream() {
    #[derive(Debug, thiserror::Error)]
    #[error("a broken body")]
    struct Outer(#[source] io::Error);
    let invalid = io::Error::new(io::ErrorKind::InvalidData, "a bad chunk size");
    let cases: [(Box<dyn Error + Send + Sync>, _); 3] = [
        (io::Error::from(io::ErrorKind::ConnectionReset).into(), SourceFailure::Gone),
        ("anything".into(), SourceFailure::Gone),
        (Outer(invalid).into(), SourceFailure::Malformed),
    ];
    for (error, failure) in cases {
        let text = error.to_string();
        let replay = small(vec![Ok(Frame::data("data".into())), Err(error)]);
        for _ in 0..2 {
            let outcome = read(replay.attempt(), usize::MAX).await;
            assert_eq!(outcome, Err(BodyError::Source(failure)), "{text}");
        }
        assert_eq!(replay.source_failure(), Some(failure), "{text}");
        assert!(!replay.can_replay() && !replay.finished(), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_source_fails_after_the_read_timeout_of_waiting_for_it() {
    let budget = Budget::new(100);
    let timeout = Duration::from_secs(60);
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<Item>();
    let source = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    let replay = Replay::new(Bytes::new(), StreamBody::new(source), keep(&budget, 100, b""), timeout);
    let mut body = replay.attempt();
    for _ in 0..3 {
        assert!(body.frame().now_or_never().is_none(), "nothing is there yet");
        tokio::time::advance(timeout / 2).await;
        sender.send(Ok(Frame::data("x".into()))).expect("a reader");
        body.frame().await.expect("a chunk").expect("in time");
        // Nobody waits for the source meanwhile, so the time is the upstream's.
        tokio::time::advance(timeout * 2).await;
    }
    let outcome = body.frame().await.expect("a failure").map(|_| ());
    assert_eq!(outcome, Err(BodyError::Source(SourceFailure::TimedOut)));
    assert_eq!(replay.source_failure(), Some(SourceFailure::TimedOut));
}

#[tokio::test]
async fn only_the_latest_attempt_may_read() {
    let replay = small(vec![Ok(Frame::data("ab".into())), Ok(Frame::data("cd".into()))]);
    let mut first = replay.attempt();
    first.frame().await.expect("a chunk").expect("in order");
    let second = replay.attempt();
    assert_eq!(first.frame().await.expect("an error").map(|_| ()), Err(BodyError::Superseded));
    assert_eq!(read(second, usize::MAX).await.expect("all of it"), b"abcd");
}
