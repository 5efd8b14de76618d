//! The rules of ARCHITECTURE.md that can be read off the source.

use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

pub(super) fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The lines of a module's files (`name.rs` and `name/**`) that contain one of `words`.
fn uses(module: &str, words: &[&str]) -> Vec<String> {
    let src = crates().join("gateway/src");
    let mut files = sources(&src.join(module));
    files.push(src.join(format!("{module}.rs")));
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        found.extend(
            lines
                .filter(|line| words.iter().any(|word| line.contains(word)))
                .map(|line| format!("{}: {line}", file.display())),
        );
    }
    found
}

#[test]
fn the_data_plane_knows_no_database_and_no_admin_api() {
    assert_eq!(uses("proxy", &["storage::", "cluster::", "crate::admin", "crate::jobs", "crate::nodes"]), [""; 0]);
    assert_eq!(uses("channels", &["storage::", "crate::admin", "crate::proxy", "upstream::"]), [""; 0]);
    assert_eq!(uses("keyring", &["storage::", "crate::admin", "crate::proxy", "upstream::"]), [""; 0]);
}

#[test]
fn the_admin_api_knows_no_data_plane() {
    assert_eq!(uses("admin", &["crate::proxy", "upstream::{", "use upstream"]), [""; 0]);
}

#[test]
fn the_admin_api_has_no_route_without_a_description() {
    let routes = uses("admin", &["axum::routing"]);
    assert!(matches!(&routes[..], [only] if only.contains("admin/openapi/routes.rs")), "{routes:?}");
}

#[test]
fn jobs_answer_no_requests() {
    assert_eq!(uses("jobs", &["axum", "hyper", "crate::admin", "crate::proxy"]), [""; 0]);
}

#[test]
fn only_storage_knows_sql() {
    for name in ["domain", "upstream", "gateway"] {
        let manifest = fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        assert!(!manifest.contains("sqlx") && !manifest.contains("sea-query"), "{name}");
    }
}

#[test]
fn only_cluster_knows_redis_and_hardly_anybody_knows_cluster() {
    for name in ["domain", "storage", "upstream", "gateway"] {
        let manifest = fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        assert!(!manifest.contains("redis"), "{name}");
    }
    for module in ["admin", "channels", "events", "keyring", "probe", "server", "snapshot", "tasks"] {
        assert_eq!(uses(module, &["cluster::"]), [""; 0]);
    }
}

#[test]
fn crates_point_one_way() {
    for (name, never) in [
        ("domain", &["storage", "upstream", "cluster", "gateway", "testkit"][..]),
        ("storage", &["upstream", "cluster", "gateway", "testkit"]),
        ("upstream", &["domain", "storage", "cluster", "gateway", "testkit"]),
        ("cluster", &["storage", "upstream", "gateway", "testkit"]),
        ("testkit", &["domain", "storage", "upstream", "cluster", "gateway"]),
    ] {
        let manifest = fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for other in never {
            assert!(!dependencies.contains(&format!("\n{other}.workspace")), "{name} must not use {other}");
        }
    }
}

#[test]
fn modules_are_files_not_mod_rs() {
    let all = sources(&crates());
    let wrong: Vec<_> = all.iter().filter(|path| path.ends_with("mod.rs")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
