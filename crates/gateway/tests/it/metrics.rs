//! `GET /metrics` as Prometheus reads it, and what stands on it: the dashboard and the alerts in `packaging`.

use std::collections::BTreeMap;

use testkit::App;
use testkit::http::Request;

mod access;
mod numbers;
mod packaged;

/// What a scrape says, by family and labels.
struct Scrape {
    text: String,
    /// The types of the families.
    types: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

/// A line of a scrape.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// Scrapes with the admin key.
async fn scrape(app: &App) -> Scrape {
    let reply = app.api().request("GET", "/metrics").fetch().await;
    assert_eq!(
        (reply.status, reply.headers.get("content-type")),
        (200, Some("text/plain; version=0.0.4; charset=utf-8"))
    );
    Scrape::read(reply.text())
}

/// A scrape without a key.
fn bare(app: &App) -> Request {
    Request::get(&app.url("/metrics"))
}

impl Scrape {
    /// Panics at anything that is not as the format has it.
    fn read(text: String) -> Self {
        let (mut types, mut samples) = (BTreeMap::new(), Vec::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} comes twice");
            } else if !line.starts_with("# HELP ") {
                samples.push(Sample::read(line));
            }
        }
        Self { text, types, samples }
    }

    /// The value of the one sample with this name and these labels, in Prometheus' notation, all of them in order of their names.
    fn value(&self, written: &str) -> Option<f64> {
        let wanted = Sample::read(&format!("{written} 0"));
        let found: Vec<_> =
            self.samples.iter().filter(|one| one.name == wanted.name && one.labels == wanted.labels).collect();
        assert!(found.len() < 2, "{written} comes twice");
        found.first().map(|sample| sample.value)
    }

    /// The family that a sample belongs to.
    fn family(&self, sample: &str) -> Option<&str> {
        let of_histogram = ["_bucket", "_sum", "_count"].iter().filter_map(|suffix| sample.strip_suffix(suffix));
        let mut names = std::iter::once(sample).chain(of_histogram);
        names.find_map(|name| self.types.get_key_value(name)).map(|(name, _)| name.as_str())
    }
}

impl Sample {
    fn read(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?} has no value"));
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let inner = labels.strip_suffix('}').unwrap_or_else(|| panic!("{line:?} has no end of labels"));
        let pairs = inner.split_terminator("\",").map(|pair| pair.trim_end_matches('"').split_once("=\""));
        let labels = pairs.map(|pair| pair.unwrap_or_else(|| panic!("{line:?} has a broken label")));
        Self {
            name: name.to_owned(),
            labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            value: value.parse().unwrap_or_else(|_| panic!("{line:?} has no number")),
        }
    }
}
