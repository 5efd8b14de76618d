use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::{sleep, timeout};

use super::*;
use crate::body::{
    budget::Budget,
    replay::{Keep, SourceFailure},
};

const LIMIT: Duration = Duration::from_secs(100);

fn upload_with_chunk_every(pause: Duration) -> Replay {
    let chunks = futures_util::stream::unfold((), move |()| async move {
        sleep(pause).await;
        Some((Ok::<_, SourceFailure>(http_body::Frame::data(Bytes::from_static(b"x"))), ()))
    });
    let reservation = Budget::new(1 << 20).reserve(0).expect("budget");
    let keep = Keep { limit_bytes: 1 << 20, reservation };
    Replay::new(Bytes::new(), StreamBody::new(chunks), keep, LIMIT)
}

#[tokio::test(start_paused = true)]
async fn the_head_timeout_waits_for_an_upload_that_moves_but_not_for_one_that_stands() {
    let head = |after| async move { sleep(Duration::from_secs(after)).await };
    assert!(await_head(head(99), LIMIT.into(), None).await.is_some());
    assert!(await_head(head(101), LIMIT.into(), None).await.is_none());

    let moving = upload_with_chunk_every(Duration::from_secs(90));
    let mut body = moving.attempt();
    let read = async { while body.frame().await.is_some() {} };
    tokio::select! {
        () = read => unreachable!("the upload never ends"),
        outcome = await_head(head(1000), LIMIT.into(), Some(&moving)) => assert!(outcome.is_some()),
    }

    let moving = upload_with_chunk_every(Duration::from_secs(90));
    let mut body = moving.attempt();
    let read = async { while body.frame().await.is_some() {} };
    let patience = Patience { head: LIMIT, until: Some(Instant::now() + LIMIT * 5) };
    tokio::select! {
        () = read => unreachable!("the upload never ends"),
        outcome = await_head(head(1000), patience, Some(&moving)) => assert!(outcome.is_none(), "all patience is over"),
    }

    let standing = upload_with_chunk_every(Duration::from_secs(90));
    assert!(await_head(head(101), LIMIT.into(), Some(&standing)).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_time_a_client_takes_over_its_body_is_not_the_upstreams() {
    let head = sleep(LIMIT * 10);
    let short = Duration::from_secs(1);
    let slow = upload_with_chunk_every(LIMIT * 2);
    let mut body = slow.attempt();
    let ended = tokio::select! {
        end = body.frame() => end,
        outcome = await_head(head, short.into(), Some(&slow)) => panic!("not before the client has failed: {outcome:?}"),
    };
    assert!(ended.is_some_and(|end| end.is_err()));
    assert_eq!(slow.source_failure(), Some(SourceFailure::TimedOut));

    // Nobody waits any more: an attempt that does not even begin to take the body has the upstream's limit.
    let slow = upload_with_chunk_every(LIMIT * 2);
    let mut body = slow.attempt();
    assert!(timeout(short, body.frame()).await.is_err());
    let _next = slow.attempt();
    assert!(await_head(sleep(LIMIT), short.into(), Some(&slow)).await.is_none());
}
