use serde_json::json;

use super::*;

fn standard() -> GroupSpec {
    GroupSpec {
        name: "team-1_a".to_owned(),
        upstreams: upstream("https://api.example.com/prefix", 1),
        test_model: "m".to_owned(),
        ..GroupSpec::blank(GroupKind::Standard, ChannelType::OpenAi)
    }
}

fn upstream(url: &str, weight: u32) -> Vec<UpstreamSpec> {
    vec![UpstreamSpec { url: url.to_owned(), weight }]
}

#[test]
fn a_plain_group_is_acceptable() {
    assert_eq!(standard().check(), Ok(()));
}

#[test]
fn each_bad_field_is_named() {
    type Case = (&'static str, fn(&mut GroupSpec));
    let cases: [Case; 14] = [
        ("name", |g| g.name = "Team".to_owned()),
        ("name", |g| g.name = String::new()),
        ("name", |g| g.name = "x".repeat(101)),
        ("display_name", |g| g.display_name = "ü".repeat(256)),
        ("description", |g| g.description = "ü".repeat(513)),
        ("upstreams", |g| g.upstreams = vec![]),
        ("upstreams", |g| g.upstreams = upstream("api.example.com", 1)),
        ("upstreams", |g| g.upstreams = upstream("https://user:pass@host", 1)),
        ("upstreams", |g| g.upstreams = upstream("https://host", 0)),
        ("upstreams", |g| g.upstreams = upstream("https://host", 1001)),
        ("test_model", |g| g.test_model = " ".to_owned()),
        ("validation_endpoint", |g| g.validation_endpoint = "v1/chat".to_owned()),
        ("model_redirect_rules", |g| g.model_redirect_rules = BTreeMap::from([("a".to_owned(), String::new())])),
        ("config.max_retries", |g| g.config = json!({"max_retries": -1}).as_object().unwrap().clone()),
    ];
    for (field, spoil) in cases {
        let mut group = standard();
        spoil(&mut group);
        assert_eq!(group.check().unwrap_err().field, field);
    }
}

#[test]
fn a_password_in_an_upstream_is_not_repeated() {
    let mut group = standard();
    group.upstreams = upstream("https://user:hunter2@host", 1);
    assert!(!group.check().unwrap_err().to_string().contains("hunter2"));
}

#[test]
fn an_aggregate_needs_no_upstream_and_takes_no_redirects() {
    let mut group =
        GroupSpec { kind: GroupKind::Aggregate, upstreams: vec![], test_model: String::new(), ..standard() };
    assert_eq!(group.check(), Ok(()));
    group.model_redirect_rules = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    assert_eq!(group.check().unwrap_err().field, "model_redirect_rules");
}

#[test]
fn words_round_trip() {
    for channel in ChannelType::ALL {
        assert_eq!(channel.as_str().parse::<ChannelType>(), Ok(channel));
        assert_eq!(serde_json::to_value(channel).unwrap(), channel.as_str());
    }
    assert!("azure".parse::<ChannelType>().is_err());
    assert_eq!("aggregate".parse::<GroupKind>(), Ok(GroupKind::Aggregate));
}

#[test]
fn proxy_keys_are_split_and_trimmed() {
    assert_eq!(proxy_keys(" a, b ,,c ").collect::<Vec<_>>(), ["a", "b", "c"]);
}
