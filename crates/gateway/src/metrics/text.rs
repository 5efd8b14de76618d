//! Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;

use super::histogram::Histogram;

/// The media type.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size.
    Histogram,
}

/// Names and values of labels.
pub type Labels<'l> = [(&'l str, &'l str)];

/// Families with their samples, one after another.
#[derive(Debug, Default)]
pub struct Text {
    written: String,
    /// The family whose samples are being written.
    family: &'static str,
}

impl Text {
    /// Begins a family: its samples follow. `help` is one line.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(self.written, "# HELP {name} {help}\n# TYPE {name} {kind}");
        self.family = name;
    }

    /// A sample of the family.
    pub fn sample(&mut self, labels: &Labels<'_>, value: f64) {
        self.line("", labels, value);
    }

    /// A sample of a histogram: its buckets, sum and count.
    pub fn histogram(&mut self, labels: &Labels<'_>, histogram: &Histogram) {
        for (bound, count) in histogram.buckets() {
            let bound = bound.map_or_else(|| "+Inf".to_owned(), |seconds| seconds.to_string());
            self.line("_bucket", &[labels, &[("le", &bound)]].concat(), number(count));
        }
        self.line("_sum", labels, histogram.sum_seconds());
        self.line("_count", labels, number(histogram.count()));
    }

    /// A family that is a single number.
    pub fn single(&mut self, name: &'static str, kind: Kind, help: &str, value: f64) {
        self.family(name, kind, help);
        self.sample(&[], value);
    }

    /// All that has been written.
    #[must_use]
    pub fn into_string(self) -> String {
        self.written
    }

    fn line(&mut self, suffix: &str, labels: &Labels<'_>, value: f64) {
        let written = &mut self.written;
        written.extend([self.family, suffix]);
        for (place, (name, value)) in labels.iter().enumerate() {
            written.extend([if place == 0 { "{" } else { "," }, name, "=\""]);
            escape(value, written);
            written.push('"');
        }
        if !labels.is_empty() {
            written.push('}');
        }
        let _ = writeln!(written, " {value}");
    }
}

/// A count as the format has it: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
pub fn number(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}

fn escape(value: &str, into: &mut String) {
    for character in value.chars() {
        match character {
            '\\' => into.push_str(r"\\"),
            '"' => into.push_str("\\\""),
            '\n' => into.push_str(r"\n"),
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn families_samples_and_labels_are_written_as_prometheus_reads_them() {
        let mut text = Text::default();
        text.family("a_total", Kind::Counter, "Help.");
        text.sample(&[("group", "a \"quoted\\\n name"), ("outcome", "ok")], number(3_usize));
        text.single("b", Kind::Gauge, "More help.", 0.25);
        let expected = [
            "# HELP a_total Help.",
            "# TYPE a_total counter",
            r#"a_total{group="a \"quoted\\\n name",outcome="ok"} 3"#,
            "# HELP b More help.",
            "# TYPE b gauge",
            "b 0.25\n",
        ];
        assert_eq!(text.into_string(), expected.join("\n"));
    }

    #[test]
    fn buckets_of_a_histogram_add_up() {
        let (mut text, mut histogram) = (Text::default(), Histogram::default());
        for ms in [5, 20, 700_000] {
            histogram.add(Duration::from_millis(ms));
        }
        text.family("h", Kind::Histogram, "Help.");
        text.histogram(&[("group", "g")], &histogram);
        let text = text.into_string();
        for line in [
            r#"h_bucket{group="g",le="0.01"} 1"#,
            r#"h_bucket{group="g",le="0.025"} 2"#,
            r#"h_bucket{group="g",le="600"} 2"#,
            r#"h_bucket{group="g",le="+Inf"} 3"#,
            r#"h_sum{group="g"} 700.025"#,
            r#"h_count{group="g"} 3"#,
        ] {
            assert!(text.lines().any(|written| written == line), "{line} in {text}");
        }
    }
}
