//! Redirects are followed on the provider's own host only: a client that followed them would not have the provider's key, and any
//! other host must not get it.

use serde_json::json;
use testkit::provider::{Answer, MockProvider};
use testkit::wait::within;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::one_key;
use crate::support::app_and_provider;

fn to(status: u16, location: &str) -> Answer {
    Answer::with_body(status, "text/plain", "over there").header("Location", location)
}

#[tokio::test]
async fn redirects_on_the_same_host_are_followed_with_body_and_key() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.on_path("/new/x", Answer::with_body(200, "text/plain", "here"));
    let absolute = format!("{}/new/x?b=%20c", provider.url());
    for (status, method) in [
        (307, "POST"),
        (308, "POST"),
        (307, "DELETE"),
        (308, "GET"),
        (301, "GET"),
        (302, "GET"),
        (301, "HEAD"),
        (302, "HEAD"),
    ] {
        for location in [absolute.as_str(), "/new/x?b=%20c", "../new/x?b=%20c"] {
            provider.forget();
            provider.on_path("/old/x", to(status, location));
            let request = group.request(method, "/old/x?a=1").header("x-mine", "1");
            let request = if method == "POST" { request.body("a body") } else { request };
            assert_eq!(request.fetch().await.status, 200, "{status} {method} {location}");
            let got = provider.last_request();
            assert_eq!((got.method.as_str(), got.target.as_str()), (method, "/new/x?b=%20c"));
            assert_eq!(
                (got.text().as_str(), got.header("x-mine")),
                (if method == "POST" { "a body" } else { "" }, Some("1"))
            );
            assert_eq!((got.key.as_deref(), provider.count()), (Some("sk-g"), 2));
        }
    }
}

#[tokio::test]
async fn redirects_that_would_change_the_request_are_the_clients() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    for (status, method) in
        [(301, "POST"), (302, "POST"), (302, "PUT"), (303, "GET"), (303, "POST"), (300, "GET"), (305, "GET")]
    {
        provider.otherwise(to(status, "/elsewhere"));
        let reply = group.request(method, "/x").fetch().await;
        assert_eq!((reply.status, reply.headers.get("location")), (status, Some("/elsewhere")), "{method}");
        assert_eq!(reply.text(), "over there");
    }
    assert_eq!(provider.count(), 7);
}

#[tokio::test]
async fn at_most_three_redirects_are_followed() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    for step in 0..6 {
        provider.on_path(&format!("/{step}"), to(307, &format!("/{}", step + 1)));
    }
    let reply = group.request("POST", "/0").body("x").fetch().await;
    assert_eq!((reply.status, reply.headers.get("location"), provider.count()), (307, Some("/4"), 4));
    provider.on_path("/3", Answer::with_body(200, "text/plain", "here"));
    assert_eq!(group.request("POST", "/0").body("x").fetch().await.text(), "here");
}

#[tokio::test]
async fn no_other_host_gets_the_request_or_the_key() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    let other = MockProvider::start();
    let by_name = format!("http://localhost:{}/x", provider.addr().port());
    for location in [format!("{}/x", other.url()), by_name, format!("//{}/x", other.addr()), "ftp://h/x".to_owned()] {
        provider.otherwise(to(307, &location));
        let reply = group.request("POST", "/old").body("x").fetch().await;
        assert_eq!((reply.status, reply.headers.get("location")), (307, Some(location.as_str())));
    }
    provider.otherwise(Answer::new(308));
    assert_eq!(group.request("POST", "/old").body("x").fetch().await.status, 308, "without a location");
    assert_eq!((other.count(), provider.count()), (0, 5));
}

#[tokio::test]
async fn a_body_that_still_arrives_follows_the_redirect() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.on_path("/old", to(308, "/new"));
    provider.on_path("/new", Answer::new(204));
    let body = format!("{{\"model\":\"m\",\"x\":\"{}\"}}", "y".repeat(1 << 20));
    assert_eq!(group.request("POST", "/old").body(body.clone()).fetch().await.status, 204);
    assert!(provider.last_request().body == body);
}

#[tokio::test]
async fn a_redirect_to_https_on_the_same_host_is_followed_encrypted() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(json!({"max_retries": 0}));
    let group = group.create().await;
    let encrypted = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!("https://{}/x", encrypted.local_addr().unwrap());
    provider.otherwise(to(308, &location));
    let listening = async {
        let (mut connection, _) = within("a connection", encrypted.accept()).await.unwrap();
        within("a byte", connection.read_u8()).await.unwrap()
    };
    let request = group.request("POST", "/old").body("x");
    let (reply, first_byte) = tokio::join!(request.fetch(), listening);
    assert_eq!(first_byte, 22, "a TLS handshake (RFC 8446 5.1)");
    assert_eq!((reply.status, provider.count()), (502, 1), "nobody there speaks TLS");
}
