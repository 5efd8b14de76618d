use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// A form in the pieces it is written with.
#[derive(Clone, Debug)]
pub(in crate::rewrite) struct Form {
    pub(in crate::rewrite) boundary: String,
    preamble: String,
    pub(in crate::rewrite) fields: Vec<Written>,
}

#[derive(Clone, Debug)]
pub(in crate::rewrite) struct Written {
    pub(in crate::rewrite) name: String,
    filename: Option<String>,
    pub(in crate::rewrite) value: Vec<u8>,
}

impl Form {
    pub(in crate::rewrite) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary=\"{}\"", self.boundary)
    }

    pub(in crate::rewrite) fn body(&self) -> Vec<u8> {
        self.body_with(|field| field.value.clone())
    }

    pub(in crate::rewrite) fn body_with(&self, value: impl Fn(&Written) -> Vec<u8>) -> Vec<u8> {
        let mut out = self.preamble.clone().into_bytes();
        for field in &self.fields {
            let filename = field.filename.as_ref().map_or(String::new(), |name| format!("; filename=\"{name}\""));
            let head = format!(
                "--{}\r\ncontent-type: text/plain\r\nContent-Disposition: form-data; name=\"{}\"{filename}\r\n\r\n",
                self.boundary, field.name
            );
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(&value(field));
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        out
    }
}

fn written(boundary: &str) -> impl Strategy<Value = Written> + use<> {
    let delimiter = format!("\r\n--{boundary}");
    let near = delimiter[..delimiter.len() - 1].to_owned().into_bytes();
    let piece = prop_oneof![
        Just(near),
        vec(any::<u8>(), 0..8),
        select(vec!["\r\n", "--", "true", "false", "whisper-1", "\r\n\r\n"]).prop_map(|text| text.as_bytes().to_vec()),
    ];
    let value = vec(piece, 0..4).prop_map(|pieces| pieces.concat());
    let value =
        value.prop_filter("holds a delimiter", move |value| memmem::find(value, delimiter.as_bytes()).is_none());
    let name = select(vec!["model", "stream", "file", "prompt"]).prop_map(str::to_owned);
    let filename = option::of(select(vec!["a.wav", "name=model; x", "é"]).prop_map(str::to_owned));
    (name, filename, value).prop_map(|(name, filename, value)| Written { name, filename, value })
}

pub(in crate::rewrite) fn form() -> impl Strategy<Value = Form> {
    let preamble = select(vec!["", "\r\n", "preamble\r\n"]).prop_map(str::to_owned);
    ("[A-Za-z0-9'()+_,./:=?-]{1,20}", preamble).prop_flat_map(|(boundary, preamble)| {
        vec(written(&boundary), 0..5).prop_map(move |fields| Form {
            boundary: boundary.clone(),
            preamble: preamble.clone(),
            fields,
        })
    })
}

fn found(boundary: &str, body: &[u8]) -> Vec<(String, Vec<u8>)> {
    fields(boundary, body).map(|field| (field.name, field.value.to_vec())).collect()
}

#[test]
fn boundaries_are_read_as_written() {
    for (content_type, want) in [
        ("multipart/form-data; boundary=abc", Some("abc")),
        ("Multipart/Form-Data;charset=utf-8; Boundary=\"a b;c\"", Some("a b;c")),
        ("multipart/form-data; x; boundary=abc ; y=1", Some("abc")),
        ("multipart/form-data; x=\"; boundary=no\"; boundary=yes", Some("yes")),
        ("multipart/form-data; boundary=\"a\\\"b\"", Some("a\"b")),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary", None),
        ("multipart/form-data", None),
        ("multipart/mixed; boundary=abc", None),
        ("application/json", None),
    ] {
        assert_eq!(boundary(content_type).as_deref(), want, "{content_type}");
    }
}

#[test]
fn field_names_are_read_as_written() {
    for (disposition, want) in [
        ("content-disposition: form-data; name=\"model\"", Some("model")),
        ("CONTENT-DISPOSITION:form-data;name=model", Some("model")),
        ("Content-Disposition: form-data; filename=\"name=x\"; name=\"mod\\el\"", Some("model")),
        ("Content-Disposition: form-data; filename=model", None),
        ("Content-Type: text/plain; name=model", None),
        ("garbage", None),
    ] {
        let body = format!("--b\r\n{disposition}\r\n\r\nv\r\n--b--");
        let names: Vec<String> = fields("b", body.as_bytes()).map(|field| field.name).collect();
        assert_eq!(names.first().map(String::as_str), want, "{disposition}");
    }
}

#[test]
fn a_delimiter_is_a_whole_line() {
    let head = "Content-Disposition: form-data; name=\"model\"\r\n\r\n";
    let body = format!(
        "--b \t\r\n{head}x\r\n--bc\r\n--b\r\n\r\nnameless\r\n--b\r\n{head}\r\n--b--\r\n--b\r\n{head}late\r\n--b--"
    );
    let want = [("model".to_owned(), b"x\r\n--bc".to_vec()), ("model".to_owned(), Vec::new())];
    assert_eq!(found("b", body.as_bytes()), want);
}

#[test]
fn models_that_are_right_already_need_no_edit() {
    let body = b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nx\r\n--b--\r\n";
    assert_eq!(replace_model("b", body, "x"), None);
    assert_eq!(replace_model("other", body, "y"), None);
}

proptest! {
    #[test]
    fn finds_every_field(form in form()) {
        let want: Vec<_> = form.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
        prop_assert_eq!(boundary(&form.content_type()), Some(form.boundary.clone()));
        let body = form.body();
        prop_assert_eq!(found(&form.boundary, &body), want.clone());
        for cut in 0..body.len() {
            prop_assert!(want.starts_with(&found(&form.boundary, &body[..cut])), "cut at {}", cut);
        }
    }

    #[test]
    fn only_the_values_of_models_change(form in form()) {
        let want = form.body_with(|field| if field.name == "model" { b"new".to_vec() } else { field.value.clone() });
        let body = form.body();
        prop_assert_eq!(replace_model(&form.boundary, &body, "new").unwrap_or(body), want);
    }

    #[test]
    fn survives_any_bytes(pieces in vec(prop_oneof![
        select(vec!["--b", "\r\n", "--", "\r\n--b\r\n", "Content-Disposition: x; name=", "\"", "\\"])
            .prop_map(|text| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..4),
    ], 0..20), content_type in "multipart/form-data;[ -~é]{0,30}") {
        let body = pieces.concat();
        for field in fields("b", &body) {
            prop_assert_eq!(&body[field.span], field.value);
        }
        let _ = boundary(&content_type);
    }
}
