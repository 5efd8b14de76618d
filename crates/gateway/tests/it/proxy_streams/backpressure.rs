//! Whoever does not read makes the other side wait, and no memory is spent meanwhile.

use testkit::http::Connection;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::app_and_provider;
use crate::support::flood::{MUCH_BYTES, PIECE_BYTES, Written};

#[tokio::test]
async fn a_client_that_does_not_read_holds_the_provider_back() {
    let (app, _) = app_and_provider().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let group = app.group("g").upstream(&url).keys(["sk-1"]).create().await;
    let written = Written::default();
    let mut provider = JoinSet::new();
    let flood = written.clone();
    provider.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0, "a request");
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").await.unwrap();
        flood.flood(stream, format!("data: {}\n\n", "x".repeat(PIECE_BYTES))).await;
    });
    let mut response = group.chat_stream("gpt-4o").send().await;
    let before = app.memory_bytes();
    let held = written.rest(&app).await;
    assert!(held < MUCH_BYTES, "{held} bytes have left the provider");
    assert!(app.memory_bytes() < before + (16 << 20), "{before} bytes before, {} now", app.memory_bytes());
    let mut read = 0;
    while read < MUCH_BYTES {
        read += response.frame().await.unwrap().unwrap().data.len() as u64;
    }
    assert!(written.bytes() > held, "reading lets the provider go on");
    drop(response);
    provider.join_next().await.unwrap().expect("the provider noticed that the client has gone");
}

#[tokio::test]
async fn a_provider_that_does_not_read_holds_the_client_back() {
    let (app, _) = app_and_provider().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let group = app.group("g").upstream(&url).keys(["sk-1"]).create().await;
    let request = group.request("POST", "/v1/chat/completions").header("Content-Length", &(1u64 << 40).to_string());
    let before = app.memory_bytes();
    let mut stream = TcpStream::connect(app.addr()).await.unwrap();
    stream.write_all(&request.to_bytes()).await.unwrap();
    stream.write_all(b"{\"model\":\"m\",\"x\":\"").await.unwrap();
    let written = Written::default();
    let mut client = JoinSet::new();
    client.spawn(written.clone().flood(stream, "y".repeat(PIECE_BYTES)));
    let (_provider, _) = listener.accept().await.unwrap();
    let held = written.rest(&app).await;
    assert!(held < MUCH_BYTES, "{held} bytes have left the client");
    // What has been read is kept for another attempt; what has not does not matter.
    assert!(app.memory_bytes() < before + MUCH_BYTES, "{before} bytes before, {} now", app.memory_bytes());
    // Health is answered meanwhile on all connections.
    for _ in 0..8 {
        let connection = Connection::open(&app.addr().to_string()).await.unwrap();
        let reply = connection.request(&testkit::http::Request::get(&app.url("/health"))).await.unwrap();
        assert_eq!(reply.status, 200);
    }
}
