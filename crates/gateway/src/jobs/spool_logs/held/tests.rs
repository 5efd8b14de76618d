use super::*;
use crate::journal::tests::entry;

#[test]
fn bodies_go_first_and_the_oldest_first() {
    let (mut held, body_bytes) = (Held::default(), 1 << 20);
    held.extend((0..63).map(|number| entry(number, body_bytes)).collect());
    assert!(held.make_room().is_empty() && held.left_out == LeftOut::default(), "within the bound");
    held.extend(vec![entry(63, body_bytes)]);
    assert!(held.make_room().is_empty(), "no row is given up for a body");
    let bodies: Vec<_> = held.oldest(64).iter().map(|entry| entry.body.is_some()).collect();
    let dropped = held.left_out.bodies;
    assert!((16..20).contains(&dropped), "{dropped}");
    assert_eq!(bodies, [vec![false; dropped], vec![true; 64 - dropped]].concat());
}

#[test]
fn rows_go_when_there_are_no_bodies_left() {
    let mut held = Held::default();
    let fit = u32::try_from(HELD_BYTES / size_bytes(&entry(0, 0))).unwrap();
    held.extend((0..=fit).map(|number| entry(number, 0)).collect());
    let given_up = held.make_room();
    assert_eq!(given_up.first().unwrap().attempt, 0);
    assert_eq!(held.left_out, LeftOut { rows: given_up.len(), bodies: 0 });
    assert_eq!(held.oldest(1)[0].attempt as usize, given_up.len());
    assert!(held.entries.iter().map(size_bytes).sum::<usize>() <= HELD_BYTES / 4 * 3);
    assert!(held.make_room().is_empty());
}

#[test]
fn what_is_written_goes_and_the_rest_stays_in_order() {
    let mut held = Held::default();
    held.extend((0..100).map(|number| entry(number, 1000)).collect());
    held.written(98, LeftOut::default());
    held.extend(vec![entry(100, 0)]);
    assert_eq!(held.oldest(10).iter().map(|entry| entry.attempt).collect::<Vec<_>>(), [98, 99, 100]);
    held.written(3, LeftOut { rows: 1, bodies: 2 });
    assert!(held.is_empty());
    assert_eq!(held.left_out, LeftOut { rows: 1, bodies: 2 });
}
