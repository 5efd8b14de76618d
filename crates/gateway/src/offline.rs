//! What the commands share that do something and end, beside a server or instead of one.

use std::future::Future;

/// Runs a command's work to its end.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Tells the person or script that gave the command.
#[expect(clippy::print_stdout, reason = "the report is what a command is for")]
pub fn say(line: &str) {
    println!("{line}");
}
