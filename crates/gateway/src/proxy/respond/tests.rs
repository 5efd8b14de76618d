use http_body_util::BodyExt;

use super::*;

async fn body(refusal: Refusal) -> Value {
    let bytes = refusal.into_response().into_body().collect().await.map_err(|_| ()).unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn each_provider_gets_its_own_error_form_with_our_two_fields() {
    assert_eq!(
        body(Refusal::new(ErrorShape::OpenAi, StatusCode::SERVICE_UNAVAILABLE, "NO_KEYS_AVAILABLE", "none")).await,
        json!({
            "error": {"message": "none", "type": "server_error", "code": "no_keys_available"},
            "code": "NO_KEYS_AVAILABLE", "message": "none"
        })
    );
    assert_eq!(
        body(Refusal::new(ErrorShape::Anthropic, StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "no")).await,
        json!({
            "type": "error", "error": {"type": "authentication_error", "message": "no"},
            "code": "UNAUTHORIZED", "message": "no"
        })
    );
    assert_eq!(
        body(Refusal::new(ErrorShape::Gemini, StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "no")).await,
        json!({
            "error": {"code": 401, "message": "no", "status": "UNAUTHENTICATED"},
            "code": "UNAUTHORIZED", "message": "no"
        })
    );
}

#[test]
fn an_exhausted_pool_is_explained_in_numbers() {
    let census = Census {
        total: 12,
        resting: 9,
        invalid: 3,
        first_wake_ms: Some(clock::mono_ms() + 40_500),
        last_refusal: Some((401, "Incorrect API key provided".to_owned())),
        ..Census::default()
    };
    let refusal = Refusal::no_keys(ErrorShape::OpenAi, false, &census);
    assert_eq!(
        refusal.message,
        "No active API keys available for this group (12 keys: 9 rate limited, the first back in 41 s; \
         3 refused by the provider: 401 Incorrect API key provided)"
    );
    assert_eq!(refusal.into_response().headers()[RETRY_AFTER], "41");
}

#[test]
fn an_empty_pool_promises_nothing() {
    let response = Refusal::no_keys(ErrorShape::OpenAi, true, &Census::default()).into_response();
    assert!(!response.headers().contains_key(RETRY_AFTER));
}

#[test]
fn event_streams_are_not_to_be_buffered_or_cached() {
    let (head, ()) = Response::new(()).into_parts();
    let head = passed_on(head, true);
    assert_eq!(
        (&head.headers["x-accel-buffering"], &head.headers["cache-control"]),
        (&"no".parse().unwrap(), &"no-cache".parse().unwrap())
    );
}
