//! The admin API: JSON under `/api`, and `/health`.
//!
//! | file | what it holds |
//! |---|---|
//! | [`auth`], [`throttle`], [`login`] | the admin key, and what wrong ones cost |
//! | [`extract`], [`reply`], [`error`], [`page`], [`messages`], [`language`] | how requests are read and answers are written |
//! | [`attachment`] | answers that are files |
//! | [`groups`], [`keys`], [`tasks`], [`settings`], [`logs`], [`channel_types`], [`health`] | the resources |
//! | [`dashboard`], [`integration`] | what the console shows first, and what clients ask to set themselves up |
//! | [`fallback`] | paths that are nothing |
//!
//! A change is stored first, then put in force; when the answer leaves, it is in force. Error bodies are built in [`error`] only.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_extractor_with_state, from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use domain::secret::Secret;
use jiff::tz::TimeZone;
use storage::Db;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::config::TrustedProxies;
use crate::key_store::load::Loaded;
use crate::keyring::Keyring;
use crate::probe::Prober;
use crate::snapshot::build::Publisher;
use crate::tasks::Tasks;
use auth::{Admin, Gate};

mod attachment;
mod auth;
mod channel_types;
mod dashboard;
mod error;
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
    /// Puts changes of groups and settings in force.
    pub publisher: Arc<Publisher>,
    /// Tests keys.
    pub prober: Arc<Prober>,
    /// Long work.
    pub tasks: Arc<Tasks>,
    /// The key this API asks for.
    pub auth_key: Secret,
    /// The key under which provider keys are stored, if there is one.
    pub encryption_key: Option<Secret>,
    /// Of hours and file names.
    pub time_zone: TimeZone,
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
    let context = Arc::new(Context { gate: Gate::new(&state.auth_key), edits: Mutex::default(), state });

    let open = Router::new()
        .route("/health", get(health::health))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/api/integration/info", get(integration::of_all))
        .route("/proxy/{group}/api/integration/info", get(integration::of_one))
        .route("/api/auth/login", post(login::login).layer(DefaultBodyLimit::max(LOGIN_BODY_LIMIT)));

    let groups = Router::new()
        .route("/api/channel-types", get(channel_types::list))
        .route("/api/groups", get(groups::list::full).post(groups::create::create))
        .route("/api/groups/list", get(groups::list::short))
        .route("/api/groups/config-options", get(groups::config_options::list))
        .route("/api/groups/reorder", put(groups::reorder::reorder))
        .route("/api/groups/{id}", put(groups::update::update).delete(groups::remove::remove))
        .route("/api/groups/{id}/copy", post(groups::copy::copy))
        .route("/api/groups/{id}/enabled", put(groups::enabled::update))
        .route("/api/groups/{id}/models", get(groups::calls::models))
        .route("/api/groups/{id}/try", post(groups::calls::look))
        .route("/api/groups/{id}/stats", get(groups::stats::stats))
        .route("/api/groups/{id}/sub-groups", get(groups::sub_groups::list).post(groups::add_sub_groups::add))
        .route("/api/groups/{id}/sub-groups/{sub}", delete(groups::sub_groups::remove))
        .route("/api/groups/{id}/sub-groups/{sub}/weight", put(groups::sub_groups::reweigh))
        .route("/api/groups/{id}/parent-aggregate-groups", get(groups::parents::list));

    let keys = Router::new()
        .route("/api/keys", get(keys::list::list))
        .route("/api/keys/export", get(keys::export::export))
        .route("/api/keys/{id}/notes", put(keys::notes::update))
        .route("/api/keys/restore-all-invalid", post(keys::restore::all_invalid))
        .route("/api/keys/clear-all-invalid", post(keys::remove::all_invalid))
        .route("/api/keys/clear-all", post(keys::remove::all))
        .route("/api/keys/validate-group", post(keys::bulk::validate))
        .route("/api/tasks/status", get(tasks::status))
        .route("/api/tasks/ignored", get(tasks::ignored));

    let any_number_of_keys = Router::new()
        .route("/api/keys/add-async", post(keys::bulk::add))
        .route("/api/keys/delete-async", post(keys::bulk::delete))
        .layer(DefaultBodyLimit::max(UPLOAD_LIMIT));

    let many_keys = Router::new()
        .route("/api/keys/add-multiple", post(keys::add::add))
        .route("/api/keys/delete-multiple", post(keys::remove::some))
        .route("/api/keys/disable-multiple", post(keys::switch::disable))
        .route("/api/keys/enable-multiple", post(keys::switch::enable))
        .route("/api/keys/restore-multiple", post(keys::restore::some))
        .route("/api/keys/test-multiple", post(keys::test::test))
        .layer(DefaultBodyLimit::max(KEYS_BODY_LIMIT))
        .layer(from_fn_with_state(Arc::new(Semaphore::new(KEY_LISTS_AT_ONCE)), in_turn));

    let rest = Router::new()
        .route("/api/settings", get(settings::list).put(settings::update))
        .route("/api/logs", get(logs::list::list))
        .route("/api/logs/export", get(logs::export::export))
        .route("/api/dashboard/stats", get(dashboard::stats::stats))
        .route("/api/dashboard/chart", get(dashboard::chart::chart))
        .route("/api/dashboard/encryption-status", get(dashboard::encryption::status));

    // One layer over all of them, so that no handler can forget to ask for the key.
    let closed = groups.merge(keys).merge(many_keys).merge(any_number_of_keys).merge(rest);
    let closed = closed.route_layer(from_fn_with_state(Arc::clone(&context), once_loaded));
    let closed = closed.route_layer(from_extractor_with_state::<Admin, _>(Arc::clone(&context)));

    open.merge(closed)
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
    /// Held while groups or their links are read, checked and written, so that of two changes at once none is lost.
    edits: Mutex<()>,
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
