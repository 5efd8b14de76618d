use proptest::prelude::*;

use super::*;

#[test]
fn the_group_is_the_segment_after_proxy() {
    for (path, name, rest) in [
        ("/proxy/g/v1/chat", "g", "/v1/chat"),
        ("/proxy/g/", "g", "/"),
        ("/proxy/g", "g", ""),
        ("/proxy/", "", ""),
        ("/proxy//v1", "", "/v1"),
    ] {
        assert_eq!(group_and_rest(path), (name, rest));
    }
}

#[test]
fn joins_with_one_slash() {
    for (base, rest, query, want) in [
        ("", "/v1/x", None, "/v1/x"),
        ("/", "/v1/x", None, "/v1/x"),
        ("/p", "/v1/x", Some("a=1"), "/p/v1/x?a=1"),
        ("/p/", "/v1/x", Some(""), "/p/v1/x?"),
        ("/p/", "v1/x", None, "/p/v1/x"),
        ("/p//", "//v1%2Fx/", Some("a=%20?b"), "/p//v1%2Fx/?a=%20?b"),
        ("", "", None, "/"),
        ("/p", "", None, "/p"),
        ("/p/", "", Some("a"), "/p/?a"),
        ("/p", "/", None, "/p/"),
    ] {
        assert_eq!(join(base, rest, query), want, "{base} {rest}");
    }
}

#[test]
fn climbing_out_is_noticed() {
    for path in [
        "/..",
        "/../x",
        "/a/../../x",
        "/%2e%2E/x",
        "/.%2e",
        "/./..",
        "/a/..%2f..%2Fx",
        "/a/..\\..\\x",
        "/a/..%5c..",
        "//../x",
        "../x",
    ] {
        assert!(escapes_base(path), "{path}");
    }
    for path in [
        "",
        "/",
        "/a/..",
        "/a/../b",
        "/a/b/../..",
        "/...",
        "/..a/..b",
        "/a..",
        "/%2e",
        "/%252e%252e/",
        "/v1/x?..",
        "/a%2f../",
    ] {
        assert!(!escapes_base(path), "{path}");
    }
}

#[test]
fn keys_are_taken_out_of_queries() {
    for (query, key, left) in [
        ("key=abc", Some("abc"), None),
        ("alt=sse&key=abc", Some("abc"), Some("alt=sse")),
        ("key=a&alt=%73se&key=b", Some("a"), Some("alt=%73se")),
        ("k%65y=a%2Bb+c&x", Some("a+b c"), Some("x")),
        ("key&a=1", Some(""), Some("a=1")),
        ("a=1&&key=x&b", Some("x"), Some("a=1&&b")),
        ("key=a=b", Some("a=b"), None),
        ("Key=a&keys=b&mykey=c", None, Some("Key=a&keys=b&mykey=c")),
        ("", None, Some("")),
    ] {
        assert_eq!(key_of(query).as_deref(), key, "{query}");
        assert_eq!(strip_key(Some(query)).as_deref(), left, "{query}");
    }
    assert_eq!(strip_key(None), None);
}

#[test]
fn parameters_are_found_by_decoded_name() {
    assert!(has_param("a=1&page%54oken=x", &["pageToken"]));
    assert!(!has_param("pagetoken=x&b=pageToken", &["pageToken"]));
}

proptest! {
    #[test]
    fn joining_adds_at_most_one_slash(
        base in "(/[a-z.%]{1,4}){0,3}/{0,2}",
        rest in "/[a-z/%.]{0,12}",
        query in proptest::option::of("[a-z=&?/%]{0,9}"),
    ) {
        let joined = join(&base, &rest, query.as_deref());
        let tail = query.map_or(rest.clone(), |query| format!("{rest}?{query}"));
        prop_assert_eq!(joined.strip_suffix(tail.as_str()), Some(base.trim_end_matches('/')));
    }

    #[test]
    fn stripping_leaves_every_other_parameter(
        params in proptest::collection::vec("(key|k%65y|Key|a|)(=[a-z%+=]{0,4})?", 0..6),
    ) {
        let is_key = |param: &&String| ["key", "k%65y"].contains(&param.split('=').next().unwrap());
        let kept: Vec<&str> = params.iter().filter(|param| !is_key(param)).map(String::as_str).collect();
        let query = params.join("&");
        let stripped = strip_key(Some(&query));
        let want = kept.join("&");
        if kept.len() == params.len() {
            prop_assert_eq!(stripped.as_deref(), Some(want.as_str()));
        } else {
            prop_assert_eq!(stripped.unwrap_or_default(), want);
        }
    }

    #[test]
    fn survives_any_text(text in "[/.%2eE\\\\5cfF&=+key]{0,30}|\\PC{0,20}") {
        let _ = (escapes_base(&text), strip_key(Some(&text)), key_of(&text));
    }
}
