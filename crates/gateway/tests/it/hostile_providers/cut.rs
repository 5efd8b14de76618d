//! Answers that break off, at every byte: an error, another attempt, or a cut that the client sees. Never a hang, never a short answer that
//! looks whole.

use std::io::ErrorKind;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;
use testkit::provider::{Answer, Script, Step};

use super::tried_once;
use crate::support::app_and_provider;

const LENGTH: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"data\":[1]}";
const CHUNKS: &str =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nx-t: 1\r\n\r\n";
const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
                      9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n";
const ERROR: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 12\r\n\r\n{\"error\":{}}";

fn head_length(answer: &str) -> usize {
    answer.find("\r\n\r\n").unwrap() + 4
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_never_takes_a_part_for_the_whole() {
    let (_app, provider, group) = tried_once().await;
    let prefixes = [LENGTH, CHUNKS, EVENTS, ERROR].into_iter().flat_map(|answer| {
        // A body of eleven bytes was told, so that the twelfth is surplus.
        let whole = if answer == LENGTH { answer.len() - 1 } else { answer.len() };
        (0..whole).map(move |length| (answer, length))
    });
    let calls = prefixes.enumerate().map(|(number, (answer, length))| {
        let path = format!("/v1/{number}");
        let sent = answer[..length].to_owned();
        let end = if number % 3 == 0 { Step::Reset } else { Step::Close };
        provider.on_path(&path, Answer::steps([Step::Send(sent.clone().into()), end]));
        let request = group.request("GET", &path);
        async move {
            let response = request.send().await;
            let (status, own) = (response.status, response.headers.get("content-type") == Some("application/json"));
            match response.finish().await {
                Ok((reply, _)) => {
                    let is_ours = own && reply.json()["code"] == "UPSTREAM_UNREACHABLE";
                    assert!(status == 502 && is_ours, "{sent:?}: {status} {}", reply.text());
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{sent:?}");
                    assert!(sent.len() >= head_length(answer), "{sent:?}: {status}");
                }
            }
        }
    });
    stream::iter(calls).buffer_unordered(16).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn what_breaks_off_before_its_body_is_tried_again() {
    let (app, provider) = app_and_provider().await;
    let other = testkit::provider::MockProvider::start();
    for (number, (answer, length)) in [
        (LENGTH, 0),
        (LENGTH, 1),
        (LENGTH, 12),
        (LENGTH, 17),
        (LENGTH, head_length(LENGTH) - 1),
        (CHUNKS, head_length(CHUNKS) - 2),
        (EVENTS, head_length(EVENTS)),
        (EVENTS, head_length(EVENTS) + 2),
        (EVENTS, head_length(EVENTS) + 11),
    ]
    .into_iter()
    .enumerate()
    {
        let broken = Answer::steps([Step::Send(answer[..length].to_owned().into()), Step::Close]);
        for provider in [&provider, &other] {
            provider.forget();
        }
        let scripts = Script::first(1, broken.clone()).then(Answer::with_body(200, "text/plain", "whole"));
        provider.otherwise(scripts.clone());
        let name = format!("g{number}");
        let group = app.group(&name).upstream(&provider.url()).keys(["sk-1", "sk-2"]).config(json!({"max_retries": 1}));
        let reply = group.create().await.chat("m").fetch().await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "whole"), "{:?}", &answer[..length]);
        assert_eq!(provider.count(), 2, "{:?}", &answer[..length]);
    }
}
