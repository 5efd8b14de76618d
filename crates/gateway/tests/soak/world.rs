//! What all who take part share: the groups there are now, the keys in them, the book, and the end of the play.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use fastrand::Rng;
use serde_json::{Value, json};
use testkit::App;
use testkit::app::Api;
use testkit::http::Request;

use crate::book::Book;
use crate::provider::Nature;

/// Failures after which a key of a lasting group is out. The settings of other groups change.
pub(crate) const THRESHOLD: u64 = 3;

pub(crate) struct World {
    pub(crate) addr: SocketAddr,
    pub(crate) api: Api,
    pub(crate) book: Arc<Book>,
    /// Where the provider is.
    pub(crate) provider: String,
    groups: Mutex<Vec<Arc<Group>>>,
    /// Keys that an operator has tested or restored: their failures are not only what clients made of them.
    pub(crate) touched: Mutex<BTreeSet<String>>,
    /// Ids of aggregates that were deleted, and their statistics with them.
    pub(crate) gone: Mutex<Vec<u64>>,
    keys: AtomicU64,
}

/// A group as far as it matters here.
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Whether it is there to the end, with settings that stay.
    pub(crate) lasting: bool,
    pub(crate) is_aggregate: bool,
    /// Its keys. Only the operator changes them.
    pub(crate) keys: Mutex<Vec<String>>,
}

impl World {
    pub(crate) fn new(app: &App, book: &Arc<Book>, provider: String) -> Arc<Self> {
        Arc::new(Self {
            addr: app.addr(),
            api: app.api(),
            book: Arc::clone(book),
            provider,
            groups: Mutex::default(),
            touched: Mutex::default(),
            gone: Mutex::default(),
            keys: AtomicU64::new(0),
        })
    }

    pub(crate) fn groups(&self) -> MutexGuard<'_, Vec<Arc<Group>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Any group there is now.
    pub(crate) fn any_group(&self, rng: &mut Rng) -> Arc<Group> {
        let groups = self.groups();
        Arc::clone(&groups[rng.usize(..groups.len())])
    }

    /// A key that there has never been.
    pub(crate) fn new_key(&self, nature: Nature) -> String {
        nature.key(self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a group of its own keys.
    pub(crate) async fn create(&self, name: &str, lasting: bool, fields: &Value, natures: &[Nature]) -> Arc<Group> {
        let mut group = json!({
            "name": name,
            "channel_type": "openai",
            "upstreams": [{"url": self.provider, "weight": 1}],
            "test_model": "gpt-4o",
            "proxy_keys": proxy_key(name),
        });
        for (field, value) in fields.as_object().into_iter().flatten() {
            group[field] = value.clone();
        }
        let id = self.api.create("/api/groups", &group).await["id"].as_u64().expect("an id");
        let is_aggregate = group["group_type"] == "aggregate";
        let group = Arc::new(Group { id, name: name.to_owned(), lasting, is_aggregate, keys: Mutex::default() });
        if !natures.is_empty() {
            self.add_keys(&group, natures).await;
        }
        self.groups().push(Arc::clone(&group));
        group
    }

    /// Adds new keys to a group.
    pub(crate) async fn add_keys(&self, group: &Group, natures: &[Nature]) {
        let keys: Vec<_> = natures.iter().map(|nature| self.new_key(*nature)).collect();
        let body = json!({"group_id": group.id, "keys_text": keys.join("\n")});
        let added = self.api.create("/api/keys/add-multiple", &body).await;
        assert_eq!(added["added_count"], keys.len(), "{added}");
        group.keys().extend(keys);
    }
}

impl Group {
    pub(crate) fn keys(&self) -> MutexGuard<'_, Vec<String>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request to this group whose path ends in a number of the book, still without its body of so many bytes.
    pub(crate) fn request(&self, method: &str, addr: SocketAddr, word: &str, number: u64, bytes: usize) -> Request {
        let url = format!("http://{addr}/proxy/{}/v1/{word}/{number}?bytes={bytes}", self.name);
        Request::new(method, &url).bearer(&proxy_key(&self.name)).header("Content-Type", "application/json")
    }
}

pub(crate) fn proxy_key(group: &str) -> String {
    format!("pk-{group}")
}

/// Who takes part until when.
pub(crate) struct Actor {
    pub(crate) world: Arc<World>,
    pub(crate) rng: Rng,
    pub(crate) until: Instant,
}

impl Actor {
    pub(crate) fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// Waits up to so many milliseconds.
    pub(crate) async fn pause(&mut self, most_ms: u64) {
        tokio::time::sleep(std::time::Duration::from_millis(self.rng.u64(..most_ms))).await;
    }
}
