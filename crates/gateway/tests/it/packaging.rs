//! Image, compose files and units: what can be said of them where there is neither a container engine nor systemd. The image's last steps are
//! done by hand in a plain folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

mod balancer;
mod compose;
mod dockerfile;
mod image;
mod units;

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What a tool that `make test` installs has to say.
fn ran(tool: &mut Command) -> Output {
    tool.output().unwrap_or_else(|error| panic!("{tool:?}: {error}; `make test` installs it"))
}

#[track_caller]
fn assert_fine(tool: &mut Command) {
    let output = ran(tool);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{tool:?}: {said}");
}

/// Seconds of a duration such as `65s`.
fn seconds(text: &str) -> u64 {
    text.trim_end_matches('s').parse().unwrap_or_else(|_| panic!("{text:?} is no number of seconds"))
}
