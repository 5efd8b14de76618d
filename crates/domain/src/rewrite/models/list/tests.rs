use super::*;

fn redirects(strict: bool) -> Redirects {
    let rules = [("mine", "big"), ("new", "unlisted")].map(|(asked, sent)| (asked.to_owned(), sent.to_owned()));
    Redirects::new(rules.into(), strict)
}

fn rewritten(list: &Value, strict: bool, first_page: bool) -> Option<Value> {
    let body = rewrite_list(list.to_string().as_bytes(), &redirects(strict), first_page)?;
    Some(serde_json::from_slice(&body).unwrap())
}

#[test]
fn knows_the_paths_of_lists() {
    for path in [
        "/v1/models",
        "/v1/models/",
        "/openai/v1/models",
        "/v1beta/models",
        "/v1beta/openai/models",
        "/v1beta/openai/v1/models",
    ] {
        assert!(is_model_list(&Method::GET, path), "{path}");
        assert!(!is_model_list(&Method::POST, path), "{path}");
    }
    for path in
        ["/v1/models/x", "/models", "/v1/models//", "/xv1/models", "/v1beta/openai/models/x", "/v1/chat/completions"]
    {
        assert!(!is_model_list(&Method::GET, path), "{path}");
    }
}

#[test]
fn knows_later_pages() {
    for (query, first) in [
        (None, true),
        (Some("pageSize=5"), true),
        (Some("a&pageToken=x"), false),
        (Some("after_id=x"), false),
        (Some("page_token"), false),
        (Some("before_id"), false),
    ] {
        assert_eq!(is_first_page(query), first, "{query:?}");
    }
}

#[test]
fn openai_lists() {
    let big = json!({"id": "big", "object": "model", "created": 7, "owned_by": "o"});
    let copy = json!({"id": "mine", "object": "model", "created": 7, "owned_by": "o"});
    let minimal = json!({"id": "new", "object": "model", "created": 0, "owned_by": "gpt-load"});
    let list = json!({"object": "list", "data": [big]});
    assert_eq!(rewritten(&list, false, true), Some(json!({"object": "list", "data": [big, copy, minimal]})));
    assert_eq!(rewritten(&list, true, true), Some(json!({"object": "list", "data": [copy, minimal]})));
    assert_eq!(rewritten(&json!([big]), false, true), Some(json!([big, copy, minimal])));
}

#[test]
fn anthropic_lists() {
    let entry =
        |id: &str, shown: &str, at: &str| json!({"type": "model", "id": id, "display_name": shown, "created_at": at});
    let big = entry("big", "Big", "2025-01-01T00:00:00Z");
    let copy = entry("mine", "mine", "2025-01-01T00:00:00Z");
    let minimal = entry("new", "new", "1970-01-01T00:00:00Z");
    let list = json!({"data": [big], "has_more": true, "first_id": "big", "last_id": "big"});
    let added = json!({"data": [big, copy, minimal], "has_more": true, "first_id": "big", "last_id": "big"});
    assert_eq!(rewritten(&list, false, true), Some(added), "the cursors stay the provider's");
    let strict = json!({"data": [copy, minimal], "has_more": false, "first_id": "mine", "last_id": "new"});
    assert_eq!(rewritten(&list, true, true), Some(strict));
    let later = json!({"data": [], "has_more": false, "first_id": null, "last_id": null});
    assert_eq!(rewritten(&list, true, false), Some(later));
}

#[test]
fn gemini_lists() {
    let big = json!({"name": "models/big", "displayName": "Big", "inputTokenLimit": 9});
    let copy = json!({"name": "models/mine", "displayName": "mine", "inputTokenLimit": 9});
    let minimal = json!({"name": "models/new", "displayName": "new", "supportedGenerationMethods": ["generateContent", "countTokens"]});
    let list = json!({"models": [big], "nextPageToken": "t"});
    assert_eq!(rewritten(&list, false, true), Some(json!({"models": [big, copy, minimal], "nextPageToken": "t"})));
    assert_eq!(rewritten(&list, false, false), None);
    assert_eq!(rewritten(&list, true, true), Some(json!({"models": [copy, minimal]})));
    assert_eq!(rewritten(&list, true, false), Some(json!({"models": []})));
}

#[test]
fn gemini_names_in_openai_format_are_recognised_as_targets() {
    let list = json!({"object": "list", "data": [{"id": "models/big", "object": "model", "owned_by": "google"}]});
    let added = rewritten(&list, false, true).unwrap();
    assert_eq!(added["data"][1], json!({"id": "mine", "object": "model", "owned_by": "google"}));
}

#[test]
fn lists_that_need_no_change_are_left_alone() {
    let complete = json!({"data": [{"id": "mine"}, {"id": "new"}]});
    assert_eq!(rewritten(&complete, false, true), None);
    for no_list in [json!({"error": "x"}), json!({"data": null}), json!(1)] {
        assert_eq!(rewritten(&no_list, true, true), None, "{no_list}");
    }
    assert_eq!(rewrite_list(b"<html>", &redirects(true), true), None);
    assert_eq!(rewrite_list(br#"{"data":[]}"#, &Redirects::new([].into(), true), true), None);
}

#[test]
fn the_names_of_a_list_are_told_in_any_format() {
    let named = |list: Value| names(list.to_string().as_bytes());
    let expected = Some(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(named(json!({"object": "list", "data": [{"id": "a"}, {"no": "name"}, {"id": "b"}]})), expected);
    assert_eq!(named(json!([{"id": "a"}, {"id": "b"}])), expected);
    assert_eq!(named(json!({"data": [{"id": "a"}, {"id": "b"}], "has_more": true})), expected);
    assert_eq!(named(json!({"models": [{"name": "models/a"}, {"name": "b"}]})), expected);
    assert_eq!((named(json!({"error": {}})), names(b"<html>")), (None, None));
}
