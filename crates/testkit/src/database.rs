//! A program's database file, read, changed and locked by another process: Python's own `sqlite3`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Rows of one statement, each a list of its columns.
pub type Rows = Vec<Vec<Value>>;

const RUN: &str = "
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
db.execute('BEGIN')
print(json.dumps([db.execute(statement).fetchall() for statement in sys.argv[2:]]))
db.execute('COMMIT')
";

const ABANDON: &str = "
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
db.execute('PRAGMA journal_mode = WAL')
db.execute(sys.argv[2])
os._exit(0)
";

const LOCK: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
db.execute('BEGIN IMMEDIATE')
print('locked', flush=True)
sys.stdin.read()
db.execute('ROLLBACK')
";

/// Runs statements in one transaction on the database in a program's working folder; what they see belongs together.
pub fn run<const N: usize>(folder: &Path, statements: [&str; N]) -> [Rows; N] {
    let output = python(RUN, folder).args(statements).stderr(Stdio::inherit()).output().expect(NEEDED);
    assert!(output.status.success(), "{statements:?} failed");
    let rows: Vec<Rows> = serde_json::from_slice(&output.stdout).expect("rows as JSON");
    rows.try_into().expect("rows of each statement")
}

/// Runs a statement and dies, so that what it wrote is in the write-ahead log only.
pub fn abandon(folder: &Path, statement: &str) {
    let status = python(ABANDON, folder).arg(statement).status().expect(NEEDED);
    assert!(status.success(), "{statement} failed");
}

/// Keeps everybody else from writing to the database until it is dropped.
#[derive(Debug)]
pub struct WriteLock(Child);

impl WriteLock {
    /// Takes the lock.
    pub fn take(folder: &Path) -> Self {
        let mut holder = python(LOCK, folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect(NEEDED);
        let mut line = String::new();
        let stdout = holder.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the holder says when it has the lock");
        assert_eq!(line, "locked\n");
        Self(holder)
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        // Closes its input, at which it lets go.
        drop(self.0.stdin.take());
        self.0.wait().expect("a child can be waited for");
    }
}

const NEEDED: &str = "python3 is installed (make test does it)";

fn python(program: &str, folder: &Path) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", program]).arg(folder.join("data/gpt-load.db"));
    command
}
