//! Real database servers, started from what Debian's packages install, each with a folder of its own.
//!
//! A server is shared by all tests of a process and ends with it, however it ends. It listens on a Unix socket only, so that no port
//! can be taken by another. Each test makes a database of its own. A [`TlsServer`] is reached over the network instead.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

mod mariadb;
mod postgres;
mod redis;
mod tls;

pub use redis::Redis;
pub use tls::{Identity, TlsServer};

/// The variable that says which databases tests use: `sqlite` (as without it), `postgres` or `mariadb`.
pub const VARIABLE: &str = "TEST_DATABASE";

/// Which database tests use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file for each test.
    Sqlite,
    /// A server of PostgreSQL.
    Postgres,
    /// A server of MariaDB.
    MariaDb,
}

impl Engine {
    /// The one that [`VARIABLE`] names.
    pub fn of_tests() -> Self {
        match std::env::var(VARIABLE).as_deref() {
            Err(_) | Ok("" | "sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok("mariadb") => Self::MariaDb,
            Ok(other) => panic!("{VARIABLE} is {other}: give sqlite, postgres or mariadb"),
        }
    }

    /// A new, empty database on the server of this process: its `DATABASE_DSN`. `None` for SQLite.
    pub fn new_database(self) -> Option<Database> {
        static POSTGRES: OnceLock<Server> = OnceLock::new();
        static MARIADB: OnceLock<Server> = OnceLock::new();
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = match self {
            Self::Sqlite => return None,
            Self::Postgres => POSTGRES.get_or_init(|| postgres::start(None)),
            Self::MariaDb => MARIADB.get_or_init(|| mariadb::start(None)),
        };
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let database = Database { engine: self, folder: &server.folder, name };
        let create = format!("CREATE DATABASE {}", database.name);
        answer(database.admin(&create), &create, database.folder);
        Some(database)
    }
}

/// A database of one test, dropped with it.
#[derive(Debug)]
pub struct Database {
    engine: Engine,
    folder: &'static Path,
    name: String,
}

impl Database {
    /// Its `DATABASE_DSN`.
    pub fn dsn(&self) -> String {
        match self.engine {
            Engine::Sqlite => unreachable!("SQLite has no server"),
            Engine::Postgres => postgres::dsn(self.folder, &self.name),
            Engine::MariaDb => mariadb::dsn(self.folder, &self.name),
        }
    }

