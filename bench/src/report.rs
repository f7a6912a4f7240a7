//! The table: Markdown that reads as text, JSON for machines, and the place in the docs where the figures live.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context as _;
use serde_json::json;

use crate::{
    contestant::Kind,
    extras::Extra,
    machine::Machine,
    measure::Amounts,
    metric::{Metric, Results},
    targets::{self, Outcome, Verdict},
};

/// The generated part of a document lies between these two lines.
const BEGIN: &str = "<!-- figures: begin (written by make bench) -->";
const END: &str = "<!-- figures: end -->";

/// Everything a run found out.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) date: String,
    pub(crate) machine: Machine,
    /// Load average before and after.
    pub(crate) busy: (String, String),
    pub(crate) versions: Vec<String>,
    pub(crate) amounts: Amounts,
    pub(crate) results: Results,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) extras: Vec<Extra>,
    /// What was left out or failed.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// The whole report as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.heading();
        text.push_str(&self.table());
        text.push_str(&self.targets());
        for extra in &self.extras {
            text.push_str(&format!("\n### {}\n\n```text\n{}\n```\n", extra.name, extra.output));
        }
        if !self.notes.is_empty() {
            text.push_str("\nNotes:\n\n");
            self.notes.iter().for_each(|note| text.push_str(&format!("- {note}\n")));
        }
        text
    }

    /// The whole report as JSON, every round's value included.
    pub(crate) fn json(&self) -> serde_json::Value {
        let figures: Vec<_> = Metric::all()
            .into_iter()
            .flat_map(|metric| Kind::ALL.map(|kind| (metric, kind)))
            .filter_map(|(metric, kind)| {
                let median = self.results.median(metric, kind)?;
                let rounds = self.results.rounds(metric, kind);
                Some(json!({ "metric": metric.key(), "contestant": kind, "median": median, "rounds": rounds }))
            })
            .collect();
        json!({
            "date": self.date,
            "machine": self.machine,
            "load_average": { "before": self.busy.0, "after": self.busy.1 },
            "versions": self.versions,
            "amounts": self.amounts,
            "figures": figures,
            "targets": self.outcomes,
            "examples": self.extras,
            "notes": self.notes,
        })
    }

    fn heading(&self) -> String {
        let (machine, amounts) = (&self.machine, &self.amounts);
        let [kb1, kb8, kb100] = amounts.requests;
        format!(
            "Measured {} on {} × {}, {} GiB, {}, kernel {}, data on {}; load average {} before, {} after.\n\
             {}.\n\
             Medians of {} round(s): {kb1}/{kb8}/{kb100} requests at full load (1/8/100 KB), {} at 1000/s per size, \
             {} on one connection, {} wave(s) of {} streams × {} chunks every {} ms, {} held connections or streams; \
             one long run of {} + {} requests.\n\n",
            self.date,
            machine.cores,
            machine.cpu,
            machine.memory_gib,
            machine.system,
            machine.kernel,
            machine.file_system,
            self.busy.0,
            self.busy.1,
            self.versions.join(", "),
            amounts.rounds,
            amounts.paced,
            amounts.single,
            amounts.waves,
            amounts.streams,
            amounts.chunks,
            amounts.chunk_interval_ms,
            amounts.held,
            amounts.rss_warm,
            amounts.rss_requests,
        )
    }

    fn table(&self) -> String {
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| self.results.has(*kind)).collect();
        let mut rows =
            vec![std::iter::once("").chain(kinds.iter().map(|kind| kind.label())).map(str::to_owned).collect()];
        for metric in Metric::all() {
            let values = kinds.iter().map(|kind| self.results.median(metric, *kind));
            if values.clone().all(|value| value.is_none()) {
                continue;
            }
            let cells = values.map(|value| value.map_or_else(|| "–".to_owned(), number));
            rows.push(std::iter::once(metric.label()).chain(cells).collect());
        }
        aligned(&rows)
    }

    fn targets(&self) -> String {
        let mut rows = vec![["target", "reach", "measured", ""].map(str::to_owned).to_vec()];
        for outcome in &self.outcomes {
            let Outcome { target, measured, limit, unit, verdict } = outcome;
            let reach = match *unit {
                targets::AT_LEAST => format!("≥ {}/s", number(*limit)),
                unit => format!("≤ {} {unit}", number(*limit)),
            };
            let measured = measured.map_or_else(|| "–".to_owned(), number);
            rows.push(vec![target.clone(), reach, measured, verdict.mark().to_owned()]);
        }
        let count = |verdict| self.outcomes.iter().filter(|outcome| outcome.verdict == verdict).count();
        format!(
            "\n{}\n{} reached, {} missed, {} not measured.\n",
            aligned(&rows),
            count(Verdict::Reached),
            count(Verdict::Missed),
            count(Verdict::NotMeasured),
        )
    }
}

/// Checks that [`write_into`] will find its place.
pub(crate) fn check_marks(path: &Path) -> anyhow::Result<()> {
    place(path, "").map(|_| ())
}

/// Puts `text` between the two marks of the document at `path`; the rest of it stays as it is.
pub(crate) fn write_into(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, place(path, text)?).with_context(|| format!("writing {}", path.display()))
}

fn place(path: &Path, text: &str) -> anyhow::Result<String> {
    let document = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    replace_figures(&document, text)
        .with_context(|| format!("{} does not hold the lines {BEGIN:?} and {END:?}", path.display()))
}

fn replace_figures(document: &str, text: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", text.trim_end()))
}

/// Three digits that mean something: 12345, 123, 12.3, 1.23.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A Markdown table whose columns also line up as text; all but the first are right-aligned.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default().max(3)).collect();
    let mut text = String::new();
    for (line, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padded = if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
            write!(text, "| {padded} ").unwrap_or_default();
        }
        text.push_str("|\n");
        if line == 0 {
            for (column, width) in widths.iter().enumerate() {
                let rule = "-".repeat(*width);
                text.push_str(&if column == 0 { format!("| {rule} ") } else { format!("| {}: ", &rule[1..]) });
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_replace_only_what_is_between_the_marks() {
        let document = format!("head\n{BEGIN}\nold\n{END}\ntail\n");
        let replaced = replace_figures(&document, "new\n").unwrap();
        assert_eq!(replaced, format!("head\n{BEGIN}\n\nnew\n\n{END}\ntail\n"));
        assert_eq!(replace_figures("no marks", "new"), None);
    }

    #[test]
    fn numbers_keep_three_digits() {
        assert_eq!([12345.6, 123.4, 12.34, 1.234, 0.0].map(number), ["12346", "123", "12.3", "1.23", "0"]);
    }
}
