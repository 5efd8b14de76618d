//! Storms of failures, measured in full length: how many requests succeed, how many attempts they cost, how many keys are lost, and
//! how soon all is well again. `make storm` prints the table and fails if a target is missed.

#![expect(clippy::expect_used, reason = "a test's own helpers fail the test")]

use std::fmt::Write as _;

mod load;
mod scenarios;
mod stage;

const BINARY: &str = env!("CARGO_BIN_EXE_gpt-load");

/// What was measured, and how far it may go.
struct Figure {
    name: &'static str,
    value: f64,
    limit: Limit,
}

#[derive(Clone, Copy)]
enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

/// The figures of one storm.
struct Report {
    storm: &'static str,
    figures: Vec<Figure>,
}

impl Report {
    fn new(storm: &'static str) -> Self {
        Self { storm, figures: Vec::new() }
    }

    fn at_least(mut self, limit: f64, name: &'static str, value: f64) -> Self {
        self.figures.push(Figure { name, value, limit: Limit::AtLeast(limit) });
        self
    }

    fn at_most(mut self, limit: f64, name: &'static str, value: f64) -> Self {
        self.figures.push(Figure { name, value, limit: Limit::AtMost(limit) });
        self
    }
}

impl Figure {
    fn is_met(&self) -> bool {
        match self.limit {
            Limit::AtLeast(limit) => self.value >= limit,
            Limit::AtMost(limit) => self.value <= limit,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make storm"]
async fn storms_cost_little_and_pass() {
    let reports = [
        scenarios::mixed_pool().await,
        scenarios::sick_upstream().await,
        scenarios::all_limited().await,
        scenarios::all_refused().await,
        scenarios::exhausted_before_a_restart().await,
        scenarios::exhausted_unknown().await,
    ];
    let missed = reports.iter().flat_map(|report| &report.figures).filter(|figure| !figure.is_met()).count();
    show(&table(&reports));
    assert_eq!(missed, 0, "targets missed");
}

fn table(reports: &[Report]) -> String {
    let mut table = String::new();
    for Report { storm, figures } in reports {
        writeln!(table, "{storm}").expect("writing to a string");
        for figure in figures {
            let (sign, limit) = match figure.limit {
                Limit::AtLeast(limit) => ("at least", limit),
                Limit::AtMost(limit) => ("at most", limit),
            };
            let missed = if figure.is_met() { "" } else { "  MISSED" };
            writeln!(table, "  {:44} {:10.4}   {sign} {limit}{missed}", figure.name, figure.value)
                .expect("writing to a string");
        }
    }
    table
}

#[expect(clippy::print_stdout, reason = "the table is what the run is for")]
fn show(table: &str) {
    println!("\n{table}");
}
