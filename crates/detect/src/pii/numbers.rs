//! Puts letters, digits and separators together into candidates and shows them to the recognisers of their length.

use super::{
    Found,
    candidate::{Candidate, LONGEST, MOST_GROUPS},
    context::{Builder, Context, List},
    date, national,
    recogniser::{Need, Recogniser},
    trade,
};
use crate::Deadline;

/// How many atoms are collected at once.
const LONGEST_CHAIN: usize = 256;

/// The recognisers by the length of what they read.
pub(super) struct Numbers {
    by_length: Vec<Vec<Reader>>,
}

/// A recogniser, one of its shapes and its words.
#[derive(Clone, Copy)]
struct Reader {
    recogniser: &'static Recogniser,
    shape: &'static [u8],
    words: List,
}

/// A run of letters and digits.
#[derive(Debug, Clone, Copy)]
struct Atom {
    start: usize,
    end: usize,
    /// What stands before it and joins it to the atom before; 0 for the first one.
    separator: u8,
    /// Whether the atom before has letters alone: it may be the name of the number and no part of it.
    follows_word: bool,
}

impl Numbers {
    /// Sorts the recognisers and adds their words.
    pub(super) fn new(builder: &mut Builder) -> Self {
        let mut by_length = vec![Vec::new(); LONGEST + 1];
        for recogniser in national::all().chain(&trade::ALL).chain(&date::ALL) {
            let words = builder.add(recogniser.words);
            for shape in recogniser.shapes {
                let length: usize = shape.iter().map(|group| usize::from(*group)).sum();
                by_length[length].push(Reader { recogniser, shape, words });
            }
        }
        Self { by_length }
    }

    /// Adds what the recognisers find.
    pub(super) fn find(&self, text: &str, context: &Context<'_>, deadline: Deadline, found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let mut at = 0;
        let mut atoms = Vec::new();
        while let Some(digit) = next_digit(bytes, at) {
            at = chain(bytes, at, digit, &mut atoms);
            // A chain that is cut goes on with its last atoms, which are looked at then.
            let firsts = atoms.iter().take_while(|atom| atom.start < at).count();
            for first in 0..firsts {
                self.from(text, context, &atoms[first..], found);
            }
            if deadline.is_over() {
                return;
            }
        }
    }

    /// All candidates that begin with one atom.
    fn from(&self, text: &str, context: &Context<'_>, atoms: &[Atom], found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let begin = atoms[0];
        if !(matches!(begin.separator, 0 | b' ') || begin.follows_word) || bytes[..begin.start].ends_with(b"_") {
            return;
        }
        let (mut compact, mut groups, mut separators) = ([0_u8; LONGEST], [0_u8; MOST_GROUPS], [0_u8; MOST_GROUPS]);
        let mut length = 0;
        for (count, atom) in atoms.iter().take(MOST_GROUPS).enumerate() {
            let size = atom.end - atom.start;
            if length + size > LONGEST {
                return;
            }
            compact[length..length + size].copy_from_slice(&bytes[atom.start..atom.end]);
            compact[length..length + size].make_ascii_uppercase();
            length += size;
            groups[count] = u8::try_from(size).expect("at most the longest number");
            separators[count] = atom.separator;
            let next = atoms.get(count + 1).map_or(0, |next| next.separator);
            let is_cut =
                !matches!(next, 0 | b' ') || bytes[atom.end..].starts_with(b"_") || bytes[atom.end..].starts_with(b"@");
            if is_cut {
                continue;
            }
            let candidate = Candidate {
                text,
                range: begin.start..atom.end,
                compact: &compact[..length],
                groups: &groups[..=count],
                separators: &separators[1..=count],
            };
            found.extend(self.by_length[length].iter().filter_map(|reader| judge(*reader, &candidate, context)));
        }
    }
}

fn judge(reader: Reader, candidate: &Candidate<'_>, context: &Context<'_>) -> Option<Found> {
    let recogniser = reader.recogniser;
    if candidate.groups != reader.shape
        || !candidate.is_separated_by(recogniser.separators)
        || !(recogniser.check)(candidate)
    {
        return None;
    }
    let is_named = context.has(&candidate.range, reader.words);
    let is_needed = match recogniser.need {
        Need::Never => false,
        Need::IfBare => candidate.is_bare(),
        Need::Always => true,
    };
    (is_named || !is_needed).then(|| Found {
        subtype: recogniser.subtype,
        what: recogniser.what,
        score: if is_named { 0.97 } else { 0.85 },
        severity: recogniser.severity,
        range: candidate.range.clone(),
    })
}

/// The next digit from a place on.
pub(super) fn next_digit(bytes: &[u8], from: usize) -> Option<usize> {
    // Most of a text has no digits: it is passed by in chunks.
    let mut at = from;
    for chunk in bytes[from..].chunks(32) {
        if chunk.iter().fold(false, |any, byte| any | byte.is_ascii_digit()) {
            return bytes[at..].iter().position(u8::is_ascii_digit).map(|more| at + more);
        }
        at += chunk.len();
    }
    None
}

/// Collects the atoms around a digit that separators join; returns where they end.
fn chain(bytes: &[u8], from: usize, digit: usize, atoms: &mut Vec<Atom>) -> usize {
    atoms.clear();
    let start_of = |at: usize| {
        from + bytes[from..at].iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |last| last + 1)
    };
    let mut start = start_of(digit);
    // A short word before it may be its beginning: the letters of a British insurance number, of a plate.
    if start >= from + 2 && matches!(bytes[start - 1], b' ' | b'-') {
        let word = start_of(start - 1);
        if (1..=4).contains(&(start - 1 - word)) && bytes[word..start - 1].iter().all(u8::is_ascii_uppercase) {
            start = word;
        }
    }
    let mut separator = 0;
    let mut words = 0;
    loop {
        let size = bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let is_word = !bytes[start..start + size].iter().any(u8::is_ascii_digit);
        let follows_word = words > 0;
        words = if is_word { words + 1 } else { 0 };
        if !atoms.is_empty() && is_word && (size > 4 || words > 2) {
            return start - 1;
        }
        atoms.push(Atom { start, end: start + size, separator, follows_word });
        if atoms.len() == LONGEST_CHAIN {
            return atoms[LONGEST_CHAIN - MOST_GROUPS].start;
        }
        let end = start + size;
        let Some((kind, width)) = separator_at(&bytes[end..]) else { return end };
        if !bytes.get(end + width).is_some_and(u8::is_ascii_alphanumeric) {
            return end;
        }
        separator = kind;
        start = end + width;
    }
}

/// A separator and its width in bytes: spaces and dashes of all kinds are one.
fn separator_at(bytes: &[u8]) -> Option<(u8, usize)> {
    match bytes {
        [b' ' | b'-' | b'.' | b'/' | b'+', ..] => Some((bytes[0], 1)),
        [0xC2, 0xA0, ..] => Some((b' ', 2)),
        // Thin and narrow spaces; hyphen, non-breaking hyphen, figure and en dash.
        [0xE2, 0x80, 0x89 | 0xAF | 0x87, ..] => Some((b' ', 3)),
        [0xE2, 0x80, 0x90..=0x93, ..] => Some((b'-', 3)),
        _ => None,
    }
}
