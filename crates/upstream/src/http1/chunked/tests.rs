use proptest::prelude::*;

use super::*;

/// What becomes of `input` when it comes in pieces of these lengths: content, trailers, bytes left over, fault.
fn decoded(input: &[u8], cuts: &[usize]) -> (Vec<u8>, Option<HeaderMap>, usize, Option<&'static str>) {
    let (mut chunked, mut content, mut surplus) = (Chunked::default(), Vec::new(), 0);
    let mut rest = input.to_vec();
    for cut in cuts.iter().copied().chain([usize::MAX]) {
        let later = rest.split_off(cut.min(rest.len()));
        let Decoded { data, taken } = chunked.decode(&mut rest);
        content.extend_from_slice(&rest[data]);
        if chunked.has_ended() {
            surplus += rest.len() - taken;
        }
        rest = later;
    }
    let fault = chunked.fault();
    assert!(chunked.has_ended() || surplus == 0);
    (content, chunked.take_trailers(), surplus, fault)
}

fn whole(input: &str) -> (String, bool, Option<&'static str>) {
    let mut bytes = input.as_bytes().to_vec();
    let mut chunked = Chunked::default();
    let data = chunked.decode(&mut bytes).data;
    (String::from_utf8(bytes[data].to_vec()).expect("text"), chunked.has_ended(), chunked.fault())
}

#[test]
fn chunks_are_joined_and_their_extensions_passed_over() {
    for (input, content, ended) in [
        ("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", "onetwo", true),
        ("003;a=\"b\";c\r\none\r\n0;last\r\n\r\n", "one", true),
        ("3 \t\r\none\r\n0 ; x\r\n\r\n", "one", true),
        ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789", true),
        ("a\r\n01234", "01234", false),
        ("3\r\none\r\n", "one", false),
        ("3\r\none\r\n0\r\n", "one", false),
        ("0\r\nx: y\r\n", "", false),
        ("0\r\n\r\n", "", true),
        ("", "", false),
    ] {
        assert_eq!(whole(input), (content.to_owned(), ended, None), "{input:?}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_a_fault_after_the_content_before_it() {
    let long_extension = format!("1;{}\r\n", "x".repeat(20_000));
    let long_trailers = format!("0\r\n{}", "x: y\r\n".repeat(4_000));
    let many_trailers = format!("0\r\n{}\r\n", "x: y\r\n".repeat(101));
    for input in [
        "3\r\none\r\n\r\n",
        "3\r\none\r\n;x\r\n",
        "3\r\none\r\ng\r\n",
        "3\r\none\r\n-1\r\n",
        "3\r\none\r\n+1\r\n",
        "3\r\none\r\n0x1\r\n",
        "3\r\none\r\n 1\r\n",
        "3\r\none\r\n1 1\r\n",
        "3\r\none\r\n1\n",
        "3\r\none\r\n1\rx",
        "3\r\none\r\n1;x\n",
        "3\r\none\r\n10000000000000000\r\n",
        "3\r\none\r\n00000000000000001\r\n",
        "3\r\nones\r\n",
        "3\r\none\n",
        "3\r\none\r\n0\r\nno colon\r\n\r\n",
        "3\r\none\r\n0\r\nx: y\n\r\n",
        "3\r\none\r\n0\r\nx: y\rz\r\n\r\n",
        "3\r\none\r\n0\r\nx : y\r\n\r\n",
        "3\r\none\r\n0\r\n\n",
        &format!("3\r\none\r\n{long_extension}"),
        &format!("3\r\none\r\n{long_trailers}"),
        &format!("3\r\none\r\n{many_trailers}"),
    ] {
        let (content, ended, fault) = whole(input);
        let shown = &input[..input.len().min(60)];
        assert!(!ended && fault.is_some(), "{shown:?}: {fault:?}");
        assert_eq!(content, "one", "{shown:?}");
    }
}

#[test]
fn trailers_come_repeated_and_what_follows_them_is_not_taken() {
    let input = b"0\r\nX-Sum: 6\r\nx-sum:\r\nx-other: \xe9 \r\n\r\n0\r\n\r\n";
    let (content, trailers, surplus, fault) = decoded(input, &[]);
    let trailers = trailers.expect("trailers");
    let sums: Vec<_> = trailers.get_all("x-sum").iter().map(|value| value.as_bytes().to_vec()).collect();
    assert_eq!((content.len(), sums, surplus, fault), (0, vec![b"6".to_vec(), vec![]], 5, None));
    assert_eq!(trailers["x-other"].as_bytes(), b"\xe9");
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let chunk = proptest::collection::vec(any::<u8>(), 1..40).prop_map(|data| {
        let mut chunk = format!("{:x};e\r\n", data.len()).into_bytes();
        chunk.extend_from_slice(&data);
        chunk.extend_from_slice(b"\r\n");
        chunk
    });
    let end =
        prop_oneof![Just("0\r\n\r\n"), Just("0\r\na: b\r\nc: d\r\n\r\n"), Just("0\r\n\r\nmore"), Just("z"), Just("")];
    (proptest::collection::vec(chunk, 0..6), end)
        .prop_map(|(chunks, end)| [chunks.concat(), end.as_bytes().to_vec()].concat())
}

proptest! {
    #[test]
    fn where_reads_end_makes_no_difference(input in body(), cuts in proptest::collection::vec(0_usize..50, 0..8)) {
        prop_assert_eq!(decoded(&input, &cuts), decoded(&input, &[]));
        prop_assert_eq!(decoded(&input, &vec![1; input.len()]), decoded(&input, &[]));
    }

    #[test]
    fn no_bytes_are_too_strange(input in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
        prop_assert_eq!(decoded(&input, &[cut]), decoded(&input, &[]));
    }
}
