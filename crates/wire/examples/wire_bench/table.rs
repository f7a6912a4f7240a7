//! The table: a row for every format, a column for every kind of work.

use std::fmt::Write as _;

/// Most that a format may cost per KB, as a multiple of OpenAI chat.
const BOUND: f64 = 1.5;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanoseconds,
    Instructions,
}

/// One figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// Cost of one KB of body.
    pub per_kb: f64,
    /// The same as a multiple of the first row's.
    pub ratio: f64,
    /// Cost of one delta of a stream.
    pub per_delta: Option<f64>,
}

/// A table in Markdown.
pub(crate) fn table(size: usize, unit: Unit, names: &[&str], columns: &[(&str, Vec<Option<Cell>>)]) -> String {
    let unit = match unit {
        Unit::Nanoseconds => "ns",
        Unit::Instructions => "instructions",
    };
    let mut out = format!(
        "\nRequest and answer of {} KB each: {unit} per KB of body (multiple of openai_chat; per delta)\n\n|",
        size >> 10
    );
    let mut line = String::from("| ---");
    out.push_str(" format |");
    for (title, _) in columns {
        write!(out, " {title} |").expect("a string takes all");
        line.push_str(" | ---:");
    }
    writeln!(out, "\n{line} |").expect("a string takes all");
    let mut over = 0;
    for (row, name) in names.iter().enumerate() {
        write!(out, "| {name} |").expect("a string takes all");
        for (_, cells) in columns {
            out.push_str(&cells.get(row).copied().flatten().map_or(" – |".to_owned(), |cell| {
                let is_over = cell.ratio > BOUND;
                over += usize::from(is_over);
                let delta = cell.per_delta.map_or(String::new(), |cost| format!("; {cost:.0}"));
                let verdict = if is_over { " NOT" } else { "" };
                format!(" {:.0} ({:.2}{delta}){verdict} |", cell.per_kb, cell.ratio)
            }));
        }
        out.push('\n');
    }
    writeln!(out, "\n{over} figures over {BOUND} × openai_chat.").expect("a string takes all");
    out
}
