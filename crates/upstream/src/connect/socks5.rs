//! A connection through a SOCKS5 proxy (RFC 1928), with user and password (RFC 1929) if there are any.

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{endpoint::Origin, proxy::Login};

const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
const NO_LOGIN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Why the proxy made no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocksError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("its answer is no SOCKS5")]
    NoSocks5,
    #[error("it wants a login of another kind")]
    Method,
    #[error("it refused user and password")]
    Login,
    #[error("the host name is longer than 255 bytes")]
    LongName,
    #[error("it could not connect: {}", reply_text(*.0))]
    Refused(u8),
}

/// Makes `stream`, connected to the proxy, a stream to `origin`, whose name the proxy resolves.
pub(super) async fn open<S>(stream: &mut S, login: Option<&Login>, origin: &Origin) -> Result<(), SocksError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    greet(stream, login).await?;
    let mut request = vec![VERSION, CONNECT, 0];
    match origin.host().parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend_from_slice(&address.octets());
        }
        Err(_) => {
            request.push(NAME);
            request.push(u8::try_from(origin.host().len()).map_err(|_| SocksError::LongName)?);
            request.extend_from_slice(origin.host().as_bytes());
        }
    }
    request.extend_from_slice(&origin.port().to_be_bytes());
    write(stream, &request).await?;
    read_reply(stream).await
}

/// Offers what we have and logs in if the proxy wants it.
async fn greet<S>(stream: &mut S, login: Option<&Login>) -> Result<(), SocksError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let offer: &[u8] =
        if login.is_some() { &[VERSION, 2, NO_LOGIN, USER_AND_PASSWORD] } else { &[VERSION, 1, NO_LOGIN] };
    write(stream, offer).await?;
    match (read(stream).await?, login) {
        ([VERSION, NO_LOGIN], _) => Ok(()),
        ([VERSION, USER_AND_PASSWORD], Some(login)) => log_in(stream, login).await,
        ([VERSION, _], _) => Err(SocksError::Method),
        _ => Err(SocksError::NoSocks5),
    }
}

async fn log_in<S>(stream: &mut S, login: &Login) -> Result<(), SocksError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut message = vec![LOGIN_VERSION];
    for field in [&login.user, &login.password] {
        message.push(u8::try_from(field.len()).map_err(|_| SocksError::Login)?);
        message.extend_from_slice(field);
    }
    write(stream, &message).await?;
    let [_, status] = read(stream).await?;
    if status == 0 { Ok(()) } else { Err(SocksError::Login) }
}

/// Reads the reply to CONNECT with the address in it, which tells nothing we need.
async fn read_reply<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(), SocksError> {
    let [version, reply, _, kind] = read(stream).await?;
    if version != VERSION {
        return Err(SocksError::NoSocks5);
    }
    if reply != 0 {
        return Err(SocksError::Refused(reply));
    }
    let address_len = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(read::<_, 1>(stream).await?[0]),
        _ => return Err(SocksError::NoSocks5),
    };
    let mut address_and_port = vec![0; address_len + 2];
    stream.read_exact(&mut address_and_port).await?;
    Ok(())
}

async fn read<S: AsyncRead + Unpin, const N: usize>(stream: &mut S) -> Result<[u8; N], SocksError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Result<(), SocksError> {
    stream.write_all(bytes).await?;
    stream.flush().await?;
    Ok(())
}

/// RFC 1928 6.
fn reply_text(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reason",
    }
}
