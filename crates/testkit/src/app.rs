//! The program under test as a child process, with a data folder of its own, and its admin API in the words of the domain.
//!
//! Contract: with `HOST=127.0.0.1` and a `PORT` the program binds with `SO_REUSEADDR` and writes a line with
//! `listening on http://127.0.0.1:PORT`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpSocket;

mod api;
mod group;
mod process;
#[cfg(test)]
mod tests;

pub use api::Api;
pub use group::{GroupBuilder, GroupHandle};
pub use process::Former;

use crate::database::Database;
use crate::http::Request;
use crate::servers::Engine;
use crate::wait::{Observed, eventually};
use process::Process;

/// The admin key that every program under test is given.
pub const AUTH_KEY: &str = "sk-testkit-admin-key-0123456789";

/// A running program. Killed when dropped; its folder and its database are removed then.
#[derive(Debug)]
pub struct App {
    process: Process,
    addr: SocketAddr,
    setup: Setup,
    place: Place,
    /// Keeps the port from others while the program is down.
    _holder: TcpSocket,
}

/// Where a program works; several may share it.
#[derive(Clone, Debug)]
struct Place {
    dir: Arc<TempDir>,
    database: Database,
}

#[derive(Clone, Debug)]
struct Setup {
    binary: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

/// How to start a program other than by [`App::start`].
#[derive(Debug)]
pub struct Builder {
    setup: Setup,
    place: Place,
}

/// A program that ended instead of listening.
#[derive(Clone, Debug)]
pub struct StartFailure {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout and stderr.
    pub output: String,
}

impl Builder {
    fn new(binary: &str, place: Place) -> Self {
        let mut env = vec![("HOST".to_owned(), "127.0.0.1".to_owned()), ("AUTH_KEY".to_owned(), AUTH_KEY.to_owned())];
        if let Database::Server(database) = &place.database {
            env.push(("DATABASE_DSN".to_owned(), database.dsn()));
        }
        Self { setup: Setup { binary: binary.into(), args: Vec::new(), env }, place }
    }

    /// Sets an environment variable; nothing but `PATH` is inherited.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.setup.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: &str) -> Self {
        self.setup.args.push(arg.to_owned());
        self
    }

    /// Writes a file into the working folder first; folders of its path are made.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let file = self.dir().join(path);
        std::fs::create_dir_all(file.parent().expect("a file in the folder")).expect("the folder can be made");
        std::fs::write(file, content).expect("the file can be written");
        self
    }

    /// Another program on the same database, with a folder of its own.
    pub fn sibling(&self, binary: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder for the program");
        Self::new(binary, Place { dir: Arc::new(dir), database: self.place.database.clone() })
    }

    /// The working folder, for a test that fills it by itself.
    pub fn dir(&self) -> &Path {
        self.place.dir.path()
    }

    /// The database, for a test that fills it by itself.
    pub fn database(&self) -> &Database {
        &self.place.database
    }

    /// Starts and waits until it listens. Panics with its output if it does not.
    pub async fn start(self) -> App {
        self.try_start()
            .await
            .unwrap_or_else(|failed| panic!("ended with {} instead of listening:\n{}", failed.status, failed.output))
    }

    /// As [`Self::start`], for a program that is expected to refuse.
    pub async fn try_start(self) -> Result<App, StartFailure> {
        let holder = held_port().expect("a free loopback port");
        let port = holder.local_addr().expect("a bound socket has an address").port();
        let (process, addr) = Process::start(&self.setup, self.dir(), port).await?;
        Ok(App { process, addr, setup: self.setup, place: self.place, _holder: holder })
    }
}

/// A port that the system gives to nobody else, but on which a program that asks for it may listen: both sockets share their address,
/// and this one never listens.
fn held_port() -> std::io::Result<TcpSocket> {
    let holder = TcpSocket::new_v4()?;
    holder.set_reuseaddr(true)?;
    holder.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(holder)
}

impl App {
    /// Starts the program, given by its path (`env!("CARGO_BIN_EXE_…")`), in a fresh folder.
    pub async fn start(binary: &str) -> Self {
        Self::builder(binary).start().await
    }

    /// For further environment variables, arguments or files.
    pub fn builder(binary: &str) -> Builder {
        Self::builder_on(Engine::of_tests(), binary)
    }

