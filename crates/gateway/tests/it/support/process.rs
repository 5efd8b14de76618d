//! What the system says about the program under test, and limits it is given while it runs.

use std::process::Command;

use testkit::App;

/// The most memory that has been in use since the start, in bytes.
pub(crate) fn peak_memory_bytes(app: &App) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// CPU time used so far, in hundredths of a second.
pub(crate) fn cpu_ticks(app: &App) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", app.pid())).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

/// Sets a limit in the words of `prlimit`, as in `--nofile=30:`.
pub(crate) fn limit(app: &App, limit: &str) {
    let set = Command::new("prlimit").args(["--pid", &app.pid().to_string(), limit]).status();
    assert!(set.expect("prlimit is there").success(), "{limit}");
}

/// How many lines of its output hold this text.
pub(crate) fn says(app: &App, text: &str) -> usize {
    app.output().lines().filter(|line| line.contains(text)).count()
}
