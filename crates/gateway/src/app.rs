//! The running program: its long-lived parts, how they start and how they stop.
//!
//! | file | what it holds |
//! |---|---|
//! | [`foundation`] | what both planes stand on: database, keys, configuration |
//! | [`neighbours`] | what there is for other nodes on the same database |
//! | [`telling`] | what the console is told without asking |
//! | [`shutdown`] | the order in which everything ends, or goes over to a new process |
//! | [`service_manager`] | what whoever started the program is told of it |

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};

use rustix::process::{getpriority_process, setpriority_process};
use rustls::ClientConfig;
use storage::lock::DirLock;
use storage::spool::Drain;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use upstream::{Budget, Client};

use crate::admin::{self, AdminState};
use crate::jobs::lead::Lead;
use crate::jobs::leading::{self, LeaderJob};
use crate::jobs::persist_keys::PersistKeys;
use crate::jobs::retention::Retention;
use crate::jobs::share_tasks::ShareTasks;
use crate::jobs::spool_logs::{SpoolLogs, SpoolSink};
use crate::jobs::store_left_behind::StoreLeftBehind;
use crate::jobs::store_logs::StoreLogs;
use crate::jobs::validate_keys::{Outlook, ValidateKeys};
use crate::jobs::{self, Job};
use crate::journal::Journal;
use crate::key_store::load::{Loaded, Loading};
use crate::leadership::Leadership;
use crate::metrics::Metrics;
use crate::metrics::refusals::Refusals;
use crate::metrics::traffic::{Counted, Traffic};
use crate::node::Node;
use crate::nodes::inbox::Inbox;
use crate::probe::Prober;
use crate::proxy::{DataPlane, Shared};
use crate::server::acceptor;
use crate::server::guarded_io::Limits;
use crate::server::handover::{self, Handover};
use crate::server::in_flight::Count;
use crate::server::leaving::Leaving;
use crate::server::sockets::Sockets;
use crate::server::succession::Succession;
use crate::server::worker::{self, WorkerContext};
use crate::setup::Setup;
use crate::tasks::Tasks;
use crate::upgrade::predecessor::Predecessor;
use foundation::Foundation;
use shutdown::Told;

mod foundation;
mod neighbours;
mod service_manager;
mod shutdown;
mod telling;

/// Threads of the control plane.
const CONTROL_THREADS: usize = 2;
/// By how much the control plane's threads, and the database's, stand back when there are not cores enough: to nine in ten parts, as
/// sched(7) weighs it. No request waits for a row of the log to be written.
const NICE: i32 = 10;
/// Memory for kept request bodies, all requests together.
const KEPT_BODIES_BYTES: usize = 256 * 1024 * 1024;

/// Serves whoever connects to `listener` until the process is told to stop. In the place of a `predecessor` it does so under the `lock` of
/// that one.
pub fn run(
    setup: Setup,
    listener: std::net::TcpListener,
    lock: Option<DirLock>,
    predecessor: Option<&Predecessor>,
) -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("control-plane")
        .on_thread_start(stand_back(NICE))
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let (app, told) = App::start(setup, listener, lock, predecessor.is_some()).await?;
        if let Err(error) = predecessor.map_or(Ok(()), Predecessor::relieve) {
            app.stop().await;
            anyhow::bail!("the server that started this one is gone: {error}");
        }
        app.in_charge.cancel();
        app.foundation.db.sign_data_dir()?;
        service_manager::ready();
        // On this very thread, which is as nice as the program was when it was started: so is a successor then.
        app.run_until(told).await;
        Ok(())
    });
    // What had to be waited for has been; a lookup of a name may still hang.
    runtime.shutdown_background();
    ended
}

/// Makes a thread `by` nicer than the one that asks for this. Linux counts it by thread, and a thread begins as its parent is.
fn stand_back(by: i32) -> impl Fn() {
    let nice = getpriority_process(None).map(|own| own + by);
    move || {
        if let Err(error) = nice.and_then(|nice| setpriority_process(None, nice)) {
            tracing::debug!(%error, "a thread keeps its priority");
        }
    }
}

