//! Lists of statuses.

use std::ops::RangeInclusive;

use domain::status_codes::StatusSet;

use crate::input::text;

/// A list holds what it says, within 100 to 999, and reads the same when it is written down again.
pub fn statuses(data: &[u8]) {
    let text = text(data);
    let parts = || text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
    match text.parse::<StatusSet>() {
        Ok(set) => {
            let mut said = [false; 1000];
            for status in parts().flat_map(range) {
                said[status] = true;
            }
            assert!((0..1000).zip(said).all(|(status, said)| set.contains(status) == said), "{text:?} read as {set}");
            assert!([1000, 1023, 1024, u16::MAX].iter().all(|status| !set.contains(*status)), "beyond the range");
            let written = set.to_string();
            assert_eq!(written.parse(), Ok(set), "{written}");
            assert!(written.len() <= 9 * 450, "{written}");
        }
        Err(error) => {
            let said = error.to_string();
            assert!(parts().any(|part| said.contains(&format!("{part:?}"))), "{said}");
        }
    }
}

fn range(part: &str) -> RangeInclusive<usize> {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let status = |text: &str| text.trim().parse().ok().filter(|status| (100..1000).contains(status));
    status(first).zip(status(last)).map(|(first, last)| first..=last).expect("a list that is taken has statuses only")
}
