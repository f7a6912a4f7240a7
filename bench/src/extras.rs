//! The figures of the rooms that measure themselves: journal and SQLite, as examples of their crates.

use std::{path::Path, process::Command};

/// Package, example and the file that must be there.
const EXAMPLES: [(&str, &str, &str); 2] = [
    ("llmtrace-server", "journal_bench", "crates/server/examples/journal_bench.rs"),
    ("llmtrace-store", "store_bench", "crates/store/examples/store_bench.rs"),
];

/// What one example printed.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Extra {
    pub(crate) name: &'static str,
    pub(crate) output: String,
}

/// Builds and runs the examples that exist under `root`; one that fails says so in its output.
pub(crate) fn run(root: &Path) -> Vec<Extra> {
    let present = EXAMPLES.into_iter().filter(|(_, _, file)| root.join(file).is_file());
    present.map(|(package, name, _)| Extra { name, output: run_one(root, package, name) }).collect()
}

fn run_one(root: &Path, package: &str, name: &str) -> String {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["run", "--quiet", "--release", "-p", package, "--example", name]);
    match command.output() {
        Ok(done) if done.status.success() => String::from_utf8_lossy(&done.stdout).trim_end().to_owned(),
        Ok(done) => format!("failed: {}\n{}", done.status, String::from_utf8_lossy(&done.stderr).trim_end()),
        Err(error) => format!("failed to start: {error}"),
    }
}
