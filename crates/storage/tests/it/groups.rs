use domain::group::{GroupKind, SubGroup};
use domain::ids::GroupId;
use serde_json::json;
use storage::StorageError;

use crate::support::{TestDb, group, leader, secrets};

#[tokio::test]
async fn a_group_comes_back_as_it_was_stored() {
    let test = TestDb::new().await;
    let mut spec = group("one");
    spec.display_name = "Eins 🚀".to_owned();
    spec.description = r#"it's "quoted" \ 100 %"#.to_owned();
    spec.sort = -3;
    spec.param_overrides = serde_json::from_str(r#"{"n":12345678901234567000,"f1":1.10}"#).unwrap();
    spec.config = serde_json::from_value(json!({"max_retries": 4})).unwrap();
    spec.header_rules = serde_json::from_value(json!([{"key": "X-A", "value": "b", "action": "set"}])).unwrap();
    spec.model_redirect_rules.insert("模型".to_owned(), "m".to_owned());
    spec.model_redirect_strict = true;
    spec.proxy_keys = "a, b".to_owned();
    let stored = test.db.insert_group(&spec).await.unwrap();
    assert!(stored.enabled && stored.created_at == stored.updated_at);
    let read = test.db.group(stored.id).await.unwrap();
    assert_eq!(format!("{:?}", read.spec), format!("{spec:?}"));
    assert_eq!(read.spec.param_overrides.to_json(), r#"{"n":12345678901234567000,"f1":1.10}"#);
    assert!(!format!("{:?}", test.db).contains("a, b"));
}

#[tokio::test]
async fn groups_are_listed_by_place_then_newest_first() {
    let test = TestDb::new().await;
    let mut ids = Vec::new();
    for (name, sort) in [("a", 1), ("b", 0), ("c", 1), ("d", 0)] {
        let mut spec = group(name);
        spec.sort = sort;
        ids.push(test.db.insert_group(&spec).await.unwrap().id);
    }
    let names = async || test.db.groups().await.unwrap().into_iter().map(|group| group.spec.name).collect::<Vec<_>>();
    assert_eq!(names().await, ["d", "b", "c", "a"]);

    test.db.reorder_groups(&[(ids[0], -1), (ids[3], 5)]).await.unwrap();
    assert_eq!(names().await, ["a", "b", "c", "d"]);
    let error = test.db.reorder_groups(&[(ids[0], 9), (GroupId(77), 1)]).await.unwrap_err();
    assert!(matches!(error, StorageError::NotFound));
    assert_eq!(names().await, ["a", "b", "c", "d"], "all or none");
}

#[tokio::test]
async fn names_are_unique() {
    let test = TestDb::new().await;
    test.db.insert_group(&group("a")).await.unwrap();
    let b = test.db.insert_group(&group("b")).await.unwrap();
    for result in [test.db.insert_group(&group("a")).await, test.db.update_group(b.id, &group("a")).await] {
        assert!(matches!(result, Err(StorageError::Duplicate { field: "name" })), "{result:?}");
    }
}

#[tokio::test]
async fn updates_change_only_what_they_name() {
    let test = TestDb::new().await;
    let old = test.db.insert_group(&group("a")).await.unwrap();
    test.db.set_group_enabled(old.id, false).await.unwrap();
    test.db
        .set_group_validated(leader(&test.db).await, old.id, crate::support::at("2026-01-02T03:04:05.678Z"))
        .await
        .unwrap();
    let new = test.db.update_group(old.id, &group("b")).await.unwrap();
    assert_eq!((new.spec.name.as_str(), new.enabled), ("b", false));
    assert_eq!(new.last_validated_at, Some(crate::support::at("2026-01-02T03:04:05.678Z")));
    assert_eq!(new.created_at, old.created_at);
    let missing = GroupId(99);
    assert!(matches!(test.db.update_group(missing, &group("c")).await, Err(StorageError::NotFound)));
    assert!(matches!(test.db.set_group_enabled(missing, true).await, Err(StorageError::NotFound)));
    assert!(matches!(test.db.group(missing).await, Err(StorageError::NotFound)));
    assert!(matches!(test.db.delete_group(missing).await, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn what_1_4_left_empty_is_read_and_a_broken_group_does_not_hide_the_others() {
    let test = TestDb::sqlite().await;
    for name in ["null", "json-null", "empty", "broken", "unknown"] {
        test.db.insert_group(&group(name)).await.unwrap();
    }
    let changes = "
        UPDATE groups SET display_name = NULL, proxy_keys = NULL, description = NULL, group_type = NULL, validation_endpoint = NULL,
            param_overrides = NULL, config = NULL, header_rules = NULL, model_redirect_rules = NULL, model_redirect_strict = NULL,
            sort = NULL, created_at = NULL, updated_at = 'yesterday' WHERE name = 'null';
        UPDATE groups SET param_overrides = 'null', config = 'null', header_rules = 'null', model_redirect_rules = 'null'
            WHERE name = 'json-null';
        UPDATE groups SET param_overrides = '', config = '{}', header_rules = '[1, {\"key\": \"X-B\", \"action\": \"remove\"}]',
            model_redirect_rules = '{\"a\": \"b\", \"c\": 1}' WHERE name = 'empty';
        UPDATE groups SET upstreams = '{\"secret-in-here' WHERE name = 'broken';
        UPDATE groups SET channel_type = 'telepathy' WHERE name = 'unknown'";
    test.run(changes).await;

    let groups = test.db.groups().await.unwrap();
    let mut names: Vec<_> = groups.iter().map(|group| group.spec.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["empty", "json-null", "null"]);
    for group in &groups {
        assert!(group.spec.param_overrides.is_empty() && group.spec.config.is_empty());
        assert_eq!(group.spec.kind, GroupKind::Standard);
    }
    let empty = groups.iter().find(|group| group.spec.name == "empty").unwrap();
    assert_eq!((empty.spec.header_rules.len(), empty.spec.model_redirect_rules.len()), (1, 1));
    let error = test.db.group(GroupId(4)).await.unwrap_err().to_string();
    assert!(error.contains("groups.upstreams") && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn members_are_added_weighed_and_removed() {
    let test = TestDb::new().await;
    let mut ids = Vec::new();
    for name in ["all", "a", "b"] {
        ids.push(test.db.insert_group(&group(name)).await.unwrap().id);
    }
    let link = |member: usize, weight| SubGroup { group_id: ids[0], sub_group_id: ids[member], weight };
    test.db.add_sub_groups(&[link(1, 30)]).await.unwrap();
    let again = test.db.add_sub_groups(&[link(2, 1), link(1, 5)]).await;
    assert!(matches!(again, Err(StorageError::Duplicate { field: "sub_groups" })));
    assert_eq!(test.db.sub_groups().await.unwrap(), [link(1, 30)], "all or none");

    test.db.add_sub_groups(&[link(2, 0)]).await.unwrap();
    test.db.set_sub_group_weight(link(1, 1000)).await.unwrap();
    assert_eq!(test.db.sub_groups().await.unwrap(), [link(1, 1000), link(2, 0)]);
    test.db.remove_sub_group(ids[0], ids[1]).await.unwrap();
    assert_eq!(test.db.sub_groups().await.unwrap(), [link(2, 0)]);
    assert!(matches!(test.db.remove_sub_group(ids[0], ids[1]).await, Err(StorageError::NotFound)));
    assert!(matches!(test.db.set_sub_group_weight(link(1, 1)).await, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn a_deleted_group_takes_keys_and_links_and_an_aggregates_statistics_along() {
    let test = TestDb::of_1_4(None).await;
    let now = crate::support::at("2026-11-23T10:55:00Z");
    let (standard, aggregate) = (GroupId(1), GroupId(7));
    let extra = test.db.insert_keys(standard, &secrets(&["extra"])).await.unwrap().added[0].1;
    let cooldown = storage::keys::Cooldown {
        key_id: extra,
        model: None,
        until: crate::support::at("2100-01-01T00:00:00Z"),
        guessed: false,
    };
    let resting = storage::keys::KeyChanges { rests: vec![cooldown], ..Default::default() };
    test.db.store_key_changes(&resting).await.unwrap();

    test.db.delete_group(standard).await.unwrap();
    assert!(!test.db.key_counts().await.unwrap().contains_key(&standard));
    assert_eq!(test.db.sub_groups().await.unwrap().len(), 2);
    assert!(test.db.cooldowns(now).await.unwrap().is_empty());
    assert_eq!(test.db.group_stats(&[standard], now).await.unwrap()[&standard].day.total, 49, "totals must not shrink");

    test.db.delete_group(aggregate).await.unwrap();
    assert!(test.db.sub_groups().await.unwrap().is_empty());
    assert!(test.db.group_stats(&[aggregate], now).await.unwrap().is_empty());
}
