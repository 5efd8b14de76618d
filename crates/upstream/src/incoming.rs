//! Response heads that could be read in two ways, by us and by whoever gets the response next.

use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

/// What is wrong with the head of a response, if anything is.
pub(crate) fn fault<B>(response: &Response<B>, asked_for_tunnel: bool) -> Option<&'static str> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS && !asked_for_tunnel {
        return Some("it switches protocols, which nobody asked for");
    }
    let headers = response.headers();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match codings.next() {
        None => faulty_length(headers),
        // RFC 9112 6.3: an attempt to have one of both overlooked.
        Some(_) if headers.contains_key(CONTENT_LENGTH) => Some("it has both Transfer-Encoding and Content-Length"),
        // Any other coding would have to be undone here, for it is not passed on.
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") || codings.next().is_some() => {
            Some("its Transfer-Encoding is not just chunked")
        }
        Some(_) => None,
    }
}

/// One length in digits; a repeated one would be passed on, and not everybody takes it for one.
fn faulty_length(headers: &HeaderMap) -> Option<&'static str> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next()?;
    let is_number = !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit);
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
}
