use super::*;
use crate::Gate;

async fn statuses(provider: &MockProvider, key: &str, calls: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..calls {
        statuses.push(chat(provider, key).fetch().await.status);
    }
    statuses
}

#[tokio::test]
async fn scripts_run_in_sequence_and_count_by_themselves() {
    let provider = MockProvider::start();
    let status = |status| Script::from(Answer::new(status));
    for (script, expected) in [
        (status(418), [418, 418, 418, 418]),
        (Script::ok(), [200, 200, 200, 200]),
        (Script::sequence([status(500), status(401)]), [500, 401, 200, 200]),
        (Script::first(2, status(500)).then(status(429)), [500, 500, 429, 429]),
        (Script::first(1, status(500)).then(Script::first(2, status(401))).then(status(402)), [500, 401, 401, 402]),
        (
            Script::from_fn(|call| Answer::new(if call.number.is_multiple_of(2) { 204 } else { 503 })),
            [503, 204, 503, 204],
        ),
    ] {
        provider.on_key("sk-1", script.clone());
        assert_eq!(statuses(&provider, "sk-1", 4).await, expected, "{script:?}");
    }
    assert_eq!(statuses(&provider, "sk-2", 1).await, [200], "another key keeps its own ways");
}

#[tokio::test]
async fn a_key_goes_before_a_path_and_a_path_before_the_default() {
    let provider = MockProvider::start();
    provider.otherwise(Answer::new(410));
    provider.on_path("/v1/*", Answer::new(411));
    provider.on_path(CHAT, Answer::new(412));
    provider.on_key("sk-known", Answer::new(413));
    for (path, key, status) in
        [("/x", "sk-other", 410), ("/v1/x", "sk-other", 411), (CHAT, "sk-other", 412), (CHAT, "sk-known", 413)]
    {
        assert_eq!(get(&provider, path).bearer(key).fetch().await.status, status, "{path} {key}");
    }
}

#[tokio::test]
async fn words_in_a_key_tell_how_it_behaves() {
    let provider = MockProvider::start();
    for (key, status) in [
        ("sk-ok-1", 200),
        ("sk-dead-1", 401),
        ("sk-limited-1", 429),
        ("sk-quota-1", 429),
        ("sk-suspended-1", 401),
        ("sk-overloaded-1", 503),
        ("sk-undeadly", 200),
    ] {
        assert_eq!(chat(&provider, key).fetch().await.status, status, "{key}");
    }
    let flaky = statuses(&provider, "sk-flaky", 100).await;
    let failed = flaky.iter().filter(|status| **status == 500).count();
    assert!((40..=60).contains(&failed), "{failed} of 100 calls failed");
    assert!(chat(&provider, "sk-cut-1").try_fetch().await.is_err());
    assert!(chat(&provider, "sk-reset-1").try_fetch().await.is_err());
}

#[tokio::test]
async fn a_stream_moves_only_as_its_gate_allows() {
    let provider = MockProvider::start();
    let gate = Gate::default();
    provider.on_key("sk-1", Answer::events(["data: 1\n\n", "data: 2\n\n"]).gate_each(&gate));
    let mut response = chat(&provider, "sk-1").send().await;
    gate.reached(1).await;
    gate.release(1);
    assert_eq!(response.event().await.unwrap().as_deref(), Some("data: 1"));
    gate.reached(2).await;
    assert_eq!(provider.last_request().progress(), Progress::Answering);
    gate.open();
    assert_eq!(response.event().await.unwrap().as_deref(), Some("data: 2"));
    assert_eq!(response.event().await.unwrap(), None);
    assert_eq!(provider.last_request().ended().await, Progress::Answered);
}

#[tokio::test]
async fn gates_hold_back_a_head_or_one_piece() {
    let provider = MockProvider::start();
    let (head, piece) = (Gate::default(), Gate::default());
    provider.on_key("sk-1", Answer::stream("text/plain", ["a", "b"]).gate(&head).gate_before(1, &piece));
    let client = async {
        let mut response = chat(&provider, "sk-1").send().await;
        assert_eq!(response.frame().await.unwrap().unwrap().data, "a");
        piece.reached(1).await;
        piece.open();
        response.finish().await.unwrap().0.body
    };
    let test = async {
        head.reached(1).await;
        head.open();
    };
    assert_eq!(tokio::join!(client, test).0, "b");
}

#[tokio::test]
async fn an_early_script_answers_before_the_body() {
    let provider = MockProvider::start();
    provider.on_key("sk-1", Script::from(Answer::new(413)).early());
    let request = chat(&provider, "sk-1").header("Expect", "100-continue");
    let response = request.send().await;
    assert_eq!((response.status, response.interim.len()), (413, 0));
    assert_eq!(response.headers.get("connection"), Some("close"));
    assert!(provider.last_request().body.is_empty());
}
