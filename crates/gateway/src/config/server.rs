//! Where and how long the program listens.

use std::net::IpAddr;
use std::time::Duration;

use super::environment::{
    HOST, PORT, SERVER_DRAIN_DELAY, SERVER_GRACEFUL_SHUTDOWN_TIMEOUT, SERVER_IDLE_TIMEOUT, SERVER_READ_TIMEOUT,
    SERVER_WRITE_TIMEOUT, Variable,
};
use super::reader::Reader;

/// Stands for "no limit": so long that it never passes, so short that it can be added to any instant.
pub const UNLIMITED: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

const SHORTEST_SHUTDOWN: Duration = Duration::from_secs(10);

/// The listener's address and time limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// An IP address (IPv6 without brackets) or a host name.
    pub host: String,
    /// 0 takes any free port.
    pub port: u16,
    /// Limit for a request's head, and between two reads of its body.
    pub read_timeout: Duration,
    /// How long a response may make no progress.
    pub write_timeout: Duration,
    /// How long an idle client connection is kept.
    pub idle_timeout: Duration,
    /// Given to running requests at shutdown; 10 s at least.
    pub shutdown_timeout: Duration,
    /// Between "not ready" and closing the listener at shutdown.
    pub drain_delay: Duration,
}

impl ServerConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let read_timeout = limit(seconds(reader, &SERVER_READ_TIMEOUT)).unwrap_or(UNLIMITED);
        let idle_seconds = seconds(reader, &SERVER_IDLE_TIMEOUT);
        Self {
            host: host(reader),
            port: reader.value(&PORT, "a port from 0 to 65535", |text| text.parse().ok()),
            read_timeout,
            write_timeout: limit(seconds(reader, &SERVER_WRITE_TIMEOUT)).unwrap_or(UNLIMITED),
            // Go's `http.Server`: an idle timeout of 0 is the read timeout, a negative one is none.
            idle_timeout: limit(idle_seconds).unwrap_or(if idle_seconds == 0 { read_timeout } else { UNLIMITED }),
            shutdown_timeout: shutdown_timeout(reader),
            drain_delay: Duration::from_secs(reader.count(&SERVER_DRAIN_DELAY, "seconds")).min(UNLIMITED),
        }
    }
}

fn seconds(reader: &mut Reader<'_>, variable: &Variable) -> i64 {
    reader.value(variable, "a whole number of seconds", |text| text.parse().ok())
}

/// A limit of so many seconds; 0 and less are none, as in Go's `http.Server`.
fn limit(seconds: i64) -> Option<Duration> {
    let seconds = u64::try_from(seconds).ok().filter(|&seconds| seconds > 0)?;
    Some(Duration::from_secs(seconds).min(UNLIMITED))
}

fn shutdown_timeout(reader: &mut Reader<'_>) -> Duration {
    let variable = &SERVER_GRACEFUL_SHUTDOWN_TIMEOUT;
    let seconds = seconds(reader, variable);
    match limit(seconds) {
        Some(timeout) if timeout >= SHORTEST_SHUTDOWN => timeout,
        _ => {
            reader.warn(variable, seconds.to_string(), "shorter than 10 seconds", "10");
            SHORTEST_SHUTDOWN
        }
    }
}

fn host(reader: &mut Reader<'_>) -> String {
    let text = reader.text_or_default(&HOST);
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(&text);
    if !is_address(bare) && !is_host_name(&text) {
        reader.faults.add(HOST.name, format!("{text:?} is neither an IP address nor a host name"));
    }
    bare.to_owned()
}

/// An IP address, with the zone (`%eth0`) that a link-local one needs.
fn is_address(text: &str) -> bool {
    text.split('%').next().is_some_and(|address| address.parse::<IpAddr>().is_ok())
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}