    /// The same, on this engine whatever is tested.
    pub fn builder_on(engine: Engine, binary: &str) -> Builder {
        let dir = tempfile::tempdir().expect("a folder for the program");
        let database = Database::new(engine, dir.path());
        Builder::new(binary, Place { dir: Arc::new(dir), database })
    }

    /// Another program like it, in the same folder and on the same database.
    pub fn beside(&self, binary: &str) -> Builder {
        Builder::new(binary, self.place.clone())
    }

    /// Another program on the same database, with a folder of its own.
    pub fn sibling(&self, binary: &str) -> Builder {
        Builder::new(binary, self.place.clone()).sibling(binary)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of a path on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Its working folder.
    pub fn dir(&self) -> &Path {
        self.place.dir.path()
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.place.database
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The memory that it has in use, its own code left out (`RssAnon`).
    pub fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the program runs");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("the kernel tells its memory");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of kB") << 10
    }

    /// What it has written to stdout and stderr since it was last started.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// `SIGKILL`: no handler runs. Waits until it has ended.
    pub async fn kill9(&mut self) {
        self.process.kill();
        self.wait_exit().await;
    }

    /// `SIGTERM`: asks it to stop, and does not wait.
    pub fn terminate(&mut self) {
        self.process.signal("TERM");
    }

    /// Waits until the process that it has started in its own place serves; from then on that one is meant. Returns the one before, which
    /// may run on.
    pub async fn is_replaced(&mut self) -> Former {
        let lock = self.dir().join("data/gpt-load.lock");
        let before = self.pid().to_string();
        let holder = async || std::fs::read_to_string(&lock).ok().filter(|pid| *pid != before)?.parse().ok();
        let successor = self.eventually("a successor to serve", holder).await;
        self.process.is_replaced_by(successor)
    }

    /// `SIGUSR2`: asks it to start a successor, and waits until that one serves; see [`Self::is_replaced`].
    pub async fn replace(&mut self) -> Former {
        self.process.signal("USR2");
        self.is_replaced().await
    }

    /// Waits until it has ended.
    pub async fn wait_exit(&mut self) -> ExitStatus {
        self.process.wait_exit().await
    }

    /// Starts it again on the same folder and port, killing it first if it still runs.
    pub async fn restart(&mut self) {
        self.kill9().await;
        let started = Process::start(&self.setup, self.dir(), self.addr.port()).await;
        (self.process, self.addr) = started
            .unwrap_or_else(|failed| panic!("ended with {} instead of restarting:\n{}", failed.status, failed.output));
    }

    /// Its admin API with the admin key.
    pub fn api(&self) -> Api {
        Api::new(self.addr, AUTH_KEY)
    }

    /// A group to be made by [`GroupBuilder::create`].
    pub fn group(&self, name: &str) -> GroupBuilder<'_> {
        GroupBuilder::new(self, name)
    }

    /// A request to `/proxy/{group}{path}` with this proxy key as bearer.
    pub fn proxied(&self, method: &str, group: &str, path: &str, proxy_key: &str) -> Request {
        Request::new(method, &self.url(&format!("/proxy/{group}{path}"))).bearer(proxy_key)
    }

    /// The newest 1,000 log entries that the filter (`status_code=503&…`, or empty) lets through, newest first.
    pub async fn logs(&self, filter: &str) -> Vec<Value> {
        let page = self.api().data(&format!("/api/logs?page_size=1000&{filter}")).await;
        items(page)
    }

    /// The key object of this secret. Panics if the group has no such key.
    pub async fn key(&self, group: &GroupHandle, secret: &str) -> Value {
        let query: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let page = self.api().data(&format!("/api/keys?group_id={}&key_value={query}", group.id)).await;
        items(page).pop().unwrap_or_else(|| panic!("group {} has no key {secret}", group.name))
    }

    /// Changes system settings. Panics if they are refused.
    pub async fn set(&self, settings: Value) {
        let (status, body) = self.api().put("/api/settings", &settings).await;
        assert_eq!(status, 200, "settings {settings}: {body}");
    }

    /// Looks every 20 ms until the condition holds; see [`eventually`]. If the test
    /// fails, the program's output is printed.
    pub async fn eventually<O: Observed>(&self, expected: &str, look: impl AsyncFnMut() -> O) -> O::Value {
        eventually(expected, look).await
    }
}

fn items(mut page: Value) -> Vec<Value> {
    match page["items"].take() {
        Value::Array(items) => items,
        other => panic!("no page of items: {}", json!({"items": other, "page": page})),
    }
}
