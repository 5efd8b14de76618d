//! The mock provider as a program, for demos, SDKs and benchmarks. A key's own text tells how it behaves.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use testkit::provider::{KEY_WORDS, MockProvider};

/// Answers like OpenAI, Anthropic and Gemini on one loopback port, until it is killed.
///
/// `/bench/…` gives 1 KB of JSON, with `?size=N` N bytes, with `?fail_every=N` a 429 or 500 to one call in N;
/// `/bench/stream?chunks=N&every_ms=M` gives an event stream.
/// `GET /__mock/stats` counts by key, status and path; `POST /__mock/reset` forgets them.
#[derive(Debug, Parser)]
#[command(name = "mock-provider", after_help = format!("Words in a key:\n{KEY_WORDS}"))]
struct Options {
    /// The port on 127.0.0.1; 0 chooses a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Worker threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Writes every request to this file, one JSON object a line.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Prints nothing but the address.
    #[arg(long)]
    quiet: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let builder = MockProvider::builder().port(options.port).threads(options.threads).without_recording();
    let builder = match &options.record {
        Some(file) => builder.record_to(file).with_context(|| format!("cannot write {}", file.display()))?,
        None => builder,
    };
    let provider = builder.start();
    let mut out = io::stdout();
    writeln!(out, "listening on {}", provider.url())?;
    if !options.quiet {
        writeln!(out, "words in a key, as in sk-dead-1:\n{KEY_WORDS}")?;
    }
    out.flush()?;
    loop {
        std::thread::park();
    }
}
