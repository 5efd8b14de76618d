use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::*;
use crate::MockProvider;
use crate::http::{Connection, Request};

const GET: &str = "GET /v1/models HTTP/1.1\r\nHost: provider.test\r\n\r\n";

async fn open(addr: SocketAddr) -> Connection {
    Connection::open(&addr.to_string()).await.unwrap()
}

/// Greets with these methods, logs in if asked, and asks for a destination. The codes that came back.
async fn socks(client: &mut Connection, methods: &[u8], login: &[u8], destination: &[u8]) -> Vec<u8> {
    client.write([&[5, u8::try_from(methods.len()).unwrap()], methods].concat()).await.unwrap();
    let mut codes = vec![client.read().await.unwrap()[1]];
    if codes == [2] {
        client.write(login).await.unwrap();
        codes.push(client.read().await.unwrap()[1]);
    }
    if matches!(codes[..], [0] | [2, 0]) {
        client.write(destination).await.unwrap();
        codes.push(client.read().await.unwrap()[1]);
    }
    codes
}

fn to_name(name: &str, command: u8) -> Vec<u8> {
    [&[5, command, 0, 3, u8::try_from(name.len()).unwrap()], name.as_bytes(), &[0, 80]].concat()
}

#[tokio::test]
async fn socks5_speaks_as_the_rfcs_say() {
    let provider = MockProvider::start();
    let (free, locked) = (Socks5::start(None), Socks5::start(Some(("u", "p"))));
    for server in [&free, &locked] {
        server.resolve("provider.test", provider.addr());
    }
    let v4 = [&[5, 1, 0, 1, 127, 0, 0, 1][..], &provider.addr().port().to_be_bytes()].concat();
    let name = to_name("provider.test", 1);
    let closed = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let nowhere = [&[5, 1, 0, 1, 127, 0, 0, 1][..], &closed.port().to_be_bytes()].concat();
    for (server, methods, login, destination, codes) in [
        (&free, &[0][..], "", &v4, &[0, 0][..]),
        (&free, &[2, 0], "", &name, &[0, 0]),
        (&free, &[2], "", &name, &[255]),
        (&free, &[0], "", &nowhere, &[0, 4]),
        (&free, &[0], "", &to_name("provider.test", 2), &[0, 7]),
        (&locked, &[0], "", &name, &[255]),
        (&locked, &[0, 2], "\u{1}\u{1}u\u{1}p", &name, &[2, 0, 0]),
        (&locked, &[0, 2], "\u{1}\u{1}u\u{1}x", &name, &[2, 1]),
    ] {
        let mut client = open(server.addr()).await;
        let seen = socks(&mut client, methods, login.as_bytes(), destination).await;
        assert_eq!(seen, codes, "{methods:?} {login:?} {destination:?}");
        if codes.ends_with(&[0]) {
            client.write(GET).await.unwrap();
            assert_eq!(client.response("GET").await.unwrap().status, 200);
        }
    }
    assert_eq!(locked.asked(), ["provider.test:80"]);
    assert_eq!(locked.url(), format!("socks5://u:p@{}", locked.addr()));
}

#[tokio::test]
async fn a_tunnel_carries_bytes_to_where_the_name_leads() {
    let provider = MockProvider::start();
    let proxy = HttpProxy::start(None);
    proxy.resolve("provider.test", provider.addr());
    let mut client = open(proxy.addr()).await;
    client.write("CONNECT provider.test:443 HTTP/1.1\r\nHost: provider.test:443\r\n\r\n").await.unwrap();
    assert!(client.read().await.unwrap().starts_with(b"HTTP/1.1 200 "));
    client.write(GET).await.unwrap();
    assert_eq!(client.response("GET").await.unwrap().status, 200);
    assert_eq!((proxy.asked(), proxy.tunnels(), proxy.forwards()), (vec!["provider.test:443".to_owned()], 1, 0));
}

#[tokio::test]
async fn a_request_in_absolute_form_goes_on_in_origin_form() {
    let provider = MockProvider::start();
    let proxy = HttpProxy::start(Some(("u", "p")));
    proxy.resolve("provider.test", provider.addr());
    let login = format!("Proxy-Authorization: Basic {}\r\n", BASE64_STANDARD.encode("u:p"));
    for (login, status) in [("", 407), (login.as_str(), 200)] {
        let mut client = open(proxy.addr()).await;
        client
            .write(format!("GET http://provider.test/v1/models?a=b HTTP/1.1\r\nHost: provider.test\r\n{login}\r\n"))
            .await
            .unwrap();
        assert_eq!(client.response("GET").await.unwrap().status, status);
    }
    let request = provider.last_request();
    assert_eq!((request.target.as_str(), request.headers.names()), ("/v1/models?a=b", vec!["Host", "Connection"]));
    assert_eq!((proxy.asked(), proxy.forwards(), proxy.heads().len()), (vec!["provider.test:80".to_owned()], 1, 2));
}

#[tokio::test]
async fn tinyproxy_serves_where_it_is_installed() {
    let provider = MockProvider::start();
    let Some(proxy) = tinyproxy(Some(("u", "p"))).await else { return };
    let via = |login: &str| {
        let request = Request::get(&format!("http://{}/", proxy.addr()));
        let bytes = String::from_utf8(request.to_bytes().to_vec()).unwrap();
        bytes
            .replace("GET / ", &format!("GET {}/v1/models ", provider.url()))
            .replace("\r\n\r\n", &format!("\r\n{login}\r\n"))
    };
    let login = format!("Proxy-Authorization: Basic {}\r\n", BASE64_STANDARD.encode("u:p"));
    for (login, status) in [(login.as_str(), 200), ("", 407)] {
        let mut client = open(proxy.addr()).await;
        client.write(via(login)).await.unwrap();
        assert_eq!(client.response("GET").await.unwrap().status, status);
    }
    assert_eq!(proxy.url(), format!("http://u:p@{}", proxy.addr()));
}
