//! Letters with spaces or signs between them, and words without any.

use std::ops::Range;

use super::{
    How, Pieces, Signs, Source,
    edit::{Edit, Said, apply},
};
use crate::normalize::vocabulary::{is_english, is_word, word_starts};

/// The fewest letters in a row that are a spaced word.
const FEWEST: usize = 5;
/// The most letters of a row that are read together.
const LONGEST: usize = 1 << 13;
/// How far around single letters others are looked for.
const AROUND: usize = 16;
/// The widest gap between two letters, in characters.
const WIDEST: usize = 6;

/// Closes the gaps between spaced letters, and opens some between words that have none.
pub(super) fn decode(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    let mut edits: Vec<Edit> = Vec::new();
    for stretch in &signs.singles {
        // What is not a letter may stand on both sides.
        let from = source
            .text
            .floor_char_boundary(stretch.start.saturating_sub(AROUND))
            .max(edits.last().map_or(0, |last| last.range.end));
        let to = source.text.ceil_char_boundary((stretch.end + AROUND).min(source.text.len()));
        if from < stretch.end {
            spaced(source.text, from..to, &mut edits);
        }
    }
    apply(source.text, &edits, How::Spaced, pieces);
    let edits: Vec<Edit> = signs.glued.iter().filter_map(|range| glued(source.text, range.clone())).collect();
    apply(source.text, &edits, How::Joined, pieces);
}

fn is_gap(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '.' | '-' | '_' | '*' | '/' | '|' | ',' | '+' | '~' | ':' | ';' | '·' | '•' | '–' | '—' | '\\' | '='
        )
}

/// Whether a mark stands before what it is around.
fn opens(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '(' | '[' | '{' | '<' | '“' | '‘' | '«' | '„')
}

/// Whether a mark stands behind what it is around.
fn closes(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | ')' | ']' | '}' | '>' | '”' | '’' | '»' | '!' | '?')
}

/// Single characters with gaps between them.
#[derive(Default)]
struct Row {
    units: Vec<(char, Range<usize>)>,
    /// The gap behind each of them.
    gaps: Vec<Range<usize>>,
}

fn spaced(text: &str, range: Range<usize>, edits: &mut Vec<Edit>) {
    let mut row = Row::default();
    let base = range.start;
    let mut chars = text[range].char_indices().map(|(at, c)| (base + at, c)).peekable();
    let mut after_gap = base == 0 || text[..base].ends_with(is_gap);
    while let Some((start, c)) = chars.next() {
        if is_gap(c) {
            after_gap = true;
            continue;
        }
        let end = start + c.len_utf8();
        let mut width = 0;
        let mut gap_end = end;
        while let Some((at, c)) = chars.next_if(|(_, c)| is_gap(*c)) {
            width += 1;
            gap_end = at + c.len_utf8();
        }
        let next = chars.peek().map(|(_, c)| *c);
        let single = after_gap && (width > 0 || next.is_none_or(closes));
        if single {
            row.units.push((c, start..end));
            row.gaps.push(end..gap_end);
        }
        if !single || width > WIDEST || width == 0 || row.units.len() >= LONGEST {
            edits.extend(std::mem::take(&mut row).edit(text));
        }
        after_gap = width > 0 || opens(c);
    }
    edits.extend(row.edit(text));
}

impl Row {
    fn edit(mut self, text: &str) -> Option<Edit> {
        self.gaps.pop();
        let letters = self.units.iter().filter(|(c, _)| c.is_alphabetic()).count();
        if self.units.len() < FEWEST || letters * 10 < self.units.len() * 6 {
            return None;
        }
        let range = self.units[0].1.start..self.units[self.units.len() - 1].1.end;
        let breaks = self.breaks(text);
        let broken = self.text(&breaks);
        let words = broken.split(' ').count();
        let plausible = words > 1 && letters >= 12 && (words * 2..=words * 10).contains(&letters);
        let alone = is_word(broken.as_bytes());
        if is_english(&broken) || alone || plausible {
            return Some(Edit { range, text: self.said(&breaks) });
        }
        // No gap tells where words end: the vocabulary does.
        let ascii: Option<Vec<u8>> =
            self.units.iter().map(|(c, _)| u8::try_from(*c).ok().filter(u8::is_ascii)).collect();
        if let Some(starts) = ascii.map(|letters| word_starts(&letters)) {
            let guessed: Vec<bool> = (1..self.units.len()).map(|nth| starts.binary_search(&nth).is_ok()).collect();
            if is_english(&self.text(&guessed)) {
                return Some(Edit { range, text: self.said(&guessed) });
            }
        }
        None
    }

    /// Behind which characters a word ends: where the gap is not the usual one.
    fn breaks(&self, text: &str) -> Vec<bool> {
        // How a line is indented does not matter.
        let kind = |gap: &Range<usize>| {
            let gap = &text[gap.clone()];
            if gap.contains('\n') && gap.trim().is_empty() { &"\n\n"[..gap.matches('\n').count().min(2)] } else { gap }
        };
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        for gap in &self.gaps {
            let kind = kind(gap);
            match kinds.iter().position(|(seen, _)| *seen == kind) {
                Some(nth) => kinds[nth].1 += 1,
                None if kinds.len() < 32 => kinds.push((kind, 1)),
                None => {}
            }
        }
        // Of two that are as many, the first.
        let usual = kinds.iter().rev().max_by_key(|(_, count)| *count).map_or("", |(kind, _)| kind);
        self.gaps.iter().map(|gap| kind(gap) != usual).collect()
    }

    fn text(&self, breaks: &[bool]) -> String {
        self.chars(breaks).iter().map(|(c, _)| *c).collect()
    }

    fn said(&self, breaks: &[bool]) -> Said {
        Said::Chars(self.chars(breaks))
    }

    fn chars(&self, breaks: &[bool]) -> Vec<(char, Range<usize>)> {
        let mut chars = Vec::with_capacity(self.units.len() + 8);
        for (nth, unit) in self.units.iter().enumerate() {
            chars.push(unit.clone());
            if breaks.get(nth) == Some(&true) {
                chars.push((' ', self.gaps[nth].clone()));
            }
        }
        chars
    }
}

/// A word that is several common ones.
fn glued(text: &str, range: Range<usize>) -> Option<Edit> {
    let letters = &text.as_bytes()[range.clone()];
    let starts = word_starts(letters);
    if starts.len() < 2 {
        return None;
    }
    let mut chars = Vec::with_capacity(letters.len() + starts.len());
    for (nth, c) in text[range.clone()].char_indices() {
        let at = range.start + nth;
        if starts.binary_search(&nth).is_ok() {
            // A space comes of the letter before it: something stands for it in the text.
            chars.push((' ', at - 1..at));
        }
        chars.push((c, at..at + c.len_utf8()));
    }
    let said = Said::Chars(chars);
    let text = said.text();
    // Short words are in any letters.
    let long = || text.split(' ').filter(|word| word.len() > 2);
    let known: usize = long().map(str::len).sum();
    (long().count() > 2 && known * 4 >= letters.len() * 3 && is_english(&text)).then_some(Edit { range, text: said })
}