    /// Where its server listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(match self.engine {
            Engine::Sqlite => unreachable!("SQLite has no server"),
            Engine::Postgres => ".s.PGSQL.5432",
            Engine::MariaDb => "socket",
        })
    }

    /// Its `DATABASE_DSN` by way of a loopback port that leads to [`socket`](Self::socket).
    pub fn dsn_by(&self, addr: SocketAddr) -> String {
        match self.engine {
            Engine::Sqlite => unreachable!("SQLite has no server"),
            Engine::Postgres => postgres::dsn_by(addr, &self.name),
            Engine::MariaDb => mariadb::dsn_by(addr, &self.name),
        }
    }

    /// Runs statements by the server's own client. Returns the rows of queries, a line each, columns separated by tabs, null as `NULL`.
    pub fn run(&self, sql: &str) -> String {
        answer(output(self.client(&self.name), sql), sql, self.folder)
    }

    /// Runs statements that see the same state of the database. Returns the rows of each.
    pub(crate) fn in_transaction(&self, statements: &[&str]) -> Vec<String> {
        const NEXT: &str = "-- next --";
        let begin = match self.engine {
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ",
            _ => "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        };
        let statements: Vec<_> =
            statements.iter().map(|statement| format!("{statement};\nSELECT '{NEXT}';\n")).collect();
        let rows = self.run(&format!("{begin};\n{}COMMIT;\n", statements.concat()));
        let mut rows: Vec<_> = rows.split(&format!("{NEXT}\n")).map(str::to_owned).collect();
        rows.pop();
        rows
    }

    /// A client, and statements at which it says `locked` and keeps all others from writing until its input ends.
    pub(crate) fn locking(&self) -> (Command, String) {
        let statements = match self.engine {
            Engine::Postgres => format!("BEGIN;\nLOCK TABLE {} IN EXCLUSIVE MODE;\n", TABLES.join(", ")),
            _ => format!("LOCK TABLES {} READ;\n", TABLES.map(|table| format!("`{table}`")).join(" READ, ")),
        };
        (self.client(&self.name), statements + "SELECT 'locked';\n")
    }

    fn admin(&self, sql: &str) -> Output {
        let database = if self.engine == Engine::Postgres { "postgres" } else { "mysql" };
        output(self.client(database), sql)
    }

    fn client(&self, database: &str) -> Command {
        match self.engine {
            Engine::Sqlite => unreachable!("SQLite has no server"),
            Engine::Postgres => postgres::client(self.folder, database),
            Engine::MariaDb => mariadb::client(self.folder, database),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Transactions may be open in it still. What is not dropped goes with the server.
        let (patience, force) = match self.engine {
            Engine::Postgres => ("", " WITH (FORCE)"),
            _ => ("SET lock_wait_timeout = 1; ", ""),
        };
        self.admin(&format!("{patience}DROP DATABASE {}{force}", self.name));
    }
}

/// The tables that a program writes to.
const TABLES: [&str; 11] = [
    "system_settings",
    "groups",
    "group_sub_groups",
    "api_keys",
    "key_cooldowns",
    "request_logs",
    "group_hourly_stats",
    "spool_positions",
    "node_lease",
    "node_tasks",
    "node_changes",
];

fn output(mut client: Command, sql: &str) -> Output {
    client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = client.spawn().expect("the server's client is installed (make test does it)");
    // Written beside, since the client may answer before it has read all.
    let mut input = client.stdin.take().expect("stdin is piped");
    std::thread::scope(|scope| {
        scope.spawn(move || std::io::Write::write_all(&mut input, sql.as_bytes()));
        client.wait_with_output().expect("the client ends")
    })
}

/// What a client wrote. If it failed, the server's own words are shown too.
fn answer(output: Output, sql: &str, folder: &Path) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    assert!(output.status.success(), "{sql}\nfailed: {said}\n{}", log());
    String::from_utf8(output.stdout).expect("answers are UTF-8")
}

/// A running server. It ends when its standard input does, which the end of this process brings about.
#[derive(Debug)]
struct Server {
    folder: PathBuf,
    _keeper: Child,
}

/// How long a server may take to start.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Starts the server, waits for the end of its input, then ends it as fast as it cleans up after itself, and removes its folder.
const KEEPER: &str = r#"folder=$1; shift; "$@" >"$folder/log" 2>&1 </dev/null & server=$!
trap '' INT; cat >/dev/null; kill -QUIT $server; kill -TERM $server 2>/dev/null; wait $server 2>/dev/null; while ! rm -rf "$folder"; do sleep 0.1; done"#;

/// A folder for a server, made by `prepare` as the user that the server will run as. Servers refuse to run as root.
fn start(
    prepare: impl Fn(&Path) -> Vec<Command>,
    command: impl Fn(&Path) -> Command,
    is_ready: impl Fn(&Path) -> bool,
) -> Server {
    let folder = tempfile::tempdir().expect("a folder for the server").keep();
    let commands = prepare(&folder);
    if is_root() {
        run(Command::new("chown").arg("-R").arg("nobody").arg(&folder));
    }
    for command in commands {
        run(&mut as_nobody(&command));
    }
    let server = as_nobody(&command(&folder));
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(&folder).arg(server.get_program()).args(server.get_args());
    let keeper = keeper.current_dir(&folder).stdin(Stdio::piped()).spawn().expect("a shell");
    let patience = std::time::Instant::now() + PATIENCE;
    while !is_ready(&folder) {
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(std::time::Instant::now() < patience, "the server does not start:\n{log}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Server { folder, _keeper: keeper }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The command under a user that isn't root: ours, or `nobody` in our place.
fn as_nobody(command: &Command) -> Command {
    let mut whole = Command::new(if is_root() { "setpriv" } else { "env" });
    if is_root() {
        whole.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]);
    }
    whole.arg(command.get_program()).args(command.get_args()).current_dir("/");
    whole
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A program that may stand in folders which are not in `PATH`.
fn program(name: &str, folders: &[PathBuf]) -> PathBuf {
    folders.iter().map(|folder| folder.join(name)).find(|path| path.exists()).unwrap_or_else(|| name.into())
}
