//! Parameter overrides replace or add members; every other byte stays.

use bytes::Bytes;
use serde_json::json;
use testkit::provider::Answer;

use super::group;
use crate::support::app_and_provider;

#[tokio::test]
async fn only_the_bytes_of_the_values_concerned_change() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    // In the order that PostgreSQL brings them in.
    let overrides = json!({"meta": ["a"], "stop": null, "temperature": 0.5});
    let group = group(&app, &provider, "g").field("param_overrides", overrides).create().await;
    let added = "\"meta\":[\"a\"],\"stop\":null";
    for (body, sent) in [
        ("{}", format!("{{{added},\"temperature\":0.5}}")),
        (
            "{ \"model\" : \"m\",\n\t\"temperature\":1.0e0 , \"big\":12345678901234567890.000, \"esc\":\"\\u00e9\\/\" }\n",
            format!(
                "{{ \"model\" : \"m\",\n\t\"temperature\":0.5 , \"big\":12345678901234567890.000, \"esc\":\"\\u00e9\\/\" ,{added}}}\n"
            ),
        ),
        (
            "{\"meta\":\"x\",\"t\\u0065mperature\":{\"temperature\":1},\"stop\":[\"}\"]}",
            "{\"meta\":[\"a\"],\"t\\u0065mperature\":0.5,\"stop\":null}".to_owned(),
        ),
        ("{\"temperature\":1,\"temperature\":2}", format!("{{\"temperature\":0.5,\"temperature\":0.5,{added}}}")),
    ] {
        let request = group.request("POST", "/v1/chat/completions").header("Content-Type", "application/json");
        assert_eq!(request.body(body).fetch().await.status, 204);
        let got = provider.last_request();
        assert_eq!(got.text(), sent);
        assert_eq!(got.header("content-length"), Some(sent.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_passes_untouched() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let group = group(&app, &provider, "g").field("param_overrides", json!({"temperature": 0.5})).create().await;
    let form = "--b\r\nContent-Disposition: form-data; name=\"temperature\"\r\n\r\n1\r\n--b--\r\n";
    for (content_type, body) in [
        ("application/json", "[{\"temperature\":1}]"),
        ("application/json", "\"temperature\""),
        ("application/json", "{\"temperature\":1"),
        ("application/json", "{\"temperature\":1}}"),
        ("application/json", "{\"temperature\":1}\n{\"temperature\":1}\n"),
        ("application/json", " "),
        ("text/plain", "temperature=1"),
        ("application/x-www-form-urlencoded", "temperature=1"),
        ("multipart/form-data; boundary=b", form),
        ("multipart/mixed; boundary=b", form),
    ] {
        for chunked in [false, true] {
            let request = group.request("POST", "/v1/x").header("Content-Type", content_type);
            let request = if chunked { request.chunked([body]) } else { request.body(body) };
            assert_eq!(request.fetch().await.status, 204);
            assert_eq!(provider.last_request().text(), body, "{content_type}");
        }
    }
    group.request("GET", "/v1/x").fetch().await;
    assert!(provider.last_request().body.is_empty());
}

#[tokio::test]
async fn the_content_type_does_not_matter_for_json() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let group = group(&app, &provider, "g").field("param_overrides", json!({"n": 2})).create().await;
    for content_type in
        [None, Some("text/plain"), Some("application/vnd.x+json"), Some("application/x-www-form-urlencoded")]
    {
        let request = group.request("POST", "/v1/x");
        let request = content_type.into_iter().fold(request, |request, kind| request.header("Content-Type", kind));
        request.body("{\"n\":1}").fetch().await;
        assert_eq!(provider.last_request().text(), "{\"n\":2}", "{content_type:?}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_edited_whole_wherever_it_is_cut() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let group = group(&app, &provider, "g").field("param_overrides", json!({"n": 2})).create().await;
    let text = "y".repeat(600_000);
    for body in
        ["{\"model\":\"m\",\"n\":1,\"x\":\"\\\"\"}".to_owned(), format!("{{\"model\":\"m\",\"x\":\"{text}\",\"n\":1}}")]
    {
        let expected = body.replace("\"n\":1", "\"n\":2");
        for size in [1, 3, 4096, 100_000] {
            if body.len() / size > 100_000 {
                continue;
            }
            let pieces = body.as_bytes().chunks(size).map(Bytes::copy_from_slice);
            assert_eq!(group.request("POST", "/v1/x").chunked(pieces).fetch().await.status, 204);
            let got = provider.last_request();
            assert!(got.body == expected, "{} bytes in pieces of {size}", body.len());
            assert_eq!(got.header("content-length"), Some(expected.len().to_string().as_str()));
            assert!(!got.headers.has("transfer-encoding"));
        }
    }
}
