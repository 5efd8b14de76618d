//! Heads that are too large. Those that can be read in two ways are in `hostile_clients`.

use testkit::http::Connection;
use testkit::provider::Answer;

use crate::support::app_and_provider;

#[tokio::test]
async fn heads_up_to_64_kib_and_100_fields_pass_and_larger_ones_are_refused() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let long = "x".repeat(60_000);
    assert_eq!(group.request("GET", "/v1/models").header("X-Long", &long).fetch().await.status, 200);
    assert_eq!(provider.last_request().header("x-long"), Some(long.as_str()));
    // Beside `Host` and the credential.
    let many = |count: usize| {
        (0..count).fold(group.request("GET", "/v1/models"), |request, at| request.header(&format!("x-{at}"), "1"))
    };
    assert_eq!(many(98).fetch().await.status, 200);
    let too_long = group.request("GET", "/v1/models").header("X-Long", &"x".repeat(70_000));
    for request in [too_long, many(99), many(300), many(10_000)] {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        // It may be refused, and the connection closed, before all of it is sent.
        let _ = connection.write(request.to_bytes()).await;
        assert_eq!(connection.response("GET").await.unwrap().status, 431);
    }
    assert_eq!(provider.count(), 2);
}

#[tokio::test]
async fn longer_targets_than_16_kib_are_refused() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.otherwise(Answer::new(204));
    for (bytes, status) in [(16_000, 204), (17_000, 414)] {
        let target = format!("/v1/x?{}", "y".repeat(bytes));
        assert_eq!(group.request("GET", &target).fetch().await.status, status, "{bytes}");
    }
    assert_eq!(provider.count(), 1);
}
