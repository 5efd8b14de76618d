//! `HAProxy`'s configuration in front of the cluster.

use std::process::Command;

use super::{assert_fine, repository, text, yaml};

#[test]
fn haproxy_takes_it_and_notices_in_time() {
    let path = "packaging/haproxy/haproxy.cfg";
    assert_fine(Command::new("haproxy").arg("-c").arg("-f").arg(repository(path)));
    let configuration = text(path);
    let cluster = yaml(&text("docker-compose.cluster.yml"));
    for node in cluster["services"].as_object().unwrap().keys().filter(|name| name.starts_with("node-")) {
        assert!(configuration.contains(&format!("  server {node} {node}:3001\n")), "{node}");
    }
    assert!(configuration.contains("option httpchk GET /health/ready"));
    let after = |word: &str| {
        let rest = configuration.split(&format!(" {word} ")).nth(1).unwrap();
        super::seconds(rest.split_whitespace().next().unwrap())
    };
    let delay: u64 = cluster["x-node"]["environment"]["SERVER_DRAIN_DELAY"].as_str().unwrap().parse().unwrap();
    assert!(delay > after("inter") * after("fall"), "a node leaves before it is noticed");
}
