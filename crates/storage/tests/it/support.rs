//! Databases and values that many tests need.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::attempt::AttemptOutcome;
use domain::group::{ChannelType, GroupKind, GroupSpec, UpstreamSpec};
use domain::ids::{GroupId, KeyId};
use domain::raw_object::RawObject;
use domain::secret::Secret;
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row};
use storage::lease::{Answer, Token};
use storage::logs::RequestType;
use storage::spool::SpoolRecord;
use storage::{Db, Dsn, KeyCipher};
use tempfile::TempDir;
use testkit::servers::{Database, Engine};
use uuid::Uuid;

/// A database of its own, open and migrated, and a folder.
pub(crate) struct TestDb {
    pub(crate) db: Db,
    pub(crate) dir: TempDir,
    pub(crate) engine: Engine,
    server: Option<Database>,
}

impl TestDb {
    pub(crate) async fn new() -> Self {
        Self::with_key(None).await
    }

    pub(crate) async fn with_key(encryption_key: Option<&str>) -> Self {
        Self::prepared(Engine::of_tests(), encryption_key, |_, _| {}).await
    }

    /// SQLite whatever is tested, for what no other database has.
    pub(crate) async fn sqlite() -> Self {
        Self::prepared(Engine::Sqlite, None, |_, _| {}).await
    }

    /// PostgreSQL whatever is tested, for what no other database needs.
    pub(crate) async fn postgres() -> Self {
        Self::prepared(Engine::Postgres, None, |_, _| {}).await
    }

    /// A copy of a SQLite file among the fixtures, open and migrated.
    pub(crate) async fn sqlite_of_1_4(name: &str, encryption_key: Option<&str>) -> Self {
        let copy = |dir: &Path, _: Option<&Database>| drop(copy_fixture(name, dir));
        Self::prepared(Engine::Sqlite, encryption_key, copy).await
    }

    /// A database of GPT-Load 1.4.9 with keys in plain text.
    pub(crate) async fn of_1_4(encryption_key: Option<&str>) -> Self {
        Self::of_1_4_on(Engine::of_tests(), encryption_key).await
    }

    pub(crate) async fn of_1_4_on(engine: Engine, encryption_key: Option<&str>) -> Self {
        let fill = |dir: &Path, server: Option<&Database>| match server {
            Some(server) => {
                let dump = std::fs::read_to_string(fixture(&format!("{}.sql", name(engine)))).unwrap();
                server.run(&dump);
            }
            None => drop(copy_fixture("sqlite.db", dir)),
        };
        Self::prepared(engine, encryption_key, fill).await
    }

    async fn prepared(
        engine: Engine,
        encryption_key: Option<&str>,
        fill: impl FnOnce(&Path, Option<&Database>),
    ) -> Self {
        let dir = TempDir::new().unwrap();
        let server = engine.new_database();
        fill(dir.path(), server.as_ref());
        let dsn = dsn(dir.path(), server.as_ref());
        let db = Db::open(&dsn, cipher(encryption_key)).await.unwrap();
        db.migrate().await.unwrap();
        Self { db, dir, engine, server }
    }

    /// The database once more, after it was closed.
    pub(crate) async fn reopened(mut self, encryption_key: Option<&str>) -> Self {
        self.db.close().await;
        self.db = Db::open(&dsn(self.dir.path(), self.server.as_ref()), cipher(encryption_key)).await.unwrap();
        self
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("gpt-load.db")
    }

    /// A second connection to a SQLite file, to see and to do what the crate has no call for.
    pub(crate) async fn sql(&self) -> SqliteConnection {
        assert_eq!(self.engine, Engine::Sqlite);
        sql(&self.file()).await
    }

    /// Runs statements beside the crate. Returns the rows of a query, a line each, columns separated by tabs.
    pub(crate) async fn run(&self, statements: &str) -> String {
        if let Some(server) = &self.server {
            return server.run(statements);
        }
        let rows = sqlx::raw_sql(AssertSqlSafe(statements)).fetch_all(&mut self.sql().await).await.unwrap();
        let column =
            |row: &SqliteRow, at| row.get_unchecked::<Option<String>, _>(at).unwrap_or_else(|| "NULL".to_owned());
        let line = |row| (0..SqliteRow::len(row)).map(|at| column(row, at)).collect::<Vec<_>>().join("\t") + "\n";
        rows.iter().map(line).collect()
    }

