//! Prometheus' own tool reads a scrape; dashboard and alerts ask for nothing that a scrape does not have.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Scrape, scrape};
use crate::support::app_and_provider;

/// What Prometheus itself adds.
const OF_PROMETHEUS: [&str; 2] = ["instance", "job"];

/// A scrape after a request, so that everything is in it.
async fn full_scrape() -> Scrape {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    let counted = |scrape: &Scrape| scrape.text.contains("gpt_load_attempts_total{");
    app.eventually("the request to be counted", async || Some(scrape(&app).await).filter(counted)).await
}

fn packaging(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging").join(path)
}

/// What `promtool` has to say, if it finds fault.
fn promtool(arguments: &[&str], input: &str) -> Result<(), String> {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut tool = command.spawn().expect("promtool is not installed: `make test` installs it");
    tool.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

/// All expressions of the dashboard, as Prometheus is asked.
fn dashboard_expressions() -> Vec<String> {
    let text = fs::read_to_string(packaging("grafana/gpt-load.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let filled = |expression: &str| {
        let variables = ["$instance", "$group", "$job"];
        let filled = variables.iter().fold(expression.to_owned(), |text, variable| text.replace(variable, ".*"));
        filled.replace("$__rate_interval", "5m")
    };
    let expressions: Vec<_> = targets.map(|target| filled(target["expr"].as_str().unwrap())).collect();
    assert!(expressions.len() > 20 && expressions.iter().all(|expression| !expression.contains('$')));
    expressions
}

/// The words of an expression that are names of ours, and those that stand before `=`, `!` in braces.
fn names(expression: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = expression.split(|c| !is_word(c));
    let metrics = words.filter(|word| word.starts_with("gpt_load_") || word.starts_with("process_")).collect();
    let selectors = expression.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let conditions = selectors.flat_map(|selector| selector.split("\",")).filter_map(|it| it.split(['=', '!']).next());
    (metrics, conditions.map(str::trim).filter(|label| !label.is_empty()).collect())
}

fn assert_is_there(scrape: &Scrape, expression: &str) {
    let (metrics, labels) = names(expression);
    assert!(!metrics.is_empty(), "{expression}");
    let mut known: BTreeSet<_> = OF_PROMETHEUS.into();
    for metric in metrics {
        let family = scrape.family(metric).unwrap_or_else(|| panic!("no {metric} in:\n{}", scrape.text));
        let of_it = scrape.samples.iter().filter(|sample| scrape.family(&sample.name) == Some(family));
        known.extend(of_it.flat_map(|sample| sample.labels.keys().map(String::as_str)));
    }
    assert!(labels.is_subset(&known), "{expression}: {labels:?}, but there are {known:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_is_what_prometheus_reads_and_likes() {
    let scrape = full_scrape().await;
    promtool(&["check", "metrics"], &scrape.text).unwrap_or_else(|said| panic!("{said}\n{}", scrape.text));
    for sample in &scrape.samples {
        assert!(scrape.family(&sample.name).is_some(), "{sample:?} belongs to no family");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_asks_for_what_there_is() {
    let (scrape, expressions) = (full_scrape().await, dashboard_expressions());
    let shown: String = expressions.concat();
    for family in scrape.types.keys() {
        assert!(shown.contains(family), "{family} is on no panel");
    }
    for expression in &expressions {
        assert_is_there(&scrape, expression);
    }
    let rules: Vec<_> = expressions.iter().map(|expr| serde_json::json!({"record": "r", "expr": expr})).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    let groups = serde_json::json!({"groups": [{"name": "panels", "rules": rules}]});
    fs::write(file.path(), groups.to_string()).unwrap();
    promtool(&["check", "rules", "--lint=none", file.path().to_str().unwrap()], "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_ask_for_what_there_is() {
    let (scrape, file) = (full_scrape().await, packaging("prometheus/alerts.yml"));
    promtool(&["check", "rules", file.to_str().unwrap()], "").unwrap();
    let text = fs::read_to_string(file).unwrap();
    let rules = text.split("- alert: ").skip(1).map(|rule| rule.split("expr:").nth(1).unwrap());
    for rule in rules {
        assert_is_there(&scrape, rule.split("labels:").next().unwrap());
    }
}
