//! What is published is never older than what was there before.

use std::convert::Infallible;
use std::sync::Arc;

use interleavings::in_every_order;
use interleavings::latest::Latest;
use interleavings::sync::ArcSwap;
use loom::future::block_on;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

/// A change of the database, then the refresh of whoever made it.
fn change(database: &AtomicU32, latest: &Latest<u32>) {
    let mine = database.fetch_add(1, Ordering::AcqRel) + 1;
    let renewed = block_on(latest.renew(async || Ok::<_, Infallible>(database.load(Ordering::Acquire))));
    assert_eq!(renewed, Ok(()));
    assert!(*latest.current() >= mine, "a change is not in force when its refresh is done");
}

#[test]
fn changes_side_by_side_are_all_in_force_at_the_end() {
    in_every_order(|| {
        let current = Arc::new(ArcSwap::default());
        let shared = Arc::new((AtomicU32::new(0), Latest::new(Arc::clone(&current))));
        let other = Arc::clone(&shared);
        let operator = thread::spawn(move || change(&other.0, &other.1));
        let seen = Arc::clone(&current);
        let requests = thread::spawn(move || {
            let (first, second) = (*seen.load(), *seen.load());
            assert!(first <= second, "the configuration went back from {first} to {second}");
        });
        change(&shared.0, &shared.1);
        operator.join().unwrap();
        requests.join().unwrap();
        assert_eq!(*current.load(), 2);
    });
}
