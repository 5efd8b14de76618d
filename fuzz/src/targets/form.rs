//! `multipart/form-data` bodies: scan, hints, model redirect.
//!
//! Input: a line with the content type, then the body.

use domain::rewrite::hints::{Progress, hints};
use domain::rewrite::models::replace_in_body;
use domain::rewrite::multipart::{Field, boundary, fields};

use crate::input::text_line;

/// Every byte outside of an edit stays; what is known early stays true; fields that were written are found.
pub fn form(data: &[u8]) {
    let (content_type, body) = text_line(data);
    written_fields_are_found(body);
    let Some(boundary) = boundary(&content_type) else { return };
    let found: Vec<_> = fields(&boundary, body).collect();
    for cut in [body.len() / 3, body.len() / 2, body.len().saturating_sub(1)] {
        let early = body.get(..cut).unwrap_or_default();
        let known: Vec<_> = fields(&boundary, early).collect();
        assert!(found.starts_with(&known), "a prefix has other fields");
        let (hinted, progress) = hints(Some(&content_type), early, false);
        if progress == Progress::Done {
            assert_eq!(hinted, hints(Some(&content_type), body, true).0, "done too early");
        }
    }
    redirected(&content_type, body, &found);
}

fn redirected(content_type: &str, body: &[u8], found: &[Field<'_>]) {
    let Some(edited) = replace_in_body(Some(content_type), body, "new") else {
        assert!(found.iter().all(|field| field.name != "model" || field.value == b"new"), "a model is left");
        return;
    };
    let (mut expected, mut kept_from) = (Vec::new(), 0);
    for field in found.iter().filter(|field| field.name == "model") {
        expected.extend_from_slice(&body[kept_from..field.span.start]);
        expected.extend_from_slice(b"new");
        kept_from = field.span.end;
    }
    expected.extend_from_slice(&body[kept_from..]);
    assert_eq!(edited, expected, "a byte outside of the edit has changed");
    assert_eq!(replace_in_body(Some(content_type), &edited, "new"), None, "redirected once is not for good");
}

/// A form made of the input's lines as values.
fn written_fields_are_found(data: &[u8]) {
    let values: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    if values.iter().any(|value| value.starts_with(b"--X")) {
        // Behind the empty line it is the next delimiter.
        return;
    }
    let mut body = Vec::new();
    for (at, value) in values.iter().enumerate() {
        body.extend_from_slice(format!("--X\r\ncontent-disposition: form-data; name=\"f{at}\"\r\n\r\n").as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--X--\r\n");
    let mut scan = fields("X", &body);
    let found: Vec<_> = scan.by_ref().map(|field| field.value).collect();
    assert_eq!(found, values, "fields are missed or made up");
    assert!(scan.is_closed());
}
