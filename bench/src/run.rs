//! The whole bench: provider, contestants, rounds interleaved, report.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::{
    contestant::{Kind, Programs, Servers},
    extras,
    machine::{self, Machine},
    measure::{Amounts, Bench},
    metric::{Metric, Results},
    process::Process,
    report::{self, Report},
    targets::{self, Verdict},
};

/// Open files the run needs: a thousand streams have two ends in a contestant.
const OPEN_FILES: u64 = 4096;

/// What to run and where to write.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A smoke run of seconds: shows that everything works, proves no figure.
    #[arg(long)]
    quick: bool,
    /// Only these contestants; may be given more than once.
    #[arg(long, value_enum)]
    only: Vec<Kind>,
    /// How many rounds the medians are taken over.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=50))]
    rounds: u8,
    /// Writes every figure of every round here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the table between the marks of this document.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// nginx.
    #[arg(long, env = "LLMTRACE_BENCH_NGINX")]
    nginx: Option<PathBuf>,
    /// The product, built for release; by default beside this program.
    #[arg(long, env = "LLMTRACE_BENCH_PROXY")]
    proxy: Option<PathBuf>,
    /// ClickHouse, PostgreSQL and Redis for the production profile; all three or none.
    #[arg(long, env = "LLMTRACE_TEST_CLICKHOUSE_URL", hide_env_values = true)]
    clickhouse: Option<String>,
    #[arg(long, env = "LLMTRACE_TEST_POSTGRES_URL", hide_env_values = true)]
    postgres: Option<String>,
    #[arg(long, env = "LLMTRACE_TEST_REDIS_URL", hide_env_values = true)]
    redis: Option<String>,
    /// Where journals and databases go while they are measured.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Leaves the examples of journal and store out.
    #[arg(long)]
    no_examples: bool,
}

impl Options {
    fn servers(&self) -> Option<Servers> {
        let (clickhouse, postgres) = (self.clickhouse.clone()?, self.postgres.clone()?);
        Some(Servers { clickhouse, postgres, redis: self.redis.clone()? })
    }
}

/// Runs everything and prints the report. Misses of targets are shown, not an error; a contestant that fails is.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    raise_open_files()?;
    if let Some(path) = &options.markdown {
        // Before the half hour of measuring, not after it.
        report::check_marks(path)?;
    }
    let programs = programs(options)?;
    let amounts = if options.quick { Amounts::quick() } else { Amounts::full(options.rounds.into()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let (report, failed) = runtime.block_on(local.run_until(measure(options, &programs, amounts)))?;
    let text = report.markdown();
    print_out(&text);
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_vec_pretty(&report.json())?)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    if let Some(path) = &options.markdown {
        report::write_into(path, &text)?;
    }
    ensure!(failed == 0, "{failed} measurement(s) failed, see the notes");
    Ok(())
}

async fn measure(options: &Options, programs: &Programs, amounts: Amounts) -> anyhow::Result<(Report, usize)> {
    let mut notes = Vec::new();
    let kinds = contestants(options, programs, &mut notes)?;
    let before = machine::load_average();
    let (_provider, provider) = Process::start_serving("provider", Command::new(&programs.bench).arg("provider"))?;
    let bench = Bench { programs, provider, amounts: &amounts };
    let mut results = Results::default();
    let mut failed = 0;
    let mut note = |what: String, done: anyhow::Result<()>| {
        if let Err(error) = done {
            failed += 1;
            eprintln!("{what}: {error:#}");
            notes.push(format!("FAILED {what}: {error:#}"));
        }
    };
    for round in 0..amounts.rounds {
        // Each round begins with another contestant, so that none always runs on the machine another has warmed.
        for turn in 0..kinds.len() {
            let kind = kinds[(round + turn) % kinds.len()];
            eprintln!("round {}/{}: {}", round + 1, amounts.rounds, kind.label());
            note(format!("round {} of {}", round + 1, kind.label()), bench.round(kind, &mut results).await);
        }
    }
    for kind in kinds.iter().copied().filter(|kind| *kind != Kind::Direct) {
        eprintln!("long run: {}", kind.label());
        note(format!("long run of {}", kind.label()), bench.long_run(kind, &mut results).await);
    }
    let busy = (before, machine::load_average());
    notes.extend(kinds.iter().filter_map(|kind| {
        let shed = results.median(Metric::Shed, *kind).filter(|shed| *shed > 0.0)?;
        Some(format!("{} shed {shed:.0} exchanges a round: its CPU figures are too low by their work", kind.label()))
    }));
    let extras = if options.quick || options.no_examples { Vec::new() } else { extras::run(Path::new(".")) };
    let mut outcomes = targets::judge(&results);
    outcomes.extend(extras::outcomes(&extras));
    if !options.only.is_empty() {
        outcomes.retain(|outcome| outcome.verdict != Verdict::NotMeasured);
    }
    let report = Report {
        date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        machine: Machine::read(&programs.data),
        busy,
        versions: versions(programs, &kinds),
        amounts,
        results,
        outcomes,
        extras,
        notes,
    };
    Ok((report, failed))
}

