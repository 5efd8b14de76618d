//! Bytes both ways, one direction ended before the other, readers that are slow.

use testkit::app::{App, GroupHandle};
use testkit::http::Connection;
use testkit::wait::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{ORDERLY, Provider, both_ends, echo, end_of};
use crate::support::app_and_provider;
use crate::support::flood::{MUCH_BYTES, Written};

async fn app_and_own_provider() -> (App, Provider, GroupHandle) {
    let (app, _) = app_and_provider().await;
    let provider = Provider::start().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    (app, provider, group)
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    within("the end of a direction", stream.read_to_string(&mut text)).await.unwrap();
    text
}

#[tokio::test]
async fn a_client_that_has_ended_goes_on_receiving() {
    let (app, provider, group) = app_and_own_provider().await;
    let (mut client, mut at_provider) = both_ends(&group, &provider).await;
    client.write("question").await.unwrap();
    client.end().await.unwrap();
    assert_eq!(read_to_end(&mut at_provider).await, "question");
    for piece in ["a long ", "answer"] {
        at_provider.write_all(piece.as_bytes()).await.unwrap();
        assert_eq!(client.read().await.unwrap(), piece);
    }
    drop(at_provider);
    assert_eq!(client.read_to_end().await.unwrap(), "");
    assert_eq!(end_of(&app, &group).await, ORDERLY);
}

#[tokio::test]
async fn a_provider_that_has_ended_goes_on_receiving() {
    let (app, provider, group) = app_and_own_provider().await;
    let (mut client, mut at_provider) = both_ends(&group, &provider).await;
    at_provider.write_all(b"bye").await.unwrap();
    at_provider.shutdown().await.unwrap();
    assert_eq!(client.read_to_end().await.unwrap(), "bye");
    for piece in ["one ", "two ", "three"] {
        client.write(piece).await.unwrap();
    }
    client.end().await.unwrap();
    assert_eq!(read_to_end(&mut at_provider).await, "one two three");
    assert_eq!(end_of(&app, &group).await, ORDERLY);
}

#[tokio::test]
async fn the_last_words_of_a_provider_that_takes_no_more_arrive() {
    let (app, provider, group) = app_and_own_provider().await;
    let (mut client, mut at_provider) = both_ends(&group, &provider).await;
    client.write("unread").await.unwrap();
    at_provider.readable().await.unwrap();
    at_provider.write_all(b"session expired").await.unwrap();
    // With bytes unread, this resets the connection.
    drop(at_provider);
    let mut got = Vec::new();
    while let Ok(piece @ [_, ..]) = client.read().await.as_deref() {
        got.extend_from_slice(piece);
    }
    assert_eq!(String::from_utf8_lossy(&got), "session expired");
    assert_eq!(end_of(&app, &group).await.0, 101);
}

#[tokio::test]
async fn much_goes_both_ways_at_once() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let tunnel = echo(&group).await;
    let sent: Vec<u8> = (0..16_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (mut reader, mut writer) = tunnel.into_stream().into_split();
    let writing = async {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let mut got = Vec::new();
    let both = async { tokio::join!(writing, reader.read_to_end(&mut got)) };
    within("16 MB there and back", both).await.1.unwrap();
    assert!(got == sent, "{} bytes came back", got.len());
    assert_eq!(end_of(&app, &group).await, ORDERLY);
}

#[tokio::test]
async fn who_does_not_read_holds_the_other_back() {
    let (app, provider, group) = app_and_own_provider().await;
    for client_floods in [true, false] {
        let (client, at_provider) = both_ends(&group, &provider).await;
        let client = client.into_stream();
        let (flooding, mut reading) = if client_floods { (client, at_provider) } else { (at_provider, client) };
        let before = app.memory_bytes();
        let written = Written::default();
        let mut flood = JoinSet::new();
        flood.spawn(written.clone().flood(flooding, "x".repeat(64 << 10)));
        let held = written.rest(&app).await;
        assert!(held < MUCH_BYTES, "{held} bytes have left");
        assert!(app.memory_bytes() < before + (8 << 20), "{before} bytes before, {} now", app.memory_bytes());
        let (mut read, mut buffer) = (0, vec![0; 64 << 10]);
        while read < MUCH_BYTES {
            let count = within("bytes", reading.read(&mut buffer)).await.unwrap();
            assert!(count > 0, "the tunnel ended");
            read += count as u64;
        }
        drop(reading);
        within("the writer to notice", flood.join_next()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn many_at_once_leave_nothing_behind() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", app.pid())).unwrap().count();
    super::assert_echoes(&mut echo(&group).await, "warm").await;
    app.eventually("the first row", async || app.logs("").await.len() == 1).await;
    let before = descriptors();
    let mut tunnels = Vec::<Connection>::new();
    for number in 0..100 {
        let mut tunnel = echo(&group).await;
        super::assert_echoes(&mut tunnel, &number.to_string()).await;
        tunnels.push(tunnel);
    }
    assert!(descriptors() > 200);
    drop(tunnels);
    let gone = async || Some(descriptors()).filter(|now| *now <= before + 2).ok_or_else(descriptors);
    app.eventually("all connections to be closed", gone).await;
}
