//! Reads JSON lines with `text`, `label`, `kind` and `source` on stdin and prints, per kind and source, how many texts are
//! reported as attacks at the shipped thresholds: recall where the label is 1, false positives where it is 0, with the 95 %
//! interval of Wilson. `make eval DATA=FOLDER` calls it.
//!
//! A text is read in the channel it belongs to (a field `channel` says so, else its kind). Reported is what has a finding of
//! the kinds injection, jailbreak, hidden_text, encoded or tool_poisoning.

use std::{
    collections::BTreeMap,
    io::{self, BufRead},
    time::{Duration, Instant},
};

use llmtrace_detect::{Deadline, Engine};
use llmtrace_model::Channel;

#[derive(serde::Deserialize)]
struct Line {
    text: String,
    label: u8,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    source: String,
    channel: Option<Channel>,
}

#[derive(Default)]
struct Count {
    texts: u32,
    reported: u32,
}

fn main() -> io::Result<()> {
    let engine = Engine::new();
    let mut counts: BTreeMap<(u8, String, String), Count> = BTreeMap::new();
    let (mut bytes, mut took) = (0, Duration::ZERO);
    for line in io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let channel = line.channel.unwrap_or_else(|| channel(&line.kind));
        let start = Instant::now();
        let report = engine.scan(channel, &line.text, Deadline::NEVER);
        took += start.elapsed();
        bytes += line.text.len();
        let reported = u32::from(report.hits.iter().any(|hit| hit.kind.is_attack()));
        for source in [line.source, String::new()] {
            let count = counts.entry((line.label, line.kind.clone(), source)).or_default();
            count.texts += 1;
            count.reported += reported;
        }
    }
    print(&counts);
    println!("\n{:.1} µs per KB, all detectors", took.as_secs_f64() * 1e6 / (f64::from(number(bytes)) / 1024.0));
    Ok(())
}

fn print(counts: &BTreeMap<(u8, String, String), Count>) {
    println!("| label | kind | source | texts | reported, % | 95 % interval |\n|---|---|---|---|---|---|");
    for ((label, kind, source), count) in counts {
        let (low, high) = wilson(count);
        let source = if source.is_empty() { "**all**" } else { source };
        let share = 100.0 * f64::from(count.reported) / f64::from(count.texts);
        println!("| {label} | {kind} | {source} | {} | {share:.1} | {low:.1}–{high:.1} |", count.texts);
    }
}

fn wilson(count: &Count) -> (f64, f64) {
    let (hits, texts, z) = (f64::from(count.reported), f64::from(count.texts), 1.96_f64);
    let share = hits / texts;
    let middle = (share + z * z / (2.0 * texts)) / (1.0 + z * z / texts);
    let half = z / (1.0 + z * z / texts) * (share * (1.0 - share) / texts + z * z / (4.0 * texts * texts)).sqrt();
    (100.0 * (middle - half).max(0.0), 100.0 * (middle + half).min(1.0))
}

fn channel(kind: &str) -> Channel {
    match kind {
        "indirect" | "indirect_tool" | "benign_doc" | "benign_agent" => Channel::Untrusted,
        _ => Channel::User,
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
