use super::*;
use crate::provider::MockProvider;

fn load(provider: &MockProvider, target: &str, kind: Kind) -> Load {
    Load {
        server: provider.addr(),
        target: target.to_owned(),
        bearer: "none".to_owned(),
        body_bytes: 1024,
        connections: 3,
        time: Duration::from_secs(1),
        kind,
    }
}

#[tokio::test]
async fn every_request_is_counted_and_those_of_the_measurement_are_timed() {
    let provider = MockProvider::start();
    for kind in [Kind::Requests, Kind::Paced(Duration::from_millis(10))] {
        provider.forget();
        let report = load(&provider, "/bench/x", kind).run(|_| ()).await.unwrap();
        assert_eq!((report.failed, report.sent), (0, provider.count()));
        let is_measured = 1..=report.sent - 3;
        assert!(is_measured.contains(&(report.count as u64)), "the first of each connection is not timed: {report:?}");
        assert!(report.p50_us > 0.0 && report.p50_us <= report.p99_us && report.p99_us <= report.max_us, "{report:?}");
    }
}

#[tokio::test]
async fn chunks_of_streams_are_counted_with_their_delays() {
    let provider = MockProvider::start();
    let streams = load(&provider, "/bench/stream?chunks=100000&every_ms=10", Kind::Stream);
    let report = streams.run(|_| ()).await.unwrap();
    assert_eq!((report.failed, report.sent), (0, 3));
    assert!(report.count > 0 && report.max_us < 1e7, "{report:?}");
}

#[tokio::test]
async fn bad_answers_and_streams_that_end_are_failures() {
    let provider = MockProvider::start();
    for (target, kind) in [("/bench/x?fail_every=2", Kind::Requests), ("/bench/stream?chunks=1", Kind::Stream)] {
        assert!(load(&provider, target, kind).run(|_| ()).await.unwrap().failed > 0, "{target}");
    }
}

#[test]
fn the_body_is_as_long_as_asked_for_and_asks_for_a_stream() {
    let provider = MockProvider::start();
    for (kind, stream) in [(Kind::Requests, None), (Kind::Stream, Some(true))] {
        let request = load(&provider, "/bench/x", kind).request();
        let at = memchr::memmem::find(&request, b"\r\n\r\n").unwrap() + 4;
        assert_eq!(request.len() - at, 1024);
        let body: serde_json::Value = serde_json::from_slice(&request[at..]).unwrap();
        assert_eq!((body["model"].as_str(), body["stream"].as_bool()), (Some("bench"), stream));
    }
}
