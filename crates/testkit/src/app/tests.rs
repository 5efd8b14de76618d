use super::*;
use crate::{Answer, MockProvider};

/// A program as the contract wants it; `STUB` is the address it claims, else one made of its port.
const PROGRAM: &str = r#"
echo "env: $(env | cut -d= -f1 | grep -v -e PWD -e SHLVL -e '^_$' | sort | tr '\n' ' ')"
echo "INFO listening on http://${STUB:-$HOST:$PORT} pid=$$"
trap 'echo bye; exit 7' TERM
while :; do sleep 0.02; done
"#;

fn program() -> Builder {
    App::builder("/bin/sh").arg("program.sh").file("program.sh", PROGRAM)
}

#[tokio::test]
async fn a_program_is_started_stopped_and_started_again() {
    let mut app = program().start().await;
    let addr = app.addr();
    assert!(addr.port() > 0);
    assert!(app.output().contains("env: AUTH_KEY HOST PATH PORT \n"), "{}", app.output());
    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(7));
    app.eventually("its last word", async || app.output().contains("bye").then_some(()).ok_or(app.output())).await;
    app.restart().await;
    app.kill9().await;
    app.restart().await;
    assert_eq!(app.addr(), addr);
    let (pid, dir) = (app.pid(), app.dir().to_owned());
    drop(app);
    assert!(!dir.exists() && !Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
async fn a_program_that_refuses_tells_why() {
    let failed =
        App::builder("/bin/sh").arg("-c").arg("echo PORT is no number >&2; exit 2").try_start().await.unwrap_err();
    assert_eq!((failed.status.code(), failed.output.as_str()), (Some(2), "PORT is no number\n"));
}

async fn stubbed() -> (App, MockProvider) {
    let stub = MockProvider::start();
    let page = json!({"code": 0, "message": "ok", "data": {"items": [{"id": 1}], "pagination": {}}});
    stub.on_path("/api/logs", Answer::json(200, &page));
    stub.on_path("/api/keys", Answer::json(200, &page));
    stub.on_path(
        "/api/groups",
        Answer::json(200, &json!({"code": 0, "message": "ok", "data": {"id": 7, "name": "g1"}})),
    );
    stub.on_path("/api/keys/add-multiple", Answer::json(200, &json!({"code": 0, "data": {"added_count": 2}})));
    let app = program().env("STUB", &stub.addr().to_string()).start().await;
    (app, stub)
}

#[tokio::test]
async fn a_group_is_made_with_its_keys() {
    let (app, stub) = stubbed().await;
    let group = app.group("g1").channel("gemini").upstream("http://u").upstream_weighted("http://v", 0);
    let group = group.keys(["sk-1", "sk-2"]).config(json!({"max_retries": 1})).create().await;
    let requests = stub.requests();
    let fields = json!({
        "name": "g1",
        "channel_type": "gemini",
        "upstreams": [{"url": "http://u", "weight": 1}, {"url": "http://v", "weight": 0}],
        "test_model": "gpt-4o-mini",
        "proxy_keys": "pk-g1",
        "config": {"max_retries": 1},
    });
    assert_eq!((requests[0].path(), requests[0].json()), ("/api/groups", fields));
    assert_eq!(requests[0].key.as_deref(), Some(AUTH_KEY));
    assert_eq!(requests[1].json(), json!({"group_id": 7, "keys_text": "sk-1\nsk-2"}));
    assert_eq!(group.proxy_url("/v1/models"), app.url("/proxy/g1/v1/models"));
    group.chat("m").fetch().await;
    let request = stub.last_request();
    assert_eq!((request.path(), request.key.as_deref()), ("/proxy/g1/v1/chat/completions", Some("pk-g1")));
}

#[tokio::test]
async fn logs_and_keys_are_read_from_their_pages() {
    let (app, stub) = stubbed().await;
    assert_eq!(app.logs("status_code=503").await, [json!({"id": 1})]);
    assert_eq!(stub.last_request().target, "/api/logs?page_size=1000&status_code=503");
    let group = app.group("g1").create().await;
    assert_eq!(app.key(&group, "sk+/1").await, json!({"id": 1}));
    assert_eq!(stub.last_request().query("key_value").as_deref(), Some("sk+/1"));
}

#[tokio::test]
async fn the_api_gives_status_and_body_whatever_they_are() {
    let (app, stub) = stubbed().await;
    stub.on_path("/api/x", Answer::with_body(400, "text/html", "<p>no</p>"));
    let api = app.api();
    let body = json!({"a": 1});
    assert_eq!(api.get("/api/x").await, (400, json!("<p>no</p>")));
    assert_eq!(api.post("/api/x", &body).await.0, 400);
    assert_eq!(api.put("/api/x", &body).await.0, 400);
    assert_eq!(api.delete("/api/x").await.0, 400);
    let methods: Vec<_> = stub.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(methods, ["GET", "POST", "PUT", "DELETE"]);
}
