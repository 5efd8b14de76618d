//! Answers other than the one asked for, and what is sent ahead of them.

use serde_json::json;
use testkit::http::{Connection, Request};
use testkit::provider::{Answer, MockProvider, Script};
use testkit::wait::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Provider, SWITCHING, asking, assert_echoes, echo, opened, rows_of};
use crate::support::keys::key_state;
use crate::support::{app_and_provider, builder};

#[tokio::test]
async fn another_key_is_tried() {
    let (app, provider) = app_and_provider().await;
    let keys = ["sk-a", "sk-b", "sk-c", "sk-d"];
    let group = app.group("g").upstream(&provider.url()).keys(keys).create().await;
    provider.otherwise(Script::sequence([
        Script::limited(60),
        Script::dead(),
        Script::fails(testkit::provider::errors::Kind::ServerError),
    ]));
    let mut tunnel = echo(&group).await;
    assert_echoes(&mut tunnel, "ping").await;
    drop(tunnel);
    let rows = rows_of(&app, &group, 4).await;
    let told: Vec<_> = rows.iter().map(|row| (row["status_code"].as_u64(), row["request_type"].as_str())).collect();
    let retry = Some("retry");
    assert_eq!(told, [(Some(429), retry), (Some(401), retry), (Some(500), retry), (Some(101), Some("final"))]);
    assert_eq!((&rows[3]["is_success"], &rows[3]["is_stream"]), (&true.into(), &true.into()));
    assert_eq!((&rows[3]["model"], &rows[3]["request_path"]), (&"gpt-realtime".into(), &"/proxy/g/v1/realtime".into()));
    let used: Vec<_> = provider.requests().iter().filter_map(|request| request.key.clone()).collect();
    assert_eq!(key_state(&app, &group, &used[0]).await, "active 0 cooling gpt-realtime");
    assert_eq!(key_state(&app, &group, &used[1]).await, "active 1");
    assert_eq!(key_state(&app, &group, &used[3]).await, "active 0");
}

#[tokio::test]
async fn a_tunnel_proves_its_key_and_settles_doubts_about_others() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-a", "sk-b"]).create().await;
    // A bare 403 is doubtful; a failure before it stands against both keys.
    provider.otherwise(Script::first(2, Script::dead()).then(Script::first(1, Answer::new(403))));
    asking(&group).fetch().await;
    opened(asking(&group).send().await);
    let used: Vec<_> = provider.requests().iter().filter_map(|request| request.key.clone()).collect();
    assert_eq!(key_state(&app, &group, &used[2]).await, "active 2", "the doubtful one");
    assert_eq!(key_state(&app, &group, &used[3]).await, "active 0", "the one that was served");
}

#[tokio::test]
async fn a_tunnel_ends_a_mass_refusal() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"blacklist_threshold": 1});
    let group = app.group("g").upstream(&provider.url()).keys(["sk-a", "sk-b"]).config(config).create().await;
    provider.otherwise(Script::dead());
    asking(&group).fetch().await;
    let used: Vec<_> = provider.requests().iter().filter_map(|request| request.key.clone()).collect();
    assert_eq!(key_state(&app, &group, &used[0]).await, "invalid 1");
    assert_eq!(key_state(&app, &group, &used[1]).await, "active 1 cooling *");
    provider.otherwise(Script::ok());
    app.eventually("a tunnel by the key that rests", async || asking(&group).send().await.status == 101).await;
    assert_eq!(key_state(&app, &group, &used[1]).await, "active 0");
    assert_eq!(app.api().data("/api/groups").await[0]["warnings"], json!([]));
}

#[tokio::test]
async fn the_last_answer_is_the_clients_and_the_connection_ends() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-a", "sk-b"]).config(json!({"max_retries": 1}));
    let group = group.create().await;
    for (script, status, body, attempts) in [
        (Script::from(Answer::with_body(400, "text/plain", "no such session")), 400, "no such session", 1),
        (Script::from(Answer::with_body(200, "text/plain", "no tunnel here")), 200, "no tunnel here", 1),
        (Script::from(Answer::new(403)), 403, "", 2),
        (Script::dead(), 503, "UPSTREAM_KEY_REJECTED", 2),
    ] {
        provider.forget();
        provider.otherwise(script);
        let (reply, mut connection) = asking(&group).send().await.finish().await.unwrap();
        assert_eq!((reply.status, provider.count()), (status, attempts), "{}", reply.text());
        assert!(reply.text().contains(body), "{}", reply.text());
        assert_eq!(reply.headers.all("connection"), ["close"]);
        assert_eq!(connection.read_to_end().await.unwrap(), "");
    }
}

#[tokio::test]
async fn what_is_sent_ahead_waits_for_the_101() {
    let (app, _) = app_and_provider().await;
    let provider = Provider::start().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let mut client = Connection::open(&app.addr().to_string()).await.unwrap();
    let mut sent = asking(&group).to_bytes().to_vec();
    sent.extend_from_slice(b"early ");
    client.write(sent).await.unwrap();
    let (head, mut at_provider) = provider.asked().await;
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    client.write("bytes").await.unwrap();
    assert_eq!(Request::get(&app.url("/health")).fetch().await.status, 200);
    let nothing = at_provider.try_read(&mut [0; 16]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    at_provider.write_all(SWITCHING).await.unwrap();
    let mut early = [0; 11];
    at_provider.read_exact(&mut early).await.unwrap();
    assert_eq!(&early, b"early bytes");
    opened(client.response("GET").await.unwrap());
}

#[tokio::test]
async fn what_is_sent_ahead_of_a_refusal_is_no_request() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let second = group.request("GET", "/v1/smuggled").to_bytes();
    for (answer_bytes, ahead) in [(1, 1), (1, 80_000), (8 << 20, 1), (8 << 20, 80_000)] {
        provider.forget();
        provider.otherwise(Answer::with_body(200, "text/plain", vec![b'x'; answer_bytes]));
        let (mut reader, mut writer) = TcpStream::connect(app.addr()).await.unwrap().into_split();
        let sending = async {
            writer.write_all(&asking(&group).to_bytes()).await.unwrap();
            // All of it need not be taken.
            let _ = writer.write_all(&second.repeat(ahead)).await;
        };
        let mut got = Vec::new();
        let reading = async { reader.read_to_end(&mut got).await.unwrap() };
        within("the answer and the end", async { tokio::join!(sending, reading) }).await;
        let head_bytes = got.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        assert!(got.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&got[..head_bytes]));
        let more = got.get(head_bytes + answer_bytes..).map(String::from_utf8_lossy);
        assert_eq!(more.as_deref(), Some(""), "after the answer of {answer_bytes} bytes");
        assert_eq!(provider.count(), 1, "{answer_bytes} {ahead}");
    }
}

#[tokio::test]
async fn an_answer_arrives_though_a_client_with_an_unheeded_upgrade_goes_on_sending() {
    let app = builder().env("MAX_REQUEST_BODY_MB", "1").start().await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let request = group.request("POST", "/v1/chat/completions").header("Connection", "Upgrade, HTTP2-Settings");
    let request = request.header("Upgrade", "h2c").header("HTTP2-Settings", "AAMA").body(vec![b'x'; 16 << 20]);
    assert_eq!(request.fetch().await.status, 413);
}
