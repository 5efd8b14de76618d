//! Finding rows: `GET /api/logs`.

use serde_json::{Value, json};
use testkit::App;
use testkit::provider::MockProvider;

use super::entries;
use crate::support::app_and_provider;

/// Four requests: two to `alpha`, one to `beta` whose key is dead, one to `both`, an aggregate over `alpha`.
async fn four_requests() -> (App, MockProvider, Vec<Value>) {
    let (app, provider) = app_and_provider().await;
    let alpha = app.group("alpha").upstream(&provider.url()).keys(["sk-alpha"]).create().await;
    app.group("beta").upstream(&provider.url()).keys(["sk-dead-beta"]).create().await;
    let both = json!({"name": "both", "group_type": "aggregate", "channel_type": "openai", "proxy_keys": "pk-both"});
    let both = app.api().create("/api/groups", &both).await["id"].clone();
    let members = json!({"sub_groups": [{"group_id": alpha.id, "weight": 10}]});
    assert_eq!(app.api().post(&format!("/api/groups/{both}/sub-groups"), &members).await.0, 200);
    for (number, (group, model, status)) in
        [("alpha", "gpt-4o", 200), ("alpha", "o3-mini", 200), ("beta", "gpt-4o", 503), ("both", "gpt-4o", 200)]
            .into_iter()
            .enumerate()
    {
        let request = app.proxied("POST", group, "/v1/chat/completions", &format!("pk-{group}"));
        let request = request.header("X-Forwarded-For", &format!("203.0.113.{number}"));
        assert_eq!(request.json(&json!({"model": model})).fetch().await.status, status, "{group}");
    }
    let rows = entries(&app, 4, "").await;
    (app, provider, rows)
}

#[tokio::test]
async fn every_filter_lets_through_what_it_says() {
    let (app, _provider, rows) = four_requests().await;
    let of_second = format!("request_id={}", rows[2]["request_id"].as_str().unwrap());
    let of_key = format!("key_id={}", rows[2]["key_id"]);
    let at_third = format!("start_time={0}&end_time={0}", rows[1]["timestamp"].as_str().unwrap());
    // Two requests may well end in the same millisecond.
    let third: Vec<_> = (0..rows.len()).filter(|number| rows[*number]["timestamp"] == rows[1]["timestamp"]).collect();
    // Rows by their number, newest first: 0 both, 1 beta, 2 and 3 alpha.
    let cases: &[(&str, &[usize])] = &[
        ("group_name=alph", &[0, 2, 3]),
        ("group_name=beta", &[1]),
        ("group_name=_lpha", &[]),
        ("group_name=%25", &[]),
        ("parent_group_name=bot", &[0]),
        ("model=gpt-4", &[0, 1, 3]),
        ("model=mini", &[2]),
        ("error_contains=Incorrect", &[1]),
        ("key_value=sk-alpha", &[0, 2, 3]),
        ("key_value=sk-alph", &[]),
        (&of_key, &[0, 2, 3]),
        ("key_id=999999", &[]),
        ("source_ip=203.0.113.1", &[2]),
        ("source_ip=203.0.113", &[]),
        ("status_code=200", &[0, 2, 3]),
        ("status_code=503", &[1]),
        ("is_success=true", &[0, 2, 3]),
        ("is_success=false", &[1]),
        ("request_type=final", &[0, 1, 2, 3]),
        ("request_type=retry", &[]),
        (&of_second, &[2]),
        (&at_third, &third),
        ("start_time=2000-01-01T00:00:00Z", &[0, 1, 2, 3]),
        ("start_time=2999-01-01T00:00:00Z", &[]),
        ("end_time=2999-01-01T08:00:00%2B08:00", &[0, 1, 2, 3]),
        ("end_time=2000-01-01T00:00:00Z", &[]),
        ("group_name=alpha&model=o3&status_code=200", &[2]),
        ("group_name=alpha&is_success=false", &[]),
        // What makes no sense filters nothing.
        ("status_code=many", &[0, 1, 2, 3]),
        ("is_success=perhaps", &[0, 1, 2, 3]),
        ("request_type=first", &[0, 1, 2, 3]),
        ("start_time=yesterday", &[0, 1, 2, 3]),
        ("no_such_filter=1&group_name=", &[0, 1, 2, 3]),
    ];
    for (filter, expected) in cases {
        let found = app.logs(filter).await;
        let expected: Vec<_> = expected.iter().map(|number| rows[*number].clone()).collect();
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn pages_are_newest_first_and_say_how_many_there_are() {
    let (app, _provider, rows) = four_requests().await;
    let time = |row: &Value| row["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let times: Vec<_> = rows.iter().map(time).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    let cases = [
        ("", 1, 15, 0..4, 1),
        ("page=1&page_size=3", 1, 3, 0..3, 2),
        ("page=2&page_size=3", 2, 3, 3..4, 2),
        ("page=3&page_size=3", 3, 3, 4..4, 2),
        ("page=0&page_size=-1", 1, 15, 0..4, 1),
        ("page=x&page_size=100000", 1, 1000, 0..4, 1),
    ];
    for (query, page, page_size, shown, total_pages) in cases {
        let data = app.api().data(&format!("/api/logs?{query}")).await;
        let pagination = json!({"page": page, "page_size": page_size, "total_items": 4, "total_pages": total_pages});
        assert_eq!(data, json!({"items": rows[shown], "pagination": pagination}), "{query}");
    }
}
