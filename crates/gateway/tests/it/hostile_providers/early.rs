//! Answers to requests that are still being sent.

use testkit::http::Connection;
use testkit::provider::{Answer, Script};

use super::tried_once;

#[tokio::test]
async fn an_answer_that_comes_before_the_body_is_delivered_and_ends_the_upload() {
    let (app, provider, group) = tried_once().await;
    let refused = Answer::with_body(413, "application/json", "{\"error\":{\"message\":\"too large\"}}");
    let start = format!("{{\"model\":\"m\",\"x\":\"{}", "y".repeat(600_000));
    for announced in [10_000_000, 1 << 40] {
        provider.forget();
        provider.otherwise(Script::from(refused.clone()).early());
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        let head = group.request("POST", "/v1/x").header("Content-Length", &u64::to_string(&announced));
        connection.write(head.to_bytes()).await.unwrap();
        connection.write(&start).await.unwrap();
        // The rest is never sent: the answer comes all the same.
        let (reply, mut connection) = connection.response("POST").await.unwrap().finish().await.unwrap();
        assert_eq!((reply.status, reply.body), (413, refused.body_bytes()));
        assert!(connection.read_to_end().await.unwrap().is_empty(), "the rest of the body is not waited for");
        assert!(!provider.last_request().complete);
    }
    provider.otherwise(Answer::new(204));
    assert_eq!(group.request("GET", "/v1/x").fetch().await.status, 204);
    let connections: Vec<_> = provider.requests().iter().map(|request| request.connection).collect();
    assert!(connections.windows(2).all(|pair| pair[0] != pair[1]), "not used again: {connections:?}");
}

#[tokio::test]
async fn a_client_that_goes_on_sending_gets_the_early_answer_too() {
    let (_app, provider, group) = tried_once().await;
    provider.otherwise(Script::from(Answer::with_body(400, "text/plain", "no")).early());
    let body = format!("{{\"model\":\"m\",\"x\":\"{}\"}}", "y".repeat(8 << 20));
    let reply = group.request("POST", "/v1/x").body(body).fetch().await;
    assert_eq!((reply.status, reply.text().as_str()), (400, "no"));
}
