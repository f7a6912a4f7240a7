//! A small vocabulary of English: whether something reads like language, and where the words are where spaces are gone.

use std::{collections::HashSet, sync::LazyLock};

/// The words, ours; the first part is looked for in ciphers too.
const WORDS: &str = include_str!("words.txt");
/// Pairs of common words in an order that English does not have, and a text does whose words stand from the last to the first.
const BACKWARDS: &str = "the_of the_in the_to the_on the_for the_from the_with the_at the_by the_into the_as a_as a_of a_with a_for be_to \
    be_will be_must instructions_previous previous_all all_ignore all_disregard all_forget prompt_system system_your system_the rules_your \
    instructions_your instructions_the prior_all instructions_prior everything_forget above_everything me_tell your_me the_me your_reveal \
    the_reveal prompt_your prompt_the as_act guidelines_your guidelines_all rules_all me_show to_how following_the instructions_following \
    prompt_previous your_of on_now now_from to_pretend no_have me_give the_repeat the_print the_show safety_all restrictions_no \
    restrictions_any restrictions_all any_without your_all your_ignore the_ignore your_forget the_forget your_bypass the_bypass \
    your_override previous_the previous_your previous_ignore previous_disregard previous_forget prior_ignore not_do not_must not_should \
    now_are want_i rules_the password_the secret_the key_the conversation_this instruction_this prompt_this mode_developer";
/// How many of the first words are looked for in every Caesar cipher, beside those that people use.
const SHIFTED: usize = 190;
/// Words longer than this are not known: a key has room for no more letters.
pub(super) const LONGEST: usize = 12;

/// A word of at most twelve ASCII letters in one number, five bits a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Key(u64);

impl Key {
    /// With one more letter, in either case.
    pub(super) fn with(self, letter: u8) -> Self {
        Self(self.0 << 5 | u64::from(letter & 31))
    }

    /// Of a word; `None` where it is too long or not of ASCII letters.
    pub(super) fn of(word: &[u8]) -> Option<Self> {
        let fits = !word.is_empty() && word.len() <= LONGEST && word.iter().all(u8::is_ascii_alphabetic);
        fits.then(|| word.iter().fold(Self::default(), |key, letter| key.with(*letter)))
    }

    /// Whether the word ends in these two letters.
    pub(super) fn ends_in(self, two: [u8; 2]) -> bool {
        self.0 & 0x3ff == Self::default().with(two[0]).with(two[1]).0
    }

    #[expect(clippy::cast_possible_truncation, reason = "a hash of at most 32 bits")]
    fn hash(self, bits: u32) -> usize {
        // Fibonacci hashing: the high bits of the product are the good ones.
        (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits)) as usize
    }
}

/// In which ciphers a string of letters is a common word: a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ciphers(pub(super) u32);

impl Ciphers {
    /// Letters shifted by so many places back are the word: bits 1 to 25.
    pub(super) const fn shift(places: u8) -> Self {
        Self(1 << places)
    }
    /// The alphabet backwards.
    pub(super) const ATBASH: Self = Self(1 << 26);
    /// The letters backwards.
    pub(super) const REVERSED: Self = Self(1 << 27);
    /// The letters backwards in rot13.
    pub(super) const REVERSED_ROT13: Self = Self(1 << 28);

    /// Whether these are among them.
    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Tables of words, built once.
pub(super) struct Vocabulary {
    plain: Box<[Key; 1 << PLAIN_BITS]>,
    filter: Box<[u64; 1 << (FILTER_BITS - 6)]>,
    ciphers: Box<[(Key, Ciphers); 1 << CIPHER_BITS]>,
    backwards_filter: [u64; 64],
    backwards: HashSet<(Key, Key)>,
}

const PLAIN_BITS: u32 = 12;
const FILTER_BITS: u32 = 17;
const CIPHER_BITS: u32 = 15;

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::build);

/// The one there is.
pub(super) fn vocabulary() -> &'static Vocabulary {
    &VOCABULARY
}

