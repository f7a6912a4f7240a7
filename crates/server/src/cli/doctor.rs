//! `doctor`: what an installation stands on, line by line, each with what to do about it.

use std::process::ExitCode;

use clap::Args;
use llmtrace_store::{Grade, Note};
use serde::Serialize;

use crate::{boot::doctor, config::Config};

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

/// The report as JSON.
#[derive(Serialize)]
struct Report<'a> {
    /// The worst grade of all.
    grade: &'static str,
    notes: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    grade: &'static str,
    setting: &'a str,
    found: &'a str,
    remedy: Option<&'a str>,
}

impl Doctor {
    /// Looks at everything and prints it; the exit code is 1 where something does not work.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let notes = doctor::examine_all(config).await;
        let worst = doctor::worst(&notes);
        if self.json {
            let report = Report { grade: worst.as_str(), notes: notes.iter().map(line).collect() };
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            for note in &notes {
                println!("{:<4}  {}: {}", note.grade.as_str(), note.setting, note.found);
                if let Some(remedy) = &note.remedy {
                    println!("      → {remedy}");
                }
            }
        }
        Ok(match worst {
            Grade::Ok | Grade::Warn => ExitCode::SUCCESS,
            Grade::Fail => ExitCode::FAILURE,
        })
    }
}

fn line(note: &Note) -> Line<'_> {
    let Note { setting, grade, found, remedy } = note;
    Line { grade: grade.as_str(), setting, found, remedy: remedy.as_deref() }
}
