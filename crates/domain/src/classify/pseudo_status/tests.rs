use super::super::provider_error::ProviderError;
use super::pseudo_status;

#[test]
fn error_events_have_the_status_their_answer_would_have_had() {
    let cases = [
        (r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, 529),
        (r#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#, 429),
        (r#"{"type":"error","error":{"type":"authentication_error","message":"m"}}"#, 401),
        (r#"{"type":"error","error":{"type":"permission_error","message":"m"}}"#, 403),
        (r#"{"type":"error","error":{"type":"api_error","message":"m"}}"#, 500),
        (r#"{"type":"error","error":{"type":"invalid_request_error","message":"m"}}"#, 400),
        (r#"{"type":"error","error":{"type":"billing_error","message":"m"}}"#, 402),
        (r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#, 503),
        (r#"{"error":{"message":"m","status":"RESOURCE_EXHAUSTED"}}"#, 429),
        (r#"{"error":{"code":"rate_limit_exceeded","type":"tokens"}}"#, 429),
        (r#"{"error":{"code":"insufficient_quota","type":"insufficient_quota"}}"#, 429),
        (r#"{"error":{"code":"invalid_api_key","type":"invalid_request_error"}}"#, 401),
        (r#"{"error":{"code":null,"type":"server_error"}}"#, 500),
        (r#"{"error":{"code":"Arrearage"}}"#, 402),
        (r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded"}}}"#, 429),
        (r#"{"error":{"code":"429","type":"rate_limit_error"}}"#, 429),
        (r#"{"error":{"code":200,"message":"m"}}"#, 500),
        (r#"{"error":{"code":1113}}"#, 500),
        (r#"{"error":"something"}"#, 500),
    ];
    for (body, status) in cases {
        assert_eq!(pseudo_status(&ProviderError::parse(body.as_bytes())), status, "{body}");
    }
}