impl Vocabulary {
    fn build() -> Self {
        let mut made = Self {
            plain: filled(Key::default()),
            filter: filled(0),
            ciphers: filled((Key::default(), Ciphers::default())),
            backwards_filter: [0; 64],
            backwards: HashSet::new(),
        };
        let (core, more) = WORDS.split_once("----------").unwrap_or((WORDS, ""));
        let words = |part: &'static str| {
            part.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace)
        };
        for word in words(core).chain(words(more)) {
            made.add_plain(word.as_bytes());
        }
        for pair in words(BACKWARDS) {
            let (first, second) = pair.split_once('_').unwrap_or((pair, ""));
            if let (Some(first), Some(second)) = (Key::of(first.as_bytes()), Key::of(second.as_bytes())) {
                let bit = pair_bit(first, second);
                made.backwards_filter[bit >> 6] |= 1 << (bit & 63);
                made.backwards.insert((first, second));
            }
        }
        for (nth, word) in words(core).filter(|word| word.len() >= 3).enumerate() {
            made.add_ciphers(word.as_bytes(), nth);
        }
        made
    }

    fn add_plain(&mut self, word: &[u8]) {
        let Some(key) = Key::of(word) else { return };
        let mut slot = key.hash(PLAIN_BITS);
        while self.plain[slot] != Key::default() && self.plain[slot] != key {
            slot = (slot + 1) & (self.plain.len() - 1);
        }
        self.plain[slot] = key;
    }

    fn add_ciphers(&mut self, word: &[u8], nth: usize) {
        let backwards: Vec<u8> = word.iter().rev().copied().collect();
        self.add_cipher(&backwards, Ciphers::REVERSED);
        self.add_cipher(&backwards.iter().map(|c| shift(*c, 13)).collect::<Vec<_>>(), Ciphers::REVERSED_ROT13);
        self.add_cipher(&word.iter().map(|c| atbash(*c)).collect::<Vec<_>>(), Ciphers::ATBASH);
        for places in 1..26 {
            if places == 13 || places == 3 || nth < SHIFTED || word.len() >= 6 {
                self.add_cipher(&word.iter().map(|c| shift(*c, places)).collect::<Vec<_>>(), Ciphers::shift(places));
            }
        }
    }

    fn add_cipher(&mut self, word: &[u8], cipher: Ciphers) {
        let Some(key) = Key::of(word).filter(|key| !self.is_word(*key)) else { return };
        let bit = key.hash(FILTER_BITS);
        self.filter[bit >> 6] |= 1 << (bit & 63);
        let mut slot = key.hash(CIPHER_BITS);
        while self.ciphers[slot].0 != Key::default() && self.ciphers[slot].0 != key {
            slot = (slot + 1) & (self.ciphers.len() - 1);
        }
        let merged = Ciphers(self.ciphers[slot].1.0 | cipher.0);
        self.ciphers[slot] = (key, merged);
    }

    /// Whether this is a common word.
    #[inline]
    pub(super) fn is_word(&self, key: Key) -> bool {
        let mut slot = key.hash(PLAIN_BITS);
        loop {
            let there = self.plain[slot];
            if there == key || there == Key::default() {
                return there == key;
            }
            slot = (slot + 1) & (self.plain.len() - 1);
        }
    }

    /// Whether two words in this order are two common ones in the wrong order.
    #[inline]
    pub(super) fn is_backwards(&self, first: Key, second: Key) -> bool {
        let bit = pair_bit(first, second);
        self.backwards_filter[bit >> 6] & (1 << (bit & 63)) != 0 && self.backwards.contains(&(first, second))
    }

    /// In which ciphers this is a common word.
    pub(super) fn ciphers(&self, key: Key) -> Ciphers {
        let bit = key.hash(FILTER_BITS);
        if self.filter[bit >> 6] & (1 << (bit & 63)) == 0 {
            return Ciphers::default();
        }
        let mut slot = key.hash(CIPHER_BITS);
        loop {
            let (there, ciphers) = self.ciphers[slot];
            if there == key {
                return ciphers;
            }
            if there == Key::default() {
                return Ciphers::default();
            }
            slot = (slot + 1) & (self.ciphers.len() - 1);
        }
    }

    /// Whether it is a common word, or one with a common ending.
    fn knows_inflected(&self, word: &[u8]) -> bool {
        let stem =
            |ending: &str| word.strip_suffix(ending.as_bytes()).is_some_and(|stem| stem.len() >= 3 && self.knows(stem));
        self.knows(word)
            || word.len() > 3
                && (stem("s") || stem("ed") || stem("ing") || stem("ly") || word.ends_with(b"ed") && stem("d"))
    }

    /// Whether these letters are a common word.
    fn knows(&self, word: &[u8]) -> bool {
        Key::of(word).is_some_and(|key| self.is_word(key))
    }
}

/// A table of a power of two of these, made on the heap.
fn filled<T: Copy, const SIZE: usize>(with: T) -> Box<[T; SIZE]> {
    match vec![with; SIZE].into_boxed_slice().try_into() {
        Ok(table) => table,
        Err(_) => unreachable!("a slice of that size"),
    }
}