    /// A time as a literal of the database at hand. SQLite's is as given.
    pub(crate) fn time(&self, text: &str) -> String {
        let instant = || at(&text.replacen(' ', "T", 1));
        match self.engine {
            Engine::Sqlite => format!("'{text}'"),
            Engine::Postgres => format!("'{}'", instant()),
            // As the `loc` of its DSN says.
            Engine::MariaDb => {
                format!("'{}'", instant().in_tz("Asia/Shanghai").unwrap().strftime("%Y-%m-%d %H:%M:%S%.3f"))
            }
        }
    }

    /// Makes the database refuse rows with this value in this column.
    pub(crate) async fn refuse(&self, table: &str, column: &str, value: &str) {
        let statement = match self.engine {
            Engine::Sqlite => format!(
                "CREATE TRIGGER refuse BEFORE INSERT ON {table} WHEN new.{column} = '{value}' BEGIN SELECT raise(ABORT, 'no'); END"
            ),
            _ => format!("ALTER TABLE {table} ADD CONSTRAINT refuse CHECK ({column} <> '{value}')"),
        };
        self.run(&statement).await;
    }
}

/// As the fixtures of servers are named.
pub(crate) fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
        Engine::MariaDb => "mariadb",
    }
}

fn dsn(dir: &Path, server: Option<&Database>) -> Dsn {
    server.map_or_else(|| Dsn::Sqlite(dir.join("gpt-load.db")), |server| server.dsn().parse().unwrap())
}

pub(crate) async fn open(file: &Path, encryption_key: Option<&str>) -> Db {
    Db::open(&Dsn::Sqlite(file.to_owned()), cipher(encryption_key)).await.unwrap()
}

pub(crate) fn cipher(encryption_key: Option<&str>) -> Arc<KeyCipher> {
    Arc::new(KeyCipher::new(encryption_key).unwrap())
}

pub(crate) async fn sql(file: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap()
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub(crate) fn copy_fixture(name: &str, dir: &Path) -> PathBuf {
    let file = dir.join("gpt-load.db");
    std::fs::copy(fixture(name), &file).unwrap();
    file
}

/// The token of a server that leads now.
pub(crate) async fn leader(db: &Db) -> Token {
    match db.ask_to_lead(Uuid::from_u128(1), "first", None).await.unwrap() {
        Answer::Leads(lease) => lease.token,
        Answer::Follows { leader } => panic!("{leader} leads"),
    }
}

pub(crate) fn at(rfc3339: &str) -> Timestamp {
    rfc3339.parse().unwrap()
}

pub(crate) fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts.iter().map(|text| Secret::from(*text)).collect()
}

pub(crate) fn exposed(secret: Option<&Secret>) -> Option<&str> {
    secret.map(Secret::expose)
}

pub(crate) fn group(name: &str) -> GroupSpec {
    GroupSpec {
        name: name.to_owned(),
        display_name: String::new(),
        description: String::new(),
        kind: GroupKind::Standard,
        channel: ChannelType::OpenAi,
        upstreams: vec![UpstreamSpec { url: "https://api.example.com".to_owned(), weight: 1 }],
        validation_endpoint: String::new(),
        sort: 0,
        test_model: "m".to_owned(),
        param_overrides: RawObject::default(),
        config: serde_json::Map::new(),
        header_rules: Vec::new(),
        model_redirect_rules: std::collections::BTreeMap::new(),
        model_redirect_strict: false,
        proxy_keys: String::new(),
    }
}

/// A final success of `key` at `timestamp_ms`, told apart by `number`.
pub(crate) fn record(number: u64, timestamp_ms: i64, key: Option<KeyId>) -> SpoolRecord<'static> {
    SpoolRecord {
        id: Uuid::from_u64_pair(0x7000, 0x8000_0000_0000_0000 | number),
        request_id: Uuid::from_u64_pair(0x7001, number),
        timestamp_ms,
        group_id: GroupId(1),
        group_name: "g".into(),
        parent_group_id: None,
        parent_group_name: "".into(),
        key_id: key,
        key: Cow::default(),
        counts_as_use: key.is_some(),
        model: "gpt-4o".into(),
        is_success: true,
        source_ip: "127.0.0.1".into(),
        status_code: 200,
        request_path: "/proxy/g/v1/chat/completions".into(),
        duration_ms: 5,
        error_message: "".into(),
        user_agent: "test/1".into(),
        request_type: RequestType::Final,
        upstream_addr: "https://api.example.com/v1/chat/completions".into(),
        is_stream: false,
        request_body: "".into(),
        first_byte_ms: Some(3),
        prompt_tokens: Some(10),
        completion_tokens: Some(20),
        cached_tokens: None,
        attempt: 1,
        proxy_key_hash: "aa".into(),
        begun_ms: Some(1),
        outcome: Some(AttemptOutcome::RateLimited),
        rest_ms: Some(41_000),
    }
}
