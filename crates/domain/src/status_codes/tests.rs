use proptest::prelude::*;

use super::StatusSet;

fn set(text: &str) -> StatusSet {
    text.parse().unwrap()
}

#[test]
fn lists_are_read() {
    let cases: &[(&str, &[u16], &[u16], &str)] = &[
        ("", &[], &[100, 400, 999], ""),
        ("  \n ", &[], &[200], ""),
        ("404", &[404], &[403, 405], "404"),
        (
            "401-403,408,425,429,500-599",
            &[401, 403, 408, 500, 599],
            &[400, 404, 499, 600],
            "401-403,408,425,429,500-599",
        ),
        (" 429 , 500 - 599 ", &[429, 550], &[428], "429,500-599"),
        ("400-403,405-999", &[400, 405, 999], &[404, 399], "400-403,405-999"),
        ("100-100,999", &[100, 999], &[101, 998], "100,999"),
        ("500-510,505-520,521", &[515, 521], &[522], "500-521"),
        ("404,\n429\r\n500,", &[404, 429, 500], &[], "404,429,500"),
    ];
    for (text, members, others, shown) in cases {
        let set = set(text);
        assert!(members.iter().all(|&status| set.contains(status)), "{text:?} has {members:?}");
        assert!(!others.iter().any(|&status| set.contains(status)), "{text:?} has none of {others:?}");
        assert_eq!(set.to_string(), *shown, "{text:?}");
    }
}

#[test]
fn faults_are_named() {
    let faults =
        ["abc", "99", "1000", "70000", "5xx", "500-", "-500", "500-400", "400-410-420", "+401", "4 04", "４０４"];
    for fault in faults {
        let error = format!("404, {fault} ,500").parse::<StatusSet>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{fault:?} is neither")), "{error}");
        assert!(error.contains("100 to 999"), "{error}");
    }
}

#[test]
fn a_status_beyond_the_limits_is_in_no_set() {
    assert!(![0, 99, 1000, 1023, 1024, u16::MAX].iter().any(|&status| set("100-999").contains(status)));
}

#[test]
fn debug_is_short() {
    assert_eq!(format!("{:?}", set("500-599")), "StatusSet(500-599)");
}

proptest! {
    #[test]
    fn what_is_shown_reads_as_the_same_set(ranges in prop::collection::vec((100u16..=999, 0u16..60), 0..12)) {
        let text: Vec<_> = ranges.iter().map(|&(first, more)| format!("{first}-{}", (first + more).min(999))).collect();
        let read = set(&text.join(","));
        prop_assert_eq!(set(&read.to_string()), read);
        for status in 0..1100 {
            let listed = ranges.iter().any(|&(first, more)| (first..=(first + more).min(999)).contains(&status));
            prop_assert_eq!(read.contains(status), listed);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[0-9, \\n-]{0,20}|.{0,20}") {
        if let Ok(read) = text.parse::<StatusSet>() {
            prop_assert_eq!(set(&read.to_string()), read);
        }
    }
}
