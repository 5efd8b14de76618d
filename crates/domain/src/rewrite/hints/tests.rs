use proptest::prelude::*;

use super::*;
use crate::rewrite::json::tests::{doc, noise};
use crate::rewrite::multipart::tests::form;

const FORM: Option<&str> = Some("multipart/form-data; boundary=b");

fn known(model: &str, stream: Option<bool>) -> Hints {
    Hints { model: Some(model.to_owned()), stream }
}

#[test]
fn reads_a_json_body() {
    for (body, want, progress) in [
        (r#"{"model":"m","stream":true}"#, known("m", Some(true)), Progress::Done),
        (r#"{"model":"m","stream":"yes"} "#, known("m", None), Progress::Done),
        (r#"{"messages":[{"model":"x"}],"model":"m","stre"#, known("m", None), Progress::ModelKnown),
        (r#"{"model":"first","model":"last"}"#, known("last", None), Progress::Done),
        (r#"{"model":"m","model":null}"#, known("m", None), Progress::Done),
        (r#"{"model":"m","x":}"#, known("m", None), Progress::Done),
        (r#"{"stream":false,"model":"m"#, Hints { model: None, stream: Some(false) }, Progress::NeedMore),
        ("", Hints::default(), Progress::NeedMore),
        ("{}", Hints::default(), Progress::Done),
        ("[1]", Hints::default(), Progress::NotAnObject),
        ("RIFF", Hints::default(), Progress::NotAnObject),
    ] {
        assert_eq!(hints(None, body.as_bytes(), false), (want.clone(), progress), "{body}");
        assert_eq!(hints(Some("text/plain"), body.as_bytes(), true).0, want, "{body}");
    }
}

#[test]
fn a_complete_body_has_no_more_to_come() {
    assert_eq!(hints(None, b"{\"model\":", true).1, Progress::Done);
    assert_eq!(hints(FORM, b"--b\r\n", true).1, Progress::Done);
}

#[test]
fn reads_a_form() {
    let part =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n");
    let (model, stream, end) = (part("model", "whisper-1"), part("stream", "true"), "--b--");
    for (body, want, progress) in [
        (format!("{model}{stream}{end}"), known("whisper-1", Some(true)), Progress::Done),
        (format!("{model}{stream}"), known("whisper-1", None), Progress::ModelKnown),
        (model, Hints::default(), Progress::NeedMore),
        (format!("{stream}{end}"), Hints { model: None, stream: Some(true) }, Progress::Done),
    ] {
        assert_eq!(hints(FORM, body.as_bytes(), false), (want, progress), "{body}");
    }
}

fn check_prefixes(content_type: Option<&str>, body: &[u8], models: &[String]) -> Result<(), TestCaseError> {
    let (whole, progress) = hints(content_type, body, true);
    prop_assert_eq!(progress, Progress::Done);
    prop_assert_eq!(whole.model.as_ref(), models.last());
    for cut in 0..=body.len() {
        let (some, progress) = hints(content_type, &body[..cut], false);
        match progress {
            Progress::Done => prop_assert_eq!(&some, &whole),
            Progress::ModelKnown => prop_assert!(models.contains(&some.model.unwrap())),
            Progress::NeedMore => prop_assert_eq!(some.model, None),
            Progress::NotAnObject => prop_assert!(false, "cut at {}", cut),
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_prefix_of_an_object_never_misleads(doc in doc()) {
        let named = doc.members().iter().filter(|member| member.name() == "model");
        let models: Vec<String> = named.filter_map(|member| serde_json::from_str(&member.value).ok()).collect();
        check_prefixes(None, doc.text().as_bytes(), &models)?;
    }

    #[test]
    fn a_prefix_of_a_form_never_misleads(form in form()) {
        let named = form.fields.iter().filter(|field| field.name == "model");
        let models: Vec<String> = named.map(|field| String::from_utf8_lossy(&field.value).into_owned()).collect();
        check_prefixes(Some(&form.content_type()), &form.body(), &models)?;
    }

    #[test]
    fn what_is_done_stays_done(body in noise(), more in noise()) {
        let (some, progress) = hints(None, &body, false);
        if matches!(progress, Progress::Done | Progress::NotAnObject) {
            prop_assert_eq!(hints(None, &[body, more].concat(), false), (some, progress));
        }
    }
}
