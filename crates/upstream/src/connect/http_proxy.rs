//! A tunnel through an HTTP proxy: CONNECT (RFC 9110 9.3.6).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{endpoint::Origin, proxy::Proxy};

/// A proxy's answer to CONNECT has a few headers.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
pub(super) enum TunnelError {
    #[error("it closed the connection during CONNECT")]
    Closed,
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("it wants other credentials (407)")]
    Credentials,
    #[error("it refused CONNECT with status {0}")]
    Refused(u16),
    #[error("its answer to CONNECT is no HTTP")]
    NoHttp,
    #[error("its answer to CONNECT is too long")]
    TooLong,
    #[error("it sent data before the tunnel was used")]
    EarlyData,
}

/// Makes `stream`, connected to `proxy`, a stream to `origin`.
pub(super) async fn open_tunnel<S>(stream: &mut S, proxy: &Proxy, origin: &Origin) -> Result<(), TunnelError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let target = origin.host_and_port();
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n").into_bytes();
    if let Some(login) = proxy.authorization() {
        request.extend_from_slice(b"proxy-authorization: ");
        request.extend_from_slice(login.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await?;
    stream.flush().await?;
    match read_status(stream).await? {
        200..=299 => Ok(()),
        407 => Err(TunnelError::Credentials),
        status => Err(TunnelError::Refused(status)),
    }
}

/// Reads a head and nothing after it: in TLS the client speaks first, so a tunnel begins in silence.
async fn read_status<S: AsyncRead + Unpin>(stream: &mut S) -> Result<u16, TunnelError> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(TunnelError::Closed);
        }
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&head).map_err(|_| TunnelError::NoHttp)? {
            httparse::Status::Partial if head.len() >= MAX_HEAD_BYTES => return Err(TunnelError::TooLong),
            httparse::Status::Partial => {}
            httparse::Status::Complete(len) => {
                let status = response.code.ok_or(TunnelError::NoHttp)?;
                let early = status < 300 && head.len() > len;
                return if early { Err(TunnelError::EarlyData) } else { Ok(status) };
            }
        }
    }
}
