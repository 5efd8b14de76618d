//! Under load.

use testkit::http::Request;

use super::{logged, replaceable, with_streams};
use crate::support::BINARY;
use crate::support::traffic::Traffic;

/// One process after another.
const UPGRADES: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn no_client_notices_and_every_request_is_logged_once() {
    let (mut app, provider, streams, gate) = with_streams(replaceable()).await;
    let plain = app.group("plain").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    let mut traffic = Traffic::start(app.addr(), &plain.chat("gpt-4o"));
    let (mut held, mut former) = (Vec::new(), Vec::new());
    for _ in 0..UPGRADES {
        traffic.goes_on(50).await;
        let mut stream = streams.chat_stream("gpt-4o").send().await;
        assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 1"));
        held.push(stream);
        former.push(app.replace().await);
    }
    traffic.goes_on(50).await;
    assert!(former.iter().all(|process| process.runs()), "each has a stream to end\n{}", app.output());
    let answered = traffic.stop().await;
    gate.open();
    for mut stream in held {
        assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 2"));
        assert_eq!(stream.event().await.unwrap(), None);
    }
    for process in former {
        process.ended().await;
    }
    logged(&app, answered + UPGRADES).await;
    let spools = std::fs::read_dir(app.dir().join("data")).unwrap();
    let spools = spools.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("spool"));
    assert_eq!(spools.count() as u64, UPGRADES + 1, "each process wrote a log of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_waits_until_the_new_one_serves() {
    let (mut app, _provider, streams, _gate) = with_streams(replaceable()).await;
    let mut stream = streams.chat_stream("gpt-4o").send().await;
    assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 1"));
    let before = app.pid();
    let ended = app.beside(BINARY).arg("upgrade").try_start().await.unwrap_err();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    let former = app.is_replaced().await;
    assert!(former.pid() == before && ended.output.contains(&app.pid().to_string()), "{}", ended.output);
    assert_eq!(Request::get(&app.url("/health/ready")).fetch().await.status, 200);
    let again = app.beside(BINARY).arg("upgrade").try_start().await.unwrap_err();
    assert_eq!(again.status.code(), Some(0), "the one that serves now can be replaced, too: {}", again.output);
    app.is_replaced().await;
}
