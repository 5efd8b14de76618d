use std::io::ErrorKind;

use super::*;
use crate::http::Connection;

/// What a client sees: how far it came, and what then.
async fn seen(provider: &MockProvider) -> (Option<u16>, String, Option<ErrorKind>) {
    let mut response = match chat(provider, "sk-1").try_send().await {
        Ok(response) => response,
        Err(error) => return (None, String::new(), Some(error.kind())),
    };
    let mut body = String::new();
    loop {
        match response.frame().await {
            Ok(Some(frame)) => body.push_str(str::from_utf8(&frame.data).unwrap()),
            Ok(None) => return (Some(response.status), body, None),
            Err(error) => return (Some(response.status), body, Some(error.kind())),
        }
    }
}

#[tokio::test]
async fn answers_break_off_where_and_how_they_are_told() {
    let provider = MockProvider::start();
    let plain = || Answer::with_body(200, "text/plain", "abcdef");
    let chunked = || Answer::stream("text/plain", ["abc", "def"]);
    let (end, reset, aborted) = (ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted);
    for (answer, expected) in [
        (Answer::reset(), (None, "", Some(reset))),
        (Answer::close(), (None, "", Some(aborted))),
        (plain().fault(At::BeforeHead, Fault::Reset), (None, "", Some(reset))),
        (plain().fault(At::MidHead, Fault::Reset), (None, "", Some(reset))),
        (plain().fault(At::MidHead, Fault::Close), (None, "", Some(end))),
        (plain().cut_after(0), (Some(200), "", Some(end))),
        (plain().cut_after(2), (Some(200), "ab", Some(end))),
        (plain().fault(At::Body(2), Fault::Reset), (Some(200), "ab", Some(reset))),
        (chunked().cut_after(4), (Some(200), "abcd", Some(end))),
        (chunked().cut_after(6), (Some(200), "abcdef", Some(end))),
        (chunked().fault(At::Body(3), Fault::Reset), (Some(200), "abc", Some(reset))),
        (plain().declared_length(9), (Some(200), "abcdef", Some(end))),
        (plain().declared_length(3), (Some(200), "abc", None)),
        (plain().to_end(), (Some(200), "abcdef", None)),
        (Answer::raw("HTTP/1.1 2xx What\r\n\r\n"), (None, "", Some(ErrorKind::InvalidData))),
        (
            Answer::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot hex\r\n"),
            (Some(200), "", Some(ErrorKind::InvalidData)),
        ),
    ] {
        provider.on_key("sk-1", answer.clone());
        let (status, body, error) = seen(&provider).await;
        assert_eq!((status, body.as_str(), error), expected, "{answer:?}");
    }
}

#[tokio::test]
async fn how_an_answer_ended_is_told() {
    let provider = MockProvider::start();
    for (answer, end) in [
        (Answer::new(200), Progress::Answered),
        (Answer::with_body(200, "text/plain", "abc").to_end(), Progress::Answered),
        (Answer::raw("HTTP/1.1 200 OK\r\n\r\n"), Progress::Answered),
        (Answer::reset(), Progress::Broken),
        (Answer::with_body(200, "text/plain", "abc").cut_after(1), Progress::Broken),
    ] {
        provider.forget();
        provider.on_key("sk-1", answer.clone());
        seen(&provider).await;
        assert_eq!(provider.last_request().ended().await, end, "{answer:?}");
    }
}

#[tokio::test]
async fn a_client_that_goes_is_noticed_wherever_the_answer_is() {
    let provider = MockProvider::start();
    let body = || Answer::with_body(200, "text/plain", "abcdef");
    for answer in [
        Answer::hang(),
        body().fault(At::MidHead, Fault::Hang),
        body().fault(At::Body(3), Fault::Hang),
        body().gate(&crate::Gate::default()),
        body().after(std::time::Duration::from_secs(3600)),
    ] {
        provider.forget();
        provider.on_key("sk-1", answer);
        let mut client = Connection::open(&provider.addr().to_string()).await.unwrap();
        client.write(chat(&provider, "sk-1").to_bytes()).await.unwrap();
        provider.wait_for(1).await;
        assert_eq!(provider.last_request().progress(), Progress::Answering);
        drop(client);
        provider.wait_client_gone(1).await;
    }
}

#[tokio::test]
async fn a_client_that_goes_while_it_sends_is_noticed() {
    let provider = MockProvider::start();
    let mut client = Connection::open(&provider.addr().to_string()).await.unwrap();
    client.write("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc").await.unwrap();
    drop(client);
    provider.wait_client_gone(1).await;
    let request = provider.last_request();
    assert_eq!((request.complete, &request.body[..]), (false, &b"abc"[..]));
}

#[tokio::test]
async fn a_dropped_provider_is_gone() {
    let provider = MockProvider::start();
    let addr = provider.addr();
    let mut client = Connection::open(&addr.to_string()).await.unwrap();
    client.write(chat(&provider, "sk-hang").to_bytes()).await.unwrap();
    provider.wait_for(1).await;
    drop(provider);
    assert_eq!(Connection::open(&addr.to_string()).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert!(client.read().await.is_ok_and(|bytes| bytes.is_empty()));
}
