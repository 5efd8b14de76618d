//! Response heads that could be read in two ways, by us and by whoever gets the response next.

use http::{
    HeaderMap, Response, StatusCode, Version,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};

/// What is wrong with the head of a response, if anything is. `may_switch`: a request for another protocol has been sent, all of it
/// (RFC 9110 7.8).
pub(crate) fn fault<B>(response: &Response<B>, may_switch: bool) -> Option<&'static str> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS && !may_switch {
        return Some("it switches protocols, which nobody asked for, or before it has heard the request");
    }
    let headers = response.headers();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match codings.next() {
        None => faulty_length(headers),
        // RFC 9112 6.3: an attempt to have one of both overlooked.
        Some(_) if headers.contains_key(CONTENT_LENGTH) => Some("it has both Transfer-Encoding and Content-Length"),
        Some(_) if response.version() != Version::HTTP_11 => Some("HTTP/1.0 has no Transfer-Encoding"),
        // Any other coding would have to be undone here, for it is not passed on.
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") || codings.next().is_some() => {
            Some("its Transfer-Encoding is not just chunked")
        }
        Some(_) => None,
    }
}

/// Whether the peer closes the connection after the answer (RFC 9112 9.6).
pub(crate) fn closes<B>(response: &Response<B>) -> bool {
    let lists = response.headers().get_all(CONNECTION).iter();
    let mut options = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// One length in digits; a repeated one would be passed on, and not everybody takes it for one.
fn faulty_length(headers: &HeaderMap) -> Option<&'static str> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next()?;
    // `u64` itself would take a sign.
    let is_number = length.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && length.to_str().is_ok_and(|length| length.parse::<u64>().is_ok());
    (!is_number || lengths.next().is_some()).then_some("its Content-Length is not one number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_the_end_of_its_body_in_one_way() {
        for (fields, is_faulty) in [
            (&[][..], false),
            (&[("content-length", "0")], false),
            (&[("content-length", "17")], false),
            (&[("content-length", "17"), ("content-length", "17")], true),
            (&[("content-length", "17, 17")], true),
            (&[("content-length", "+17")], true),
            (&[("content-length", "")], true),
            (&[("content-length", "18446744073709551615")], false),
            (&[("content-length", "18446744073709551616")], true),
            (&[("transfer-encoding", "Chunked")], false),
            (&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], true),
            (&[("transfer-encoding", "gzip, chunked")], true),
            (&[("transfer-encoding", "identity")], true),
            (&[("transfer-encoding", "chunked"), ("content-length", "17")], true),
        ] {
            let response =
                fields.iter().fold(Response::builder(), |response, (name, value)| response.header(*name, *value));
            let fault = fault(&response.body(()).expect("a response"), false);
            assert_eq!(fault.is_some(), is_faulty, "{fields:?}: {fault:?}");
        }
    }

    #[test]
    fn protocols_are_switched_for_who_asked() {
        for (asked, is_faulty) in [(true, false), (false, true)] {
            let response = Response::builder().status(101).body(()).expect("a response");
            assert_eq!(fault(&response, asked).is_some(), is_faulty);
        }
    }

    #[test]
    fn a_connection_ends_with_the_answer_that_says_so() {
        for (value, closes) in
            [("close", true), ("x, Close ,y", true), ("keep-alive", false), ("closed", false), ("", false)]
        {
            let response = Response::builder().header("connection", "z").header("connection", value).body(());
            assert_eq!(super::closes(&response.expect("a response")), closes, "{value:?}");
        }
    }
}
