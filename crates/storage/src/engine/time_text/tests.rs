use jiff::Timestamp;
use proptest::prelude::*;

use super::{exact_text, hour_text, parse, text};

fn at(rfc3339: &str) -> Timestamp {
    rfc3339.parse().unwrap()
}

#[test]
fn every_form_is_read() {
    let cases = [
        ("2026-11-23 17:50:06.401259054+08:00", "2026-11-23T09:50:06.401259054Z"),
        ("2026-11-23 17:50:08.94243981+08:00", "2026-11-23T09:50:08.94243981Z"),
        ("2026-11-23 17:00:00+08:00", "2026-11-23T09:00:00Z"),
        ("2026-11-23 09:50:15.5+00:00", "2026-11-23T09:50:15.5Z"),
        ("2026-11-22 23:50:15-09:30", "2026-11-23T09:20:15Z"),
        ("2026-11-23T09:50:15Z", "2026-11-23T09:50:15Z"),
        ("2026-11-23T09:50:15.123456789123Z", "2026-11-23T09:50:15.123456789Z"),
        ("2026-11-23 09:50:15", "2026-11-23T09:50:15Z"),
        ("2026-11-23 09:50:15.25", "2026-11-23T09:50:15.25Z"),
        ("2026-11-23", "2026-11-23T00:00:00Z"),
        ("0001-01-01 00:00:00+00:00", "0001-01-01T00:00:00Z"),
    ];
    for (stored, instant) in cases {
        assert_eq!(parse(stored), Some(at(instant)), "{stored}");
    }
}

#[test]
fn what_is_no_time_is_refused() {
    let wrong = [
        "",
        "now",
        "2026-11-23 17:50",
        "2026-13-01 00:00:00",
        "2026-02-30 00:00:00",
        "2026-11-23 24:00:00",
        "2026-11-23 17:50:06+0800",
        "2026-11-23 17:50:06+08:00 CST",
        "2026-11-23 17:50:06.x",
        "2026-11-23 +1:50:06",
        "二〇二六-11-23 17:50:06",
    ];
    for stored in wrong {
        assert_eq!(parse(stored), None, "{stored}");
    }
}

#[test]
fn one_form_is_written() {
    let instant = at("2026-11-23T09:50:06.401999054Z");
    assert_eq!(text(instant), "2026-11-23 09:50:06.401+00:00");
    assert_eq!(exact_text(instant), "2026-11-23 09:50:06.401999054+00:00");
    assert_eq!(hour_text(at("2026-11-23T09:00:00Z")), "2026-11-23 09:00:00+00:00");
}

proptest! {
    #[test]
    fn written_times_come_back_and_sort_as_text(a in 0_i64..253_402_300_799_000, b in 0_i64..253_402_300_799_000) {
        let (a, b) = (Timestamp::from_millisecond(a).unwrap(), Timestamp::from_millisecond(b).unwrap());
        prop_assert_eq!(parse(&text(a)), Some(a));
        prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
        // Beside the longer fractions of 1.4.x too.
        prop_assert_eq!(exact_text(a).cmp(&text(b)) == std::cmp::Ordering::Less, a < b);
    }

    #[test]
    fn no_text_panics(stored in "\\PC{0,40}") {
        let _ = parse(&stored);
    }
}