/// The parts that live as long as the process.
struct App {
    setup: Setup,
    /// Whether it leads the nodes on its database.
    leadership: Leadership,
    foundation: Foundation,
    /// Log entries on their way to the spool.
    journal: Journal,
    /// What they have told on it.
    traffic: Arc<Traffic>,
    /// What other nodes say, if there are any.
    nodes: Arc<Inbox>,
    /// Where entries become crash-proof.
    sink: SpoolSink,
    /// A hold on the socket that is listened on, to hand it on.
    listener: Option<std::net::TcpListener>,
    /// Tells load balancers and clients that the end is near.
    leaving: Leaving,
    /// Who answers for the control plane.
    succession: Arc<Succession>,
    /// Ends the acceptor.
    stop_accepting: CancellationToken,
    /// Tells connections to finish what they do and close.
    drain: CancellationToken,
    /// Ends the connections that have not.
    stop_workers: CancellationToken,
    /// Ends jobs and the control plane.
    stop_control: CancellationToken,
    /// Begins jobs that only one process is to do.
    in_charge: CancellationToken,
    /// Ends them; with `stop_control` at the latest.
    stop_background: CancellationToken,
    /// Tasks of the control plane.
    tasks: TaskTracker,
    /// Background work.
    jobs: TaskTracker,
    /// What operators start and watch.
    operator_tasks: Arc<Tasks>,
    /// Threads of the data plane.
    workers: Vec<JoinHandle<()>>,
}

impl App {
    /// With `replaces`, it serves only when it can do so as well as the one that it replaces.
    async fn start(
        setup: Setup,
        listener: std::net::TcpListener,
        lock: Option<DirLock>,
        replaces: bool,
    ) -> anyhow::Result<(Self, Told)> {
        let (started, replace) = (Instant::now(), shutdown::replace_signal()?);
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let address = listener.local_addr()?;
        let (stop_control, jobs) = (CancellationToken::new(), TaskTracker::new());
        let node = Node::on_port(address.port());
        let for_tasks = (node.clone(), jobs.clone(), stop_control.clone());
        // By a thread of the control plane: with its priority begin those that the database's connections need.
        let opening = async move {
            let (foundation, loading) = foundation::lay(&setup, &listener, cores, lock).await?;
            let (sink, drain) = SpoolSink::open(&setup.config.data_dir, &foundation.db).await?;
            let (node, jobs, stop) = for_tasks;
            let operator_tasks = Tasks::open(foundation.db.clone(), node, jobs, stop).await;
            anyhow::Ok((setup, listener, foundation, loading, sink, drain, operator_tasks))
        };
        let opened = Handle::current().spawn(opening).await??;
        let (setup, listener, foundation, loading, sink, drain, operator_tasks) = opened;
        let traffic = Arc::new(Traffic::default());
        let (lead, leadership) = Lead::new(foundation.db.clone(), node);
        let nodes = neighbours::inbox(&foundation, &setup);
        let mut app = Self {
            journal: Journal::new(Counted { traffic: Arc::clone(&traffic), sink: sink.clone() }),
            traffic,
            setup,
            leadership,
            foundation,
            nodes,
            sink,
            listener: Some(listener.try_clone()?),
            leaving: Leaving::default(),
            succession: Arc::default(),
            stop_accepting: CancellationToken::new(),
            drain: CancellationToken::new(),
            stop_workers: CancellationToken::new(),
            in_charge: CancellationToken::new(),
            stop_background: stop_control.child_token(),
            tasks: TaskTracker::new(),
            operator_tasks,
            stop_control,
            jobs,
            workers: Vec::new(),
        };
        let tls = upstream::tls_config()?;
        let sockets = Sockets::within_limit(cores);
        let client = Client::new(Arc::clone(&tls), app.tasks.clone(), Handle::current()).within(sockets.all());
        let prober = Arc::new(Prober::new(client));
        let keys_loaded = loading.loaded();
        app.start_jobs(drain);
        let outlook = app.start_leading(lead, &prober, &keys_loaded);
        app.start_nodes(&keys_loaded);
        app.start_loading(loading);
        app.start_spooler()?;
        if replaces {
            keys_loaded.wait().await;
        }
        let shared = Arc::new(app.shared());
        let handover = app.start_control_plane(prober, keys_loaded, outlook, started, &shared, &sockets);
        app.start_data_plane(cores, TcpListener::from_std(listener)?, &tls, sockets, &handover, &shared)?;
        // Before anybody can know that we serve, so that no request is lost to a signal.
        let told = Told::listen(replace)?;
        service_manager::announce(address, app.foundation.new_admin_key());
        tracing::info!(%address, workers = cores, took = ?started.elapsed(), "serving");
        Ok((app, told))
    }

