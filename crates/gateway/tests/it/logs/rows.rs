//! What a row says.

use serde_json::{Value, json};
use testkit::provider::{Answer, MockProvider, Script, errors};
use testkit::{App, Gate};

use super::{entries, entry, values};
use crate::support::{app_and_provider, builder};

/// As GPT-Load 1.4.x names them.
const FIELDS: [&str; 20] = [
    "id",
    "timestamp",
    "group_id",
    "group_name",
    "parent_group_id",
    "parent_group_name",
    "key_value",
    "key_hash",
    "model",
    "is_success",
    "source_ip",
    "status_code",
    "request_path",
    "duration_ms",
    "error_message",
    "user_agent",
    "request_type",
    "upstream_addr",
    "is_stream",
    "request_body",
];

#[tokio::test]
async fn a_success_says_who_asked_for_what_and_who_answered() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&format!("{}/base", provider.url())).keys(["sk-good-1"]).create().await;
    let request = group.request("POST", "/v1/chat/completions?key=ignored&beta=1");
    let request = request.header("X-Forwarded-For", "203.0.113.9").header("User-Agent", "agent/1");
    let query_key = request.clone().json(&json!({"model": "gpt-4o"})).fetch().await;
    assert_eq!(query_key.status, 401, "?key= is looked at first");

    let request = group.request("POST", "/v1/chat/completions?beta=1");
    let request = request.header("X-Forwarded-For", "203.0.113.9").header("User-Agent", "agent/1");
    let reply = request.json(&json!({"model": "gpt-4o"})).fetch().await;
    assert_eq!(reply.status, 200, "{}", reply.text());

    let row = entry(&app).await;
    for field in FIELDS {
        assert!(!row[field].is_null(), "{field} in {row}");
    }
    let key = app.key(&group, "sk-good-1").await;
    let mut told = row.clone();
    for changing in [
        "id",
        "timestamp",
        "duration_ms",
        "begun_ms",
        "first_byte_ms",
        "prompt_tokens",
        "completion_tokens",
        "cached_tokens",
    ] {
        told.as_object_mut().unwrap().shift_remove(changing);
    }
    let expected = json!({
        "group_id": group.id, "group_name": "g", "parent_group_id": 0, "parent_group_name": "",
        "key_value": "sk-good-1", "key_hash": key["key_hash"], "key_id": key["id"], "model": "gpt-4o", "is_success": true,
        "source_ip": "203.0.113.9", "status_code": 200, "request_path": "/proxy/g/v1/chat/completions",
        "error_message": "", "user_agent": "", "request_type": "final",
        "upstream_addr": format!("{}/base/v1/chat/completions", provider.url()), "is_stream": false, "request_body": "",
        "request_id": reply.headers.get("x-gpt-load-request-id"), "attempt": 1, "outcome": "served", "rest_ms": null,
    });
    assert_eq!(told, expected);
    assert!(row["id"].as_str().unwrap().parse::<uuid::Uuid>().is_ok(), "{row}");
    assert!(row["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{row}");
    assert!(row["duration_ms"].as_u64() >= row["first_byte_ms"].as_u64(), "{row}");
}

#[tokio::test]
async fn every_attempt_has_a_row_and_all_share_the_request_id() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::sequence([Script::dead(), Script::limited(30), Script::ok()]));
    let group = app.group("g").upstream(&provider.url()).keys(["sk-a", "sk-b", "sk-c"]).create().await;
    let reply = group.chat("gpt-4o").fetch().await;
    assert_eq!(reply.status, 200);

    let mut rows = entries(&app, 3, "").await;
    rows.reverse();
    let told: Vec<_> =
        rows.iter().map(|row| values(row, ["request_type", "attempt", "status_code", "is_success"])).collect();
    let expected = [
        [json!("retry"), json!(1), json!(401), json!(false)],
        [json!("retry"), json!(2), json!(429), json!(false)],
        [json!("final"), json!(3), json!(200), json!(true)],
    ];
    assert_eq!(told, expected);
    let used: Vec<_> = provider.requests().iter().map(|request| json!(request.key)).collect();
    assert_eq!(rows.iter().map(|row| row["key_value"].clone()).collect::<Vec<_>>(), used);
    let id = json!(reply.headers.get("x-gpt-load-request-id"));
    assert!(rows.iter().all(|row| row["request_id"] == id), "{rows:?}");
    assert!(rows[0]["error_message"].as_str().unwrap().contains("Incorrect API key"), "{}", rows[0]);
    assert!(rows[1]["error_message"].as_str().unwrap().contains("Rate limit"), "{}", rows[1]);
    assert_eq!(rows[2]["error_message"], "");
}

/// Milliseconds in the order in which they passed, since the request arrived.
fn times(rows: &[Value]) -> Vec<u64> {
    let of = |row: &Value| ["begun_ms", "first_byte_ms", "duration_ms"].map(|field| row[field].as_u64());
    rows.iter().flat_map(of).flatten().collect()
}

