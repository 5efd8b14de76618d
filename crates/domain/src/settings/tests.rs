use serde_json::json;

use super::*;

fn rows(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn every_default_is_a_value_its_own_check_accepts() {
    for setting in TABLE.iter().filter(|setting| setting.key != "proxy_keys") {
        assert!(setting.parse_stored(setting.default).is_ok(), "{}", setting.key);
        assert_eq!(Settings::default().get(setting.key), setting.default_value(), "{}", setting.key);
    }
}

#[test]
fn stored_rows_replace_defaults_and_bad_ones_are_reported() {
    let (settings, faults) = Settings::from_stored(&rows(&[
        ("max_retries", "5"),
        ("request_timeout", "10s"),
        ("enable_request_body_logging", "true"),
        ("of_another_program", "x"),
    ]));
    assert_eq!(settings.max_retries, 5);
    assert!(settings.enable_request_body_logging);
    assert_eq!(settings.request_timeout, 600);
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].to_string(), r#"request_timeout: "10s" is not allowed; a whole number from 1 to 86400"#);
}

#[test]
fn the_default_that_1_4_stored_is_read_as_our_default() {
    let (settings, _) = Settings::from_stored(&rows(&[("failover_status_codes", "400-403,405-999")]));
    assert!(!settings.failover().contains(400));
    assert!(settings.failover().contains(429));
    let (settings, _) = Settings::from_stored(&rows(&[("failover_status_codes", "400-403,405-998")]));
    assert!(settings.failover().contains(400));
}

#[test]
fn a_group_overrides_what_it_may_and_nothing_else() {
    let config = json!({"max_retries": 0, "request_timeout": null, "proxy_keys": "x", "blacklist_threshold": "2"});
    let (settings, faults) = Settings::default().with_overrides(config.as_object().unwrap());
    assert_eq!((settings.max_retries, settings.request_timeout, settings.blacklist_threshold), (0, 600, 2));
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].key, "proxy_keys");
}

#[test]
fn values_of_the_wrong_type_or_range_are_refused() {
    for (key, value, allowed) in [
        ("max_retries", json!("5"), "a whole number from 0 to 100"),
        ("max_retries", json!(101), "a whole number from 0 to 100"),
        ("max_retries", json!(1.5), "a whole number from 0 to 100"),
        ("enable_request_body_logging", json!("yes"), "true or false"),
        ("proxy_keys", json!(" "), "it must not be empty"),
        ("proxy_url", json!(7), "a string"),
        ("app_url", json!("localhost:3001"), "an absolute URL with a host, starting with one of: http, https"),
    ] {
        let fault = Setting::find(key).unwrap().to_stored(&value).unwrap_err();
        assert_eq!((fault.key.as_str(), fault.allowed.to_string().as_str()), (key, allowed));
    }
}

#[test]
fn a_refused_proxy_url_shows_no_password() {
    let fault = Setting::find("proxy_url").unwrap().to_stored(&json!("ftp://user:hunter2@host")).unwrap_err();
    assert!(!fault.to_string().contains("hunter2"), "{fault}");
}

#[test]
fn every_text_is_there_in_every_language() {
    for setting in TABLE {
        for text in [setting.category, setting.name, setting.description] {
            let Text { english, chinese, japanese } = text;
            assert!(!english.is_empty() && !chinese.is_ascii() && !japanese.is_ascii(), "{}: {text:?}", setting.key);
        }
    }
}
