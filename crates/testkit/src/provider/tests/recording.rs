use super::super::record::Recorder;
use super::*;
use crate::http::Connection;

#[tokio::test]
async fn a_request_is_kept_exactly_as_it_came() {
    let provider = MockProvider::start();
    let request = Request::new("PATCH", &format!("{}/a%2Fb//c?x=1&x=%20&key=sk-q", provider.url()))
        .header("X-Two", "1")
        .header("x-tWo", " 2 ")
        .chunked(["{\"a\" :", " 1.0}"])
        .trailer("X-Sum", "9");
    request.fetch().await;
    let got = provider.last_request();
    assert_eq!(got.raw_head, request.to_bytes()[..got.raw_head.len()]);
    assert_eq!(
        (got.method.as_str(), got.target.as_str(), got.path()),
        ("PATCH", "/a%2Fb//c?x=1&x=%20&key=sk-q", "/a%2Fb//c")
    );
    assert_eq!(got.headers.names(), ["Host", "X-Two", "x-tWo", "Transfer-Encoding"]);
    assert_eq!(got.headers.all("x-two"), ["1", "2"]);
    assert_eq!((got.text().as_str(), got.body_len, got.complete), ("{\"a\" : 1.0}", 11, true));
    assert_eq!(got.trailers.iter().collect::<Vec<_>>(), [("X-Sum", "9")]);
    assert_eq!((got.query("key").as_deref(), got.key.as_deref(), got.version), (Some("sk-q"), Some("sk-q"), 1));
}

#[tokio::test]
async fn the_key_is_found_wherever_a_client_puts_it() {
    let provider = MockProvider::start();
    let url = format!("{}/v1/models", provider.url());
    for request in [
        Request::get(&url).header("Authorization", "Bearer sk-1"),
        Request::get(&url).header("x-api-key", "sk-1"),
        Request::get(&url).header("x-goog-api-key", "sk-1"),
        Request::get(&url).header("api-key", "sk-1"),
        Request::get(&format!("{url}?a=b&key=sk%2D1")),
    ] {
        request.fetch().await;
        assert_eq!(provider.last_request().key.as_deref(), Some("sk-1"), "{request:?}");
    }
    assert_eq!(provider.count_for_key("sk-1"), 5);
}

#[tokio::test]
async fn the_model_is_found_in_body_path_and_form() {
    let provider = MockProvider::start();
    let form = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n";
    for (path, body, model) in [
        (CHAT, r#"{"model":"gpt-4o"}"#, Some("gpt-4o")),
        ("/v1beta/models/gemini-2.5-pro:generateContent", "{}", Some("gemini-2.5-pro")),
        ("/v1/audio/transcriptions", form, Some("whisper-1")),
        (CHAT, "{}", None),
    ] {
        Request::post(&format!("{}{path}", provider.url())).body(body).fetch().await;
        assert_eq!(provider.last_request().model().as_deref(), model, "{path}");
    }
}

#[tokio::test]
async fn requests_on_one_connection_share_its_number() {
    let provider = MockProvider::start();
    let connection = Connection::open(&provider.addr().to_string()).await.unwrap();
    let (_, connection) = connection.request(&chat(&provider, "sk-1")).await.unwrap().finish().await.unwrap();
    connection.request(&chat(&provider, "sk-1")).await.unwrap().finish().await.unwrap();
    chat(&provider, "sk-1").fetch().await;
    let seen: Vec<_> = provider.wait_for(3).await.iter().map(|r| (r.number, r.connection)).collect();
    assert_eq!(seen, [(1, 1), (2, 1), (3, 2)]);
    assert_eq!(provider.connections(), 2);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_turn() {
    let provider = MockProvider::start();
    let mut connection = Connection::open(&provider.addr().to_string()).await.unwrap();
    connection
        .write("GET /v1/models HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let (first, connection) = connection.response("GET").await.unwrap().finish().await.unwrap();
    let (second, mut connection) = connection.response("GET").await.unwrap().finish().await.unwrap();
    assert_eq!((first.status, second.status), (200, 404));
    assert!(connection.read_to_end().await.unwrap().is_empty());
}

#[tokio::test]
async fn counts_are_served_and_reset() {
    let provider = MockProvider::start();
    provider.on_key("sk-2", Answer::reset());
    chat(&provider, "sk-1").fetch().await;
    chat(&provider, "sk-dead").fetch().await;
    assert!(chat(&provider, "sk-2").try_fetch().await.is_err());
    let stats = get(&provider, "/__mock/stats").fetch().await.json();
    let by_key = json!({"sk-1": {"200": 1}, "sk-2": {"none": 1}, "sk-dead": {"401": 1}});
    assert_eq!((&stats["total"], &stats["by_key"]), (&json!(3), &by_key));
    assert_eq!(stats["by_status"], json!({"200": 1, "401": 1, "none": 1}));
    assert_eq!(stats["by_path"], json!({CHAT: 3}));
    let reset = Request::post(&format!("{}/__mock/reset", provider.url())).fetch().await;
    assert_eq!((reset.status, provider.count(), provider.requests().len()), (204, 0, 0));
}

#[tokio::test]
async fn without_recording_requests_are_only_counted() {
    let provider = MockProvider::builder().without_recording().start();
    let body = json!({"model": "gpt-4o", "stream": true});
    let reply = post(&provider, CHAT, "sk-1", &body).fetch().await;
    assert!(reply.text().ends_with("data: [DONE]\n\n"));
    assert_eq!((provider.requests().len(), provider.count(), provider.count_for_key("sk-1")), (0, 1, 1));
}

#[tokio::test]
async fn requests_are_written_to_a_file_line_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("requests.jsonl");
    let provider = MockProvider::builder().record_to(&file).unwrap().start();
    get(&provider, "/v1/models").header("X-A", "b").fetch().await;
    let line: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(
        (&line["method"], &line["target"], &line["headers"][1]),
        (&json!("GET"), &json!("/v1/models"), &json!(["X-A", "b"]))
    );
}

#[test]
fn the_oldest_requests_are_dropped_beyond_the_bound() {
    let recorder = Recorder::default();
    for _ in 0..10_001 {
        recorder.add(Received::parse(&"GET / HTTP/1.1\r\n\r\n".into(), 1).unwrap());
    }
    let kept = recorder.requests();
    assert_eq!((kept.len(), kept[0].number, kept[9_999].number), (10_000, 2, 10_001));
}
