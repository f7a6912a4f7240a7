//! Words near a number.
//!
//! All words of all recognisers are one automaton. A text is read with it once, and only when a number asks.

use std::{
    cell::{Cell, OnceCell},
    ops::Range,
};

use aho_corasick::{AhoCorasick, MatchKind};

/// How many bytes before a number are read.
const BEFORE: usize = 72;
/// How many bytes after it.
const AFTER: usize = 40;
/// The longest word, in bytes.
const WORD: usize = 64;
/// So many questions are answered by reading around the number; then the whole text is read once.
const FEW: usize = 8;
/// How many words of a text are kept; a text with more is a list of them.
const MOST: usize = 65_536;
/// A word of up to so many bytes counts only as a whole; a longer one may go on: `passport` in `passports`.
const SHORT: usize = 4;

/// The words of all lists.
pub(super) struct Words {
    automaton: AhoCorasick,
    /// For each word: a bit for each list that has it.
    lists: Vec<u128>,
}

/// The number of a list of words.
#[derive(Debug, Clone, Copy)]
pub(super) struct List(u32);

/// Makes the automaton.
#[derive(Default)]
pub(super) struct Builder {
    words: Vec<String>,
    lists: Vec<u128>,
    count: u32,
}

impl Builder {
    /// Takes a list of words in small letters.
    pub(super) fn add(&mut self, words: &[&str]) -> List {
        let bit = 1_u128.checked_shl(self.count).expect("fewer than 128 lists");
        self.count += 1;
        for word in words {
            // The automaton knows the capitals of ASCII only.
            let mut letters = word.chars();
            let capital: String =
                letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
            let forms = if word.is_ascii() {
                vec![(*word).to_owned()]
            } else {
                vec![(*word).to_owned(), capital, word.to_uppercase()]
            };
            for form in forms {
                let at = self.words.iter().position(|known| *known == form).unwrap_or_else(|| {
                    self.words.push(form);
                    self.lists.push(0);
                    self.lists.len() - 1
                });
                self.lists[at] |= bit;
            }
        }
        List(self.count - 1)
    }

    pub(super) fn build(self) -> Words {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(&self.words)
            .expect("a few hundred words fit into an automaton");
        Words { automaton, lists: self.lists }
    }
}

/// A text and, once somebody asks, the words in it.
pub(super) struct Context<'a> {
    text: &'a str,
    words: &'a Words,
    /// Where each begins and ends, and its lists; in the order of their ends.
    places: OnceCell<Vec<(Range<usize>, u128)>>,
    /// How many questions were answered by reading around the number alone.
    asked: Cell<usize>,
}

impl<'a> Context<'a> {
    pub(super) fn new(text: &'a str, words: &'a Words) -> Self {
        Self { text, words, places: OnceCell::new(), asked: Cell::new(0) }
    }

    /// Whether a word of a list stands near a stretch of text.
    pub(super) fn has(&self, range: &Range<usize>, list: List) -> bool {
        self.has_within(range, BEFORE, AFTER, list)
    }

    /// The same within so many bytes before and after.
    pub(super) fn has_within(&self, range: &Range<usize>, before: usize, after: usize, list: List) -> bool {
        let is_near = |place: &Range<usize>| {
            let is_before = place.end <= range.start && place.start + before >= range.start;
            is_before || place.start >= range.end && place.start <= range.end + after
        };
        if self.places.get().is_none() && self.asked.get() < FEW {
            self.asked.set(self.asked.get() + 1);
            let start = self.text.floor_char_boundary(range.start.saturating_sub(before + WORD));
            let end = self.text.ceil_char_boundary((range.end + after + WORD).min(self.text.len()));
            return self.read(start..end).any(|(place, lists)| (lists >> list.0) & 1 == 1 && is_near(&place));
        }
        let places = self.places.get_or_init(|| self.read(0..self.text.len()).take(MOST).collect());
        let from = places.partition_point(|(place, _)| place.end < range.start.saturating_sub(before));
        places[from..]
            .iter()
            .take_while(|(place, _)| place.end <= range.end + after + WORD)
            .any(|(place, lists)| (lists >> list.0) & 1 == 1 && is_near(place))
    }

    /// The words in a stretch of the text.
    fn read(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, u128)> {
        let found = self.words.automaton.find_overlapping_iter(&self.text[range.clone()]);
        found
            .map(move |found| (range.start + found.start()..range.start + found.end(), found.pattern().as_usize()))
            .filter(|(place, _)| is_whole(self.text, place))
            .map(|(place, word)| (place, self.words.lists[word]))
    }
}

/// Whether a word begins where it stands and, if it is short, ends there.
fn is_whole(text: &str, range: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let is_letter = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphabetic);
    let begins = range.start == 0 || !is_letter(bytes.get(range.start - 1)) || !bytes[range.start].is_ascii();
    begins && (range.len() > SHORT || !is_letter(bytes.get(range.end)))
}
