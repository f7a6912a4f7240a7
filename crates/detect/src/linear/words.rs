//! Cuts a folded text into words, without a copy of it.
//!
//! A word is a run of letters, digits and the marks on them. Scripts that are written without spaces between words (Han, kana)
//! give a word per character. Long runs are cut, so that what is done per word is bounded.

/// The letters a word has at most; the rest of a longer run is the next word.
pub(super) const LONGEST: usize = 32;

/// The border of a word among its letters.
pub(super) const BORDER: u32 = 1;

/// A word, by where it stands and what it hashes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// Its first byte.
    pub(super) start: usize,
    /// The byte behind its last one.
    pub(super) end: usize,
    /// The hash of its letters.
    pub(super) hash: u64,
}

/// Walks over the words of a text and keeps the letters of the last one.
pub(super) struct Words<'t> {
    text: &'t str,
    at: usize,
    letters: [u32; LONGEST + 2],
    len: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of a word.
    Letter,
    /// A word by itself.
    Alone,
    /// Left out of a word that goes on behind it: `don't`.
    Silent,
    /// Between words.
    Gap,
}

impl<'t> Words<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, at: 0, letters: [BORDER; LONGEST + 2], len: 0 }
    }

    /// The letters of the last word, with a border on either side.
    pub(super) fn letters(&self) -> &[u32] {
        self.letters.get(..self.len + 2).unwrap_or(&self.letters)
    }

    fn begin(&mut self, letter: char, at: usize) -> Word {
        self.len = 0;
        let mut word = Word { start: at, end: at, hash: 0 };
        self.add(&mut word, letter, at);
        word
    }

    fn add(&mut self, word: &mut Word, letter: char, at: usize) {
        // Which number it is says little, that it is one says something.
        let letter = if letter.is_ascii_digit() { u32::from('0') } else { u32::from(letter) };
        self.len += 1;
        if let Some(place) = self.letters.get_mut(self.len) {
            *place = letter;
        }
        word.hash = super::ngrams::mix(word.hash, u64::from(letter));
        word.end = at;
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let mut word: Option<Word> = None;
        let rest = self.text.get(self.at..)?;
        for (offset, letter) in rest.char_indices() {
            let start = self.at + offset;
            let end = start + letter.len_utf8();
            match (class(letter), &mut word) {
                (Class::Letter, None) => {
                    let mut begun = self.begin(letter, start);
                    begun.end = end;
                    word = Some(begun);
                }
                (Class::Letter, Some(word)) if self.len < LONGEST => self.add(word, letter, end),
                (Class::Alone, None) => {
                    let mut alone = self.begin(letter, start);
                    alone.end = end;
                    word = Some(alone);
                    break;
                }
                (Class::Gap | Class::Silent, None) | (Class::Silent, Some(_)) => {}
                (Class::Letter | Class::Alone | Class::Gap, Some(_)) => break,
            }
        }
        // What follows the word is looked at again: it may be part of the next one.
        self.at = word.map_or(self.text.len(), |word| word.end);
        if let Some(border) = self.letters.get_mut(self.len + 1) {
            *border = BORDER;
        }
        word
    }
}

fn class(letter: char) -> Class {
    match letter {
        'a'..='z' | '0'..='9' | 'A'..='Z' => Class::Letter,
        '\'' | '\u{2019}' | '\u{ad}' => Class::Silent,
        '\0'..='\x7f' => Class::Gap,
        // Marks on letters, which are no letters themselves.
        '\u{300}'..='\u{36f}' => Class::Letter,
        // Dandas end sentences; all else from Devanagari to Lao that is no blank belongs to words, virama and tone marks too.
        '\u{964}' | '\u{965}' => Class::Gap,
        '\u{900}'..='\u{eff}' => Class::Letter,
        '\u{3041}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => Class::Alone,
        other if other.is_alphanumeric() => Class::Letter,
        _ => Class::Gap,
    }
}
