//! What the program takes from the machine, read from `/proc`.

use std::fmt;
use std::fs;
use std::path::Path;

use testkit::App;

/// One look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    memory_mib: u64,
    threads: u64,
    descriptors: usize,
    /// Of which are sockets.
    pub(crate) sockets: usize,
    database_mib: u64,
}

/// Threads that SQLite's connections and blocking file work may take later than the first look.
const THREADS: u64 = 8;
/// Files of the log's spool and the database that may be open at one look and not at the other.
const DESCRIPTORS: usize = 8;
/// What the allocator may keep: after a full minute, and while its pools are still filling.
const MEMORY_MIB: u64 = 16;
const EARLY_MEMORY_MIB: u64 = 64;
/// The database's own page cache, which fills as the file grows: one writer's and four readers'.
const CACHE_MIB: u64 = 128;

impl Usage {
    pub(crate) fn of(app: &App) -> Self {
        let process = Path::new("/proc").join(app.pid().to_string());
        let status = fs::read_to_string(process.join("status")).expect("the program runs");
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the status");
            line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
        };
        let open: Vec<_> = fs::read_dir(process.join("fd")).expect("the program runs").flatten().collect();
        let is_socket = |entry: &fs::DirEntry| {
            fs::read_link(entry.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
        };
        let database = ["gpt-load.db", "gpt-load.db-wal"].map(|file| app.dir().join("data").join(file));
        Self {
            memory_mib: number("VmRSS:") / 1024,
            threads: number("Threads:"),
            descriptors: open.len(),
            sockets: open.iter().filter(|entry| is_socket(entry)).count(),
            database_mib: database.iter().map(|file| fs::metadata(file).map_or(0, |file| file.len())).sum::<u64>()
                >> 20,
        }
    }

    /// What is more than it may be, compared with an earlier look, `settled` if that was after a full minute.
    pub(crate) fn surplus(&self, earlier: &Self, settled: bool) -> Vec<String> {
        let kept = if settled { MEMORY_MIB } else { EARLY_MEMORY_MIB };
        let cached = self.database_mib.min(CACHE_MIB).saturating_sub(earlier.database_mib);
        let limits = [
            ("MiB of memory", self.memory_mib, earlier.memory_mib + kept + cached),
            ("threads", self.threads, earlier.threads + THREADS),
            ("descriptors", self.descriptors as u64, (earlier.descriptors + DESCRIPTORS) as u64),
        ];
        let over = limits.iter().filter(|(_, now, limit)| now > limit);
        over.map(|(what, now, limit)| format!("{now} {what}, {limit} allowed")).collect()
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_mib, threads, descriptors, sockets, database_mib } = self;
        write!(f, "{memory_mib} MiB, {threads} threads, {descriptors} descriptors ({sockets} sockets), ")?;
        write!(f, "database {database_mib} MiB")
    }
}
