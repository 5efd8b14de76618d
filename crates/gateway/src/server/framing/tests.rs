use proptest::prelude::*;

use super::Framing;

/// What is passed on of `sent` when it comes in pieces that end at `cuts`, and of what comes after a refusal.
fn passed(sent: &[u8], cuts: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut framing = Framing::default();
    let (mut passed, mut piece) = (Vec::new(), Vec::new());
    for (at, byte) in sent.iter().enumerate() {
        piece.push(*byte);
        if !cuts(at) && at + 1 < sent.len() {
            continue;
        }
        if let Some(instead) = framing.instead(3) {
            passed.extend_from_slice(instead);
        } else {
            let count = framing.pass(&mut piece);
            passed.extend_from_slice(&piece[..count]);
        }
        piece.clear();
    }
    while let Some(instead) = framing.instead(3).filter(|instead| !instead.is_empty()) {
        passed.extend_from_slice(instead);
    }
    passed
}

/// However it is cut: `sent` passes as it is, or up to the end of line `refused` (from 1).
fn check(sent: &str, refused: Option<usize>) {
    let sent = sent.as_bytes();
    let expected = refused.map_or_else(
        || sent.to_vec(),
        |line| {
            let mut passed = sent.split_inclusive(|byte| *byte == b'\n').take(line).collect::<Vec<_>>().concat();
            *passed.last_mut().unwrap() = b'\r';
            passed.extend_from_slice(b"\0\r\n\r\n");
            passed
        },
    );
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for first in 0..sent.len() {
        assert_eq!(text(&passed(sent, |at| at == first)), text(&expected), "cut after {first}");
    }
    assert_eq!(text(&passed(sent, |_| true)), text(&expected), "byte by byte");
}

const NEXT: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

fn post(fields: &str, body: &str) -> String {
    format!("POST /x HTTP/1.1\r\nHost: h\r\n{fields}\r\n{body}{NEXT}")
}

#[test]
fn messages_that_can_be_read_in_one_way_pass_unchanged_one_after_another() {
    let long = "x".repeat(100);
    for (fields, body) in [
        ("", ""),
        ("Content-Length: 0\r\n", ""),
        ("content-LENGTH:5 \t\r\n", "a\nb\r\n"),
        ("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
        ("Content-Length-X: z\r\nTransfer-Encoding-X: z\r\nc\r\nT: chunked\r\n", ""),
        ("Transfer-Encoding: Chunked\r\n", "0\r\n\r\n"),
        ("transfer-encoding:\tchunked \r\n", "00A;a=\"b\"\r\n0123\n56789\r\n1 ;x\r\n\n\r\n0\r\nX-Sum: 1\r\n\r\n"),
        (&format!("X: {long}\r\n"), "\r\n\r\n"),
        (&format!("Transfer-Encoding: chunked\r\nX: {long}\r\n"), &format!("1;{long}\r\nx\r\n0\r\nX: {long}\r\n\r\n")),
    ] {
        check(&post(fields, body), None);
    }
}

#[test]
fn a_head_that_can_be_read_in_two_ways_is_refused_where_it_becomes_so() {
    let (zeros, spaces) = ("0".repeat(70), " ".repeat(70));
    for (fields, line) in [
        ("X: y\n", 3),
        ("X: y\n\r\n", 3),
        ("\n", 3),
        ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 4),
        ("Transfer-Encoding: chunked\r\nX: y\r\ncontent-length: 3\r\n", 5),
        ("Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n", 4),
        ("Transfer-Encoding: gzip, chunked\r\n", 3),
        ("Transfer-Encoding: chunked, identity\r\n", 3),
        ("Transfer-Encoding:\r\n", 3),
        ("Transfer-Encoding: identity\r\n", 3),
        ("Content-Length: 3\r\nContent-Length: 4\r\n", 4),
        ("Content-Length: 3\r\nX: y\r\nContent-Length: 03\r\nContent-Length: 4\r\n", 6),
        ("Content-Length: 3, 3\r\n", 3),
        ("Content-Length: +3\r\n", 3),
        ("Content-Length: -3\r\n", 3),
        ("Content-Length: 0x3\r\n", 3),
        ("Content-Length: 3 3\r\n", 3),
        ("Content-Length:\r\n", 3),
        ("Content-Length: 18446744073709551616\r\n", 3),
    ] {
        check(&post(fields, "0\r\n\r\n"), Some(line));
    }
    for cut_off in [format!("Content-Length: {zeros}3\r\n"), format!("Transfer-Encoding: chunked{spaces}, gzip\r\n")] {
        let sent = post(&cut_off, "");
        let passed = passed(sent.as_bytes(), |at| at == 40);
        assert!(passed.ends_with(b"\r\r\0\r\n\r\n"), "{}", String::from_utf8_lossy(&passed));
    }
    check("GET / HTTP/1.1\nHost: h\r\n\r\n", Some(1));
    check("\nGET / HTTP/1.1\r\n\r\n", Some(1));
    check(&format!("{NEXT}{}", NEXT.replace('\r', "")), Some(4));
}

