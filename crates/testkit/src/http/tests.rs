use serde_json::json;

use super::*;

#[test]
fn a_request_is_written_as_told() {
    let url = "http://127.0.0.1:9/a//b?c=%20d";
    for (request, expected) in [
        (Request::get(url), "GET /a//b?c=%20d HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n"),
        (Request::get("http://h:1"), "GET / HTTP/1.1\r\nHost: h:1\r\n\r\n"),
        (Request::get("http://h:1?q"), "GET ?q HTTP/1.1\r\nHost: h:1\r\n\r\n"),
        (
            Request::post(url).header("hOst", "x").bearer("k").json(&json!({"a": 1})),
            "POST /a//b?c=%20d HTTP/1.1\r\nhOst: x\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
        ),
        (
            Request::new("PUT", url).header("Content-Length", "99").body("ab").basic("u", "p"),
            "PUT /a//b?c=%20d HTTP/1.1\r\nHost: 127.0.0.1:9\r\nContent-Length: 99\r\nAuthorization: Basic dTpw\r\n\r\nab",
        ),
        (
            Request::post("http://h:1/").chunked(["abc", "d"]).trailer("X", "y"),
            "POST / HTTP/1.1\r\nHost: h:1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\nX: y\r\n\r\n",
        ),
    ] {
        assert_eq!(str::from_utf8(&request.to_bytes()).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_head_is_shown_as_it_came() {
    let provider = crate::MockProvider::start();
    let head = "HTTP/1.0 299 Quite Fine\r\nSet-Cookie: a\r\nX-Y:  z \r\nset-cookie: b\r\n\r\n";
    provider.otherwise(crate::Answer::raw(format!("{head}rest")));
    let response = Request::get(&provider.url()).send().await;
    assert_eq!((response.status, response.reason.as_str(), response.version), (299, "Quite Fine", 0));
    assert_eq!(response.raw_head, head);
    assert_eq!(response.headers.names(), ["Set-Cookie", "X-Y", "set-cookie"]);
    assert_eq!(response.headers.all("set-cookie"), ["a", "b"]);
    assert_eq!(response.finish().await.unwrap().0.body, "rest");
}

#[tokio::test]
#[should_panic(expected = "POST /x: Connection reset")]
async fn a_broken_answer_fails_the_test_with_its_request() {
    let provider = crate::MockProvider::start();
    provider.otherwise(crate::Answer::reset());
    Request::post(&format!("{}/x", provider.url())).fetch().await;
}
