//! `gpt-load health`: whether the server of this configuration answers; for container health checks.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, ensure};

use crate::complain;
use crate::config::{self, ServerConfig};

/// How long connecting may take, and each read of the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of the answer, its status line is enough.
const STATUS_LINE_BYTES: u64 = 64;

/// Asks it. Exit code 0: it answers; 1: it does not.
pub fn run() -> ExitCode {
    match ask(&config::from_process().config.server) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("not healthy: {error:#}"), 1),
    }
}

fn ask(server: &ServerConfig) -> anyhow::Result<()> {
    let mut stream = connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(STATUS_LINE_BYTES).read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "the answer is {:?}", answer.lines().next().unwrap_or_default());
    Ok(())
}

/// An address that means all of the machine's leads to the machine itself.
fn connect(server: &ServerConfig) -> anyhow::Result<TcpStream> {
    let mut problem = anyhow!("the host has no address");
    for address in (server.host.as_str(), server.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => problem = anyhow!("{address}: {error}"),
        }
    }
    Err(problem)
}
