//! The admin API: JSON under `/api`, and `/health`.
//!
//! | file | what it holds |
//! |---|---|
//! | [`auth`], [`throttle`], [`login`] | the admin key, and what wrong ones cost |
//! | [`extract`], [`reply`], [`error`], [`page`], [`messages`], [`language`] | how requests are read and answers are written |
//! | [`attachment`] | answers that are files |
//! | [`groups`], [`keys`], [`tasks`], [`settings`], [`logs`], [`backup`], [`channel_types`], [`health`], [`metrics`] | the resources |
//! | [`dashboard`], [`events`], [`integration`] | what the console shows first, what changes, and what clients ask to set themselves up |
//! | [`about`] | what runs here |
//! | [`openapi`] | routes with their description |
//! | [`fallback`] | paths that are nothing |
//!
//! A change is stored first, then put in force; when the answer leaves, it is in force. Error bodies are built in [`error`] only.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use domain::secret::Secret;
use jiff::tz::TimeZone;
use storage::Db;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::config::TrustedProxies;
use crate::events::Events;
use crate::events::outages::Outages;
use crate::jobs::spool_logs::SpoolSink;
use crate::jobs::validate_keys::Outlook;
use crate::key_store::load::Loaded;
use crate::keyring::Keyring;
use crate::metrics::Metrics;
use crate::probe::Prober;
use crate::snapshot::build::Publisher;
use crate::tasks::Tasks;
use auth::Gate;
use error::ApiError;
use openapi::{Entry, Routes};

mod about;
mod attachment;
mod auth;
mod backup;
mod channel_types;
mod dashboard;
mod error;
mod events;
mod extract;
mod fallback;
mod groups;
mod health;
mod integration;
mod keys;
mod language;
mod login;
mod logs;
mod messages;
mod metrics;
mod openapi;
mod page;
mod reply;
mod settings;
mod tasks;
mod throttle;

/// Longest request body, in bytes.
const BODY_LIMIT: usize = 1 << 20;
/// Longest body of a login, in bytes: anybody may send one.
const LOGIN_BODY_LIMIT: usize = 16 << 10;
/// Longest request body with a list of keys, in bytes.
const KEYS_BODY_LIMIT: usize = 16 << 20;
/// Longest request body with keys for a task, in bytes: some million keys.
const UPLOAD_LIMIT: usize = 256 << 20;
/// Requests with a list of keys that are read and worked on at once; further ones wait.
const KEY_LISTS_AT_ONCE: usize = 4;

/// What the admin API works with.
pub struct AdminState {
    /// The database.
    pub db: Db,
    /// All keys.
    pub keyring: Arc<Keyring>,
    /// When there are all of them.
    pub keys_loaded: Loaded,
    /// What nodes share and is away.
    pub outages: Arc<Outages>,
    /// Puts changes of groups and settings in force.
    pub publisher: Arc<Publisher>,
    /// When the validation calls with invalid keys next, as far as it is this node's work.
    pub outlook: Arc<Outlook>,
    /// Log entries that are not in the database yet.
    pub sink: SpoolSink,
    /// Tests keys.
    pub prober: Arc<Prober>,
    /// Long work.
    pub tasks: Arc<Tasks>,
    /// What Prometheus is told.
    pub metrics: Metrics,
    /// What changes.
    pub events: Arc<Events>,
    /// The key this API asks for.
    pub auth_key: Secret,
    /// What `/metrics` asks for instead, if there is something.
    pub metrics_token: Option<Secret>,
    /// The key under which provider keys are stored, if there is one.
    pub encryption_key: Option<Secret>,
    /// Of hours and file names.
    pub time_zone: TimeZone,
    /// Where files may be kept for a while.
    pub data_dir: PathBuf,
    /// When the program started.
    pub started: Instant,
    /// Whose word on the client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// Cancelled when the program is about to stop.
    pub draining: CancellationToken,
}

