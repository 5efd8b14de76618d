use super::*;

fn set(key: &str, value: &str) -> HeaderRule {
    HeaderRule { key: key.to_owned(), value: value.to_owned(), action: HeaderAction::Set }
}

fn remove(key: &str) -> HeaderRule {
    HeaderRule { key: key.to_owned(), value: String::new(), action: HeaderAction::Remove }
}

fn applied(rules: &[HeaderRule], key: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.append("x-old", HeaderValue::from_static("1"));
    headers.append("x-old", HeaderValue::from_static("2"));
    let variables =
        Variables { client_ip: "10.0.0.1", group_name: "main", api_key: &Secret::from(key), now_ms: 1_234_567 };
    HeaderRules::compile(rules).unwrap().apply(&mut headers, &variables);
    headers
}

#[test]
fn rules_are_stored_as_in_1_4() {
    let text = r#"[{"key":"X-A","value":"1","action":"set"},{"key":"X-B","value":"","action":"remove"}]"#;
    let rules: Vec<HeaderRule> = serde_json::from_str(text).unwrap();
    assert_eq!(rules, [set("X-A", "1"), remove("X-B")]);
    assert_eq!(serde_json::to_string(&rules).unwrap(), text);
    assert_eq!(serde_json::from_str::<HeaderRule>(r#"{"key":"X-B","action":"remove"}"#).unwrap(), remove("X-B"));
    assert_eq!(serde_json::from_str::<HeaderRule>(r#"{"key":"X-A","value":"1"}"#).unwrap(), set("X-A", "1"));
    assert!(serde_json::from_str::<HeaderRule>(r#"{"key":"X","value":"","action":"drop"}"#).is_err());
}

#[test]
fn variables_are_expanded() {
    for (value, want) in [
        ("plain", "plain"),
        ("", ""),
        ("${CLIENT_IP}", "10.0.0.1"),
        ("a${GROUP_NAME}b${GROUP_NAME}", "amainbmain"),
        ("Key ${API_KEY}!", "Key sk-1!"),
        ("${TIMESTAMP_MS}/${TIMESTAMP_S}", "1234567/1234"),
        ("${UNKNOWN} $${CLIENT_IP} ${", "${UNKNOWN} $10.0.0.1 ${"),
    ] {
        assert_eq!(applied(&[set("X-New", value)], "sk-1")["x-new"], want, "{value}");
    }
}

#[test]
fn rules_act_on_every_occurrence_and_in_order() {
    let values = |rules: &[HeaderRule]| -> Vec<String> {
        applied(rules, "k").get_all("x-old").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(values(&[set("X-Old", "3")]), ["3"]);
    assert!(values(&[remove("X-OLD")]).is_empty());
    assert_eq!(values(&[remove("x-old"), set("x-old", "4")]), ["4"]);
    assert!(values(&[set("x-old", "4"), remove("x-old")]).is_empty());
}

#[test]
fn a_key_in_a_value_is_sensitive() {
    let headers = applied(&[set("api-key", "${API_KEY}"), set("x-b", "${GROUP_NAME}")], "sk-1");
    assert!(headers["api-key"].is_sensitive());
    assert!(!headers["x-b"].is_sensitive());
}

#[test]
fn an_expansion_that_is_no_header_value_is_skipped() {
    let headers = applied(&[set("x-old", "${API_KEY}"), set("x-b", "1")], "a\r\nb");
    assert_eq!(headers.get_all("x-old").iter().count(), 2);
    assert_eq!(headers["x-b"], "1");
}

#[test]
fn bad_rules_are_told_apart() {
    let rules = [
        set("X-Good", "1"),
        set("x y", "1"),
        remove(""),
        remove("Host"),
        set("Content-Length", "1"),
        set("X-Bad", "secret\n"),
    ];
    let (good, ignored) = HeaderRules::compile_lenient(&rules);
    assert_eq!(good.0.len(), 1);
    let name = |name: &str| HeaderRuleError::Name(name.to_owned());
    let reserved = |name: &str| HeaderRuleError::Reserved(name.to_owned());
    let want = [
        name("x y"),
        name(""),
        reserved("Host"),
        reserved("Content-Length"),
        HeaderRuleError::Value("X-Bad".to_owned()),
    ];
    assert_eq!(ignored, want);
    for (rule, error) in rules[1..].iter().zip(want) {
        assert!(!error.to_string().contains("secret"));
        assert_eq!(HeaderRules::compile(std::slice::from_ref(rule)).err(), Some(error));
    }
}

#[test]
fn errors_say_what_is_allowed() {
    let text = |rule| HeaderRules::compile(&[rule]).err().unwrap().to_string();
    insta::assert_snapshot!(text(set("x y", "")), @"header rule `x y`: a header's name is one or more letters, digits or any of !#$%&'*+-.^_`|~");
    insta::assert_snapshot!(text(set("Host", "x")), @"header rule `Host`: the gateway sets this header itself; rules can't change connection, content-length, expect, host, keep-alive, proxy-connection, te, trailer, transfer-encoding, upgrade");
    insta::assert_snapshot!(text(set("X-A", "\n")), @"header rule `X-A`: its value has a line break or another control character; only printable text is allowed");
}

#[test]
fn names_are_stored_in_canonical_form() {
    for (name, want) in [
        ("x-a", "X-A"),
        ("X-REQUEST-ID", "X-Request-Id"),
        ("etag", "Etag"),
        ("a--b", "A--B"),
        ("not a name", "not a name"),
        ("", ""),
    ] {
        assert_eq!(canonical_name(name), want);
    }
}
