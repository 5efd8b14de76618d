//! One TCP connection of the test client: whole requests or any bytes at all.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Request, Response};
use crate::wait::within;
use crate::wire::Wire;

/// A connection to a server, with what it sent and nobody has read yet.
#[derive(Debug)]
pub struct Connection {
    pub(super) wire: Wire,
}

impl Connection {
    /// Connects to `host:port`.
    pub async fn open(authority: &str) -> io::Result<Self> {
        let stream = within("a connection", TcpStream::connect(authority)).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// A connection that was made in some other way.
    pub fn over(stream: TcpStream) -> Self {
        Self { wire: Wire::new(stream) }
    }

    /// Writes these bytes as they are.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        within("the peer to take bytes", self.wire.stream.write_all(bytes.as_ref())).await
    }

    /// What has come, at least a byte; empty when the peer has closed.
    pub async fn read(&mut self) -> io::Result<Bytes> {
        if self.wire.buf.is_empty() {
            within("bytes from the peer", self.wire.stream.read_buf(&mut self.wire.buf)).await?;
        }
        Ok(self.wire.buf.split().freeze())
    }

    /// Everything until the peer closes. A reset is an error.
    pub async fn read_to_end(&mut self) -> io::Result<Bytes> {
        let stream = &mut self.wire.stream;
        let buf = &mut self.wire.buf;
        within("the peer to close", async {
            while stream.read_buf(buf).await? > 0 {}
            Ok::<_, io::Error>(())
        })
        .await?;
        Ok(self.wire.buf.split().freeze())
    }

    /// Sends the request and reads the head of its answer.
    pub async fn request(mut self, request: &Request) -> io::Result<Response> {
        self.write(request.to_bytes()).await?;
        self.response(&request.method).await
    }

    /// Reads the head of an answer to a request with this method: HEAD has no body. Heads with 1xx before it are kept in `interim`.
    pub async fn response(mut self, method: &str) -> io::Result<Response> {
        let mut interim = Vec::new();
        loop {
            let head = within("the head of an answer", self.wire.head()).await?;
            let raw = head.ok_or(io::ErrorKind::ConnectionAborted)?;
            let response = Response::parse(self, &raw, method, interim)?;
            if !(100..200).contains(&response.status) || response.status == 101 {
                return Ok(response);
            }
            interim = response.interim;
            interim.push((response.status, response.headers));
            self = response.connection;
        }
    }

    /// Ends our direction; the peer's goes on.
    pub async fn end(&mut self) -> io::Result<()> {
        self.wire.stream.shutdown().await
    }

    /// The bare socket. Panics if something has been read from it that nobody has taken.
    pub fn into_stream(self) -> TcpStream {
        assert!(self.wire.buf.is_empty(), "{} bytes are still here", self.wire.buf.len());
        self.wire.stream
    }

    /// Closes with a reset instead of an orderly end.
    pub fn reset(self) {
        self.wire.stream.set_zero_linger().expect("the socket takes options");
    }
}
