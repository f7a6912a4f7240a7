//! The command line: which command runs, with which configuration, and what its exit code says.
//!
//! 0: done; 1: failed; 2: the command line or the configuration is wrong. What commands print for others to read goes to
//! standard output, everything else to standard error.

mod access;
mod archive;
mod audit;
mod check;
mod credentials;
mod doctor;
mod erase;
mod health;
mod keys;
mod policy;
mod reprice;
mod scan;
mod secret_input;
mod store;
mod tenants;
mod users;
mod when;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::{
    api, boot,
    config::{Config, ConfigErrors, Flag, Sources},
    demo::Demo,
    telemetry::logs,
};

/// The exit code of a wrong command line (clap's own) and of a wrong configuration.
const WRONG_USAGE: u8 = 2;

/// Transparent proxy in front of LLM providers: records every exchange, and changes none.
#[derive(Debug, Parser)]
#[command(name = "llmtrace-proxy", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
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
    /// Serve; what happens without a command, too.
    Serve,
    /// Check the configuration and print it as it is in effect, secrets hidden.
    Check(check::Check),
    /// Ask a running proxy for its health; the exit code is 0 where it is fit.
    Health(health::Health),
    /// Bring the schema of the stores up to date.
    Migrate,
    /// Write the stored spans: for other programs, or as an archive with everything that `import` reads.
    Export(store::Export),
    /// Put an archive into the stores; what they have already stays as it is.
    Import(archive::Import),
    /// Look at stores, disks and journals: what is there, how full it is, what to do. Changes nothing.
    Doctor(doctor::Doctor),
    /// Price the stored spans anew, by the prices in force; also while the proxy runs.
    Reprice(reprice::RepriceCommand),
    /// Erase what a trace, a span, a session, a user or a tenant has stored; also while the proxy runs.
    Erase(erase::Erase),
    /// People who log in: list, add, change and remove them; also while the proxy runs.
    Users(users::Users),
    /// API keys: list, make and revoke them; also while the proxy runs.
    Keys(keys::Keys),
    /// Tenants: list and make them; also while the proxy runs.
    Tenants(tenants::Tenants),
    /// Credentials for providers that tenants have stored: list, store, delete and reseal them; also while the proxy runs.
    Credentials(credentials::Credentials),
    /// Print the audit log, write chains of it, check that they are what was written.
    Audit(audit::Audit),
    /// Policies of detection: what a draft would do about what is stored.
    Policy(policy::PolicyCommand),
    /// Look at texts: JSON lines on standard input, what was found in each on standard output. Needs no running proxy.
    Scan(scan::Scan),
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Show the product at work: a fake provider, the proxy, a mixed load. Reads neither configuration file nor environment.
    Demo(Demo),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Serve);
    let sources = match &command {
        Command::Demo(demo) => demo.sources(cli.settings.flags()),
        _ => Sources::from_process(cli.settings.config.clone(), cli.settings.flags()),
    };
    let outcome = match Config::load(&sources) {
        Ok(config) => run_with(command, config),
        Err(errors) => return refuse(&errors),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("llmtrace-proxy: {error:#}");
        ExitCode::FAILURE
    })
}

fn run_with(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    let on_one_thread = || runtime(&mut Builder::new_current_thread());
    match command {
        Command::Serve => {
            logs::init(config.logging.level.as_str(), config.logging.format)?;
            runtime(&mut Builder::new_multi_thread())?.block_on(boot::serve(config))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo(demo) => {
            runtime(&mut Builder::new_multi_thread())?.block_on(demo.run(config))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check(check) => on_one_thread()?.block_on(check.run(&config)),
        Command::Health(health) => on_one_thread()?.block_on(health.run(&config)),
        Command::Migrate => on_one_thread()?.block_on(store::migrate(&config)),
        Command::Export(export) => on_one_thread()?.block_on(export.run(&config)),
        Command::Import(import) => on_one_thread()?.block_on(import.run(&config)),
        Command::Doctor(doctor) => on_one_thread()?.block_on(doctor.run(&config)),
        Command::Reprice(reprice) => on_one_thread()?.block_on(reprice.run(&config)),
        Command::Erase(erase) => on_one_thread()?.block_on(erase.run(&config)),
        Command::Users(users) => on_one_thread()?.block_on(users.run(&config)),
        Command::Keys(keys) => on_one_thread()?.block_on(keys.run(&config)),
        Command::Tenants(tenants) => on_one_thread()?.block_on(tenants.run(&config)),
        Command::Credentials(credentials) => on_one_thread()?.block_on(credentials.run(&config)),
        Command::Audit(audit) => on_one_thread()?.block_on(audit.run(&config)),
        Command::Policy(policy) => on_one_thread()?.block_on(policy.run(&config)),
        Command::Scan(scan) => scan.run(),
        Command::Openapi => {
            print!("{}", api::openapi());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn runtime(builder: &mut Builder) -> anyhow::Result<Runtime> {
    builder.enable_all().build().context("starting the runtime")
}

fn refuse(errors: &ConfigErrors) -> ExitCode {
    eprintln!("llmtrace-proxy: {errors}");
    ExitCode::from(WRONG_USAGE)
}

impl Settings {
    fn flags(&self) -> Vec<Flag> {
        let flags = [
            ("--log-level", "logging.level", &self.log_level),
            ("--log-format", "logging.format", &self.log_format),
            ("--listen-addr", "listen_addr", &self.listen_addr),
            ("--upstream-url", "upstream_url", &self.upstream_url),
        ];
        flags.into_iter().filter_map(|(name, key, value)| Some(Flag { name, key, value: value.clone()? })).collect()
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
            let flags = Cli::try_parse_from(line).unwrap().settings.flags();
            let config = Config::load(&Sources { flags, ..Sources::default() }).unwrap();
            assert_eq!((config.logging.level.as_str(), config.listen_addr.port()), ("debug", 1));
        }
    }
}
