use serde_json::json;

use super::*;

fn fields(json: Value) -> GroupFields {
    serde_json::from_value(json).unwrap()
}

fn minimal() -> Value {
    json!({
        "name": "g",
        "channel_type": "openai",
        "upstreams": [{"url": " https://api.example.com ", "weight": 1}],
        "test_model": "m",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut fields = minimal();
    fields[name] = value;
    fields
}

#[test]
fn a_new_group_takes_defaults_for_what_is_absent() {
    let spec = fields(minimal()).create().unwrap();
    assert_eq!((spec.kind, spec.sort, spec.proxy_keys.as_str()), (GroupKind::Standard, 0, ""));
    assert_eq!(spec.upstreams, [UpstreamSpec { url: "https://api.example.com".to_owned(), weight: 1 }]);
}

#[test]
fn absent_and_null_stay_and_empty_clears() {
    let mut full = minimal();
    full["config"] = json!({"max_retries": 1});
    full["header_rules"] = json!([{"key": "X-A", "value": "1", "action": "set"}]);
    full["model_redirect_rules"] = json!({"a": "b"});
    full["param_overrides"] = json!({"temperature": 0});
    full["description"] = json!("d");
    let old = fields(full).create().unwrap();

    for unchanged in [json!({}), json!({"config": null, "header_rules": null, "description": null, "test_model": null})]
    {
        let spec = fields(unchanged).update(old.clone()).unwrap();
        assert_eq!((spec.config.len(), spec.header_rules.len(), spec.description.as_str()), (1, 1, "d"));
        assert_eq!((spec.test_model.as_str(), spec.name.as_str()), ("m", "g"));
    }
    let clears = json!({
        "config": {}, "header_rules": [], "model_redirect_rules": {}, "param_overrides": {}, "description": "",
        "test_model": "",
    });
    let spec = fields(clears).update(old).unwrap();
    assert!(spec.config.is_empty() && spec.header_rules.is_empty() && spec.param_overrides.is_empty());
    assert!(spec.model_redirect_rules.is_empty() && spec.description.is_empty());
    assert_eq!(spec.test_model, "m", "an empty test model means unchanged");
}

#[test]
fn a_group_can_be_renamed_but_not_turned_into_another_kind() {
    let old = fields(minimal()).create().unwrap();
    assert_eq!(fields(json!({"name": "h"})).update(old.clone()).unwrap().name, "h");
    assert!(fields(json!({"group_type": "standard"})).update(old.clone()).is_ok());
    let error = fields(json!({"group_type": "aggregate"})).update(old).unwrap_err();
    assert!(error.message().contains("group_type"), "{}", error.message());
}

#[test]
fn an_aggregate_has_no_upstream_and_no_model_of_its_own() {
    let mut aggregate = with("group_type", json!("aggregate"));
    aggregate["validation_endpoint"] = json!("/v1/x");
    let spec = fields(aggregate).create().unwrap();
    assert!(spec.upstreams.is_empty() && spec.validation_endpoint.is_empty());
    assert_eq!(spec.test_model, "-");
}

#[test]
fn header_names_are_stored_canonicalised_and_nulls_of_config_are_not_stored() {
    let mut given = with("header_rules", json!([{"key": " x-api-VERSION", "value": "1"}]));
    given["config"] = json!({"max_retries": null, "request_timeout": 5});
    let spec = fields(given).create().unwrap();
    assert_eq!(spec.header_rules[0].key, "X-Api-Version");
    assert_eq!(spec.config.keys().collect::<Vec<_>>(), ["request_timeout"]);
}

#[test]
fn what_is_not_allowed_is_named() {
    let cases = [
        (with("name", json!("A b")), "name"),
        (with("channel_type", json!("mistral")), "channel_type"),
        (with("channel_type", json!(null)), "channel_type"),
        (with("group_type", json!("other")), "group_type"),
        (with("upstreams", json!([])), "upstreams"),
        (with("test_model", json!(" ")), "test_model"),
        (with("config", json!({"app_url": "http://x"})), "app_url"),
        (with("config", json!({"max_retries": -1})), "max_retries"),
        (with("header_rules", json!([{"key": "Content-Length", "value": "1"}])), "Content-Length"),
        (with("header_rules", json!([{"key": "X-A", "value": "a\nb"}])), "X-A"),
    ];
    for (given, name) in cases {
        let error = fields(given).create().unwrap_err();
        assert!(error.message().contains(name), "{name}: {}", error.message());
    }
}