    fn start_jobs(&self, drain: Drain) {
        let (db, current) = (&self.foundation.db, &self.foundation.current);
        self.start_job(PersistKeys { db: db.clone(), changes: Arc::clone(self.foundation.keyring.changes()) });
        self.start_job(StoreLogs::new(db.clone(), self.sink.clone(), drain, Arc::clone(current)));
        let data_dir = self.setup.config.data_dir.clone();
        self.start_job_in_charge(StoreLeftBehind { db: db.clone(), data_dir });
    }

    /// What one node does for all, whichever leads. Returns what this one knows of validations to come while it does.
    fn start_leading(&self, lead: Lead, prober: &Arc<Prober>, keys_loaded: &Loaded) -> Arc<Outlook> {
        let (db, current) = (&self.foundation.db, &self.foundation.current);
        let validate = ValidateKeys::new(db.clone(), Arc::clone(current), keys_loaded.clone(), Arc::clone(prober));
        let outlook = validate.outlook();
        if !self.setup.config.is_slave {
            self.start_job_in_charge(lead);
            self.start_leader_job(Retention::new(db.clone(), Arc::clone(current)));
            self.start_leader_job(validate);
        }
        outlook
    }

    /// Brings the keys into memory that the first requests can do without.
    fn start_loading(&self, loading: Loading) {
        let (keyring, stop) = (Arc::clone(&self.foundation.keyring), self.stop_control.clone());
        self.jobs.spawn(async move {
            stop.run_until_cancelled(loading.finish(&keyring)).await;
        });
    }

    fn start_leader_job(&self, job: impl LeaderJob) {
        self.jobs.spawn(leading::run(job, self.leadership.clone()));
    }

    fn start_job(&self, job: impl Job + 'static) {
        self.jobs.spawn(jobs::run(job, self.stop_control.clone()));
    }

    /// A job of the process that serves, not of one that waits for its turn to serve or has handed over.
    fn start_job_in_charge(&self, job: impl Job + 'static) {
        let (begun, over) = (self.in_charge.clone(), self.stop_background.clone());
        self.jobs.spawn(async move {
            if over.run_until_cancelled(begun.cancelled()).await.is_some() {
                jobs::run(job, over).await;
            }
        });
    }

    /// The spool has a thread of its own: nothing that is slow elsewhere may keep log entries in memory.
    fn start_spooler(&self) -> anyhow::Result<()> {
        let job = SpoolLogs { journal: self.journal.clone(), sink: self.sink.clone() };
        let (stop, counted) = (self.stop_control.clone(), self.jobs.token());
        let runtime = Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new().name("spool-logs".to_owned()).spawn(move || {
            let _counted = counted;
            runtime.block_on(jobs::run(job, stop));
        })?;
        Ok(())
    }