#[tokio::test]
async fn attempts_stand_on_one_axis_of_time_with_what_they_were_taken_for() {
    let (app, provider) = app_and_provider().await;
    let answers = [Script::dead(), Script::limited(30), Answer::new(500).into(), Script::ok()];
    provider.otherwise(Script::sequence(answers));
    let config = json!({"blacklist_threshold": 1});
    let keys = ["sk-a", "sk-b", "sk-c", "sk-d"];
    let group = app.group("g").upstream(&provider.url()).keys(keys).config(config).create().await;
    let reply = group.chat("gpt-4o").fetch().await;
    assert_eq!(reply.status, 200);
    let id = reply.headers.get("x-gpt-load-request-id").unwrap().to_owned();
    let mut rows = entries(&app, 4, &format!("request_id={id}")).await;
    rows.reverse();
    let told: Vec<_> = rows.iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(told, ["key_taken_out", "rate_limited", "upstream_sick", "served"]);
    let rests: Vec<_> = rows.iter().map(|row| row["rest_ms"].as_u64().map(|ms| ms.div_ceil(1000))).collect();
    assert_eq!(rests, [None, Some(30), None, None]);
    let times = times(&rows);
    assert_eq!((times.len(), times.is_sorted()), (12, true), "{times:?}");
}

#[tokio::test]
async fn failures_are_logged_with_the_status_the_client_saw() {
    let (app, provider) = app_and_provider().await;
    provider.on_key("sk-mistake", errors::openai::bad_request("no messages"));
    provider.on_key("sk-reset", Answer::reset());
    provider.on_key("sk-cut", Script::from_fn(|_| Answer::json(200, &json!({"a": "0123456789"})).cut_after(5)));
    let cases = [
        ("mistake", "sk-mistake", 400, "no messages"),
        ("dead", "sk-dead-1", 503, "Incorrect API key"),
        ("unreachable", "sk-reset", 502, "connection closed"),
        ("keyless", "", 503, "No active API keys"),
        ("cut", "sk-cut", 200, "cut short"),
    ];
    for (name, key, status, _) in cases {
        let keys = Some(key).filter(|key| !key.is_empty());
        let group =
            app.group(name).upstream(&provider.url()).keys(keys).config(json!({"max_retries": 0})).create().await;
        let response = group.chat("gpt-4o").send().await;
        assert_eq!(response.status, status, "{name}");
        assert_eq!(response.finish().await.is_err(), name == "cut", "{name}");
    }
    for (name, key, status, message) in cases {
        let row = entries(&app, 1, &format!("group_name={name}")).await.remove(0);
        let told = values(&row, ["request_type", "is_success", "status_code", "key_value"]);
        assert_eq!(told, [json!("final"), json!(false), json!(status), json!(key)], "{name}");
        assert!(row["error_message"].as_str().unwrap().contains(message), "{name}: {row}");
    }
}

#[tokio::test]
async fn requests_that_are_not_let_in_leave_no_row() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    for (group, key, status) in [("g", "pk-wrong", 401), ("nosuch", "pk-g", 404)] {
        assert_eq!(app.proxied("GET", group, "/v1/models", key).fetch().await.status, status);
    }
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    assert_eq!(entry(&app).await["status_code"], 200);
}

#[tokio::test]
async fn a_client_that_leaves_is_logged_as_499() {
    let (app, provider) = app_and_provider().await;
    let (waiting, streaming) = (Gate::default(), Gate::default());
    provider.on_key("sk-waits", Answer::json(200, &json!({})).gate(&waiting));
    let events = ["data: 1\n\n", "data: 2\n\n"];
    provider.on_key("sk-streams", Answer::events(events).gate_before(1, &streaming));
    for (name, key) in [("waits", "sk-waits"), ("streams", "sk-streams")] {
        app.group(name).upstream(&provider.url()).keys([key]).create().await;
    }
    let before_head = app.proxied("POST", "waits", "/v1/chat/completions", "pk-waits").json(&json!({"model": "m"}));
    let mut connection = testkit::http::Connection::open(&app.addr().to_string()).await.unwrap();
    connection.write(before_head.to_bytes()).await.unwrap();
    waiting.reached(1).await;
    drop(connection);

    let in_stream = app.proxied("POST", "streams", "/v1/chat/completions", "pk-streams");
    let mut response = in_stream.json(&json!({"model": "m", "stream": true})).send().await;
    response.frame().await.unwrap();
    drop(response);

    for (name, is_stream) in [("waits", false), ("streams", true)] {
        let row = entries(&app, 1, &format!("group_name={name}")).await.remove(0);
        assert_eq!(
            values(&row, ["status_code", "is_success", "is_stream"]),
            [json!(499), json!(false), json!(is_stream)]
        );
    }
}

