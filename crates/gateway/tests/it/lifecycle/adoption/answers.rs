//! Call by call, the admin API answers what GPT-Load 1.4.9 answered from the same database.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::App;

use super::{fixtures, on_copy_of, told};
use crate::support::clock::faketime;

/// Some hours after the fixtures were written: their statistics are of the last day.
const THEN: &str = "@2026-11-23 14:30:00";

async fn adopted() -> Vec<(App, Value)> {
    let mut adopted = Vec::new();
    for name in fixtures() {
        let told = told(name);
        let builder = on_copy_of(name).env("ENCRYPTION_KEY", told["encryption_key"].as_str().unwrap());
        adopted.push((builder.env("LD_PRELOAD", &faketime()).env("FAKETIME", THEN).start().await, told));
    }
    adopted
}

/// Makes answers comparable: times become instants, `null` and `{}` are both "nothing set". Groups are validated again at once.
fn normal(mut value: Value) -> Value {
    value.as_object_mut().unwrap().remove("last_validated_at");
    for (name, member) in value.as_object_mut().unwrap() {
        if name.ends_with("_at") || name == "timestamp" {
            *member = member.as_str().map_or(Value::Null, |time| json!(time.parse::<Timestamp>().unwrap()));
        }
        if (name == "config" || name == "param_overrides") && member.is_null() {
            *member = json!({});
        }
    }
    value
}

/// Whether two lists are alike in every field that `theirs` has, whatever their order.
fn assert_alike(ours: &Value, theirs: &Value, what: &str) {
    let by_id = |list: &Value| -> BTreeMap<String, Value> {
        list.as_array().unwrap().iter().cloned().map(|item| (item["id"].to_string(), normal(item))).collect()
    };
    let (ours, theirs) = (by_id(ours), by_id(theirs));
    assert!(ours.keys().eq(theirs.keys()), "{what}: {:?} for {:?}", ours.keys(), theirs.keys());
    for (id, theirs) in theirs {
        for (field, value) in theirs.as_object().unwrap() {
            assert_eq!(&ours[&id][field], value, "{field} of {what} {id}");
        }
    }
}

fn fields(list: &Value, field: &str) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|item| item[field].clone()).collect()
}

#[tokio::test]
async fn groups_with_their_keys_and_statistics() {
    for (app, told) in adopted().await {
        let groups = app.api().data("/api/groups").await;
        assert_eq!(fields(&groups, "name"), fields(&told["groups"], "name"), "the same order");
        assert_alike(&groups, &told["groups"], "group");
        for group in groups.as_array().unwrap() {
            let (id, name) = (&group["id"], group["name"].as_str().unwrap());
            let keys = app.api().data(&format!("/api/keys?page_size=1000&group_id={id}")).await;
            assert_eq!(keys["pagination"]["total_items"], told["keys"][name].as_array().unwrap().len(), "{name}");
            assert_alike(&keys["items"], &told["keys"][name], "key");
            let stats = app.api().data(&format!("/api/groups/{id}/stats")).await;
            let (ours, theirs) = (&stats["stats_24_hour"], &told["stats_24_hour"][name]);
            for field in ["total_requests", "failed_requests", "failure_rate"] {
                assert_eq!(ours[field].as_f64(), theirs[field].as_f64(), "{field} of {name}");
            }
        }
    }
}

#[tokio::test]
async fn members_of_aggregates() {
    for (app, told) in adopted().await {
        for group in app.api().data("/api/groups").await.as_array().unwrap() {
            if group["group_type"] == "aggregate" {
                let members = app.api().data(&format!("/api/groups/{}/sub-groups", group["id"])).await;
                let theirs = &told["sub_groups"][group["name"].as_str().unwrap()];
                let alike = members.as_array().unwrap().iter().zip(theirs.as_array().unwrap());
                assert_eq!((members.as_array().unwrap().len(), alike.len()), (theirs.as_array().unwrap().len(), 3));
                for (ours, theirs) in alike {
                    assert_eq!(ours["group"]["name"], theirs["group"]);
                    for field in ["weight", "total_keys", "active_keys", "invalid_keys"] {
                        assert_eq!(ours[field], theirs[field], "{field} of {}", theirs["group"]);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn log() {
    for (app, told) in adopted().await {
        let logs = json!(app.logs("").await);
        assert_alike(&logs, &told["logs"], "log row");
        let times: Vec<Timestamp> =
            fields(&logs, "timestamp").iter().map(|time| time.as_str().unwrap().parse().unwrap()).collect();
        assert!(times.is_sorted_by(|one, next| one >= next), "newest first");
    }
}

#[tokio::test]
async fn settings() {
    for (app, told) in adopted().await {
        let categories = app.api().data("/api/settings").await;
        let shown: BTreeMap<_, _> = fields(&categories, "settings")
            .iter()
            .flat_map(|settings| settings.as_array().unwrap().clone())
            .map(|setting| (setting["key"].as_str().unwrap().to_owned(), setting["value"].clone()))
            .collect();
        for (key, value) in told["settings"].as_object().unwrap() {
            // 1.4.9 writes a row for every setting: its default stands for ours.
            let value = if value == "400-403,405-999" { &json!("401-403,408,425,429,500-599") } else { value };
            assert_eq!(&shown[key], value, "{key}");
        }
    }
}
