//! A client that goes away cancels its request at the provider at once; the key is not blamed.

use testkit::gate::Gate;
use testkit::http::Connection;
use testkit::provider::{Answer, At, Fault};

use super::{assert_unblamed, keyed, row_of};
use crate::support::app_and_provider;

#[tokio::test]
async fn before_the_head() {
    let (app, provider) = app_and_provider().await;
    let gate = Gate::default();
    for (at, answer) in [
        Answer::hang(),
        Answer::json(200, &serde_json::json!({})).gate(&gate),
        Answer::new(200).fault(At::MidHead, Fault::Hang),
        Answer::stream("application/json", ["{}"]).status(500).fault(At::Body(0), Fault::Hang),
        Answer::events([": held\n\n", "data: 1\n\n"]).gate_each(&gate),
    ]
    .into_iter()
    .enumerate()
    {
        let group = keyed(&app, &provider, &format!("g{at}"), &["sk-1", "sk-2"]).create().await;
        provider.forget();
        provider.otherwise(answer.clone());
        let mut client = Connection::open(&app.addr().to_string()).await.unwrap();
        client.write(group.chat("gpt-4o").to_bytes()).await.unwrap();
        provider.wait_for(1).await;
        if at % 2 == 0 {
            drop(client);
        } else {
            client.reset();
        }
        provider.wait_client_gone(1).await;
        let row = row_of(&app, &group).await;
        assert_eq!((&row["status_code"], &row["is_success"]), (&499.into(), &false.into()), "{answer:?}");
        for key in ["sk-1", "sk-2"] {
            assert_unblamed(&app, &group, key).await;
        }
        assert_eq!(provider.count(), 1, "nobody is there to try again for");
    }
}

#[tokio::test]
async fn in_the_pause_between_two_attempts() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1"]).create().await;
    provider.otherwise(Answer::new(500));
    let mut client = Connection::open(&app.addr().to_string()).await.unwrap();
    client.write(group.chat("gpt-4o").to_bytes()).await.unwrap();
    provider.wait_for(1).await;
    drop(client);
    let last = app.eventually("the last row", async || app.logs("request_type=final").await.pop()).await;
    assert_eq!(last["status_code"], 499);
    // Every row is an attempt of its own.
    let mut attempts: Vec<_> = app.logs("").await.iter().map(|row| row["attempt"].as_u64().unwrap()).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, (1..=provider.count()).collect::<Vec<_>>());
}

#[tokio::test]
async fn in_the_middle_of_an_answer() {
    let (app, provider) = app_and_provider().await;
    for (at, kind) in ["text/event-stream", "application/json"].into_iter().enumerate() {
        let group = keyed(&app, &provider, &format!("g{at}"), &["sk-1"]).create().await;
        let gate = Gate::default();
        provider.forget();
        provider.otherwise(Answer::stream(kind, ["data: 1\n\n", "data: 2\n\n"]).gate_before(1, &gate));
        let mut response = group.chat_stream("gpt-4o").send().await;
        assert_eq!(response.frame().await.unwrap().unwrap().data, "data: 1\n\n");
        drop(response);
        provider.wait_client_gone(1).await;
        let row = row_of(&app, &group).await;
        assert_eq!((&row["status_code"], &row["is_success"]), (&499.into(), &false.into()), "{kind}");
        assert_unblamed(&app, &group, "sk-1").await;
    }
}

#[tokio::test]
async fn while_it_sends_its_body() {
    let (app, provider) = app_and_provider().await;
    let long = format!("{{\"model\":\"m\",\"x\":\"{}\"}}", "y".repeat(1 << 20));
    for (at, (body, sent, reaches_provider)) in
        [("{\"model\":\"m\",\"x\":1}", 10, false), (long.as_str(), 600_000, true)].into_iter().enumerate()
    {
        let group = keyed(&app, &provider, &format!("g{at}"), &["sk-1"]).create().await;
        provider.forget();
        let request = group.request("POST", "/v1/chat/completions").body(body.to_owned()).to_bytes();
        let head = request.len() - body.len();
        let mut client = Connection::open(&app.addr().to_string()).await.unwrap();
        client.write(&request[..head + sent]).await.unwrap();
        drop(client);
        if reaches_provider {
            provider.wait_client_gone(1).await;
        }
        let row = row_of(&app, &group).await;
        assert_eq!((&row["status_code"], &row["is_success"]), (&499.into(), &false.into()), "{row}");
        assert_unblamed(&app, &group, "sk-1").await;
    }
}

#[tokio::test]
async fn many_at_once_leave_nothing_behind() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1", "sk-2"]).create().await;
    provider.otherwise(Answer::hang());
    let mut clients = Vec::new();
    for _ in 0..50 {
        let mut client = Connection::open(&app.addr().to_string()).await.unwrap();
        client.write(group.chat_stream("gpt-4o").to_bytes()).await.unwrap();
        clients.push(client);
    }
    provider.wait_for(50).await;
    drop(clients);
    for number in 1..=50 {
        provider.wait_client_gone(number).await;
    }
    let all = async || Some(app.logs("status_code=499").await).filter(|rows| rows.len() == 50);
    app.eventually("50 rows", all).await;
    provider.otherwise(Answer::new(204));
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 204);
}