    /// Starts answering what is not proxied; the data plane hands it over.
    fn start_control_plane(
        &self,
        prober: Arc<Prober>,
        keys_loaded: Loaded,
        outlook: Arc<Outlook>,
        started: Instant,
        shared: &Arc<Shared>,
        sockets: &Sockets,
    ) -> Handover {
        let (foundation, config) = (&self.foundation, &self.setup.config);
        let tasks = Arc::clone(&self.operator_tasks);
        self.start_job(ShareTasks { tasks: Arc::clone(&tasks) });
        let (events, outages) = self.start_telling(&tasks);
        let (handover, receiver) = handover::channel(config.server.read_timeout);
        let metrics = self.metrics(shared, sockets, &handover, &tasks);
        let router = admin::router(Arc::new(AdminState {
            db: foundation.db.clone(),
            keyring: Arc::clone(&foundation.keyring),
            keys_loaded,
            outlook,
            sink: self.sink.clone(),
            outages,
            publisher: Arc::clone(&foundation.publisher),
            prober,
            tasks,
            events,
            metrics,
            auth_key: foundation.admin_key.clone(),
            metrics_token: config.metrics_token.clone(),
            encryption_key: config.encryption_key.clone(),
            time_zone: config.time_zone.clone(),
            data_dir: config.data_dir.clone(),
            started,
            trusted_proxies: config.trusted_proxies.clone(),
            draining: self.leaving.token().clone(),
        }));
        let succession = Arc::clone(&self.succession);
        self.tasks.spawn(receiver.serve(router, succession, self.tasks.clone(), self.stop_control.clone()));
        handover
    }

    fn metrics(&self, shared: &Arc<Shared>, sockets: &Sockets, handover: &Handover, tasks: &Arc<Tasks>) -> Metrics {
        Metrics {
            traffic: Arc::clone(&self.traffic),
            shared: Arc::clone(shared),
            sink: self.sink.clone(),
            keyring: Arc::clone(&self.foundation.keyring),
            db: self.foundation.db.clone(),
            sockets: sockets.clone(),
            handover: handover.clone(),
            leadership: self.leadership.clone(),
            tasks: Arc::clone(tasks),
            started: SystemTime::now(),
        }
    }

    fn start_data_plane(
        &mut self,
        cores: NonZeroUsize,
        listener: TcpListener,
        tls: &Arc<ClientConfig>,
        sockets: Sockets,
        handover: &Handover,
        shared: &Arc<Shared>,
    ) -> anyhow::Result<()> {
        let limits = self.limits();
        let mut workers = Vec::new();
        for index in 0..cores.get() {
            let (shared, tls, origins) = (Arc::clone(shared), Arc::clone(tls), self.setup.config.cors.clone());
            let (handover, leaving, drain) = (handover.clone(), self.leaving.clone(), self.drain.clone());
            let upstreams = sockets.all();
            let (worker, thread) = worker::start(index, self.stop_workers.clone(), move |requests| {
                let client = Client::new(tls, TaskTracker::new(), Handle::current()).within(upstreams);
                WorkerContext {
                    proxy: DataPlane::new(shared, client),
                    handover,
                    cors: origins,
                    limits,
                    requests,
                    leaving,
                    drain,
                    tasks: TaskTracker::new(),
                }
            })?;
            workers.push(worker);
            self.workers.push(thread);
        }
        self.tasks.spawn(acceptor::accept(listener, workers, sockets, self.stop_accepting.clone()));
        Ok(())
    }

    fn shared(&self) -> Shared {
        let config = &self.setup.config;
        Shared {
            current: Arc::clone(&self.foundation.current),
            journal: self.journal.clone(),
            kept_bodies: Budget::new(KEPT_BODIES_BYTES),
            requests: Count::default(),
            refusals: Refusals::default(),
            max_requests: config.max_concurrent_requests,
            max_body_bytes: config.max_request_body_bytes,
            read_timeout: config.server.read_timeout,
            trusted_proxies: config.trusted_proxies.clone(),
        }
    }

    fn limits(&self) -> Limits {
        let server = &self.setup.config.server;
        Limits { head: server.read_timeout, idle: server.idle_timeout, write: server.write_timeout }
    }
}
