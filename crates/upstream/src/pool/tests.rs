use std::num::NonZeroUsize;

use tokio::io::{AsyncReadExt, DuplexStream, duplex};

use super::*;
use crate::{Limits, Origin, Proxies, connect::Stream};

const IDLE: Duration = Duration::from_secs(90);
const ALMOST_IDLE: Duration = Duration::from_secs(89);

fn endpoint(url: &str, max_idle: usize, max_idle_per_host: usize) -> Arc<Endpoint> {
    let limits = Limits { connect_timeout: Duration::from_secs(5), idle_timeout: IDLE, max_idle, max_idle_per_host };
    let profile = Profile::new(limits, Arc::new(Proxies::default()), NonZeroUsize::MIN);
    let origin = Origin::from_url(&url.parse().expect("a URL")).expect("an origin");
    Endpoint::new(origin, profile).expect("an endpoint")
}

fn pool() -> Arc<Pool> {
    Pool::new(TaskTracker::new(), Handle::current())
}

/// A connection, and its peer's side.
fn connection() -> (Conn, DuplexStream) {
    let (ours, theirs) = duplex(1024);
    (Conn::new(Stream::Memory(ours), None), theirs)
}

/// Puts `count` connections; their peers in the same order.
async fn fill(pool: &Arc<Pool>, endpoint: &Arc<Endpoint>, count: usize) -> Vec<DuplexStream> {
    let mut peers = Vec::new();
    for _ in 0..count {
        let (conn, peer) = connection();
        pool.put(endpoint, conn);
        peers.push(peer);
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    peers
}

async fn is_open(peer: &mut DuplexStream) -> bool {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    futures_util::FutureExt::now_or_never(peer.read_u8()).is_none()
}

async fn open(peers: &mut [DuplexStream]) -> Vec<bool> {
    let mut open = Vec::new();
    for peer in peers {
        open.push(is_open(peer).await);
    }
    open
}

#[tokio::test(start_paused = true)]
async fn the_connection_used_last_is_taken_first() {
    let (pool, endpoint) = (pool(), endpoint("http://a", 10, 10));
    let mut peers = fill(&pool, &endpoint, 3).await;
    drop(pool.take(&endpoint).expect("a connection"));
    assert_eq!(open(&mut peers).await, [true, true, false]);
    drop(pool.take(&endpoint).expect("a connection"));
    assert_eq!(open(&mut peers).await, [true, false, false]);
    assert_eq!(pool.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn endpoints_do_not_share_unless_they_are_equal() {
    let (pool, first) = (pool(), endpoint("http://a", 10, 10));
    let _peers = fill(&pool, &first, 1).await;
    for other in [endpoint("http://b", 10, 10), endpoint("http://a", 10, 9)] {
        assert!(pool.take(&other).is_none(), "{other:?}");
    }
    assert!(pool.take(&endpoint("http://a/path", 10, 10)).is_some(), "equal by value");
}

#[tokio::test(start_paused = true)]
async fn the_limit_a_host_evicts_its_oldest() {
    let (pool, endpoint) = (pool(), endpoint("http://a", 10, 2));
    let mut peers = fill(&pool, &endpoint, 3).await;
    assert_eq!(open(&mut peers).await, [false, true, true]);
    assert_eq!(pool.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_limit_in_all_evicts_the_oldest_of_the_profile_only() {
    let pool = pool();
    let mut others = fill(&pool, &endpoint("http://a", 3, 3), 3).await;
    let mut first = fill(&pool, &endpoint("http://a", 2, 2), 1).await;
    let mut second = fill(&pool, &endpoint("http://b", 2, 2), 2).await;
    assert_eq!(open(&mut first).await, [false]);
    assert_eq!(open(&mut second).await, [true, true]);
    assert_eq!(open(&mut others).await, [true; 3], "another profile has limits of its own");
    assert_eq!(pool.len(), 5);
    for zero in [endpoint("http://c", 0, 5), endpoint("http://c", 5, 0)] {
        assert_eq!(open(&mut fill(&pool, &zero, 1).await).await, [false], "none are kept");
    }
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_closed_in_time_without_any_request() {
    let (pool, endpoint) = (pool(), endpoint("http://a", 10, 10));
    let mut early = fill(&pool, &endpoint, 2).await;
    tokio::time::advance(IDLE / 2).await;
    let mut late = fill(&pool, &endpoint, 1).await;
    tokio::time::sleep(IDLE / 2 + SWEEP_INTERVAL).await;
    assert_eq!(open(&mut early).await, [false, false]);
    assert_eq!(open(&mut late).await, [true]);
    assert_eq!(pool.len(), 1);
    tokio::time::sleep(IDLE).await;
    assert_eq!(open(&mut late).await, [false]);
    pool.tasks.close();
    pool.tasks.wait().await;
    assert!(pool.idle().sweeper.is_none(), "nothing runs while nothing is idle");
}

#[tokio::test(start_paused = true)]
async fn an_expired_connection_is_not_taken_even_before_the_sweep() {
    let (pool, endpoint) = (pool(), endpoint("http://a", 10, 10));
    let mut peers = fill(&pool, &endpoint, 1).await;
    pool.idle().sweeper.take().expect("a sweeper").abort();
    tokio::time::advance(IDLE).await;
    assert!(pool.take(&endpoint).is_none());
    assert_eq!(open(&mut peers).await, [false]);
    assert_eq!(pool.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_connection_is_used_beyond_its_maximum_age() {
    let (pool, endpoint) = (pool(), endpoint("http://a", 10, 10));
    let (mut conn, mut peer) = connection();
    let uses = conn::MAX_AGE.as_secs() / ALMOST_IDLE.as_secs();
    for _ in 0..uses {
        pool.put(&endpoint, conn);
        tokio::time::advance(ALMOST_IDLE).await;
        conn = pool.take(&endpoint).expect("young enough");
    }
    pool.put(&endpoint, conn);
    tokio::time::advance(ALMOST_IDLE).await;
    assert!(pool.take(&endpoint).is_none(), "too old");
    assert!(!is_open(&mut peer).await);
}

#[tokio::test(start_paused = true)]
async fn a_connection_closed_by_its_peer_is_passed_over_and_swept() {
    let (pool, endpoint) = (pool(), endpoint("http://a", 10, 10));
    let mut peers = fill(&pool, &endpoint, 3).await;
    peers.truncate(2);
    assert_eq!(open(&mut peers).await, [true, true]);
    drop(pool.take(&endpoint).expect("the second"));
    assert_eq!(open(&mut peers).await, [true, false]);
    peers.clear();
    tokio::time::sleep(SWEEP_INTERVAL * 2).await;
    assert_eq!(pool.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_keeps_nothing_and_leaves_no_task() {
    let (pool, endpoint) = (pool(), endpoint("http://a", 10, 10));
    let mut peers = fill(&pool, &endpoint, 2).await;
    pool.close();
    peers.extend(fill(&pool, &endpoint, 1).await);
    assert_eq!(open(&mut peers).await, [false; 3]);
    assert_eq!(pool.len(), 0);
    pool.tasks.close();
    pool.tasks.wait().await;
}
