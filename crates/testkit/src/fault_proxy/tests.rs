use std::io::ErrorKind;

use super::*;
use crate::http::{Connection, Request};
use crate::{Answer, Gate, MockProvider};

fn models(proxy: &FaultProxy) -> Request {
    Request::get(&format!("{}/v1/models", proxy.url()))
}

#[tokio::test]
async fn passes_bytes_on() {
    let provider = MockProvider::start();
    let proxy = FaultProxy::to(provider.addr());
    assert_eq!(models(&proxy).fetch().await.status, 200);
    proxy.delay(Duration::from_millis(1)).await;
    assert_eq!(models(&proxy).fetch().await.status, 200);
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn cut_ends_what_is_open_and_serves_what_comes() {
    let provider = MockProvider::start();
    let proxy = FaultProxy::to(provider.addr());
    provider.on_path("/slow", Answer::stream("text/plain", ["a", "b"]).gate_before(1, &Gate::default()));
    let mut response = Request::get(&format!("{}/slow", proxy.url())).send().await;
    assert_eq!(response.frame().await.unwrap().unwrap().data, "a");
    proxy.cut();
    assert_eq!(response.frame().await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    provider.wait_client_gone(1).await;
    assert_eq!(models(&proxy).fetch().await.status, 200);
}

#[tokio::test]
async fn refuses_until_told_to_pass() {
    let provider = MockProvider::start();
    let proxy = FaultProxy::to(provider.addr());
    for _ in 0..3 {
        proxy.refuse().await;
        assert_eq!(models(&proxy).try_fetch().await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        proxy.pass().await;
        assert_eq!(models(&proxy).fetch().await.status, 200);
    }
}

#[tokio::test]
async fn what_is_stalled_comes_when_it_passes_again() {
    let provider = MockProvider::start();
    let proxy = FaultProxy::to(provider.addr());
    let connection = Connection::open(&proxy.addr().to_string()).await.unwrap();
    let (_, mut connection) = connection.request(&models(&proxy)).await.unwrap().finish().await.unwrap();
    proxy.stall().await;
    connection.write(models(&proxy).to_bytes()).await.unwrap();
    assert_eq!(Request::get(&format!("{}/direct", provider.url())).fetch().await.status, 404);
    assert_eq!(provider.last_request().path(), "/direct");
    proxy.pass().await;
    assert_eq!(connection.response("GET").await.unwrap().status, 200);
}

#[tokio::test]
async fn resets_after_so_many_bytes() {
    let provider = MockProvider::start();
    let proxy = FaultProxy::to(provider.addr());
    provider.otherwise(Answer::raw("HTTP/1.1 200 OK\r\n\r\nabcdef"));
    proxy.reset_after(19 + 2).await;
    let mut response = models(&proxy).send().await;
    assert_eq!(response.frame().await.unwrap().unwrap().data, "ab");
    assert_eq!(response.frame().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    proxy.reset_after(0).await;
    assert_eq!(models(&proxy).try_send().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn what_is_lost_carries_nothing_more_and_what_comes_is_served() {
    let provider = MockProvider::start();
    let proxy = FaultProxy::to(provider.addr());
    let connection = Connection::open(&proxy.addr().to_string()).await.unwrap();
    let (_, mut connection) = connection.request(&models(&proxy)).await.unwrap().finish().await.unwrap();
    proxy.lose().await;
    connection.write(models(&proxy).to_bytes()).await.unwrap();
    assert_eq!(models(&proxy).fetch().await.status, 200);
    assert_eq!(provider.count(), 2);
}
