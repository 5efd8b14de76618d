//! systemd's units.

use std::fs;
use std::process::Command;

use super::{assert_fine, text};
use crate::support::BINARY;

/// Of ten: at 2.0 and below systemd calls a service well confined.
const MOST_EXPOSED: &str = "20";

#[test]
fn systemd_takes_them_and_finds_the_service_confined() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["gpt-load.service", "gpt-load.socket"] {
        let unit = text(&format!("packaging/systemd/{name}"));
        fs::write(dir.path().join(name), unit.replace("=/usr/local/bin/gpt-load", &format!("={BINARY}"))).unwrap();
    }
    let analyze = || {
        let mut analyze = Command::new("systemd-analyze");
        analyze.current_dir(dir.path());
        analyze
    };
    assert_fine(analyze().args(["verify", "--man=no", "./gpt-load.service", "./gpt-load.socket"]));
    let security = ["security", "--offline=true", "--threshold", MOST_EXPOSED, "./gpt-load.service"];
    assert_fine(analyze().args(security));
}

#[test]
fn a_reload_is_an_upgrade_and_a_stop_has_time() {
    let unit = text("packaging/systemd/gpt-load.service");
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(&format!("{key}="))).unwrap();
    assert_eq!((value("Type"), value("ExecReload")), ("notify", "/usr/local/bin/gpt-load upgrade"));
    assert_eq!(value("Requires"), "gpt-load.socket");
    assert!(value("TimeoutStopSec").parse::<u64>().unwrap() > 10, "SERVER_GRACEFUL_SHUTDOWN_TIMEOUT");
}
