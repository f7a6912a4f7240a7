//! `check`: the configuration as it is in effect.

use std::process::ExitCode;

use anyhow::Context as _;

use crate::config::Config;

/// Prints the configuration; that it is valid is known by now.
pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let yaml = serde_saphyr::to_string(config).context("writing the configuration as YAML")?;
    print!("{yaml}");
    for note in &config.notes {
        eprintln!("note: {note}");
    }
    Ok(ExitCode::SUCCESS)
}
