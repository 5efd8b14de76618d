//! What systemd wants to know of a service of `Type=notify`. Without it, nobody is told.

use sd_notify::NotifyState;

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
