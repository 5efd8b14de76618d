//! The next usable key's place, in the bitmap alone. A whole pick is measured in the gateway's `pick`.

use divan::{Bencher, black_box};
use domain::pick::Ring;

const SIZES: [usize; 4] = [1, 1_000, 100_000, 1_000_000];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn all_usable(bencher: Bencher<'_, '_>, size: usize) {
    walk(bencher, size, 0);
}

#[divan::bench(args = SIZES)]
fn half_usable(bencher: Bencher<'_, '_>, size: usize) {
    walk(bencher, size, 50);
}

#[divan::bench(args = SIZES)]
fn one_in_100_usable(bencher: Bencher<'_, '_>, size: usize) {
    walk(bencher, size, 99);
}

#[divan::bench(args = SIZES)]
fn none_usable(bencher: Bencher<'_, '_>, size: usize) {
    walk(bencher, size, 100);
}

fn walk(bencher: Bencher<'_, '_>, size: usize, percent_unusable: usize) {
    let ring = Ring::new(size);
    // 61 has no common factor with 100: the unusable ones are spread, and of every 100 there are as many as asked for.
    for place in (0..size).filter(|place| place * 61 % 100 >= percent_unusable) {
        ring.insert(place);
    }
    let mut from = 0;
    bencher.bench_local(|| {
        let next = ring.next(black_box(from));
        from = next.map_or(0, |place| place + 1);
        next
    });
}
