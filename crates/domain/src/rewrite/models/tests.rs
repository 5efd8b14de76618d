use proptest::prelude::*;

use super::*;
use crate::rewrite::json::tests::{Written, doc, noise};

fn redirects(rules: &[(&str, &str)], strict: bool) -> Redirects {
    Redirects::new(rules.iter().map(|(asked, sent)| ((*asked).to_owned(), (*sent).to_owned())).collect(), strict)
}

#[test]
fn rules_go_by_exact_names() {
    let rules = [("gpt", "gpt-5"), ("same", "same")];
    let (lax, strict, none) = (redirects(&rules, false), redirects(&rules, true), redirects(&[], true));
    for (model, by_lax, by_strict) in [
        (Some("gpt"), Redirect::To("gpt-5"), Redirect::To("gpt-5")),
        (Some("same"), Redirect::To("same"), Redirect::To("same")),
        (Some("GPT"), Redirect::Keep, Redirect::Refused),
        (Some("gpt-5"), Redirect::Keep, Redirect::Refused),
        (Some(""), Redirect::Keep, Redirect::Refused),
        (None, Redirect::Keep, Redirect::Keep),
    ] {
        assert_eq!(
            (lax.decide(model), strict.decide(model), none.decide(model)),
            (by_lax, by_strict, Redirect::Keep),
            "{model:?}"
        );
    }
    assert!(none.is_empty() && !lax.is_empty());
}

#[test]
fn replaces_every_model_of_a_body() {
    for (body, want) in [
        (r#"{"model":"a","x":1}"#, Some(r#"{"model":"n\"w","x":1}"#)),
        (r#"{ "mod\u0065l" : "a" , "model":null}"#, Some(r#"{ "mod\u0065l" : "n\"w" , "model":"n\"w"}"#)),
        (r#"{"model":"a"} trailing"#, Some(r#"{"model":"n\"w"} trailing"#)),
        (r#"{"model":"n\"w"}"#, None),
        (r#"{"x":{"model":"a"}}"#, None),
        (r#"["model"]"#, None),
    ] {
        let got = replace_in_body(None, body.as_bytes(), "n\"w").map(|body| String::from_utf8(body).unwrap());
        assert_eq!(got.as_deref(), want, "{body}");
    }
}

#[test]
fn replaces_the_model_of_a_form() {
    let form =
        |model: &str| format!("--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--b--\r\n");
    let got = replace_in_body(Some("multipart/form-data; boundary=b"), form("a").as_bytes(), "new");
    assert_eq!(got, Some(form("new").into_bytes()));
}

#[test]
fn paths_name_models() {
    for (path, name, replaced) in [
        ("/v1beta/models/gemini-2.0-flash:generateContent", "gemini-2.0-flash", "/v1beta/models/a%2Fb:generateContent"),
        ("/v1/publishers/google/models/x/y", "x", "/v1/publishers/google/models/a%2Fb/y"),
        ("/v1beta/models/x", "x", "/v1beta/models/a%2Fb"),
        ("/v1beta/mod%65ls/%78:a:b", "x", "/v1beta/mod%65ls/a%2Fb:a:b"),
        ("/v1beta/models//./x", "x", "/v1beta/models//./a%2Fb"),
        ("/v1beta/models/x/../y:a", "y", "/v1beta/models/x/../a%2Fb:a"),
        ("/v1beta/models%2fx:a", "x", "/v1beta/models%2fa%2Fb:a"),
        ("/v1beta/models/x%2Fy:a", "x/y", "/v1beta/models/a%2Fb:a"),
        ("models/models/x", "models", "models/a%2Fb/x"),
        ("/models/é:a", "é", "/models/a%2Fb:a"),
    ] {
        assert_eq!(model_in_path(path).map(|model| model.name).as_deref(), Some(name), "{path}");
        assert_eq!(replace_in_path(path, "a/b").as_deref(), Some(replaced), "{path}");
    }
    for path in [
        "/v1beta/models",
        "/v1beta/models/",
        "/v1beta/tunedModels/x:a",
        "/v1/chat/completions",
        "/v1/models/..",
        "/models:batch/x",
        "",
    ] {
        assert_eq!(model_in_path(path), None, "{path}");
        assert_eq!(replace_in_path(path, "x"), None, "{path}");
    }
}

#[test]
fn queries_name_models() {
    for (query, model, replaced) in [
        ("model=gpt-realtime", Some("gpt-realtime"), "model=to%2F1"),
        ("a=%20b&model=a+b%2Fc&c", Some("a b/c"), "a=%20b&model=to%2F1&c"),
        ("%6Dodel=x&model=y", Some("x"), "model=to%2F1&model=to%2F1"),
        ("model", Some(""), "model=to%2F1"),
        ("Model=x&models=y", None, "Model=x&models=y"),
        ("", None, ""),
    ] {
        assert_eq!(model_in_query(query).as_deref(), model, "{query}");
        assert_eq!(replace_in_query(query, "to/1"), replaced, "{query}");
    }
}

proptest! {
    #[test]
    fn only_the_values_of_models_change(doc in doc()) {
        let value = |member: &Written| if member.name() == "model" { "\"new\"".to_owned() } else { member.value.clone() };
        let want = doc.text_with(value, "");
        let text = doc.text();
        let got = replace_in_body(None, text.as_bytes(), "new").map_or(text, |body| String::from_utf8(body).unwrap());
        prop_assert_eq!(got, want);
    }

    #[test]
    fn a_replaced_path_names_the_new_model(
        path in "/v1(/models|/x|//|/%2e|%2F|/\\.\\.|/mod%65ls)*/models/[a-z%:/.é]{1,9}",
        to in "[a-z][ -~é]{0,9}",
    ) {
        if let Some(replaced) = replace_in_path(&path, &to) {
            prop_assert_eq!(model_in_path(&replaced).unwrap().name, to);
        }
    }

    #[test]
    fn survives_any_bytes(body in noise(), path in "[/%2Fmodels.:e]{0,40}") {
        let _ = (replace_in_body(None, &body, "x"), replace_in_path(&path, "x"));
    }
}
