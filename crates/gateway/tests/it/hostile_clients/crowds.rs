//! Thousands at once, each of them lawful.

use std::net::{Ipv4Addr, SocketAddr};

use futures_util::future::join_all;
use testkit::app::App;
use testkit::gate::Gate;
use testkit::http::{Connection, Request};
use testkit::provider::Answer;
use testkit::wait::within;
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::Command;

use super::served;

/// Connections that one loopback address makes: far fewer than it has ports.
const A_HOST: usize = 2_000;

/// Lets this process, and those it starts from now on, open as many files as the system allows, and tells how many that is.
async fn open_file_limit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let hard = line.split_whitespace().nth(4).unwrap();
    let wanted = hard.parse().unwrap_or(usize::MAX).min(1 << 20);
    let mut raising = Command::new("prlimit");
    raising.args(["--pid", &std::process::id().to_string(), &format!("--nofile={wanted}:{hard}")]);
    assert!(raising.status().await.unwrap().success(), "the limit can be raised");
    wanted
}

/// How many of `wanted` connections this system lets us hold, each of `ends` in one process.
async fn possible(wanted: usize, ends: usize) -> usize {
    // Other tests run in this process, and the program keeps a part for what is no client.
    let count = wanted.min(open_file_limit().await.saturating_sub(2_000) / 4 * 3 / ends);
    assert!(count >= 500, "only {count} connections are possible: raise the hard limit of open files");
    count
}

/// From one of several loopback addresses, so that other tests find free ports.
async fn connect_from(app: &App, number: usize) -> TcpStream {
    let host = u8::try_from(2 + number / A_HOST).unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0))).unwrap();
    within("a connection", socket.connect(app.addr())).await.unwrap()
}

#[tokio::test]
async fn ten_thousand_idle_connections_cost_little_and_delay_nobody() {
    let count = possible(10_000, 1).await;
    let (app, provider) = served().await;
    provider.otherwise(Answer::new(204));
    let before = app.memory_bytes();
    let mut idle = Vec::new();
    for number in 0..count {
        idle.push(connect_from(&app, number).await);
    }
    for _ in 0..20 {
        assert_eq!(app.proxied("GET", "g", "/v1/x", "pk-g").fetch().await.status, 204);
        assert_eq!(Request::get(&app.url("/health")).fetch().await.status, 200);
    }
    let each = app.memory_bytes().saturating_sub(before) / count as u64;
    assert!(each < 8 << 10, "{each} bytes each of {count} connections");
    // The newest is served too.
    let newest = Connection::over(idle.pop().unwrap());
    assert_eq!(newest.request(&Request::get(&app.url("/health"))).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_open_streams_all_go_on() {
    // In this process there are both the clients' and the provider's ends.
    let count = possible(2_000, 2).await;
    let (app, provider) = served().await;
    let gate = Gate::default();
    provider.otherwise(Answer::events(["data: 1\n\n", "data: 2\n\n"]).gate_before(1, &gate));
    let before = app.memory_bytes();
    let mut streams = Vec::new();
    for number in 0..count {
        let connection = Connection::over(connect_from(&app, number).await);
        let request = app.proxied("POST", "g", "/v1/x", "pk-g").body("{}");
        let mut response = connection.request(&request).await.unwrap();
        assert_eq!(response.event().await.unwrap().as_deref(), Some("data: 1"), "stream {number}");
        streams.push(response);
    }
    let each = app.memory_bytes().saturating_sub(before) / count as u64;
    assert!(each < 48 << 10, "{each} bytes each of {count} streams");
    assert_eq!(Request::get(&app.url("/health")).fetch().await.status, 200);
    gate.open();
    let rests = join_all(streams.iter_mut().map(|stream| async { (stream.event().await, stream.event().await) })).await;
    for (number, (second, end)) in rests.into_iter().enumerate() {
        assert_eq!((second.unwrap().as_deref(), end.unwrap()), (Some("data: 2"), None), "stream {number}");
    }
}
