//! A program's database, read, changed and locked beside it: a SQLite file by Python's own `sqlite3`, one on a server by the
//! server's client.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::Value;

use crate::servers::{self, Engine};

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

/// A database.
#[derive(Clone, Debug)]
pub enum Database {
    /// A SQLite file.
    File(PathBuf),
    /// On a server.
    Server(Arc<servers::Database>),
}

impl Database {
    /// That of a program on this engine with this working folder, which has no `DATABASE_DSN` of its own if it is SQLite.
    pub(crate) fn new(engine: Engine, folder: &Path) -> Self {
        let file = || Self::File(folder.join("data/gpt-load.db"));
        engine.new_database().map_or_else(file, |database| Self::Server(Arc::new(database)))
    }

    /// `DATABASE_DSN`.
    pub fn dsn(&self) -> String {
        match self {
            Self::File(file) => file.display().to_string(),
            Self::Server(database) => database.dsn(),
        }
    }

    /// Runs statements in one transaction; what they see belongs together. Whole numbers are such, whatever their column's type.
    pub fn run<const N: usize>(&self, statements: [&str; N]) -> [Rows; N] {
        let rows: Vec<Rows> = match self {
            Self::File(file) => {
                let output = python(RUN, file).args(statements).stderr(Stdio::inherit()).output().expect(NEEDED);
                assert!(output.status.success(), "{statements:?} failed");
                let mut rows: Vec<Rows> = serde_json::from_slice(&output.stdout).expect("rows as JSON");
                for value in rows.iter_mut().flatten().flatten() {
                    if let Some(text) = value.as_str() {
                        *value = read_text(text);
                    }
                }
                rows
            }
            Self::Server(database) => database.in_transaction(&statements).iter().map(|rows| read(rows)).collect(),
        };
        rows.try_into().expect("rows of each statement")
    }

    /// Fills an empty database on a server from a dump.
    pub fn load(&self, dump: &str) {
        let Self::Server(database) = self else { panic!("a SQLite file is copied") };
        database.run(dump);
    }

    /// Runs a statement on a SQLite file and dies, so that what it wrote is in the write-ahead log only.
    pub fn abandon(&self, statement: &str) {
        let Self::File(file) = self else { panic!("only SQLite leaves its log beside the file") };
        let status = python(ABANDON, file).arg(statement).status().expect(NEEDED);
        assert!(status.success(), "{statement} failed");
    }

    /// Keeps everybody else from writing until what it returns is dropped. All can be read meanwhile.
    pub fn lock(&self) -> WriteLock {
        let (mut command, statements) = match self {
            Self::File(file) => (python(LOCK, file), String::new()),
            Self::Server(database) => database.locking(),
        };
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect(NEEDED);
        let input = holder.stdin.as_mut().expect("stdin is piped");
        input.write_all(statements.as_bytes()).expect("the holder reads");
        let mut line = String::new();
        let stdout = holder.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the holder says when it has the lock");
        assert_eq!(line, "locked\n");
        WriteLock(holder)
    }
}

/// Keeps everybody else from writing to a database until it is dropped.
#[derive(Debug)]
pub struct WriteLock(Child);

impl Drop for WriteLock {
    fn drop(&mut self) {
        // Closes its input, at which it lets go.
        drop(self.0.stdin.take());
        self.0.wait().expect("a child can be waited for");
    }
}

/// Lines of columns between tabs.
fn read(rows: &str) -> Rows {
    let column = |text: &str| if text == "NULL" { Value::Null } else { read_text(text) };
    rows.lines().map(|row| row.split('\t').map(column).collect()).collect()
}

fn read_text(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| text.into(), Value::from)
}

const NEEDED: &str = "what make test installs is there";

fn python(program: &str, file: &Path) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", program]).arg(file);
    command
}
