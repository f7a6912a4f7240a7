//! The figures of the rooms that measure themselves: journal and SQLite, as examples of their crates.

use std::{path::Path, process::Command};

use crate::targets::{self, Outcome};

/// A bench of one room.
#[derive(Debug)]
struct Example {
    package: &'static str,
    name: &'static str,
    /// Left out while this file is not there.
    file: &'static str,
    features: &'static [&'static str],
    arguments: &'static [&'static str],
}

const JOURNAL: &str = "journal_bench";
const STORE: &str = "store_bench";

/// The row of the journal's bench that is held against the targets: 2 KB, loaded, the default `journal.fsync`.
const JOURNAL_ROW: &str = "2000 B at 20000/s, fsync 200 ms";

const EXAMPLES: [Example; 2] = [
    Example {
        package: "llmtrace-server",
        name: JOURNAL,
        file: "crates/server/examples/journal_bench.rs",
        features: &[],
        arguments: &[],
    },
    Example {
        package: "llmtrace-store",
        name: STORE,
        file: "crates/store/examples/store_bench/main.rs",
        features: &["--features", "conformance"],
        arguments: &["1000000"],
    },
];

/// What one example printed.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Extra {
    pub(crate) name: &'static str,
    pub(crate) output: String,
}

/// Builds and runs the examples that exist under `root`; one that fails says so in its output.
pub(crate) fn run(root: &Path) -> Vec<Extra> {
    let present = EXAMPLES.iter().filter(|example| root.join(example.file).is_file());
    present.map(|example| Extra { name: example.name, output: run_one(root, example) }).collect()
}

fn run_one(root: &Path, example: &Example) -> String {
    eprintln!("example {}", example.name);
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["run", "--quiet", "--release", "-p", example.package, "--example", example.name]);
    command.args(example.features).arg("--").args(example.arguments);
    match command.output() {
        Ok(done) if done.status.success() => String::from_utf8_lossy(&done.stdout).trim_end().to_owned(),
        Ok(done) => format!("failed: {}\n{}", done.status, String::from_utf8_lossy(&done.stderr).trim_end()),
        Err(error) => format!("failed to start: {error}"),
    }
}

/// The targets of journal and store, read from what their benches printed.
pub(crate) fn outcomes(extras: &[Extra]) -> Vec<Outcome> {
    let output = |name| extras.iter().find(|extra| extra.name == name).map(|extra| extra.output.as_str());
    let mut all = output(JOURNAL).map_or_else(Vec::new, journal_outcomes);
    all.extend(output(STORE).map_or_else(Vec::new, store_outcomes));
    all
}

/// The first column of a row is the CPU of the journal alone, without the load generator beside it.
fn journal_outcomes(output: &str) -> Vec<Outcome> {
    let row = output.lines().find_map(|line| line.strip_prefix(JOURNAL_ROW));
    let field = |n| row?.split_whitespace().nth(n)?.parse::<f64>().ok();
    let ready = output.lines().find_map(|line| line.strip_prefix("serving after ")?.split(' ').next());
    vec![
        targets::outcome("journal: CPU per 2 KB exchange".to_owned(), field(0), 2.5, "µs"),
        targets::outcome("journal: enqueue p99, loaded".to_owned(), field(4).map(|nanos| nanos / 1e3), 2.0, "µs"),
        targets::outcome("journal: serving with 1 GiB left over".to_owned(), ready.and_then(seconds), 0.2, "s"),
    ]
}

fn store_outcomes(output: &str) -> Vec<Outcome> {
    let written = output.lines().rfind(|line| line.starts_with("written "));
    let before = |unit: &str| number_before(written?, unit);
    let lists = output.lines().filter(|line| line.starts_with("list ") && !line.contains("(no index)"));
    let slowest = lists.filter_map(|line| line.split_whitespace().rev().nth(1)?.parse().ok()).reduce(f64::max);
    vec![
        targets::at_least("SQLite: spans/s, batched", before(" spans/s"), 20_000.0),
        targets::outcome("SQLite: CPU per span".to_owned(), before(" us CPU per span"), 25.0, "µs"),
        targets::outcome("SQLite: slowest indexed list over 1 million spans, p95".to_owned(), slowest, 50.0, "ms"),
    ]
}

/// Reads a duration as `{:?}` prints it: `38.1ms`.
fn seconds(text: &str) -> Option<f64> {
    let units = [("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    units.into_iter().find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor))
}

/// The number that stands directly in front of `unit`.
fn number_before(line: &str, unit: &str) -> Option<f64> {
    line[..line.find(unit)?].rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Verdict;

    #[test]
    fn store_targets_are_read_from_its_last_fill_and_its_slowest_list() {
        let output = "written 200000: 30000 spans/s, 12.0 us CPU per span, 2.0 write calls per span, slowest batch 40.0 ms\n\
                      written 1000000: 19000 spans/s, 20.5 us CPU per span, 2.4 write calls per span, slowest batch 90.0 ms\n\
                      list tenant, first page                0.25      0.31      0.90\n\
                      list session                           0.12     51.00     60.00\n\
                      list one user (no index)               0.12    400.00    500.00";
        let seen = outcomes(&[Extra { name: STORE, output: output.to_owned() }]);
        let figures: Vec<_> = seen.iter().map(|outcome| (outcome.measured, outcome.verdict)).collect();
        let expected =
            [(Some(19000.0), Verdict::Missed), (Some(20.5), Verdict::Reached), (Some(51.0), Verdict::Missed)];
        assert_eq!(figures, expected);
    }

    #[test]
    fn journal_targets_are_read_from_the_loaded_row_with_the_default_fsync() {
        let output = "2000 B at 20000/s, fsync never            1.10        0.80        120 ns        700 ns      3 µs\n\
                      2000 B at 20000/s, fsync 200 ms           2.75        0.80        130 ns       1500 ns   2400 µs\n\
                      \u{20}   bytes written per payload byte 1.0285\n\
                      serving after 38.5ms with 524288 exchanges (1 GiB) left over";
        let seen = outcomes(&[Extra { name: JOURNAL, output: output.to_owned() }]);
        let figures: Vec<_> = seen.iter().map(|outcome| (outcome.measured, outcome.verdict)).collect();
        let expected = [(Some(2.75), Verdict::Missed), (Some(1.5), Verdict::Reached), (Some(0.0385), Verdict::Reached)];
        assert_eq!(figures, expected);
    }

    #[test]
    fn store_that_failed_is_not_measured() {
        let seen = outcomes(&[Extra { name: STORE, output: "failed: exit status: 1".to_owned() }]);
        assert!(seen.iter().all(|outcome| outcome.verdict == Verdict::NotMeasured));
    }
}
