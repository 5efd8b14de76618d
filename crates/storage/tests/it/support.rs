//! Databases and values that many tests need.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::group::{ChannelType, GroupKind, GroupSpec, UpstreamSpec};
use domain::ids::{GroupId, KeyId};
use domain::raw_object::RawObject;
use domain::secret::Secret;
use jiff::Timestamp;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use storage::logs::RequestType;
use storage::spool::SpoolRecord;
use storage::{Db, Dsn, KeyCipher};
use tempfile::TempDir;
use uuid::Uuid;

/// A database in a folder of its own, open and migrated.
pub(crate) struct TestDb {
    pub(crate) db: Db,
    pub(crate) dir: TempDir,
}

impl TestDb {
    pub(crate) async fn new() -> Self {
        Self::with_key(None).await
    }

    pub(crate) async fn with_key(encryption_key: Option<&str>) -> Self {
        let dir = TempDir::new().unwrap();
        let db = open(&dir.path().join("gpt-load.db"), encryption_key).await;
        db.migrate().await.unwrap();
        Self { db, dir }
    }

    /// A copy of a fixture, open and migrated.
    pub(crate) async fn adopted(name: &str, encryption_key: Option<&str>) -> Self {
        let dir = TempDir::new().unwrap();
        let file = copy_fixture(name, dir.path());
        let db = open(&file, encryption_key).await;
        db.migrate().await.unwrap();
        Self { db, dir }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("gpt-load.db")
    }

    /// A second connection, to see and to do what the crate has no call for.
    pub(crate) async fn sql(&self) -> SqliteConnection {
        sql(&self.file()).await
    }
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
    }
}
