//! The program's own log: to standard error always, to a file that rotates daily on request.

mod daily_file;

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{LogConfig, LogFormat};
use daily_file::DailyFile;

/// Libraries that tell of every connection and query: heard only at `debug` and below.
const CHATTY: [&str; 5] = ["rustls", "rustls_platform_verifier", "sqlx", "tokio_util", "tower"];
/// Libraries that warn of what a peer does wrong besides: any client could fill the log with that, and no operator can mend it.
const OF_PEERS: [&str; 3] = ["h2", "hyper", "hyper_util"];

/// Lines that wait for the log file to take them; beyond, new ones are lost: requests never wait for a disk.
const WAITING_LINES: usize = 8192;

/// Starts logging for the whole process. A log file that can't be opened is warned about, and left out.
///
/// The guard belongs to the log file: dropped at the very end of `main`, it writes what is still waiting.
///
/// # Errors
/// When logging was started before.
pub fn init(config: &LogConfig) -> Result<Option<WorkerGuard>, TryInitError> {
    let (file, problem) = match config.file.as_deref().map(DailyFile::open).transpose() {
        Ok(file) => (file, None),
        Err(error) => (None, Some(error)),
    };
    let (writer, guard) = file.map(in_background).unzip();
    subscriber(config, io::stderr, io::stderr().is_terminal(), writer).try_init()?;
    if let (Some(error), Some(path)) = (problem, &config.file) {
        tracing::warn!(%error, path = %path.display(), "The log file can't be opened: logging to standard error only");
    }
    Ok(guard)
}

/// A slow disk must not hold up requests: lines wait for their own thread.
fn in_background(file: impl io::Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).thread_name("log-file").finish(file)
}

fn subscriber<W>(
    config: &LogConfig,
    console: W,
    colours: bool,
    file: Option<NonBlocking>,
) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::registry()
        .with(levels(config.level))
        .with(lines(config.format, console, colours))
        .with(file.map(|file| lines(config.format, file, false)))
}

fn lines<S, W>(format: LogFormat, writer: W, colours: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer).with_ansi(colours);
    match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}

fn levels(level: Level) -> Targets {
    let level = LevelFilter::from_level(level);
    let at_most = |limit: LevelFilter| if level <= LevelFilter::INFO { level.min(limit) } else { level };
    let chatty = CHATTY.map(|target| (target, at_most(LevelFilter::WARN)));
    let of_peers = OF_PEERS.map(|target| (target, at_most(LevelFilter::ERROR)));
    Targets::new().with_default(level).with_targets(chatty).with_targets(of_peers)
}

#[cfg(test)]
mod tests;
