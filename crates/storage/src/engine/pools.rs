//! The connections to a database server.

use std::time::{Duration, Instant};

use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions as _, Connection, Database, Pool};

use crate::StorageError;
use crate::dsn::Server;

/// Connections that write.
const WRITERS: u32 = 4;
/// Connections that read: apart from the others, so that nothing is hidden by changes that wait for a lock.
const READERS: u32 = 6;
/// How long a call waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that nothing uses are closed after this: before the server does, which takes them for lost then.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection that is no longer used may take to say that it is all right.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a server that is just starting is waited for.
const START_TIMEOUT: Duration = Duration::from_secs(5);
const START_INTERVAL: Duration = Duration::from_millis(200);

/// Connections, made when they are needed.
pub(super) struct Pools<D: Database> {
    pub(super) readers: Pool<D>,
    pub(super) writers: Pool<D>,
}

/// How many connections to the database there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// All that are open.
    pub open: usize,
    /// Those of them that nothing uses.
    pub idle: usize,
}

impl Connections {
    pub(super) fn of<D: Database>(pool: &Pool<D>) -> Self {
        Self { open: usize::try_from(pool.size()).unwrap_or_default(), idle: pool.num_idle() }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { open: self.open + other.open, idle: self.idle + other.idle }
    }
}

impl<D: Database> Pools<D> {
    /// Tries whether the server lets us in, too. `fault` tells what may pass.
    pub(super) async fn open(
        prepared: PoolOptions<D>,
        options: <D::Connection as Connection>::Options,
        server: &Server,
        fault: fn(sqlx::Error) -> StorageError,
    ) -> Result<Self, StorageError> {
        if let Err(error) = try_out::<D>(&options, fault).await {
            let (source, is_away) = match error {
                StorageError::Unavailable(source) => (source, true),
                StorageError::Database(source) => (source, false),
                other => return Err(other),
            };
            let may_pass = is_away && !is_of_tls(&source);
            return Err(StorageError::Unreachable { server: server.endpoint.to_string(), source, may_pass });
        }
        let prepared =
            prepared.acquire_timeout(ACQUIRE_TIMEOUT).idle_timeout(IDLE_TIMEOUT).after_release(|connection, _| {
                Box::pin(async move {
                    // Without end the pool would wait for a connection that the network has lost, and have one less.
                    let answers = tokio::time::timeout(RELEASE_TIMEOUT, connection.ping()).await;
                    answers.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
                })
            });
        Ok(Self {
            readers: prepared.clone().max_connections(READERS).connect_lazy_with(options.clone()),
            writers: prepared.max_connections(WRITERS).connect_lazy_with(options),
        })
    }

    pub(super) fn connections(&self) -> Connections {
        Connections::of(&self.writers).plus(Connections::of(&self.readers))
    }

    pub(super) async fn close(&self) {
        self.writers.close().await;
        self.readers.close().await;
    }
}

async fn try_out<D: Database>(
    options: &<D::Connection as Connection>::Options,
    fault: fn(sqlx::Error) -> StorageError,
) -> Result<(), StorageError> {
    let patience = Instant::now() + START_TIMEOUT;
    loop {
        let Ok(connected) = tokio::time::timeout(START_TIMEOUT, options.connect()).await else {
            return Err(StorageError::Unavailable(sqlx::Error::PoolTimedOut));
        };
        match connected.map_err(fault) {
            Ok(connection) => return connection.close().await.map_err(fault),
            Err(StorageError::Unavailable(_)) if Instant::now() < patience => tokio::time::sleep(START_INTERVAL).await,
            Err(error) => return Err(error),
        }
    }
}

/// A certificate that is not trusted, or a server that has none, stays so.
fn is_of_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}
