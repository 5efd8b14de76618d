//! What whoever started the program is told: a person or a script by its output, systemd by its own protocol (`Type=notify`), if it is there.

use std::io::Write;
use std::net::SocketAddr;

use domain::secret::Secret;
use sd_notify::NotifyState;

/// Tells the person or script that started the program, whatever the log level, where it is, and, once, a key that was made for them.
pub fn announce(address: SocketAddr, new_admin_key: Option<&Secret>) {
    let mut told = std::io::stdout();
    // Nobody need be reading any more.
    let _ = writeln!(told, "listening on http://{address}");
    if let Some(key) = new_admin_key {
        let _ = writeln!(told, "admin key (shown this once, kept in the data directory): {}", key.expose());
    }
}

/// This process serves.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// This process is about to end.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

/// Another process is the service from now on.
pub fn main_process_is(pid: u32) {
    tell(NotifyState::MainPid(pid));
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager can't be told how things stand");
    }
}
