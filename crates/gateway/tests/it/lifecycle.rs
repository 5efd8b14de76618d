//! Start, check, signals, restart, adoption of databases of GPT-Load 1.4.x.

use std::process::Command;

use testkit::App;
use testkit::app::Builder;

use crate::support::BINARY;

mod adoption;
mod backup;
mod commands;
mod configuration;
mod first_start;
mod migrate_keys;
mod priorities;
mod restart;
mod rolling;
mod stop;

/// A run that ends by itself: its exit code and everything it wrote.
async fn ended(builder: Builder) -> (Option<i32>, String) {
    match builder.try_start().await {
        Ok(app) => panic!("listening at {} instead of ending:\n{}", app.addr(), app.output()),
        Err(failed) => (failed.status.code(), failed.output),
    }
}

/// The program without some of the variables that every program under test is given.
fn builder_without(variables: &[&str]) -> Builder {
    let unset = variables.iter().fold(App::builder("/usr/bin/env"), |builder, name| builder.arg("-u").arg(name));
    unset.arg(BINARY)
}

/// Sends a signal by its name.
fn signal(app: &App, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &app.pid().to_string()]).status();
    assert!(sent.expect("the kill command is there").success());
}
