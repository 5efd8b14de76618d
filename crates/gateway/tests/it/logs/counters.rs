//! Key counters and statistics are written with the log and agree with it; when they are written.

use serde_json::json;

use super::entries;
use crate::support::app_and_provider;

#[tokio::test]
async fn counters_and_statistics_agree_with_the_log() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"blacklist_threshold": 0});
    let keys = ["sk-a", "sk-b", "sk-dead-c"];
    let member = app.group("member").upstream(&provider.url()).keys(keys).config(config).create().await;
    let other = app.group("other").upstream(&provider.url()).keys(["sk-a"]).create().await;
    let all = json!({"name": "all", "group_type": "aggregate", "channel_type": "openai", "proxy_keys": "pk-all"});
    let all = app.api().create("/api/groups", &all).await["id"].as_u64().unwrap();
    let members = json!({"sub_groups": [{"group_id": member.id, "weight": 1}]});
    assert_eq!(app.api().post(&format!("/api/groups/{all}/sub-groups"), &members).await.0, 200);

    for _ in 0..12 {
        assert_eq!(member.chat("gpt-4o").fetch().await.status, 200);
        assert_eq!(app.proxied("GET", "all", "/v1/models", "pk-all").fetch().await.status, 200);
        assert_eq!(member.request("POST", "/v1/unknown").json(&json!({"model": "m"})).fetch().await.status, 404);
    }
    entries(&app, 36, "request_type=final").await;

    for key in keys {
        let used = app.logs(&format!("key_value={key}&is_success=true")).await;
        let key = app.key(&member, key).await;
        assert_eq!(key["request_count"], used.len(), "{key}");
        // The column has milliseconds, as a row's timestamp.
        assert_eq!(key["last_used_at"], used.first().map_or(json!(null), |row| row["timestamp"].clone()));
    }
    let unused = app.key(&other, "sk-a").await;
    assert_eq!((&unused["request_count"], &unused["last_used_at"]), (&json!(0), &json!(null)), "another group's key");

    for (group, total, failed, rate) in [(member.id, 36, 12, 0.3333), (all, 12, 0, 0.0), (other.id, 0, 0, 0.0)] {
        let stats = app.api().data(&format!("/api/groups/{group}/stats")).await;
        let window = json!({"total_requests": total, "failed_requests": failed, "failure_rate": rate});
        for name in ["stats_24_hour", "stats_7_day", "stats_30_day"] {
            assert_eq!(stats[name], window, "{name} of {group}");
        }
    }
}

#[tokio::test]
async fn rows_wait_for_the_interval_but_not_for_a_restart() {
    let (mut app, provider) = app_and_provider().await;
    app.set(json!({"request_log_write_interval_minutes": 1440})).await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let in_spool = || {
        let segments = std::fs::read_dir(app.dir().join("data/spool")).unwrap();
        segments.map(|segment| segment.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    let empty = in_spool();
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    let one =
        app.eventually("the row to be in the spool", async || Some(in_spool() - empty).filter(|one| *one > 0)).await;
    for _ in 0..4 {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    }
    // Rows differ by the few bytes of their times.
    app.eventually("all rows to be in the spool", async || in_spool() > empty + 5 * one - one / 2).await;
    assert_eq!(app.logs("").await, [json!(null); 0], "not before the interval is over");
    app.restart().await;
    entries(&app, 5, "").await;

    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    entries(&app, 6, "").await;
}

#[tokio::test]
async fn a_graceful_stop_leaves_nothing_in_the_spool() {
    let (mut app, provider) = app_and_provider().await;
    app.set(json!({"request_log_write_interval_minutes": 1440})).await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    for _ in 0..20 {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    }
    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0));
    let statements = [
        "SELECT count(DISTINCT request_id) FROM request_logs",
        "SELECT request_count FROM api_keys",
        "SELECT sum(success_count) FROM group_hourly_stats",
    ];
    assert_eq!(app.database().run(statements), [(); 3].map(|()| vec![vec![json!(20)]]));
    app.restart().await;
    assert_eq!(group.chat("last").fetch().await.status, 200);
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    entries(&app, 21, "").await;
}