#[test]
fn a_chunk_that_can_be_read_in_two_ways_is_refused() {
    for (body, line) in [
        ("3\nabc\r\n0\r\n\r\n", 4 + 1),
        ("\r\n", 5),
        ("-3\r\nabc\r\n0\r\n\r\n", 5),
        ("+3\r\nabc\r\n0\r\n\r\n", 5),
        (" 3\r\nabc\r\n0\r\n\r\n", 5),
        ("0x3\r\nabc\r\n0\r\n\r\n", 5),
        ("3 3\r\nabc\r\n0\r\n\r\n", 5),
        ("3,\r\nabc\r\n0\r\n\r\n", 5),
        ("zz\r\nabc\r\n0\r\n\r\n", 5),
        ("ffffffffffffffff\r\nabc\r\n", 5),
        ("3;x\nabc\r\n0\r\n\r\n", 5),
        ("1\r\na\r\n0\n\r\n", 7),
        ("0\r\nX: y\n\r\n", 6),
        ("0\r\n\n", 6),
    ] {
        check(&post("Transfer-Encoding: chunked\r\n", body), Some(line));
    }
}

#[test]
fn what_is_no_http_1_passes_as_it_is() {
    check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\n\nanything", None);
    let mut framing = Framing::default();
    let mut head = NEXT.as_bytes().to_vec();
    assert_eq!(framing.pass(&mut head), NEXT.len());
    assert!(framing.becomes_tunnel());
    let mut bytes = b"a\nb".to_vec();
    assert_eq!((framing.pass(&mut bytes), &bytes[..]), (3, &b"a\nb"[..]));
    let mut framing = Framing::default();
    framing.pass(&mut b"a\nb".to_vec());
    assert!(!framing.becomes_tunnel(), "what came ahead was changed");
}

proptest! {
    #[test]
    fn how_messages_are_cut_changes_nothing(
        parts in prop::collection::vec(prop::sample::select(PARTS), 0..30),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let sent = parts.concat();
        let cuts: Vec<_> = cuts.iter().map(|cut| cut.index(sent.len() + 1)).collect();
        let whole = passed(sent.as_bytes(), |_| false);
        prop_assert_eq!(passed(sent.as_bytes(), |at| cuts.contains(&at)), whole.clone());
        prop_assert_eq!(passed(sent.as_bytes(), |_| true), whole);
    }
}

/// What messages are made of, good and bad.
const PARTS: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "PRI * HTTP/2.0\r\n",
    "Host: h\r\n",
    "Content-Length: 7\r\n",
    "content-length: 10\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip\r\n",
    "\r\n",
    "\n",
    "\r",
    "0\r\n",
    "5\r\n",
    "5;x=y\r\n",
    "01234",
    "01234\r\n",
    "X",
    ": ",
    "Content-",
    "Length",
    "                                                  ",
];
