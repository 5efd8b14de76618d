use proptest::prelude::*;

use super::*;

type Read = Result<Option<(u16, Vec<(String, Vec<u8>)>, Vec<u8>)>, String>;

/// What is read when `input` comes in pieces of these lengths; what comes after the head follows it.
fn read(input: &[u8], cuts: &[usize]) -> Read {
    let mut reader = HeadReader::default();
    let mut rest = input;
    for cut in cuts.iter().copied().chain([usize::MAX]) {
        let (piece, later) = rest.split_at(cut.min(rest.len()));
        rest = later;
        if piece.is_empty() {
            continue;
        }
        if let Some(head) = reader.push(piece).map_err(|error| error.to_string())? {
            let fields = head.response.headers().iter();
            let fields = fields.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
            return Ok(Some((head.response.status().as_u16(), fields, [&head.rest[..], rest].concat())));
        }
    }
    Ok(None)
}

fn answer() -> impl Strategy<Value = Vec<u8>> {
    let interim = proptest::collection::vec(
        prop_oneof![Just("HTTP/1.1 100 Continue\r\n\r\n"), Just("HTTP/1.1 103 \r\nlink: x\r\n\r\n")],
        0..3,
    );
    let head = prop_oneof![
        Just("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nx-Own:  a b \r\nx-own:\r\n\r\nabc"),
        Just("HTTP/1.0 404\r\nx: \u{e9}\r\n\r\n"),
        Just("HTTP/1.1 101 Go\r\nupgrade: x\r\n\r\n\0\u{1}"),
        Just("HTTP/1.1 200 OK\r\nbroken\r\n\r\n"),
        Just("HTTP/1.1 200 OK\r\ncut: "),
    ];
    (interim, head).prop_map(|(interim, head)| [&interim.concat(), head].concat().into_bytes())
}

proptest! {
    #[test]
    fn where_reads_end_makes_no_difference(input in answer(), cuts in proptest::collection::vec(1_usize..60, 0..8)) {
        let whole = read(&input, &[]);
        if whole.is_ok() {
            prop_assert_eq!(&read(&input, &cuts), &whole);
            prop_assert_eq!(read(&input, &vec![1; input.len()]), whole);
        } else {
            prop_assert!(read(&input, &cuts).is_err());
        }
    }

    #[test]
    fn no_bytes_are_too_strange(input in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
        let _ = read(&input, &[cut]);
        let _ = read(&[b"HTTP/1.1 200 OK\r\nx: ", &input[..]].concat(), &[cut]);
    }
}

#[test]
fn a_head_is_told_from_what_comes_with_it() {
    let head = read(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Own:  a b \r\nx-own:\r\n\r\nabc", &[]);
    let fields = [("content-length", "3"), ("x-own", "a b"), ("x-own", "")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec();
    assert_eq!(head, Ok(Some((200, fields, b"abc".to_vec()))));
}

#[test]
fn a_head_has_limits_wherever_reads_end() {
    let field = |length: usize| format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(length));
    let interim = format!("HTTP/1.1 103 Hints\r\nx: {}\r\n\r\n", "y".repeat(1000));
    let many = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(count));
    for (input, is_good) in [
        (field(MAX_HEAD_BYTES - 24), true),
        (field(MAX_HEAD_BYTES - 23), false),
        (many(MAX_FIELDS), true),
        (many(MAX_FIELDS + 1), false),
        (interim.repeat(900) + &field(1), true),
        (interim.repeat(1100) + &field(1), false),
    ] {
        for cut in [100, SMALL_READ_BYTES] {
            let cuts = vec![cut; input.len() / cut];
            let head = read(input.as_bytes(), &cuts);
            assert_eq!(matches!(head, Ok(Some(_))), is_good, "{:?}", &input[..40]);
        }
    }
}

#[test]
fn a_reason_in_words_of_its_own_is_kept() {
    for (line, kept) in
        [("200 OK", None), ("200 Fine", Some("Fine")), ("299 Quite Fine", Some("Quite Fine")), ("200", Some(""))]
    {
        let head = HeadReader::default().push(format!("HTTP/1.1 {line}\r\n\r\n").as_bytes());
        let head = head.expect("well-formed").expect("whole");
        let reason = head.response.extensions().get::<ReasonPhrase>().map(ReasonPhrase::as_bytes);
        assert_eq!(reason, kept.map(str::as_bytes), "{line}");
    }
}
