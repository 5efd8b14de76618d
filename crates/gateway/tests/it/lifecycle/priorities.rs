//! Which threads stand back when there are not cores enough.

use std::collections::BTreeSet;
use std::fs;

use testkit::provider::MockProvider;

use crate::support::on_sqlite;

#[tokio::test]
async fn the_threads_that_store_the_log_stand_back_for_those_that_serve() {
    // A server's connections have no threads of their own.
    let (app, provider) = (on_sqlite().start().await, MockProvider::start());
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    group.request("GET", "/v1/models").fetch().await;
    let threads = fs::read_dir(format!("/proc/{}/task", app.pid())).unwrap().map(|thread| {
        let stat = fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
        // proc_pid_stat(5): the name, in parentheses, is the second field, the nice value the nineteenth.
        let (name, fields) = stat.rsplit_once(") ").unwrap();
        let nice: i32 = fields.split(' ').nth(16).unwrap().parse().unwrap();
        (name.split_once('(').unwrap().1.to_owned(), nice)
    });
    let threads: Vec<_> = threads.collect();
    let nice_of = |begins: &str| {
        let own = threads.iter().filter(|(name, _)| name.starts_with(begins)).map(|(_, nice)| *nice);
        own.collect::<BTreeSet<_>>()
    };
    let usual = nice_of("gpt-load");
    assert_eq!((usual.len(), nice_of("data-plane"), nice_of("spool-logs")), (1, usual.clone(), usual.clone()));
    let nicer = usual.iter().map(|nice| (nice + 10).min(19)).collect::<BTreeSet<_>>();
    assert_eq!((nice_of("control-plane"), nice_of("sqlx")), (nicer.clone(), nicer));
}
