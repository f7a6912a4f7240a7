//! `check`: the configuration as it is in effect, and with `--connect` whether everything it names is there.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::{boot::probe, config::Config};

/// Options of `check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Also read the files it names, look at stores and folders, and connect to every upstream. Changes nothing.
    #[arg(long)]
    connect: bool,
}

impl Check {
    /// Prints the configuration; that it is valid is known by now.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let yaml = serde_saphyr::to_string(config).context("writing the configuration as YAML")?;
        print!("{yaml}");
        for note in &config.notes {
            eprintln!("note: {note}");
        }
        if !self.connect {
            return Ok(ExitCode::SUCCESS);
        }
        let mut code = ExitCode::SUCCESS;
        for found in probe::all(config).await {
            match found.outcome {
                Ok(is) => eprintln!("ok: {}: {is}", found.setting),
                Err(error) => {
                    eprintln!("failed: {}: {error:#}", found.setting);
                    code = ExitCode::FAILURE;
                }
            }
        }
        Ok(code)
    }
}
