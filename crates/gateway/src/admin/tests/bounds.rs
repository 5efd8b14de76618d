//! How much of requests is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::kit::Api;
use crate::admin::{BODY_LIMIT, KEY_LISTS_AT_ONCE, KEYS_BODY_LIMIT, LOGIN_BODY_LIMIT};

fn padded(member: &str, bytes: usize) -> String {
    let empty = json!({member: "", "group_id": 1}).to_string().len();
    json!({member: "x".repeat(bytes - empty), "group_id": 1}).to_string()
}

#[tokio::test]
async fn bodies_are_read_up_to_their_limit() {
    let api = Api::new().await;
    api.group("g").await;
    for (method, path, member, limit) in [
        ("POST", "/api/auth/login", "auth_key", LOGIN_BODY_LIMIT),
        ("POST", "/api/groups", "name", BODY_LIMIT),
        ("POST", "/api/keys/add-multiple", "keys_text", KEYS_BODY_LIMIT),
    ] {
        let answer = async |bytes| api.call(method, path, padded(member, bytes)).await.text;
        assert!(!answer(limit).await.contains("length limit exceeded"), "{path}");
        assert!(answer(limit + 1).await.contains("length limit exceeded"), "{path}");
    }
}

#[tokio::test]
async fn lists_of_keys_are_read_a_few_at_a_time() {
    let api = Arc::new(Api::new().await);
    let group = api.group("g").await;
    let (begun, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let mut calls = JoinSet::new();
    for number in 0..KEY_LISTS_AT_ONCE + 3 {
        let (api, begun, go_on) = (Arc::clone(&api), Arc::clone(&begun), Arc::clone(&go_on));
        let text = json!({"group_id": group, "keys_text": format!("sk-{number}")}).to_string();
        let body = stream::once(async move {
            begun.fetch_add(1, Ordering::Relaxed);
            go_on.acquire().await.unwrap().forget();
            Ok::<_, std::io::Error>(Bytes::from(text))
        });
        calls.spawn(async move { api.call("POST", "/api/keys/add-multiple", Body::from_stream(body)).await.status });
    }
    // Only this thread runs: when nothing more can happen, everyone has got as far as possible.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(begun.load(Ordering::Relaxed), KEY_LISTS_AT_ONCE);
    assert_eq!(api.get("/api/groups").await.status, 200, "others are not held up");
    go_on.add_permits(KEY_LISTS_AT_ONCE + 3);
    while let Some(status) = calls.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
}

#[tokio::test]
async fn whoever_has_no_key_sends_no_list() {
    let api = Api::new().await;
    let body = stream::pending::<std::io::Result<Bytes>>();
    let request = Request::post("/api/keys/add-multiple").body(Body::from_stream(body)).unwrap();
    assert_eq!(api.send(request).await.status, 401, "without looking at the body");
}
