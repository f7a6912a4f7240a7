//! Puts what was decoded in the place of what it was decoded from, so that it is read with the words around it.

use std::ops::Range;

use super::{How, Pieces};
use crate::normalize::offsets::Writer;

/// How far around a decoded stretch its line is read.
const AROUND: usize = 160;
/// How far apart stretches are that are read together.
const APART: usize = 96;
/// How much of a source is read together at most.
const TOGETHER: usize = 1 << 15;

/// A stretch of a source, and what it says.
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) text: Said,
}

/// What a stretch says.
pub(super) enum Said {
    /// All of it comes from all of the stretch.
    Whole(String),
    /// Byte for byte.
    Same(String),
    /// Each character from a part of the stretch, in order.
    Chars(Vec<(char, Range<usize>)>),
}

impl Said {
    /// As text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Whole(text) | Self::Same(text) => text.clone(),
            Self::Chars(chars) => chars.iter().map(|(c, _)| *c).collect(),
        }
    }
}

/// Adds the source around these edits with them made, what is far apart on lines of its own. They are in order and do not overlap.
pub(super) fn apply(source: &str, edits: &[Edit], how: How, pieces: &mut Pieces) {
    let mut rest = edits;
    let mut behind = 0;
    let mut out = Writer::default();
    while let Some(first) = rest.first() {
        let near = |pair: &[Edit]| {
            pair[1].range.start - pair[0].range.end <= APART && pair[1].range.end - first.range.start <= TOGETHER
        };
        let count = 1 + rest.windows(2).take_while(|pair| near(pair)).count();
        let (group, others) = rest.split_at(count);
        let end = group[count - 1].range.end;
        let limit = others.first().map_or(source.len(), |next| next.range.start);
        let around = line(source, first.range.start..end, behind..limit);
        if out.text.len() + around.len() > TOGETHER {
            add(std::mem::take(&mut out), how, pieces);
        }
        if !out.text.is_empty() {
            // Between what stood apart.
            out.push('\n', behind.min(around.start.saturating_sub(1))..around.start);
        }
        let mut at = around.start;
        for edit in group {
            out.copy(&source[at..edit.range.start], at);
            match &edit.text {
                Said::Whole(text) => out.push_str(text, edit.range.clone()),
                Said::Same(text) => out.copy(text, edit.range.start),
                Said::Chars(chars) => chars.iter().for_each(|(c, from)| out.push(*c, from.clone())),
            }
            at = edit.range.end;
        }
        out.copy(&source[at..around.end], at);
        behind = around.end;
        rest = others;
    }
    add(out, how, pieces);
}

fn add(out: Writer, how: How, pieces: &mut Pieces) {
    let (text, way) = out.finish();
    pieces.add(how, text, way);
}

/// A stretch with what stands around it in its line, words whole, within some limits.
fn line(source: &str, stretch: Range<usize>, within: Range<usize>) -> Range<usize> {
    let bytes = source.as_bytes();
    let from = stretch.start.saturating_sub(AROUND).max(within.start);
    let before = &bytes[from..stretch.start];
    let start = match before.iter().rposition(|c| *c == b'\n') {
        Some(at) => from + at + 1,
        None if from == within.start => from,
        None => before.iter().position(|c| *c == b' ').map_or(stretch.start, |at| from + at + 1),
    };
    let to = (stretch.end + AROUND).min(within.end);
    let after = &bytes[stretch.end..to];
    let end = match after.iter().position(|c| *c == b'\n') {
        Some(at) => stretch.end + at,
        None if to == within.end => to,
        None => after.iter().rposition(|c| *c == b' ').map_or(stretch.end, |at| stretch.end + at),
    };
    source.ceil_char_boundary(start).min(stretch.start)..source.floor_char_boundary(end).max(stretch.end)
}
