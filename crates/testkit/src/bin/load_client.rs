//! The benchmark's load client as a program: the lines `measuring` and `measured` at its moments, then a line of JSON.

use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use testkit::load::{Kind, Load, Moment};

/// Puts load on an HTTP server and prints what its users see.
#[derive(Debug, Parser)]
#[command(name = "load-client")]
struct Options {
    /// http://ADDRESS:PORT/TARGET
    url: url::Url,
    /// Sent as a bearer token.
    #[arg(long, default_value = "none")]
    bearer: String,
    /// The length of each request's body.
    #[arg(long, default_value_t = 1024)]
    body_bytes: usize,
    /// Connections, or streams, at once.
    #[arg(long, default_value_t = 1)]
    connections: u32,
    /// How long it is measured.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Requests a second, all connections together; without it, each connection sends as fast as it can.
    #[arg(long, conflicts_with = "stream")]
    per_second: Option<u32>,
    /// Each connection follows one event stream.
    #[arg(long)]
    stream: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let load = load(&options)?;
    let report = runtime.block_on(load.run(|moment| tell(name(moment))))?;
    tell(&serde_json::to_string(&report)?);
    Ok(())
}

fn load(options: &Options) -> anyhow::Result<Load> {
    let url = &options.url;
    let server = url.socket_addrs(|| None)?.into_iter().next().context("the address names no host")?;
    let kind = match options.per_second {
        _ if options.stream => Kind::Stream,
        Some(per_second) => Kind::Paced(Duration::from_secs(1) * options.connections / per_second.max(1)),
        None => Kind::Requests,
    };
    Ok(Load {
        server,
        target: url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())),
        bearer: options.bearer.clone(),
        body_bytes: options.body_bytes,
        connections: options.connections,
        time: Duration::try_from_secs_f64(options.seconds)?,
        kind,
    })
}

fn name(moment: Moment) -> &'static str {
    match moment {
        Moment::Measuring => "measuring",
        Moment::Measured => "measured",
    }
}

fn tell(line: &str) {
    let mut out = io::stdout();
    // Nobody need be reading any more.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
