//! The command line: which command runs, with which configuration, and what its exit code says.
//!
//! 0: done; 1: failed; 2: the command line or the configuration is wrong. What commands print for others to read goes to
//! standard output, everything else to standard error.

mod check;
mod health;
mod store;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::{
    api,
    config::{Config, ConfigErrors, Flag, Sources},
};

/// The exit code of a wrong command line (clap's own) and of a wrong configuration.
const WRONG_USAGE: u8 = 2;

/// Transparent proxy in front of LLM providers: records every exchange, and changes none.
#[derive(Debug, Parser)]
#[command(name = "llmtrace-proxy", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: Settings,
}

/// Settings that win over file and environment.
#[derive(Debug, Args)]
struct Settings {
    /// Configuration file; else the variable LLMTRACE_CONFIG names it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// `logging.level`: off, error, warn, info, debug, trace.
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// `logging.format`: text, json.
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
    /// `listen_addr`: address and port of the listener.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen_addr: Option<String>,
    /// `upstream_url`: base URL of the provider.
    #[arg(long, global = true, value_name = "URL")]
    upstream_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the configuration and print it as it is in effect, secrets hidden.
    Check,
    /// Ask a running proxy for its health; the exit code is 0 where it is fit.
    Health(health::Health),
    /// Bring the schema of the stores up to date.
    Migrate,
    /// Write the stored spans, one JSON object a line.
    Export(store::Export),
    /// Print the OpenAPI document of the API.
    Openapi,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match Config::load(&cli.settings.sources()) {
        Ok(config) => run_with(cli.command, &config),
        Err(errors) => return refuse(&errors),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("llmtrace-proxy: {error:#}");
        ExitCode::FAILURE
    })
}

fn run_with(command: Command, config: &Config) -> anyhow::Result<ExitCode> {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime");
    match command {
        Command::Check => check::run(config),
        Command::Health(health) => runtime()?.block_on(health.run(config)),
        Command::Migrate => runtime()?.block_on(store::migrate(config)),
        Command::Export(export) => runtime()?.block_on(export.run(config)),
        Command::Openapi => {
            print!("{}", api::openapi());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn refuse(errors: &ConfigErrors) -> ExitCode {
    eprintln!("llmtrace-proxy: {errors}");
    ExitCode::from(WRONG_USAGE)
}

impl Settings {
    fn sources(self) -> Sources {
        let flags = [
            ("--log-level", "logging.level", self.log_level),
            ("--log-format", "logging.format", self.log_format),
            ("--listen-addr", "listen_addr", self.listen_addr),
            ("--upstream-url", "upstream_url", self.upstream_url),
        ];
        let flags = flags.into_iter().filter_map(|(name, key, value)| Some(Flag { name, key, value: value? }));
        Sources::from_process(self.config, flags.collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_are_settings_before_and_after_the_command() {
        for line in [
            ["llmtrace-proxy", "--log-level", "debug", "check", "--listen-addr", "127.0.0.1:1"],
            ["llmtrace-proxy", "check", "--listen-addr", "127.0.0.1:1", "--log-level", "debug"],
        ] {
            let sources = Cli::try_parse_from(line).unwrap().settings.sources();
            let config = Config::load(&Sources { env: Vec::new(), ..sources }).unwrap();
            assert_eq!((config.logging.level.as_str(), config.listen_addr.port()), ("debug", 1));
        }
    }
}
