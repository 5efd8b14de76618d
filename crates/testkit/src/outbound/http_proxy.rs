//! An HTTP proxy: CONNECT tunnels and requests in absolute form (RFC 9110 9.3.6, RFC 9112 3.2.2), with Basic login if told.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{Book, lock, tunnel};
use crate::http::field;
use crate::server::OwnRuntime;
use crate::wire::{Headers, MAX_HEADERS, Wire, broken};

/// A running proxy. Ends when dropped.
#[derive(Debug)]
pub struct HttpProxy {
    addr: SocketAddr,
    desk: Arc<Desk>,
    _runtime: OwnRuntime,
}

#[derive(Debug)]
struct Desk {
    book: Arc<Book>,
    tunnels: AtomicU64,
    forwards: AtomicU64,
    heads: std::sync::Mutex<Vec<String>>,
}

impl HttpProxy {
    /// With user and password, lets only those through who give them.
    pub fn start(credentials: Option<(&str, &str)>) -> Self {
        let runtime = OwnRuntime::new(1);
        let (listener, addr) = runtime.listen(0);
        let desk = Arc::new(Desk {
            book: Book::new(credentials),
            tunnels: AtomicU64::new(0),
            forwards: AtomicU64::new(0),
            heads: std::sync::Mutex::default(),
        });
        let served = Arc::clone(&desk);
        runtime.accept(listener, move |client, _| {
            let desk = Arc::clone(&served);
            async move {
                // A client that breaks off or is refused sees it by itself.
                let _ = desk.serve(Wire::new(client)).await;
            }
        });
        Self { addr, desk, _runtime: runtime }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://[user:password@]host:port`.
    pub fn url(&self) -> String {
        self.desk.book.url("http", self.addr)
    }

    /// Where this host name leads: a name that exists nowhere else proves that it was resolved here.
    pub fn resolve(&self, name: &str, addr: SocketAddr) {
        self.desk.book.resolve(name, addr);
    }

    /// The destinations asked for, as `host:port`, by clients that were let through.
    pub fn asked(&self) -> Vec<String> {
        self.desk.book.asked()
    }

    /// How many tunnels were opened.
    pub fn tunnels(&self) -> u64 {
        self.desk.tunnels.load(Ordering::Relaxed)
    }

    /// How many requests came in absolute form.
    pub fn forwards(&self) -> u64 {
        self.desk.forwards.load(Ordering::Relaxed)
    }

    /// The heads of all requests to the proxy itself, refused ones included.
    pub fn heads(&self) -> Vec<String> {
        lock(&self.desk.heads).clone()
    }
}

impl Desk {
    async fn serve(&self, mut client: Wire) -> io::Result<()> {
        let Some(raw) = client.head().await? else { return Ok(()) };
        lock(&self.heads).push(String::from_utf8_lossy(&raw).into_owned());
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut fields);
        parsed.parse(&raw).map_err(|_| broken("a head that is no HTTP"))?;
        let (Some(method), Some(target)) = (parsed.method, parsed.path) else {
            return Err(broken("a head that is not whole"));
        };
        let headers = Headers::from_parsed(parsed.headers);
        if !self.admits(&headers) {
            let head = "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\"";
            return refuse(&mut client.stream, head).await;
        }
        if method == "CONNECT" {
            self.open(client, target).await
        } else {
            self.forward(client, method, target, &headers).await
        }
    }

    fn admits(&self, headers: &Headers) -> bool {
        let Some((user, password)) = &self.book.credentials else { return true };
        let wanted = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        headers.get("proxy-authorization") == Some(&wanted)
    }

    async fn open(&self, mut client: Wire, destination: &str) -> io::Result<()> {
        self.tunnels.fetch_add(1, Ordering::Relaxed);
        let Ok(mut target) = self.book.connect(destination).await else {
            return refuse(&mut client.stream, "502 Bad Gateway").await;
        };
        target.set_nodelay(true)?;
        client.stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        target.write_all(&client.buf).await?;
        tunnel(&mut client.stream, &mut target).await;
        Ok(())
    }

    /// One request a connection: the next one could be for another host.
    async fn forward(&self, mut client: Wire, method: &str, target: &str, headers: &Headers) -> io::Result<()> {
        self.forwards.fetch_add(1, Ordering::Relaxed);
        let Some(rest) = target.strip_prefix("http://") else {
            return refuse(&mut client.stream, "400 Bad Request").await;
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let destination = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        let Ok(mut server) = self.book.connect(&destination).await else {
            return refuse(&mut client.stream, "502 Bad Gateway").await;
        };
        let mut head = format!("{method} {} HTTP/1.1\r\n", if path.is_empty() { "/" } else { path });
        for (name, value) in headers.iter() {
            if !["connection", "proxy-connection", "proxy-authorization"]
                .iter()
                .any(|hop| name.eq_ignore_ascii_case(hop))
            {
                field(&mut head, name, value);
            }
        }
        head.push_str("Connection: close\r\n\r\n");
        server.write_all(head.as_bytes()).await?;
        server.write_all(&client.buf).await?;
        tunnel(&mut client.stream, &mut server).await;
        Ok(())
    }
}

async fn refuse(client: &mut TcpStream, status_and_fields: &str) -> io::Result<()> {
    let answer = format!("HTTP/1.1 {status_and_fields}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await
}
