//! The bench itself works: a quick run measures every contestant that is built and finds sensible figures.
//!
//! No threshold on speed here; that is what `make bench` is for.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test, where a panic is the report")]

use std::{
    fs,
    process::{Command, Stdio},
};

use serde_json::Value;

/// The median of one figure, `None` when it was not measured.
fn figure(report: &Value, metric: &str, contestant: &str) -> Option<f64> {
    let figures = report["figures"].as_array().unwrap();
    let found = figures.iter().find(|one| one["metric"] == metric && one["contestant"] == contestant)?;
    found["median"].as_f64()
}

/// Runs `run --quick` with these contestants and returns its table and its figures.
fn quick(contestants: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmtrace-bench"));
    command.args(["run", "--quick", "--json"]).arg(&json).arg("--data").arg(folder.path());
    contestants.iter().for_each(|name| {
        command.args(["--only", name]);
    });
    let done = command.stdin(Stdio::null()).output().unwrap();
    let (table, said) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}\n{table}");
    (table, serde_json::from_slice(&fs::read(json).unwrap()).unwrap())
}

#[test]
fn quick_run_finds_sensible_figures_for_the_floor() {
    let (table, report) = quick(&["direct", "hyper"]);
    assert!(table.contains("| 1 KB: CPU per request, µs"), "{table}");
    for size in ["1kb", "8kb", "100kb"] {
        let cpu = figure(&report, &format!("cpu_us_per_request_{size}"), "hyper").unwrap();
        assert!((1.0..100_000.0).contains(&cpu), "{size}: {cpu} µs");
        for contestant in ["direct", "hyper"] {
            let (p50, p99) = (format!("paced_p50_us_{size}"), format!("paced_p99_us_{size}"));
            let (p50, p99) = (figure(&report, &p50, contestant).unwrap(), figure(&report, &p99, contestant).unwrap());
            assert!(p50 > 0.0 && p50 <= p99, "{contestant} {size}: p50 {p50} µs, p99 {p99} µs");
        }
    }
    assert!(figure(&report, "cpu_us_per_request_1kb", "direct").is_none(), "direct has no process of its own");
    for metric in ["single_p50_us", "first_chunk_p50_us", "chunk_delay_p50_us", "cpu_us_per_chunk", "rss_after_mib"] {
        assert!(figure(&report, metric, "hyper").unwrap() > 0.0, "{metric}");
    }
}

#[test]
fn unknown_stream_plan_is_refused_with_what_was_expected() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmtrace-bench"));
    let done = command.args(["load", "--addr", "127.0.0.1:9", "--streams", "many"]).output().unwrap();
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("CHUNKS/MICROSECONDS"));
}