#[tokio::test]
async fn streams_are_told_apart() {
    let (app, provider) = app_and_provider().await;
    provider.on_key("sk-unasked", Answer::events(["data: {}\n\n"]));
    let openai = app.group("openai").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let unasked = app.group("unasked").upstream(&provider.url()).keys(["sk-unasked"]).create().await;
    let gemini = app.group("gemini").channel("gemini").upstream(&provider.url()).keys(["AIza-1"]).create().await;
    let content = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    let by_path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
    for request in [
        openai.chat_stream("gpt-4o"),
        openai.chat("gpt-4o"),
        unasked.chat("gpt-4o"),
        gemini.request("POST", by_path).json(&content),
        gemini.request("POST", "/v1beta/models/gemini-2.5-flash:generateContent").json(&content),
    ] {
        assert_eq!(request.fetch().await.status, 200);
    }
    let mut rows = entries(&app, 5, "").await;
    rows.reverse();
    let told: Vec<_> = rows.iter().map(|row| values(row, ["model", "is_stream"])).collect();
    let expected = [
        ("gpt-4o", true),
        ("gpt-4o", false),
        ("gpt-4o", true),
        ("gemini-2.5-flash", true),
        ("gemini-2.5-flash", false),
    ];
    assert_eq!(told, expected.map(|(model, is_stream)| [json!(model), json!(is_stream)]));
}

#[tokio::test]
async fn only_trusted_peers_are_believed_about_the_clients_address() {
    for (trusted, expected) in [("loopback", "203.0.113.9"), ("none", "127.0.0.1"), ("10.0.0.0/8", "127.0.0.1")] {
        let (app, provider) = (builder().env("TRUSTED_PROXIES", trusted).start().await, MockProvider::start());
        app.set(json!({"request_log_write_interval_minutes": 0})).await;
        let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
        assert_eq!(group.chat("m").header("X-Forwarded-For", "198.51.100.1, 203.0.113.9").fetch().await.status, 200);
        assert_eq!(entry(&app).await["source_ip"], expected, "{trusted}");
    }
}

#[tokio::test]
async fn a_row_of_an_aggregate_names_both_groups_and_the_model_as_asked() {
    let (app, provider) = app_and_provider().await;
    let member = app.group("member").upstream(&provider.url()).keys(["sk-1"]);
    let member = member.field("model_redirect_rules", json!({"fast": "gpt-4o-mini"})).create().await;
    let aggregate = aggregate_of(&app, "all", member.id).await;
    let reply =
        app.proxied("POST", "all", "/v1/chat/completions", "pk-all").json(&json!({"model": "fast"})).fetch().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(provider.last_request().model().as_deref(), Some("gpt-4o-mini"));
    let row = entry(&app).await;
    let told =
        values(&row, ["group_id", "group_name", "parent_group_id", "parent_group_name", "model", "request_path"]);
    let path = json!("/proxy/all/v1/chat/completions");
    assert_eq!(told, [json!(member.id), json!("member"), aggregate, json!("all"), json!("fast"), path]);
}

#[tokio::test]
async fn a_key_that_the_provider_repeats_is_masked() {
    let (app, provider) = app_and_provider().await;
    let secret = "sk-very-secret-0123456789abcdef";
    provider.on_key(secret, errors::openai::key_echoed(secret));
    let group = app.group("g").upstream(&provider.url()).keys([secret]).create().await;
    let reply = group.chat("gpt-4o").fetch().await;
    assert!(!reply.text().contains(secret), "{}", reply.text());
    let row = entry(&app).await;
    let message = row["error_message"].as_str().unwrap();
    assert!(message.contains("Unknown token") && !message.contains(secret), "{message}");
    assert_eq!(row["key_value"], secret, "the key itself is shown to the operator");
    assert!(!app.output().contains(secret), "{}", app.output());
}

/// An aggregate group with one sub-group; its id.
async fn aggregate_of(app: &App, name: &str, member: u64) -> Value {
    let fields =
        json!({"name": name, "group_type": "aggregate", "channel_type": "openai", "proxy_keys": format!("pk-{name}")});
    let object = app.api().create("/api/groups", &fields).await;
    let path = format!("/api/groups/{}/sub-groups", object["id"]);
    let (status, body) = app.api().post(&path, &json!({"sub_groups": [{"group_id": member, "weight": 1}]})).await;
    assert_eq!(status, 200, "{body}");
    object["id"].clone()
}

/// By itself the log would be written an hour later.
#[tokio::test]
async fn who_looks_at_the_log_or_the_figures_sees_what_has_just_happened() {
    let (app, provider) = app_and_provider().await;
    app.set(json!({"request_log_write_interval_minutes": 60})).await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    for path in
        ["/api/logs", "/api/dashboard/stats", "/api/dashboard/groups", &format!("/api/groups/{}/stats", group.id)]
    {
        let count = async || {
            let shown = app.api().data(path).await;
            let (group, card) = (&shown["groups"][0]["total"], &shown["request_count"]["value"]);
            let counts = [&shown["pagination"]["total_items"], &shown["stats_24_hour"]["total_requests"], group, card];
            counts.into_iter().find_map(Value::as_u64).unwrap_or_else(|| panic!("{shown}"))
        };
        let before = count().await;
        group.chat("m").fetch().await;
        app.eventually("the request to be seen", async || (count().await > before).then_some(())).await;
    }
}
