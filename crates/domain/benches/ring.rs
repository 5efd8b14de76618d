//! The next usable key's place, in the bitmap alone. A whole pick is measured in the gateway's `pick`.

use divan::{Bencher, black_box};
use domain::pick::Ring;

const SIZES: [usize; 4] = [1, 1_000, 100_000, 1_000_000];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES, consts = [0, 50, 99, 100])]
fn percent_unusable<const UNUSABLE: usize>(bencher: Bencher<'_, '_>, size: usize) {
    let ring = Ring::new(size);
    // 61 has no common factor with 100: the unusable ones are spread, and of every 100 there are as many as asked for.
    for place in (0..size).filter(|place| place * 61 % 100 >= UNUSABLE) {
        ring.insert(place);
    }
    let mut from = 0;
    bencher.bench_local(|| {
        let next = ring.next(black_box(from));
        from = next.map_or(0, |place| place + 1);
        next
    });
}
