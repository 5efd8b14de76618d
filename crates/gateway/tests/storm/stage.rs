//! What each storm needs: a provider whose keys behave as told until told otherwise, the program, and a group.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use serde_json::json;
use testkit::App;
use testkit::app::GroupHandle;
use testkit::http::Request;
use testkit::provider::{Answer, Call, MockProvider, Script};

use crate::BINARY;
use crate::load::Load;

/// What a key of the provider answers.
pub(crate) type Behaviour = fn() -> Answer;

/// A play that is set up.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) provider: MockProvider,
    pub(crate) group: GroupHandle,
    pub(crate) load: Load,
    told: Arc<Told>,
}

#[derive(Default)]
struct Told {
    keys: Mutex<HashMap<String, Behaviour>>,
    all: Mutex<Option<Behaviour>>,
}

impl Stage {
    /// A group of this channel whose keys behave so, in an order of chance.
    pub(crate) async fn set(channel: &str, behaviours: &[(usize, Behaviour)]) -> Self {
        let told = Arc::<Told>::default();
        let provider = provider(&told);
        let mut keys = Vec::new();
        for (count, behaviour) in behaviours {
            for _ in 0..*count {
                let key = format!("sk-storm-{:04}", keys.len());
                lock(&told.keys).insert(key.clone(), *behaviour);
                keys.push(key);
            }
        }
        Rng::with_seed(7).shuffle(&mut keys);
        let app = App::builder(BINARY).env("LOG_LEVEL", "warn").start().await;
        let group = app.group("storm").channel(channel).upstream(&provider.url()).keys(keys).create().await;
        Self { app, provider, group, load: Load::default(), told }
    }

    /// What all keys answer from now on, whatever each was told; `None`: as they were told.
    pub(crate) fn all(&self, behaviour: Option<Behaviour>) {
        *lock(&self.told.all) = behaviour;
    }

    /// What a client asks.
    pub(crate) fn request(&self) -> Request {
        match self.group.object["channel_type"].as_str() {
            Some("gemini") => {
                let body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
                self.group.request("POST", "/v1beta/models/gemini-2.5-flash:generateContent").json(&body)
            }
            _ => self.group.chat("gpt-4o"),
        }
    }

    /// How often a guard has said that it begins to act.
    pub(crate) fn guards(&self) -> usize {
        let output = self.app.output();
        ["retry budget:", "address limit:", "mass refusal:"].iter().map(|guard| output.matches(guard).count()).sum()
    }

    /// How many keys the program holds for invalid.
    pub(crate) async fn lost(&self) -> u64 {
        let stats = self.app.api().data(&format!("/api/groups/{}/stats", self.group.id)).await;
        stats["key_stats"]["invalid_keys"].as_u64().expect("a count")
    }
}

fn provider(told: &Arc<Told>) -> MockProvider {
    let provider = MockProvider::builder().without_recording().start();
    let told = Arc::clone(told);
    provider.otherwise(Script::from_fn(move |call: &Call<'_>| {
        let key = call.request.key.as_deref().unwrap_or_default();
        let behaviour = lock(&told.all).or_else(|| lock(&told.keys).get(key).copied());
        behaviour.map_or_else(|| Answer::new(404), |behaviour| behaviour())
    }));
    provider
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
