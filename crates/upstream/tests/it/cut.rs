//! Answers that break off, at every byte: told as what they are, and never taken for whole.

use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;
use upstream::SendErrorKind;

use crate::kit::{Server, client, connected, endpoint, get};

/// Answers that tell where they end.
const ANSWERS: [&str; 6] = [
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\n0123456789",
    "HTTP/1.1 500 Oh\r\ncontent-length: 10\r\n\r\n0123456789",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n006;x=y\r\n456789\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\nx-sum: 9\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789",
];

/// The length of the head, and of interim ones before it.
fn head_length(answer: &str) -> usize {
    let last = answer.rfind("HTTP/1.1").expect("a head");
    last + answer[last..].find("\r\n\r\n").expect("its end") + 4
}

#[tokio::test]
async fn an_answer_that_ends_too_early_is_never_whole() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    for answer in ANSWERS {
        for (length, reset) in (0..answer.len()).flat_map(|length| [(length, false), (length, true)]) {
            let sent = &answer[..length];
            let script = async {
                let mut peer = server.accept().await;
                peer.head().await;
                peer.write(sent).await;
                if reset {
                    peer.stream.set_zero_linger().expect("an option");
                } else {
                    peer.stream.shutdown().await.expect("an open connection");
                }
            };
            let (response, ()) = tokio::join!(get(&client, &endpoint), script);
            match response {
                Err(error) => {
                    let kinds = if length == 0 {
                        &[SendErrorKind::Reset][..]
                    } else {
                        &[SendErrorKind::BrokenHead, SendErrorKind::Reset]
                    };
                    assert!(kinds.contains(&error.kind()), "{sent:?}: {error}");
                    // A reset may overtake what was sent before it.
                    assert!(reset || length < head_length(answer), "{sent:?}: {error}");
                }
                Ok(response) => {
                    assert!(length >= head_length(answer), "{sent:?}");
                    let whole = response.into_body().collect().await;
                    assert!(whole.is_err(), "{sent:?} passes for whole");
                }
            }
            assert_eq!(client.idle_connections(), 0, "{sent:?}");
        }
    }
}

#[tokio::test]
async fn a_kept_connection_that_closes_in_the_middle_of_a_head_is_not_replaced() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let answer = ANSWERS[0];
    for length in 1..head_length(answer) {
        let mut peer = connected(&client, &endpoint, &server).await;
        let script = async {
            peer.head().await;
            peer.write(&answer[..length]).await;
            drop(peer);
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        let kind = response.expect_err("no whole head").kind();
        assert_eq!(kind, SendErrorKind::BrokenHead, "{:?}", &answer[..length]);
    }
}
