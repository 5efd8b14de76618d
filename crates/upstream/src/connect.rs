//! From nothing to a byte stream that ends at an upstream: TCP, outbound proxy, TLS.

mod direct;
mod http_proxy;
mod socks5;
pub(crate) mod tls;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    endpoint::{Endpoint, Scheme},
    error::{SendError, SendErrorKind},
    proxy::{Proxy, ProxyScheme},
};

/// A connection, with as many layers of TLS as the way to the upstream needs.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<Stream>>),
    /// In the place of a socket.
    #[cfg(test)]
    Memory(tokio::io::DuplexStream),
}

/// Opens a connection for requests to `endpoint`.
pub(crate) async fn connect(endpoint: &Endpoint, tls: &TlsConnector) -> Result<Stream, SendError> {
    let origin = endpoint.origin();
    let stream = match endpoint.proxy() {
        None => Stream::Tcp(direct::open(origin.host(), origin.port()).await?),
        Some(proxy) => through(proxy, endpoint, tls).await?,
    };
    match origin.scheme() {
        Scheme::Http => Ok(stream),
        Scheme::Https => tls::wrap(stream, origin.host(), tls).await,
    }
}

/// A connection through `proxy`; whatever fails on it is the proxy's failure.
async fn through(proxy: &Proxy, endpoint: &Endpoint, tls: &TlsConnector) -> Result<Stream, SendError> {
    let origin = endpoint.origin();
    let blame = |error: &dyn std::fmt::Display| SendError::new(SendErrorKind::Proxy, format_args!("{proxy}: {error}"));
    let tcp = direct::open(proxy.host(), proxy.port()).await.map_err(|error| match error.kind() {
        SendErrorKind::Exhausted => error,
        _ => blame(&error),
    })?;
    let mut stream = Stream::Tcp(tcp);
    if proxy.scheme() == ProxyScheme::Https {
        stream = tls::wrap(stream, proxy.host(), tls).await.map_err(|error| blame(&error))?;
    }
    match proxy.scheme() {
        ProxyScheme::Socks5 => {
            let opened = socks5::open(&mut stream, proxy.login(), origin).await;
            opened.map_err(|error| blame(&error))?;
        }
        // The proxy reads the target from each request.
        _ if endpoint.absolute().is_some() => {}
        _ => {
            let opened = http_proxy::open_tunnel(&mut stream, proxy, origin).await;
            opened.map_err(|error| blame(&error))?;
        }
    }
    Ok(stream)
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            #[cfg(test)]
            Self::Memory(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
            #[cfg(test)]
            Self::Memory(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            #[cfg(test)]
            Self::Memory(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            #[cfg(test)]
            Self::Memory(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(test)]
            Self::Memory(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(test)]
            Self::Memory(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
