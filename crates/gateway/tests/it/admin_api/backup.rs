//! `GET` and `POST /api/backup`.

use serde_json::{Value, json};
use testkit::App;
use testkit::http::Reply;
use testkit::provider::MockProvider;

use crate::support::{app_and_provider, builder};

const PASSPHRASE: &str = "correct horse, Bücher";

async fn fetch(app: &App, query: &str, passphrase: &str) -> Reply {
    let request = app.api().request("GET", &format!("/api/backup{query}"));
    if passphrase.is_empty() {
        request.fetch().await
    } else {
        request.header("X-Backup-Passphrase", passphrase).fetch().await
    }
}

async fn send(app: &App, query: &str, passphrase: &str, backup: &str) -> (u16, Value) {
    let request = app.api().request("POST", &format!("/api/backup{query}")).body(backup.to_owned());
    let reply = request.header("X-Backup-Passphrase", passphrase).fetch().await;
    (reply.status, reply.json())
}

/// A server with a group `g` of two keys, and its backup.
async fn saved() -> (App, MockProvider, String) {
    let (app, provider) = app_and_provider().await;
    app.group("g").upstream(&provider.url()).keys(["sk-saved-1", "sk-saved-2"]).create().await;
    let reply = fetch(&app, "", PASSPHRASE).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = reply.text();
    (app, provider, text)
}

#[tokio::test]
async fn what_one_server_gives_another_serves_at_once() {
    let (_from, provider, backup) = saved().await;
    assert!(!backup.contains("sk-") && backup.starts_with("{\"format\":\"gpt-load backup\",\"version\":1"), "{backup}");
    let to = builder().env("ENCRYPTION_KEY", "the key of the other server").start().await;
    let (status, reply) = send(&to, "", PASSPHRASE, &backup).await;
    assert_eq!(status, 200, "{reply}");
    let counts = |name: &str| reply["data"][name].as_u64().unwrap();
    assert_eq!((counts("groups"), counts("keys"), counts("sub_groups")), (1, 2, 0));
    let call = to.proxied("POST", "g", "/v1/chat/completions", testkit::app::AUTH_KEY);
    let answer = call.json(&json!({"model": "m", "messages": []})).fetch().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(provider.last_request().key.clone().unwrap().starts_with("sk-saved-"));
}

#[tokio::test]
async fn a_backup_in_clear_has_to_be_asked_for() {
    let (app, _provider, _) = saved().await;
    for (query, passphrase) in [("", ""), ("?plain=false", "")] {
        let reply = fetch(&app, query, passphrase).await;
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("VALIDATION_FAILED")));
    }
    let plain = fetch(&app, "?plain=true", "").await;
    assert!(plain.status == 200 && plain.text().contains("\"key\":\"sk-saved-1\""), "{}", plain.text());
    let name = plain.headers.get("content-disposition").unwrap();
    assert!(name.starts_with("attachment; filename=gpt-load-backup-"), "{name}");
}

#[tokio::test]
async fn faults_have_their_codes_and_change_nothing() {
    let (app, _provider, backup) = saved().await;
    let cut = &backup[..backup.len() - 3];
    let cases = [
        (400, "VALIDATION_FAILED", "wrong", backup.as_str(), "passphrase is wrong"),
        (400, "VALIDATION_FAILED", "", backup.as_str(), "a passphrase is needed"),
        (400, "VALIDATION_FAILED", PASSPHRASE, cut, "the backup was cut"),
        (400, "VALIDATION_FAILED", PASSPHRASE, "{}", "no backup"),
        (400, "VALIDATION_FAILED", PASSPHRASE, "", "no backup"),
        (409, "DUPLICATE_RESOURCE", PASSPHRASE, backup.as_str(), "1 groups of the backup exist already: g"),
    ];
    for (status, code, passphrase, body, said) in cases {
        let (found, reply) = send(&app, "", passphrase, body).await;
        assert_eq!((found, &reply["code"]), (status, &json!(code)), "{said}: {reply}");
        assert!(reply["message"].as_str().unwrap().contains(said), "{said}: {reply}");
    }
    let (status, reply) = send(&app, "?keep_existing=true", PASSPHRASE, &backup).await;
    assert_eq!((status, &reply["data"]["kept_groups"], &reply["data"]["keys"]), (200, &json!(["g"]), &json!(0)));
    let counted = app.api().data("/api/groups/1/stats").await;
    assert_eq!(counted["key_stats"]["total_keys"], 2);
    let left = std::fs::read_dir(app.dir().join("data")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.filter(|name| name.to_string_lossy().contains("restore")).count() == 0);
}
