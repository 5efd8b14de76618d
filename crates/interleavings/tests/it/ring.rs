//! One writer, as the pool's lock makes sure, beside readers.

use std::sync::Arc;

use interleavings::in_every_order;
use interleavings::pick::Ring;
use loom::thread;

const CAPACITY: usize = 4 * 64;

fn ring(capacity: usize, members: &[usize]) -> Arc<Ring> {
    let ring = Ring::new(capacity);
    for member in members {
        assert!(ring.insert(*member));
    }
    Arc::new(ring)
}

/// Runs `write` beside a look from each of `starts`; what is found must be among `possible`.
fn looked_at(ring: &Arc<Ring>, starts: &[usize], possible: &[Option<usize>], write: impl Fn(&Ring) + Send + 'static) {
    let written = Arc::clone(ring);
    let writer = thread::spawn(move || write(&written));
    for start in starts {
        let found = ring.next(*start);
        assert!(possible.contains(&found), "{found:?} found from {start}");
    }
    writer.join().unwrap();
}

#[test]
fn a_member_that_stays_is_found_while_its_word_changes() {
    in_every_order(|| {
        let ring = ring(CAPACITY, &[70]);
        looked_at(&ring, &[0, 71], &[Some(64), Some(70), Some(71)], |ring| {
            ring.insert(71);
            ring.insert(64);
            ring.remove(71);
        });
        assert_eq!([0, 65, 71].map(|from| ring.next(from)), [Some(64), Some(70), Some(64)]);
    });
}

#[test]
fn a_member_that_stays_is_found_while_other_words_empty_and_fill() {
    in_every_order(|| {
        let ring = ring(CAPACITY, &[1, 130]);
        looked_at(&ring, &[131, 2], &[Some(1), Some(65), Some(130)], |ring| {
            ring.remove(1);
            ring.insert(65);
            ring.remove(65);
        });
        assert_eq!((ring.next(0), ring.count()), (Some(130), 1));
    });
}

#[test]
fn a_member_that_moves_is_found_where_it_was_or_not_at_all() {
    in_every_order(|| {
        let ring = ring(CAPACITY, &[3]);
        looked_at(&ring, &[0, 64], &[Some(3), Some(200), None], |ring| {
            ring.remove(3);
            ring.insert(200);
        });
        assert_eq!([0, 201].map(|from| ring.next(from)), [Some(200); 2]);
    });
}

#[test]
fn summaries_of_summaries_lose_no_member() {
    in_every_order(|| {
        let ring = ring(65 * 64, &[0, 64 * 64]);
        looked_at(&ring, &[1], &[Some(0), Some(64 * 64), Some(64 * 64 + 1)], |ring| {
            ring.insert(64 * 64 + 1);
            ring.remove(64 * 64);
            ring.remove(64 * 64 + 1);
        });
        assert_eq!([1, 0].map(|from| ring.next(from)), [Some(0); 2]);
        assert!(ring.insert(64 * 64 + 2));
        assert_eq!(ring.next(1), Some(64 * 64 + 2));
    });
}

#[test]
fn the_count_never_misses_a_member_that_stays() {
    in_every_order(|| {
        let ring = ring(CAPACITY, &[9]);
        let other = Arc::clone(&ring);
        let writer = thread::spawn(move || {
            other.insert(8);
            other.remove(8);
        });
        assert!((1..=2).contains(&ring.count()));
        writer.join().unwrap();
        assert_eq!(ring.count(), 1);
    });
}
