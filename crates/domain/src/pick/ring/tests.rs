use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::*;

#[test]
fn goes_round() {
    let ring = Ring::new(1_000);
    for member in [3, 64, 999] {
        assert!(ring.insert(member));
    }
    assert_eq!([0, 4, 65, 1_000].map(|from| ring.next(from)), [Some(3), Some(64), Some(999), Some(3)]);
    assert_eq!(ring.count(), 3);
}

#[test]
fn an_empty_ring_says_so() {
    let ring = Ring::new(1 << 20);
    assert_eq!(ring.next(12_345), None);
    ring.insert(1 << 19);
    ring.remove(1 << 19);
    assert_eq!(ring.next(0), None);
    assert_eq!(Ring::new(0).next(0), None);
}

#[test]
fn numbers_beyond_the_capacity_are_not_taken() {
    let ring = Ring::new(10);
    assert!(!ring.insert(64));
    assert!(!ring.contains(64) && !ring.remove(64));
}

#[test]
fn resizing_keeps_the_members_that_fit() {
    let ring = Ring::new(200);
    for member in [1, 100, 199] {
        ring.insert(member);
    }
    assert_eq!(ring.resized(100_000).count(), 3);
    let smaller = ring.resized(128);
    assert_eq!((smaller.count(), smaller.next(2)), (2, Some(100)));
}

#[test]
fn readers_beside_a_writer_only_see_members_that_were_there() {
    let ring = Ring::new(300_000);
    let stays = 150_000;
    ring.insert(stays);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..200 {
                for member in (round..300_000).step_by(1_009).filter(|member| *member != stays) {
                    ring.insert(member);
                    ring.remove(member);
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut from = 0;
        while !done.load(Ordering::Relaxed) {
            let member = ring.next(from).expect("one member never leaves");
            from = (member + 1) % 300_000;
        }
    });
    assert_eq!((ring.count(), ring.next(0)), (1, Some(stays)));
}

proptest! {
    #[test]
    fn agrees_with_an_ordered_set(steps in prop::collection::vec((any::<bool>(), 0usize..5_000), 0..400), probes in prop::collection::vec(0usize..6_000, 20)) {
        let ring = Ring::new(5_000);
        let mut set = BTreeSet::new();
        for (add, member) in steps {
            if add {
                prop_assert_eq!(ring.insert(member), set.insert(member));
            } else {
                prop_assert_eq!(ring.remove(member), set.remove(&member));
            }
        }
        prop_assert_eq!(ring.count(), set.len());
        for from in probes {
            let expected = set.range(from..).next().or_else(|| set.first()).copied();
            prop_assert_eq!(ring.next(from), expected);
        }
    }
}

#[test]
fn the_bitmap_holds_the_members() {
    let ring = Ring::new(200);
    assert!([0, 63, 64, 130].into_iter().all(|member| ring.insert(member)));
    assert_eq!(ring.words().collect::<Vec<_>>(), [1 | 1 << 63, 1, 4, 0]);
}
