//! The compose files: what compose asks of them, and that they agree with themselves and with the program.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{seconds, text, yaml};

/// Of what the compose specification knows, what is used here.
const SERVICE: [&str; 12] = [
    "image",
    "build",
    "container_name",
    "restart",
    "ports",
    "env_file",
    "environment",
    "volumes",
    "stop_grace_period",
    "healthcheck",
    "depends_on",
    "<<",
];
const HEALTHCHECK: [&str; 5] = ["test", "interval", "timeout", "retries", "start_period"];

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

/// Panics unless compose would take the file.
fn assert_valid(file: &Value) {
    assert!(
        members(file).iter().all(|name| ["services", "volumes"].contains(name) || name.starts_with("x-")),
        "{file}"
    );
    let services = members(&file["services"]);
    let volumes = file.get("volumes").map(members).unwrap_or_default();
    for (name, service) in file["services"].as_object().unwrap() {
        assert!(members(service).is_subset(&SERVICE.into()), "{name}: {service}");
        assert!(service["image"].is_string() && service["restart"] == "always", "{name}: {service}");
        if let Some(check) = service.get("healthcheck") {
            assert!(members(check).is_subset(&HEALTHCHECK.into()) && check["test"].is_string(), "{name}: {check}");
        }
        for needed in needed(service) {
            assert!(services.contains(needed.as_str()), "{name} depends on {needed}");
        }
        for mount in service["volumes"].as_array().into_iter().flatten() {
            let (source, target) = mount.as_str().unwrap().split_once(':').unwrap();
            assert!(target.starts_with('/'), "{name}: {mount}");
            assert!(source.starts_with("./") || volumes.contains(source), "{name}: {source} is no volume");
        }
    }
}

fn needed(service: &Value) -> Vec<String> {
    match &service["depends_on"] {
        Value::Object(conditions) => conditions.keys().cloned().collect(),
        Value::Array(names) => names.iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// The file with its commented blocks in force: lines that are YAML, not prose.
fn uncommented(text: &str) -> String {
    let is_yaml = |line: &str| {
        let first = line.split_whitespace().next().unwrap_or_default();
        first == "-"
            || first.strip_suffix(':').is_some_and(|key| key.chars().all(|c| c.is_alphanumeric() || "_-".contains(c)))
    };
    let lines = text.lines().map(|line| match line.split_once("# ") {
        Some((indent, rest)) if indent.trim().is_empty() && is_yaml(rest) => format!("{indent}{rest}"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn one_node_needs_nothing_else() {
    let file = yaml(&text("docker-compose.yml"));
    assert_valid(&file);
    assert_eq!(members(&file["services"]), ["gpt-load"].into());
    assert_eq!(file["services"]["gpt-load"]["volumes"][0], "./data:/app/data");
}

#[test]
fn its_databases_are_ready_to_be_uncommented() {
    let file = yaml(&uncommented(&text("docker-compose.yml")));
    assert_valid(&file);
    assert_eq!(members(&file["services"]), ["gpt-load", "mysql", "postgres", "redis"].into());
    assert_eq!(needed(&file["services"]["gpt-load"]).len(), 3);
    for service in ["mysql", "postgres", "redis"] {
        assert!(file["services"][service]["healthcheck"].is_object(), "{service} is waited for");
    }
    let text = text("docker-compose.yml");
    let dsn = |prefix: &str| text.lines().find_map(|line| line.trim().strip_prefix(prefix)).unwrap();
    let postgres: Vec<_> = dsn("# DATABASE_DSN=postgres://").split(['@', ':', '/', '?']).collect();
    let environment = &file["services"]["postgres"]["environment"];
    assert_eq!(
        (&environment["POSTGRES_PASSWORD"], &environment["POSTGRES_DB"]),
        (&postgres[1].into(), &postgres[4].into())
    );
    let mysql: Vec<_> = dsn("# DATABASE_DSN=root:").split(['@', ')', '?']).collect();
    let environment = &file["services"]["mysql"]["environment"];
    let database = mysql[2].strip_prefix('/').unwrap();
    assert_eq!(
        (&environment["MYSQL_ROOT_PASSWORD"], &environment["MYSQL_DATABASE"]),
        (&mysql[0].into(), &database.into())
    );
}

#[test]
fn nodes_of_a_cluster_are_alike_and_stop_in_their_time() {
    let file = yaml(&text("docker-compose.cluster.yml"));
    assert_valid(&file);
    let nodes: Vec<_> =
        file["services"].as_object().unwrap().iter().filter(|(name, _)| name.starts_with("node-")).collect();
    assert_eq!(nodes.len(), 3);
    let known = text(".env.example");
    let mut volumes = BTreeSet::new();
    for (name, node) in nodes {
        assert_eq!(node["environment"], nodes_environment(&file), "{name}");
        for variable in members(&node["environment"]) {
            assert!(known.contains(&format!("{variable}=")), "{name}: {variable} is no variable of the program's");
        }
        volumes.insert(node["volumes"][0].as_str().unwrap().to_owned());
        let variable = |name: &str| node["environment"][name].as_str().unwrap().parse::<u64>().unwrap();
        let takes = variable("SERVER_DRAIN_DELAY") + variable("SERVER_GRACEFUL_SHUTDOWN_TIMEOUT");
        assert!(seconds(node["stop_grace_period"].as_str().unwrap()) >= takes, "{name}");
    }
    assert_eq!(volumes.len(), 3, "each has a data folder of its own");
}

/// What the nodes have in common.
fn nodes_environment(file: &Value) -> Value {
    file["x-node"]["environment"].clone()
}