/// The API, and the answer to every path that is none of its own.
///
/// Requests carry the peer's address as [`ConnectInfo`](axum::extract::ConnectInfo).
pub fn router(state: Arc<AdminState>) -> Router {
    let gate = Gate::new(&state.auth_key);
    let metrics_gate = Gate::new(state.metrics_token.as_ref().unwrap_or(&state.auth_key));
    let context = Arc::new(Context { gate, metrics_gate, edits: Mutex::default(), entries: OnceLock::new(), state });

    let open = Routes::of("Open")
        .get("/health", "The process as 1.4.x tells of it", health::health)
        .get("/health/live", "Whether the process answers", health::live)
        .get("/health/ready", "Whether requests may be sent here", health::ready)
        .also(&[503])
        .get("/metrics", "Numbers for Prometheus", metrics::scrape)
        .get("/api/integration/info", "The groups that a proxy key opens", integration::of_all)
        .get("/proxy/{group}/api/integration/info", "One group, if a proxy key opens it", integration::of_one);

    let login = Routes::of("Open")
        .post("/api/auth/login", "Whether a key is the admin key", login::login)
        .also(&[401])
        .layered(|router| router.layer(DefaultBodyLimit::max(LOGIN_BODY_LIMIT)));

    let groups = Routes::of("Groups")
        .get("/api/groups", "All groups, by `sort`, then the newest first", groups::list::full)
        .post("/api/groups", "Make a group", groups::create::create)
        .get("/api/groups/list", "All groups, in short", groups::list::short)
        .put("/api/groups/reorder", "Give groups their places in lists; all or none", groups::reorder::reorder)
        .put("/api/groups/{id}", "Change a group; what is absent stays", groups::update::update)
        .delete("/api/groups/{id}", "Delete a group with its keys and links", groups::remove::remove)
        .post("/api/groups/{id}/copy", "Make a group like another one; its keys follow in a task", groups::copy::copy)
        .put("/api/groups/{id}/enabled", "Let a group serve, or stop it", groups::enabled::update)
        .get("/api/groups/{id}/models", "The models that the upstream offers", groups::calls::models)
        .also_fails(&[502, 503])
        .post("/api/groups/{id}/try", "Make one real call with the test model, and see it", groups::calls::look)
        .also_fails(&[502, 503])
        .get("/api/groups/{id}/key-map", "All keys of a group at a glance", groups::key_map::map)
        .get("/api/groups/{id}/stats", "Keys and requests of a group", groups::stats::stats)
        .get("/api/groups/{id}/sub-groups", "The members of an aggregate", groups::sub_groups::list)
        .post("/api/groups/{id}/sub-groups", "Add members to an aggregate; all or none", groups::add_sub_groups::add)
        .delete("/api/groups/{id}/sub-groups/{sub}", "Take a member out of an aggregate", groups::sub_groups::remove)
        .put("/api/groups/{id}/sub-groups/{sub}/weight", "Give a member another share", groups::sub_groups::reweigh)
        .get("/api/groups/{id}/parent-aggregate-groups", "The aggregates a group is in", groups::parents::list);

    let keys = Routes::of("Keys")
        .get("/api/keys", "A page of a group's keys", keys::list::list)
        .get("/api/keys/export", "The keys of a group, one a line", keys::export::export)
        .put("/api/keys/{id}/notes", "Replace the remark on a key", keys::notes::update)
        .post("/api/keys/restore-all-invalid", "Bring a group's invalid keys back", keys::restore::all_invalid)
        .post("/api/keys/clear-all-invalid", "Delete a group's invalid keys", keys::remove::all_invalid)
        .post("/api/keys/clear-all", "Delete all keys of a group", keys::remove::all)
        .post("/api/keys/validate-group", "Test the keys of a group in a task", keys::bulk::validate)
        .get("/api/tasks/ignored", "What the last import ignored, and why; the first 1,000", tasks::ignored);

    let any_number_of_keys = Routes::of("Keys")
        .post("/api/keys/add-async", "Add any number of keys to a group in a task", keys::bulk::add)
        .post("/api/keys/delete-async", "Delete any number of keys of a group in a task", keys::bulk::delete)
        .layered(|router| router.layer(DefaultBodyLimit::max(UPLOAD_LIMIT)));

    let many_keys = Routes::of("Keys")
        .post("/api/keys/apply", "Do something to all keys that a filter finds, or to chosen ones", keys::apply::apply)
        .post("/api/keys/add-multiple", "Add up to 5,000 keys to a group", keys::add::add)
        .post("/api/keys/delete-multiple", "Delete up to 5,000 keys of a group", keys::remove::some)
        .post("/api/keys/disable-multiple", "Take up to 5,000 keys of a group out of use", keys::switch::disable)
        .post("/api/keys/enable-multiple", "Let up to 5,000 disabled keys of a group serve again", keys::switch::enable)
        .post("/api/keys/restore-multiple", "Bring up to 5,000 invalid keys of a group back", keys::restore::some)
        .post("/api/keys/test-multiple", "Test up to 5,000 keys of a group, by a real call each", keys::test::test)
        .layered(|router| {
            let in_turn = from_fn_with_state(Arc::new(Semaphore::new(KEY_LISTS_AT_ONCE)), in_turn);
            router.layer(DefaultBodyLimit::max(KEYS_BODY_LIMIT)).layer(in_turn)
        });

    // A passphrase costs 64 MiB while it is made a key of.
    let one_at_a_time = Routes::of("System")
        .get("/api/backup", "Groups, settings and keys as a file", backup::export)
        .post("/api/backup", "Restore such a file; all of it or nothing", backup::restore)
        .layered(|router| router.layer(from_fn_with_state(Arc::new(Semaphore::new(1)), in_turn)));

    let rest = Routes::of("System")
        .get("/api/settings", "All settings with their values", settings::list)
        .put("/api/settings", "Change some settings; all or none", settings::update)
        .get("/api/logs", "A page of the request log, newest first", logs::list::list)
        .get("/api/logs/export", "The keys that stand in the log, each once", logs::export::export)
        .get("/api/dashboard/stats", "Four figures with their trends, and what is unsafe", dashboard::stats::stats)
        .get("/api/dashboard/chart", "Requests of the last hours or days", dashboard::chart::chart)
        .get("/api/dashboard/groups", "The same, of each group", dashboard::groups::traffic)
        .get(
            "/api/dashboard/encryption-status",
            "Whether the stored keys fit ENCRYPTION_KEY",
            dashboard::encryption::status,
        );

    let from_memory = Routes::of("Groups")
        .get("/api/channel-types", "The dialects a group may speak", channel_types::list)
        .get("/api/groups/config-options", "The settings a group may override", groups::config_options::list)
        .merge(Routes::of("Keys").get("/api/tasks/status", "How the last task stands", tasks::status))
        .merge(Routes::of("System").get("/api/about", "What runs here", about::about))
        .merge(Routes::of("System").get("/api/events", "How things stand, then what changes", events::listen))
        .merge(Routes::of("System").get("/api/openapi.json", "This description", openapi::serve));

    let closed = groups.merge(keys).merge(many_keys).merge(any_number_of_keys).merge(one_at_a_time).merge(rest);
    let closed = closed.need_the_database(&context).merge(from_memory);
    let closed = closed.layered(|router| router.route_layer(from_fn_with_state(Arc::clone(&context), once_loaded)));
    let closed = closed.close(&context);
    let (router, entries) = open.merge(login).merge(closed).into_parts();
    context.entries.get_or_init(|| entries);

    router
        .fallback(fallback::answer)
        .method_not_allowed_fallback(fallback::answer)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(language::speak))
        .layer(map_response(reply::not_to_be_cached))
        .with_state(context)
}

/// Lets requests on when all keys are in memory, some seconds after the start at the latest.
async fn once_loaded(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    context.keys_loaded.wait().await;
    next.run(request).await
}

/// Lets requests on unless the database is known to be away: who asks is not to wait for what can't be.
async fn if_the_database_is_there(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    if context.outages.lacks_database() {
        return ApiError::database_away().into_response();
    }
    next.run(request).await
}

/// Lets so many requests on at once as there are permits.
async fn in_turn(State(turns): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let _turn = turns.acquire().await;
    next.run(request).await
}

/// What handlers get: the program's parts, and what only the API itself needs.
struct Context {
    state: Arc<AdminState>,
    /// Checks admin keys.
    gate: Gate,
    /// Checks what those who read the metrics show.
    metrics_gate: Gate,
    /// Held while groups or their links are read, checked and written, so that of two changes at once none is lost.
    edits: Mutex<()>,
    /// All routes, as they are described.
    entries: OnceLock<Vec<Entry>>,
}

impl Deref for Context {
    type Target = AdminState;

    fn deref(&self) -> &AdminState {
        &self.state
    }
}

/// How handlers take the [`Context`].
type Parts = State<Arc<Context>>;

#[cfg(test)]
mod tests;
