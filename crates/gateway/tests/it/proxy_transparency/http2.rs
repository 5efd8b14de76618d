//! Clients that speak HTTP/2 with prior knowledge.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use testkit::app::App;
use testkit::gate::Gate;
use testkit::provider::{Answer, Script};
use testkit::wait::within;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::runtime::Handle;

use super::{names, one_key};
use crate::support::app_and_provider;

type Sender = http2::SendRequest<Full<Bytes>>;

async fn connect(app: &App) -> Sender {
    let stream = TcpStream::connect(app.addr()).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    Handle::current().spawn(connection);
    sender
}

fn request(app: &App, path: &str) -> http::request::Builder {
    Request::post(app.url(&format!("/proxy/g{path}"))).header("authorization", "Bearer pk-g")
}

#[tokio::test]
async fn a_request_goes_and_comes_back_whole() {
    let (app, provider) = app_and_provider().await;
    one_key(&app, &provider, "g").await;
    let answer = |call: &testkit::provider::Call<'_>| {
        let answer = Answer::stream("application/x-thing", [call.request.body.clone()]).header("Set-Cookie", "a");
        answer.header("Set-Cookie", "b").header("Connection", "X-Hop").header("X-Hop", "1")
    };
    provider.otherwise(Script::from_fn(answer));
    let body = Bytes::from(vec![0xff; 3 << 20]);
    let sent = request(&app, "/v1//x%2F?a=%20").header("x-multi", "1").header("x-multi", "2").header("cookie", "a=1");
    let sent = sent.header("cookie", "b=2").header("te", "trailers").body(Full::new(body.clone())).unwrap();
    let response = within("an answer", connect(&app).await.send_request(sent)).await.unwrap();
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().cloned().collect();
    assert_eq!((response.status(), cookies), (StatusCode::OK, vec!["a".parse().unwrap(), "b".parse().unwrap()]));
    assert!(!response.headers().contains_key("x-hop") && response.headers().contains_key("x-gpt-load-request-id"));
    assert!(response.into_body().collect().await.unwrap().to_bytes() == body);
    let got = provider.last_request();
    assert_eq!((got.version, got.target.as_str(), got.headers.all("x-multi")), (1, "/v1//x%2F?a=%20", vec!["1", "2"]));
    assert_eq!(names(&got.headers), ["authorization", "content-length", "cookie", "host", "te", "x-multi"]);
    assert_eq!(got.headers.all("cookie"), ["a=1; b=2"], "one field outside HTTP/2 (RFC 9113 8.2.3)");
    assert_eq!(got.header("host"), Some(provider.addr().to_string().as_str()));
    assert!(got.body == body);
}

#[tokio::test]
async fn many_requests_share_a_connection_and_none_waits_for_another() {
    let (app, provider) = app_and_provider().await;
    one_key(&app, &provider, "g").await;
    let gate = Gate::default();
    provider.on_path("/held", Answer::with_body(200, "text/plain", "held").gate(&gate));
    provider.on_path("/quick", Answer::with_body(200, "text/plain", "quick"));
    let sender = connect(&app).await;
    let ask = async |path: &str| {
        let sent = request(&app, path).body(Full::default()).unwrap();
        let response = sender.clone().send_request(sent).await.unwrap();
        response.into_body().collect().await.unwrap().to_bytes()
    };
    let held = futures_util::future::join_all((0..50).map(|_| ask("/held")));
    let quick = async {
        gate.reached(50).await;
        let quick = ask("/quick").await;
        gate.open();
        quick
    };
    let (held, quick) = within("51 answers", async { tokio::join!(held, quick) }).await;
    assert!(held.iter().all(|body| body == "held") && quick == "quick");
}

#[tokio::test]
async fn a_stream_comes_piece_by_piece_and_its_cut_is_seen() {
    let (app, provider) = app_and_provider().await;
    one_key(&app, &provider, "g").await;
    let gate = Gate::default();
    let answer = Answer::events(["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]).cut_after(18);
    provider.otherwise(answer.gate_before(1, &gate));
    let sent = request(&app, "/v1/x").body(Full::default()).unwrap();
    let mut body = within("an answer", connect(&app).await.send_request(sent)).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "data: 1\n\n");
    gate.open();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "data: 2\n\n");
    assert!(within("the end", body.frame()).await.unwrap().is_err(), "no orderly end");
}

#[tokio::test]
async fn a_stream_that_is_given_up_is_given_up_at_the_provider() {
    let (app, provider) = app_and_provider().await;
    one_key(&app, &provider, "g").await;
    let gate = Gate::default();
    provider.otherwise(Answer::events(["data: 1\n\n", "data: 2\n\n"]).gate_before(1, &gate));
    let mut sender = connect(&app).await;
    let sent = request(&app, "/v1/x").body(Full::default()).unwrap();
    let mut body = within("an answer", sender.send_request(sent)).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "data: 1\n\n");
    drop(body);
    provider.wait_client_gone(1).await;
    let row = app.eventually("the row", async || app.logs("status_code=499").await.pop()).await;
    assert_eq!(row["is_success"], false);
    // The connection still serves.
    provider.otherwise(Answer::new(204));
    let sent = request(&app, "/v1/x").body(Full::default()).unwrap();
    assert_eq!(within("an answer", sender.send_request(sent)).await.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn curl_is_answered_by_both_planes() {
    let (app, provider) = app_and_provider().await;
    one_key(&app, &provider, "g").await;
    for url in [app.url("/proxy/g/v1/models?key=pk-g"), app.url("/health")] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "10", "--http2-prior-knowledge", "-o", "/dev/null"]);
        curl.args(["-w", "%{http_version} %{http_code}", &url]);
        let output = curl.kill_on_drop(true).output().await.expect("curl is installed");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "2 200", "{}", String::from_utf8_lossy(&output.stderr));
    }
}