/// Where two words stand in the filter of pairs.
fn pair_bit(first: Key, second: Key) -> usize {
    Key(first.0.rotate_left(23) ^ second.0).hash(12)
}

/// A letter so many places on in the alphabet, in its case; anything else as it is.
pub(super) fn shift(c: u8, places: u8) -> u8 {
    match c {
        b'a'..=b'z' => (c - b'a' + places) % 26 + b'a',
        b'A'..=b'Z' => (c - b'A' + places) % 26 + b'A',
        _ => c,
    }
}

/// The letter at that place in the alphabet read backwards.
pub(super) fn atbash(c: u8) -> u8 {
    match c {
        b'a'..=b'z' => b'z' - (c - b'a'),
        b'A'..=b'Z' => b'Z' - (c - b'A'),
        _ => c,
    }
}

/// Whether this is a common word, in either case.
pub(super) fn is_word(word: &[u8]) -> bool {
    vocabulary().knows(word)
}

/// Whether a good part of it is common English words: for ciphers, in which any letters are letters.
pub(super) fn is_english(text: &str) -> bool {
    let (mut letters, mut known, mut words) = (0, 0, 0);
    for word in text.as_bytes().split(|c| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
        letters += word.len();
        if is_word(word) {
            known += word.len();
            words += usize::from(word.len() >= 3);
        }
    }
    let foreign = text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count();
    words >= 2 && known * 3 >= letters + foreign
}

/// Whether it is text that somebody can read: for encodings of bytes, in which text does not come about by chance.
///
/// The longer it is, the less of it has to be letters: commands, and codes within codes, have few.
pub(super) fn is_readable(text: &str) -> bool {
    let (mut all, mut letters, mut strange) = (0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        if c.is_alphabetic() || c == ' ' {
            letters += 1;
        } else if (c.is_control() && !c.is_whitespace()) || c == char::REPLACEMENT_CHARACTER {
            strange += 1;
        }
    }
    let share = match all {
        0..4 => return false,
        4..12 => 8,
        12..24 => 6,
        24.. => {
            if text.is_ascii() {
                0
            } else {
                4
            }
        }
    };
    strange * 50 <= all && letters * 10 >= all * share && (all >= 24 || is_one_script(text))
}

/// Whether a short text is of one script. Bytes that are no text are sometimes UTF-8, but then of many.
fn is_one_script(text: &str) -> bool {
    let mut seen = None;
    text.chars().filter(|c| !c.is_ascii() || c.is_ascii_alphabetic()).all(|c| {
        let script = match c {
            '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => 0,
            '\u{370}'..='\u{3ff}' => 1,
            '\u{400}'..='\u{4ff}' => 2,
            '\u{590}'..='\u{6ff}' => 3,
            '\u{900}'..='\u{dff}' => 4,
            '\u{e00}'..='\u{eff}' => 5,
            '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ffef}' => 6,
            // Marks that stand in texts of any script.
            '\u{2000}'..='\u{206f}' => return true,
            _ => return false,
        };
        *seen.get_or_insert(script) == script
    })
}

/// How much of letters without spaces is looked at for words.
const SEGMENTED: usize = 4096;

/// Puts spaces between the words of lower-case letters without spaces; the positions where a new word starts.
///
/// The best split is the one with the greatest sum of the squares of the lengths of known words. Linear in the letters.
pub(super) fn word_starts(letters: &[u8]) -> Vec<usize> {
    let letters = &letters[..letters.len().min(SEGMENTED)];
    let words = vocabulary();
    // best[i]: the worth of the best split of the first i letters, and how long its last piece is.
    let mut best: Vec<(i32, usize)> = vec![(0, 0); letters.len() + 1];
    for end in 1..=letters.len() {
        best[end] = (best[end - 1].0 - 1, 1);
        for len in 1..=end.min(LONGEST) {
            if !words.knows_inflected(&letters[end - len..end]) {
                continue;
            }
            let square = i32::try_from(len * len).expect("a length of at most twelve, squared");
            let worth = best[end - len].0 + square;
            if worth > best[end].0 {
                best[end] = (worth, len);
            }
        }
    }
    let mut pieces = Vec::new();
    let mut end = letters.len();
    while end > 0 {
        let len = best[end].1;
        pieces.push((end - len, best[end].0 > best[end - len].0));
        end -= len;
    }
    pieces.reverse();
    // Letters of an unknown word stay together.
    pieces.windows(2).filter(|pair| pair[0].1 || pair[1].1).map(|pair| pair[1].0).collect()
}
