//! WebSocket and other requests that leave HTTP: who may, what goes on, how it ends.
//!
//! | file | what it shows |
//! |---|---|
//! | `asking` | which requests are passed on as what they ask, and with what in their heads |
//! | `refusals` | answers other than the one asked for, and what is sent ahead of them |
//! | `carrying` | bytes both ways, one direction ended before the other, readers that are slow |
//! | `ending` | broken connections, time limits, the server's own end |
//! | `ways` | aggregates and outbound proxies |
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use serde_json::Value;
use testkit::app::{App, GroupHandle};
use testkit::http::{Connection, Request, Response};
use testkit::wait::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

mod asking;
mod carrying;
mod ending;
mod refusals;
mod ways;

/// The beginning of every tunnel here.
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// A request as a WebSocket client makes it.
fn asking(group: &GroupHandle) -> Request {
    as_websocket(group.request("GET", "/v1/realtime?model=gpt-realtime"))
}

fn as_websocket(request: Request) -> Request {
    let request = request.header("Connection", "Upgrade").header("Upgrade", "websocket");
    request.header("Sec-WebSocket-Version", "13")
}

/// A tunnel to the mock provider, which sends back what comes.
async fn echo(group: &GroupHandle) -> Connection {
    opened(asking(group).send().await)
}

/// The tunnel after an answer that opens one.
fn opened(response: Response) -> Connection {
    assert_eq!(response.status, 101, "{:?}", response.headers);
    response.into_connection()
}

/// Checks that what is sent into a tunnel to the mock provider comes back.
async fn assert_echoes(tunnel: &mut Connection, text: &str) {
    tunnel.write(text).await.unwrap();
    assert_eq!(tunnel.read().await.unwrap(), text);
}

/// A provider of which the test writes every byte.
struct Provider(TcpListener);

impl Provider {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// The next connection, and what came on it with the head of its request.
    async fn asked(&self) -> (String, TcpStream) {
        let (mut stream, _) = within("a connection", self.0.accept()).await.unwrap();
        let mut got = Vec::new();
        while !got.windows(4).any(|four| four == b"\r\n\r\n") {
            assert!(within("a head", stream.read_buf(&mut got)).await.unwrap() > 0, "{got:?}");
        }
        (String::from_utf8(got).unwrap(), stream)
    }
}

/// Both ends of a tunnel of this group.
async fn both_ends(group: &GroupHandle, provider: &Provider) -> (Connection, TcpStream) {
    let asked = asking(group);
    let (response, at_provider) = tokio::join!(asked.send(), async {
        let (_, mut stream) = provider.asked().await;
        stream.write_all(SWITCHING).await.unwrap();
        stream
    });
    (opened(response), at_provider)
}

/// All rows of this group, once there are `count`, the oldest first.
async fn rows_of(app: &App, group: &GroupHandle, count: usize) -> Vec<Value> {
    let filter = format!("group_name={}", group.name);
    let mut rows = app
        .eventually("the rows of the log", async || Some(app.logs(&filter).await).filter(|rows| rows.len() >= count))
        .await;
    rows.reverse();
    assert_eq!(rows.len(), count, "{rows:?}");
    rows
}

/// The one row of a tunnel: status, success and error.
async fn end_of(app: &App, group: &GroupHandle) -> (u64, bool, String) {
    let row = rows_of(app, group, 1).await.remove(0);
    assert_eq!(row["is_stream"], true, "{row}");
    let error = row["error_message"].as_str().unwrap_or_default().to_owned();
    (row["status_code"].as_u64().unwrap(), row["is_success"].as_bool().unwrap(), error)
}

/// As [`end_of`], when nothing is wrong.
const ORDERLY: (u64, bool, String) = (101, true, String::new());
