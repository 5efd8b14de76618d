//! What the system says about the process, under the names that every Prometheus client uses.

use std::fs;
use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};

use super::text::{Kind, Text, number};

/// Tells what can be found out.
pub fn tell(started: SystemTime, text: &mut Text) {
    let since_1970 = started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let help = "Start of the process, in seconds since 1970.";
    text.single("process_start_time_seconds", Kind::Gauge, help, since_1970.as_secs_f64());
    let help = "Processor time that the process has used.";
    text.single("process_cpu_seconds_total", Kind::Counter, help, cpu_time().as_secs_f64());
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(kib) = field(&status, "VmRSS:") {
        text.single("process_resident_memory_bytes", Kind::Gauge, "Memory in use.", number(kib * 1024));
    }
    if let Some(threads) = field(&status, "Threads:") {
        text.single("process_threads", Kind::Gauge, "Threads.", number(threads));
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is open for this look alone.
        let open = open.count().saturating_sub(1);
        text.single("process_open_fds", Kind::Gauge, "Open file descriptors.", number(open));
    }
    if let Ok(limit) = rlimit::Resource::NOFILE.get_soft() {
        text.single("process_max_fds", Kind::Gauge, "Limit on open file descriptors.", number(limit));
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), nanoseconds)
}

/// The number in a line of `/proc/self/status`.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
