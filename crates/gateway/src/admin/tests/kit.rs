//! The API as tests call it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use domain::ids::GroupId;
use domain::secret::Secret;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use storage::{Db, Dsn, KeyCipher};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::admin::{self, AdminState};
use crate::events::Events;
use crate::events::outages::Outages;
use crate::key_store::load::Loaded;
use crate::keyring::Keyring;
use crate::metrics;
use crate::node::Node;
use crate::nodes::catch_up::CatchUp;
use crate::nodes::inbox::Inbox;
use crate::probe::Prober;
use crate::snapshot::Current;
use crate::snapshot::build::Publisher;
use crate::tasks::Tasks;

pub(in crate::admin) const AUTH_KEY: &str = "sk-admin-of-the-tests";

/// An API with nothing in it.
pub(in crate::admin) struct Api {
    pub(in crate::admin) state: Arc<AdminState>,
    router: Router,
    _data_dir: TempDir,
}

/// What came back.
pub(in crate::admin) struct Reply {
    pub(in crate::admin) status: u16,
    pub(in crate::admin) headers: HeaderMap,
    pub(in crate::admin) text: String,
}

impl Api {
    pub(in crate::admin) async fn new() -> Self {
        Self::over(open(&Dsn::Memory, None).await).await
    }

    /// An API over a database, with none of its keys in memory.
    pub(in crate::admin) async fn over(db: Db) -> Self {
        let stored = [("app_url", "http://gate.example/"), ("proxy_keys", "pk-all")];
        db.put_settings(&stored.map(|(key, value)| (key.to_owned(), Some(value.to_owned())))).await.unwrap();
        let keyring = Arc::new(Keyring::default());
        let (current, proxies) = (Current::default(), Arc::default());
        let publisher =
            Publisher::new(Arc::clone(&current), db.clone(), Arc::clone(&keyring), proxies, NonZeroUsize::MIN);
        let publisher = Arc::new(publisher);
        publisher.refresh().await.unwrap();
        let client = upstream::Client::new(upstream::tls_config().unwrap(), TaskTracker::new(), Handle::current());
        let data_dir = tempfile::tempdir().unwrap();
        let tasks = Tasks::open(db.clone(), Node::on_port(1), TaskTracker::new(), CancellationToken::new()).await;
        let metrics =
            metrics::tests::idle(db.clone(), current, Arc::clone(&keyring), Arc::clone(&tasks), data_dir.path()).await;
        let sink = metrics.sink.clone();
        // There is no job that would store what waits, and nothing waits.
        sink.freshness().begin();
        sink.freshness().end(true);
        let (changed, pools) = (Arc::clone(&publisher), Arc::clone(&keyring));
        let catch_up = CatchUp { db: db.clone(), keyring: pools, publisher: changed };
        let outages = Arc::new(Outages::new(db.clone(), Arc::new(Inbox::new(Arc::new(catch_up), false))));
        let events = Events::new(Arc::clone(&publisher), Arc::clone(&tasks), sink.clone(), Arc::clone(&outages));
        let state = Arc::new(AdminState {
            db,
            keyring,
            keys_loaded: Loaded::all(),
            outlook: Arc::default(),
            sink,
            outages,
            publisher,
            prober: Arc::new(Prober::new(client)),
            events: Arc::new(events),
            tasks,
            metrics,
            metrics_token: None,
            auth_key: Secret::from(AUTH_KEY),
            encryption_key: None,
            time_zone: TimeZone::fixed(jiff::tz::offset(8)),
            data_dir: std::env::temp_dir(),
            started: Instant::now(),
            trusted_proxies: "loopback".parse().unwrap(),
            draining: CancellationToken::new(),
        });
        Self { router: admin::router(Arc::clone(&state)), state, _data_dir: data_dir }
    }

    /// Any request, as it is.
    pub(in crate::admin) async fn send(&self, request: Request<Body>) -> Reply {
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Reply { status: head.status.as_u16(), headers: head.headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// A request with the admin key.
    pub(in crate::admin) async fn call(&self, method: &str, path: &str, body: impl Into<Body>) -> Reply {
        let request = Request::builder().method(method).uri(path).header(AUTHORIZATION, format!("Bearer {AUTH_KEY}"));
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(in crate::admin) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, Body::empty()).await
    }

    pub(in crate::admin) async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, body.to_string()).await
    }

    pub(in crate::admin) async fn put(&self, path: &str, body: Value) -> Reply {
        self.call("PUT", path, body.to_string()).await
    }

    pub(in crate::admin) async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, Body::empty()).await
    }

    /// Makes a standard group for the mock provider; returns its id.
    pub(in crate::admin) async fn group(&self, name: &str) -> i64 {
        self.post("/api/groups", group(name)).await.data()["id"].as_i64().unwrap()
    }

    pub(in crate::admin) async fn aggregate(&self, name: &str) -> i64 {
        let aggregate = json!({"name": name, "channel_type": "openai", "group_type": "aggregate"});
        self.post("/api/groups", aggregate).await.data()["id"].as_i64().unwrap()
    }

    /// Adds keys to a group.
    pub(in crate::admin) async fn add(&self, group: i64, keys: &str) -> Value {
        self.keys("add-multiple", group, keys).await.data()
    }

    /// One of the calls with a list of keys.
    pub(in crate::admin) async fn keys(&self, call: &str, group: i64, keys: &str) -> Reply {
        self.post(&format!("/api/keys/{call}"), json!({"group_id": group, "keys_text": keys})).await
    }

    /// The items of a list.
    pub(in crate::admin) async fn items(&self, path: &str) -> Vec<Value> {
        self.get(path).await.data()["items"].as_array().unwrap().clone()
    }

    /// The pool of a group.
    pub(in crate::admin) fn pool(&self, group: i64) -> Arc<crate::keyring::Pool> {
        self.state.keyring.pool(GroupId(group))
    }
}

impl Reply {
    pub(in crate::admin) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// `data` of a success.
    pub(in crate::admin) fn data(&self) -> Value {
        let body = self.json();
        assert_eq!((self.status, &body["code"]), (200, &json!(0)), "{body}");
        body["data"].clone()
    }

    /// `message` of a success without data.
    pub(in crate::admin) fn done(&self) -> String {
        let body = self.json();
        assert_eq!((self.status, &body["code"], body.get("data")), (200, &json!(0), None), "{body}");
        body["message"].as_str().unwrap().to_owned()
    }

    /// Status, code and message of a failure.
    pub(in crate::admin) fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |field: &str| body[field].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
        (self.status, text("code"), text("message"))
    }

    /// Status and code of a failure.
    pub(in crate::admin) fn code(&self) -> (u16, String) {
        let (status, code, _) = self.error();
        (status, code)
    }

    pub(in crate::admin) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A database, ready for use.
pub(in crate::admin) async fn open(dsn: &Dsn, encryption_key: Option<&str>) -> Db {
    let db = Db::open(dsn, Arc::new(KeyCipher::new(encryption_key).unwrap())).await.unwrap();
    db.migrate().await.unwrap();
    db
}

/// The fields of a standard group.
pub(in crate::admin) fn group(name: &str) -> Value {
    json!({
        "name": name,
        "channel_type": "openai",
        "upstreams": [{"url": "http://127.0.0.1:9", "weight": 1}],
        "test_model": "m",
    })
}

/// A failure as clients know it.
pub(in crate::admin) fn failure(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
