//! Which sub-group of an aggregate answers, and what of it is whose.

use serde_json::{Value, json};
use testkit::provider::Script;
use testkit::provider::errors::{Kind, openai};

use super::sites::{aggregate, app_and_sites, calls, counts, group, rows};
use crate::support::call::Call::{Generate, Messages};
use crate::support::keys::test_key;

#[tokio::test(flavor = "multi_thread")]
async fn each_member_gets_its_share() {
    let (app, sites) = app_and_sites::<3>().await;
    let [a, b, c] = &sites;
    let members = [
        group(&app, "a", &[(a, 1)]).create().await,
        group(&app, "b", &[(b, 1)]).create().await,
        group(&app, "c", &[(c, 1)]).create().await,
    ];
    for (name, weights, shares) in
        [("equal", [1, 1, 1], [12, 12, 12]), ("unequal", [6, 2, 1], [24, 8, 4]), ("one-off", [1, 0, 2], [12, 0, 24])]
    {
        let weighted: Vec<_> = members.iter().zip(weights).collect();
        let group = aggregate(&app, name, &weighted).await;
        calls(&group, "gpt-4o", 36).await;
        assert_eq!(counts(&sites), shares, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_weight_holds_from_the_next_request_on() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    let (first, second) = (group(&app, "a", &[(a, 1)]).create().await, group(&app, "b", &[(b, 1)]).create().await);
    let both = aggregate(&app, "both", &[(&first, 1), (&second, 0)]).await;
    calls(&both, "gpt-4o", 4).await;
    let weight = async |member: u64, weight: u32| {
        let path = format!("/api/groups/{}/sub-groups/{member}/weight", both.id);
        assert_eq!(app.api().put(&path, &json!({"weight": weight})).await.0, 200);
    };
    weight(first.id, 0).await;
    weight(second.id, 1).await;
    calls(&both, "gpt-4o", 4).await;
    assert_eq!(counts(&sites), [4, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_cannot_serve_is_passed_over() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    let well = group(&app, "well", &[(b, 1)]).create().await;
    let empty = app.group("empty").upstream(&a.url()).create().await;
    let dead = app.group("dead").upstream(&a.url()).keys(["sk-dead-0123456789abcdef"]);
    let dead = dead.config(json!({"blacklist_threshold": 1, "max_retries": 0})).create().await;
    let limited = app.group("limited").upstream(&a.url()).keys(["sk-limited-0123456789abcdef"]);
    let limited = limited.config(json!({"max_retries": 0})).create().await;
    let sick = group(&app, "sick", &[(a, 1)]).config(json!({"max_retries": 0})).create().await;
    test_key(&app, &dead, "sk-dead-0123456789abcdef").await;
    limited.chat("gpt-4o").fetch().await;
    a.otherwise(Script::fails(Kind::ServerError));
    for _ in 0..5 {
        sick.chat("gpt-4o").fetch().await;
    }
    counts(&sites);
    for member in [&empty, &dead, &limited, &sick] {
        let both = aggregate(&app, &format!("with-{}", member.name), &[(member, 100), (&well, 1)]).await;
        calls(&both, "gpt-4o", 10).await;
        assert_eq!(counts(&sites), [0, 10], "{}", member.name);
    }
    // A rest is for its model, and so is a sickness of the upstream's answers.
    a.otherwise(Script::ok());
    a.on_key("sk-limited-0123456789abcdef", Script::ok());
    for member in ["limited", "sick"] {
        let both = app.proxied("POST", &format!("with-{member}"), "/v1/chat/completions", &format!("pk-with-{member}"));
        let body = json!({"model": "gpt-4o-mini", "messages": []});
        assert_eq!(both.json(&body).fetch().await.status, 200);
        assert_eq!(counts(&sites), [1, 0], "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_member_is_passed_over_and_a_disabled_group_refuses() {
    let (mut app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    let (off, on) = (group(&app, "off", &[(a, 1)]).create().await, group(&app, "on", &[(b, 1)]).create().await);
    let both = aggregate(&app, "both", &[(&off, 100), (&on, 1)]).await;
    let closed = aggregate(&app, "closed", &[(&on, 1)]).await;
    app.terminate();
    app.wait_exit().await;
    app.database().run(["UPDATE groups SET enabled = false WHERE name IN ('off', 'closed')"]);
    app.restart().await;
    calls(&both, "gpt-4o", 5).await;
    for group in [&off, &closed] {
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!((reply.status, reply.json()["code"].as_str()), (503, Some("NO_KEYS_AVAILABLE")), "{}", group.name);
    }
    assert_eq!(counts(&sites), [0, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_whose_strict_rules_refuse_the_model_are_passed_over() {
    let (app, sites) = app_and_sites::<3>().await;
    let [a, b, c] = &sites;
    let strict = |name, site, rules: Value| {
        group(&app, name, &[(site, 1)]).field("model_redirect_rules", rules).field("model_redirect_strict", json!(true))
    };
    let first = strict("a", a, json!({"small": "gpt-4o-mini"})).create().await;
    let second = strict("b", b, json!({"large": "gpt-4o", "small": "o3-mini"})).create().await;
    // What is asked for is replaced before the rules are looked at.
    let third =
        strict("c", c, json!({"large": "gpt-4o"})).field("param_overrides", json!({"model": "none"})).create().await;
    let all = aggregate(&app, "all", &[(&third, 9), (&first, 1), (&second, 1)]).await;
    calls(&all, "large", 6).await;
    assert_eq!(counts(&sites), [0, 6, 0]);
    calls(&all, "small", 6).await;
    assert_eq!(counts(&sites), [3, 3, 0]);
    let reply = all.chat("gpt-4o").fetch().await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert!(reply.json()["message"].as_str().unwrap().contains(r#""gpt-4o" is not allowed"#), "{}", reply.text());
    assert_eq!(counts(&sites), [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_member_can_serve() {
    let (app, sites) = app_and_sites::<1>().await;
    let [site] = &sites;
    let none = aggregate(&app, "none", &[]).await;
    let reply = none.chat("gpt-4o").fetch().await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (503, Some("NO_KEYS_AVAILABLE")));
    assert_eq!(reply.json()["message"], "No available sub-groups (0 keys)");

    site.on_key("sk-limited-0123456789", openai::rate_limited("gpt-4o", 100));
    site.on_key("sk-refused-0123456789", openai::deactivated());
    let config = json!({"blacklist_threshold": 1, "max_retries": 0});
    let member = |name: &str| {
        app.group(name).upstream(&site.url()).keys([format!("sk-{name}-0123456789")]).config(config.clone())
    };
    let (limited, refused) = (member("limited").create().await, member("refused").create().await);
    limited.chat("gpt-4o").fetch().await;
    test_key(&app, &refused, "sk-refused-0123456789").await;
    let both = aggregate(&app, "both", &[(&limited, 1), (&refused, 1)]).await;
    let reply = both.chat("gpt-4o").fetch().await;
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("No available sub-groups (2 keys: 1 rate limited, the first back in "), "{message}");
    assert!(message.contains("; 1 refused by the provider: 401 The account behind"), "{message}");
    let retry_after: u64 = reply.headers.get("retry-after").unwrap().parse().unwrap();
    assert!((80..=100).contains(&retry_after), "{retry_after}");

    let row = &rows(&app, 3).await[2];
    assert_eq!((&row["group_id"], &row["group_name"]), (&json!(both.id), &json!("both")), "{row}");
    assert_eq!((&row["parent_group_id"], &row["status_code"]), (&json!(0), &json!(503)), "{row}");
    assert_eq!((&row["key_value"], &row["error_message"]), (&json!(""), &json!(message)), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_the_form_of_the_members_provider() {
    let (app, _) = app_and_sites::<0>().await;
    for call in [Messages, Generate] {
        let name = call.channel();
        let empty = app.group(&format!("{name}-empty")).channel(name).upstream("http://127.0.0.1:9").create().await;
        let all = app.group(name).channel(name).field("group_type", json!("aggregate")).create().await;
        let members = json!({"sub_groups": [{"group_id": empty.id, "weight": 1}]});
        assert_eq!(app.api().post(&format!("/api/groups/{}/sub-groups", all.id), &members).await.0, 200);
        let reply = call.through(&all).fetch().await;
        assert_eq!(reply.status, 503);
        call.assert_own_error(&reply.json(), 503, "NO_KEYS_AVAILABLE");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_name_and_proxy_keys_are_the_aggregates_own() {
    let (app, sites) = app_and_sites::<1>().await;
    let [site] = &sites;
    let rules = json!([{"key": "X-Group", "value": "${GROUP_NAME}", "action": "set"}]);
    let member = group(&app, "member", &[(site, 1)])
        .field("header_rules", rules)
        .field("param_overrides", json!({"top_p": 0.5}));
    let member = member.field("model_redirect_rules", json!({"fast": "gpt-4o-mini"})).create().await;
    let all = aggregate(&app, "all", &[(&member, 1)]).await;
    calls(&all, "fast", 1).await;
    let sent = site.last_request();
    assert_eq!(sent.header("x-group"), Some("member"));
    assert_eq!((sent.json()["model"].as_str(), sent.json()["top_p"].as_f64()), (Some("gpt-4o-mini"), Some(0.5)));
    let with_key = |key: &str| app.proxied("GET", "all", "/v1/models", key);
    assert_eq!(with_key("pk-member").fetch().await.status, 401, "the member's key opens the member only");
    let list = with_key("pk-all").fetch().await;
    assert!(list.text().contains(r#""fast""#), "the model list is the member's: {}", list.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn log_and_statistics_name_both() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    a.otherwise(openai::bad_request("no"));
    let (first, second) = (group(&app, "a", &[(a, 1)]).create().await, group(&app, "b", &[(b, 1)]).create().await);
    let both = aggregate(&app, "both", &[(&first, 1), (&second, 2)]).await;
    for _ in 0..6 {
        both.chat("gpt-4o").fetch().await;
    }
    calls(&second, "gpt-4o", 1).await;
    for row in rows(&app, 7).await.iter().take(6) {
        assert_eq!((&row["parent_group_id"], &row["parent_group_name"]), (&json!(both.id), &json!("both")), "{row}");
        let member = if row["is_success"] == true { &second } else { &first };
        assert_eq!((&row["group_id"], &row["group_name"]), (&json!(member.id), &json!(member.name)), "{row}");
        assert_eq!(row["request_path"], "/proxy/both/v1/chat/completions", "{row}");
    }
    for (group, total, failed) in [(&both, 6, 2), (&first, 2, 2), (&second, 5, 0)] {
        let counted = async || {
            let stats = app.api().data(&format!("/api/groups/{}/stats", group.id)).await["stats_24_hour"].clone();
            let agrees = stats["total_requests"] == total && stats["failed_requests"] == failed;
            if agrees { Ok(()) } else { Err(stats) }
        };
        app.eventually(&format!("{}: {total} requests, {failed} failed", group.name), counted).await;
    }
}
