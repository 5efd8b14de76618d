//! The README's tables and `.env.example` are what the code says. `UPDATE_DOCS=1 cargo test -p gateway --bin gpt-load docs` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use domain::settings::{Kind, TABLE};

use crate::config::environment::ENVIRONMENT;

#[test]
fn the_readme_has_the_environment_as_it_is() {
    let mut table = String::from("| variable | default | meaning |\n|---|---|---|\n");
    for variable in ENVIRONMENT {
        let _ = writeln!(table, "| `{}` | {} | {} |", variable.name, code(variable.default), variable.meaning);
    }
    check("environment", &table);
}

#[test]
fn the_readme_has_the_settings_as_they_are() {
    let mut table = String::from("| setting | type | default | per group | meaning |\n|---|---|---|---|---|\n");
    for setting in TABLE {
        let limits = match setting.kind {
            Kind::Int { min, max, .. } => format!(" ({min} to {max})"),
            _ => String::new(),
        };
        let group = if setting.per_group { "yes" } else { "" };
        let (kind, default) = (setting.kind.api_type(), code(setting.default));
        let meaning = setting.description.english;
        let _ = writeln!(table, "| `{}` | {kind}{limits} | {default} | {group} | {meaning} |", setting.key);
    }
    check("settings", &table);
}

#[test]
fn the_example_names_every_variable() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.env.example");
    let example = fs::read_to_string(path).unwrap();
    let pairs = example.lines().filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='));
    let found: Vec<_> =
        pairs.map(|(name, _)| name).filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect();
    let known: Vec<_> = ENVIRONMENT.iter().map(|variable| variable.name).collect();
    let missing: Vec<_> = known.iter().filter(|name| !found.contains(name)).collect();
    let unknown: Vec<_> = found.iter().filter(|name| !known.contains(name)).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing: {missing:?}; unknown: {unknown:?}");
}

fn code(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { format!("`{text}`") }
}

fn check(name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let start = readme.find(&format!("<!-- {name}:")).unwrap();
    let start = start + readme[start..].find('\n').unwrap() + 1;
    let end = start + readme[start..].find(&format!("<!-- /{name} -->")).unwrap();
    if readme[start..end] == *table {
        return;
    }
    assert!(std::env::var_os("UPDATE_DOCS").is_some(), "README.md's table of {name} is stale; see this module's doc");
    fs::write(&path, format!("{}{table}{}", &readme[..start], &readme[end..])).unwrap();
}