/// The contestants of this run. One whose program is not there is left out with a note, unless it was asked for.
fn contestants(options: &Options, programs: &Programs, notes: &mut Vec<String>) -> anyhow::Result<Vec<Kind>> {
    let mut kinds = Vec::new();
    for kind in Kind::ALL {
        if !options.only.is_empty() && !options.only.contains(&kind) {
            continue;
        }
        match programs.missing(kind) {
            None => kinds.push(kind),
            Some(what) if options.only.contains(&kind) => bail!("{}: {what} is not there", kind.label()),
            Some(what) => notes.push(format!("{} was left out: {what} is not there", kind.label())),
        }
    }
    Ok(kinds)
}

fn programs(options: &Options) -> anyhow::Result<Programs> {
    let bench = env::current_exe().context("the path of this program")?;
    let beside = |name: &str| bench.with_file_name(name);
    // `scripts/setup-bench.sh` unpacks nginx there when the system has none.
    let unpacked = Path::new("target/bench/nginx/usr/sbin/nginx").to_path_buf();
    let installed = Path::new("/usr/sbin/nginx").to_path_buf();
    let nginx = options.nginx.clone().unwrap_or(if installed.is_file() { installed } else { unpacked });
    let data = options.data.clone().unwrap_or_else(env::temp_dir);
    fs::create_dir_all(&data).with_context(|| format!("creating {}", data.display()))?;
    Ok(Programs {
        llmtrace: options.proxy.clone().unwrap_or_else(|| beside("llmtrace-proxy")),
        nginx: if nginx.is_file() { nginx.canonicalize()? } else { nginx },
        servers: options.servers(),
        data: data.canonicalize()?,
        bench,
    })
}

/// The versions of what was measured, as the programs tell them.
fn versions(programs: &Programs, kinds: &[Kind]) -> Vec<String> {
    let mut versions = vec![format!("bench {}", env!("CARGO_PKG_VERSION"))];
    if kinds.contains(&Kind::Nginx) {
        versions.push(version_of(&programs.nginx, "-v"));
    }
    if kinds.iter().any(|kind| {
        matches!(
            kind,
            Kind::PassThrough | Kind::Memory | Kind::Lite | Kind::Unanalysed | Kind::Guarded | Kind::Production
        )
    }) {
        versions.push(version_of(&programs.llmtrace, "--version"));
    }
    versions
}

/// The first line a program says about its version (nginx says it on standard error).
fn version_of(program: &Path, flag: &str) -> String {
    let said = Command::new(program).arg(flag).output().map(|done| [done.stdout, done.stderr].concat());
    let said = said.unwrap_or_default();
    let line = String::from_utf8_lossy(&said).lines().next().unwrap_or("unknown version").to_owned();
    line.trim_start_matches("nginx version: ").to_owned()
}

/// Raises the soft limit on open files to the hard one; every child inherits it.
fn raise_open_files() -> anyhow::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    ensure!(hard >= OPEN_FILES, "open files: the hard limit is {hard}, {OPEN_FILES} are needed (see ulimit -Hn)");
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is what the program is run for")]
fn print_out(text: &str) {
    println!("{text}");
}
