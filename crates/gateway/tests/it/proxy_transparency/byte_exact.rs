//! Bodies of any size, cut in any way, are the same bytes on the other side.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use testkit::app::GroupHandle;
use testkit::http::{Connection, Reply};
use testkit::provider::{Answer, Call, Script};

use super::one_key;
use crate::support::app_and_provider;

/// How a message tells where its body ends, and how the body is cut.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Length,
    Chunks(usize),
    ToEnd,
}

/// What one exchange is like. The provider answers with the body it got.
#[derive(Clone, Debug)]
struct Exchange {
    body: Bytes,
    content_type: &'static str,
    asked: Framing,
    answered: Framing,
    /// Bytes written to the socket at once.
    written: usize,
}

#[test]
fn bodies_are_the_same_bytes_under_any_framing_and_chunking() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ((app, provider), group) = runtime.block_on(async {
        let (app, provider) = app_and_provider().await;
        let group = one_key(&app, &provider, "g").await;
        provider.otherwise(Script::from_fn(echo));
        ((app, provider), group)
    });
    let mut runner =
        TestRunner::new(Config { cases: 96, max_shrink_iters: 20, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&exchanges(), |exchange| {
        let reply = runtime.block_on(run(&app.addr().to_string(), &group, &exchange));
        prop_assert_eq!(reply.status, 200);
        prop_assert!(provider.last_request().body == exchange.body, "what the provider got");
        prop_assert!(reply.body == exchange.body, "what the client got");
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn bodies_of_many_sizes_are_the_same_bytes() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Script::from_fn(echo));
    let sizes =
        [1, 8191, 8192, 8193, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 1 << 20, (5 << 20) + 3, 20 << 20];
    for size in sizes {
        for (asked, answered) in [
            (Framing::Length, Framing::Length),
            (Framing::Chunks(60_001), Framing::Chunks(100_003)),
            (Framing::Length, Framing::ToEnd),
        ] {
            let body = noise(size, size as u64);
            let exchange =
                Exchange { body, content_type: "application/octet-stream", asked, answered, written: 1 << 20 };
            let reply = run(&app.addr().to_string(), &group, &exchange).await;
            assert!(provider.last_request().body == exchange.body, "{size} bytes to the provider, {asked:?}");
            assert!(reply.body == exchange.body, "{size} bytes to the client, {answered:?}");
        }
    }
}

fn exchanges() -> impl Strategy<Value = Exchange> {
    let framing =
        || prop_oneof![Just(Framing::Length), (1usize..5_000).prop_map(Framing::Chunks), Just(Framing::ToEnd)];
    let types =
        prop::sample::select(vec!["application/json", "application/octet-stream", "multipart/form-data; boundary=b"]);
    let written = prop_oneof![1usize..2_000, Just(usize::MAX)];
    (body(), types, framing(), framing(), written).prop_map(|(body, content_type, asked, answered, written)| Exchange {
        body,
        content_type,
        asked,
        answered,
        written,
    })
}

/// Noise, JSON with a model before or behind much text, and forms; some whole, some broken off.
fn body() -> impl Strategy<Value = Bytes> {
    let size = prop_oneof![0usize..300, 0usize..20_000, 250_000usize..400_000];
    (size, any::<u64>(), 0..4).prop_map(|(size, seed, kind)| {
        let text = "x\\n".repeat(size / 3);
        match kind {
            0 => noise(size, seed),
            1 => Bytes::from(format!("{{ \"model\" :\"m\" ,\"messages\":[\"{text}\"],\"stream\":false}}")),
            2 => Bytes::from(format!("{{\"messages\":[\"{text}\"],\"model\":\"m\"")),
            _ => {
                Bytes::from(format!("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n{text}\r\n--b--\r\n"))
            }
        }
    })
}

fn noise(size: usize, seed: u64) -> Bytes {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; size];
    random.fill(&mut bytes);
    Bytes::from(bytes)
}

async fn run(address: &str, group: &GroupHandle, exchange: &Exchange) -> Reply {
    let answered = match exchange.answered {
        Framing::Length => "length".to_owned(),
        Framing::ToEnd => "end".to_owned(),
        Framing::Chunks(size) => size.to_string(),
    };
    let request = group.request("POST", "/v1/echo").header("X-Answer", &answered);
    let request = request.header("Content-Type", exchange.content_type);
    let request = match exchange.asked {
        Framing::Chunks(size) => request.chunked(exchange.body.chunks(size).map(Bytes::copy_from_slice)),
        Framing::Length | Framing::ToEnd => request.body(exchange.body.clone()),
    };
    let mut connection = Connection::open(address).await.unwrap();
    for piece in request.to_bytes().chunks(exchange.written) {
        connection.write(piece).await.unwrap();
    }
    connection.response("POST").await.unwrap().finish().await.unwrap().0
}

fn echo(call: &Call<'_>) -> Answer {
    let body = call.request.body.clone();
    match call.request.header("x-answer") {
        Some("length") => Answer::with_body(200, "application/octet-stream", body),
        Some("end") => Answer::with_body(200, "application/octet-stream", body).to_end(),
        size => {
            let size = size.and_then(|size| size.parse().ok()).unwrap_or(1);
            Answer::stream("application/octet-stream", body.chunks(size).map(Bytes::copy_from_slice))
        }
    }
}

#[tokio::test]
async fn both_ends_may_be_busy_at_once() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Script::from_fn(echo));
    let address = app.addr().to_string();
    let exchange = |seed| {
        let body = noise(300_000, seed);
        let framing = Framing::Chunks(7_777);
        Exchange { body, content_type: "application/json", asked: framing, answered: framing, written: 10_000 }
    };
    let exchanges: Vec<_> = (0..16).map(exchange).collect();
    let replies = futures_util::future::join_all(exchanges.iter().map(|exchange| run(&address, &group, exchange)));
    for (reply, exchange) in replies.await.iter().zip(&exchanges) {
        assert!(reply.body == exchange.body, "an answer of another request");
    }
    assert_eq!(provider.count(), 16);
}
