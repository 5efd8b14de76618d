use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const LIMITS: Limits =
    Limits { head: Duration::from_millis(30), idle: Duration::from_millis(60), write: Duration::from_millis(30) };

async fn pair(activity: &Activity) -> (GuardedIo, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (served, _) = listener.accept().await.unwrap();
    (GuardedIo::new(served, LIMITS, activity.clone()), client)
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let (mut io, _client) = pair(&Activity::default()).await;
    assert_eq!(io.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn what_was_read_to_tell_the_version_is_read_once_more() {
    for (pieces, is_http2) in [
        (&["GET / HTTP/1.1\r\n"][..], false),
        (&["P", "OST / HTTP/1.1\r\n"], false),
        (&["PRI * HTTP/2.0\r\n", "\r\nSM\r\n\r\n", "more"], true),
        (&["PRI"], false),
    ] {
        let (mut io, mut client) = pair(&Activity::default()).await;
        let sending = async {
            for piece in pieces {
                client.write_all(piece.as_bytes()).await.unwrap();
            }
            client.shutdown().await.unwrap();
        };
        let (announced, ()) = tokio::join!(io.announces_http2(), sending);
        assert_eq!(announced.unwrap(), is_http2, "{pieces:?}");
        let mut read = String::new();
        io.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, pieces.concat());
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_its_request_is_answered_is_seen_leaving() {
    for (sent, leaves) in [("GET / HTTP/1.1\r\n\r\n", true), ("GET / HTTP/1.1\r\n\r\nGET /2", false)] {
        let activity = Activity::default();
        let (mut io, mut client) = pair(&activity).await;
        client.write_all(sent.as_bytes()).await.unwrap();
        io.read_exact(&mut [0; 18]).await.unwrap();
        let _under_way = activity.requests.enter();
        io.flush().await.unwrap();
        drop(client);
        io.stream.readable().await.unwrap();
        assert_eq!(io.flush().await.is_err(), leaves, "{sent}");
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_whole_ends_the_connection() {
    let (mut io, mut client) = pair(&Activity::default()).await;
    client.write_all(b"G").await.unwrap();
    assert_eq!(io.read_u8().await.unwrap(), b'G');
    let began = Instant::now();
    assert_eq!(io.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert!(began.elapsed() >= LIMITS.head / 2);
}

#[tokio::test]
async fn a_client_that_does_not_read_ends_the_connection() {
    let activity = Activity::default();
    let _under_way = activity.requests.enter();
    let (mut io, _client) = pair(&activity).await;
    let error = loop {
        if let Err(error) = io.write_all(&[0; 16_384]).await {
            break error;
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_client_whose_flow_control_takes_nothing_ends_the_connection() {
    let activity = Activity::default();
    let _under_way = activity.requests.enter();
    let (mut io, _client) = pair(&activity).await;
    let untaken = activity.untaken.enter();
    assert_eq!(io.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    drop(untaken);
    let quiet = tokio::time::timeout(LIMITS.idle * 3, io.read_u8()).await;
    assert!(quiet.is_err(), "still open");
}

#[tokio::test]
async fn what_a_client_still_sends_is_thrown_away_before_the_connection_ends() {
    let (mut io, mut client) = pair(&Activity::default()).await;
    client.write_all(b"unread").await.unwrap();
    io.stream.readable().await.unwrap();
    io.write_all(b"no").await.unwrap();
    let closing = async {
        io.shutdown().await.unwrap();
        drop(io);
    };
    let sending = async {
        client.write_all(&vec![0; 8 << 20]).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert_eq!(tokio::join!(closing, sending).1, "no");
}

#[tokio::test]
async fn the_rest_of_a_body_is_waited_for_before_the_connection_ends() {
    let (mut io, mut client) = pair(&Activity::default()).await;
    let head = b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n";
    client.write_all(head).await.unwrap();
    io.read_exact(&mut vec![0; head.len()]).await.unwrap();
    let closing = async {
        io.shutdown().await.unwrap();
        drop(io);
    };
    let sending = async {
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        client.write_all(&vec![0; 9_000_000]).await.unwrap();
        client.shutdown().await.unwrap();
    };
    tokio::join!(closing, sending);
}

#[tokio::test]
async fn a_client_that_sends_nothing_more_is_not_waited_for() {
    let (mut io, _client) = pair(&Activity::default()).await;
    io.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_connection_with_a_request_under_way_may_be_quiet() {
    let activity = Activity::default();
    let under_way = activity.requests.enter();
    let (mut io, mut client) = pair(&activity).await;
    let quiet = tokio::time::timeout(LIMITS.idle * 3, io.read_u8()).await;
    assert!(quiet.is_err(), "still open");
    drop(under_way);
    client.write_all(b"x").await.unwrap();
    assert_eq!(io.read_u8().await.unwrap(), b'x');
}
