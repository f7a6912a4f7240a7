//! `scan`: what detection says of texts, without a proxy or a store.

use std::{
    io::{BufRead as _, BufWriter, Write as _, stdin, stdout},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use llmtrace_detect::{Deadline, Engine};

use crate::api::{Scanned, ScannedText};

/// Options of `scan`.
#[derive(Debug, Args)]
#[command(
    after_help = "A line in: {\"id\": \"1\", \"text\": \"…\", \"channel\": \"user\"}; channel is user, untrusted, output or system.\n\
    A line out: {\"id\", \"score\", \"findings\": [{\"kind\", \"rule\", \"score\", \"start\", \"end\", \"severity\", …}], \"micros\"}; \
    start and end count Unicode code points."
)]
pub(super) struct Scan {
    /// Milliseconds that a text may take; `late` names the detectors that did not get to it.
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    timeout_ms: u64,
}

impl Scan {
    /// Answers line by line, so that a program may ask through a pipe.
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let engine = Engine::new();
        let within = Duration::from_millis(self.timeout_ms);
        let (input, mut output) = (stdin().lock(), BufWriter::new(stdout().lock()));
        for (n, line) in input.split(b'\n').enumerate() {
            let line = line.with_context(|| format!("reading line {}", n + 1))?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let text: ScannedText =
                serde_json::from_slice(&line).with_context(|| format!("line {} of standard input", n + 1))?;
            let scanned = Scanned::of(&engine, text, Deadline::within(within));
            serde_json::to_writer(&mut output, &scanned).context("writing to standard output")?;
            output.write_all(b"\n").and_then(|()| output.flush()).context("writing to standard output")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
