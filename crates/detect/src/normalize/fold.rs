//! A text as a reader sees it, in lower case.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{
    glyphs::{is_invisible, is_latin, is_money, look_alike, plain_space, styled},
    offsets::{Offsets, Writer},
    vocabulary::is_word,
};

/// Marks kept on one letter; scripts that need marks need no more.
const MARKS: usize = 8;
/// Letters of one word that are looked at together.
const WORD: usize = 128;

/// Letters of a word after which it is cut where its form is known.
const LONG_WORD: usize = 4096;
/// The longest word that is looked up.
const LONGEST_WORD: usize = 12;

/// A text in its folded form.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) text: String,
    pub(super) map: Offsets,
}

/// Folds these parts of a text, in order.
///
/// Compatibility forms (NFKC), lower case, no invisible characters, one kind of space, no floods of marks, and Latin letters for
/// what looks like them in words that mix scripts. Folding again changes nothing.
pub(super) fn fold(text: &str, parts: &[Range<usize>]) -> Folded {
    if parts.len() == 1 && parts[0] == (0..text.len()) && is_plain(text.as_bytes()) {
        return Folded { text: text.to_ascii_lowercase(), map: Offsets::Same };
    }
    let mut folder =
        Folder { out: Writer::with_capacity(parts.iter().map(Range::len).sum()), word: Vec::new(), after_latin: false };
    let mut before: Option<usize> = None;
    for part in parts {
        if let Some(end) = before {
            // What stands left and right of a gap is not one word.
            folder.write('\n', end..part.start.max(end));
        }
        folder.add(text, part.clone());
        folder.end_word();
        before = Some(part.end);
    }
    let (text, map) = folder.out.finish();
    Folded { text, map }
}

/// Whether it is ASCII without control characters other than white space. One pass without branches, 16 bytes and more a step.
fn is_plain(bytes: &[u8]) -> bool {
    let strange = |c: u8| u8::from(c >= 0x7f) | u8::from(c < 0x20) & u8::from(c.wrapping_sub(9) > 4);
    bytes.chunks(256).all(|chunk| chunk.iter().fold(0, |sum, c| sum | strange(*c)) == 0)
}

struct Folder {
    out: Writer,
    /// The letters of the word being read that is not plain ASCII so far, and where they came from.
    word: Vec<(char, Range<usize>)>,
    /// Whether the word before was Latin.
    after_latin: bool,
}

impl Folder {
    fn add(&mut self, text: &str, part: Range<usize>) {
        let bytes = text.as_bytes();
        let mut at = part.start;
        while at < part.end {
            if self.word.is_empty() {
                let end = self.plain_end(bytes, at..part.end);
                self.out.copy_lower(&text[at..end], at);
                at = end;
                if at == part.end {
                    return;
                }
                if let Some(end) = self.settled_word(text, at..part.end) {
                    at = end;
                    continue;
                }
            }
            at = self.cluster(text, at..part.end);
        }
    }

    /// Where plain ASCII ends that no character behind it can change: before the word or letter that touches something else.
    fn plain_end(&mut self, bytes: &[u8], range: Range<usize>) -> usize {
        let rest = &bytes[range.clone()];
        let len = rest
            .iter()
            .position(|c| !c.is_ascii() || (c.is_ascii_control() && !matches!(c, 9..=13)))
            .unwrap_or(rest.len());
        if len == rest.len() {
            return range.end;
        }
        let touching = rest[..len].iter().rev().take(WORD).take_while(|c| c.is_ascii_alphanumeric()).count();
        let end = range.start + len - touching;
        // A mark may follow white space or a comma too.
        let end = if touching == 0 && len > 0 { end - 1 } else { end };
        let mut last = bytes[range.start..end].iter().rev().skip_while(|c| !c.is_ascii_alphanumeric()).peekable();
        if last.peek().is_some() {
            self.after_latin = last.take(WORD).take_while(|c| c.is_ascii_alphanumeric()).any(u8::is_ascii_alphabetic);
        }
        end
    }

    /// Takes a word, or much of a long one, of letters whose form is known and whose scripts are not mixed: most words there are.
    fn settled_word(&mut self, text: &str, range: Range<usize>) -> Option<usize> {
        let (mut latin, mut foreign, mut capital, mut count) = (false, false, false, 0);
        let mut end = range.start;
        for c in text[range.clone()].chars() {
            if c.is_ascii() {
                if !c.is_ascii_alphanumeric() {
                    break;
                }
                latin |= c.is_ascii_alphabetic();
                capital |= c.is_ascii_uppercase();
            } else if is_settled_mark(c) {
                if count == 0 {
                    self.out.copy(&text[range.start..range.start + c.len_utf8()], range.start);
                    return Some(range.start + c.len_utf8());
                }
                break;
            } else if is_settled(c) {
                latin |= c <= '\u{12f}';
                foreign |= c > '\u{12f}';
                capital |= matches!(c, '\u{c0}'..='\u{de}' | '\u{100}'..='\u{12f}' | '\u{401}'..='\u{42f}');
            } else {
                // Of a wrong kind, or with a mark: character by character.
                return None;
            }
            count += 1;
            end += c.len_utf8();
            if count == LONG_WORD {
                break;
            }
        }
        if count == 0 || latin && foreign || foreign && self.after_latin && count <= LONGEST_WORD {
            return None;
        }
        let word = &text[range.start..end];
        if capital {
            // These keep their length in lower case.
            self.out.copy(&word.to_lowercase(), range.start);
        } else {
            self.out.copy(word, range.start);
        }
        self.after_latin = latin;
        Some(end)
    }

    /// Takes one character with the marks on it; returns where the next one starts.
    fn cluster(&mut self, text: &str, range: Range<usize>) -> usize {
        let mut chars = text[range.clone()].char_indices();
        let Some((_, base)) = chars.next() else { return range.end };
        let mut end = range.start + base.len_utf8();
        if is_invisible(base) {
            return end;
        }
        let mut marks = [base; MARKS];
        let mut count = 0;
        for (offset, c) in chars {
            let is_mark = joins(c);
            if !is_mark && !is_invisible(c) {
                break;
            }
            if is_mark {
                if !is_invisible(c) && count < MARKS {
                    marks[count] = c;
                    count += 1;
                }
                end = range.start + offset + c.len_utf8();
            }
        }
        let from = range.start..end;
        if count == 0 && base.is_ascii() {
            self.letter(base.to_ascii_lowercase(), from);
        } else if count == 0 && is_settled(base) {
            self.letter(base.to_lowercase().next().unwrap_or(base), from);
        } else {
            for c in settle(base, &marks[..count]) {
                self.letter(c, from.clone());
            }
        }
        end
    }

    /// Adds a character in its last form to the word, or ends the word and adds it.
    fn letter(&mut self, c: char, from: Range<usize>) {
        if c.is_alphanumeric() || is_combining_mark(c) || is_money(c) {
            self.word.push((c, from));
            if self.word.len() >= WORD {
                self.end_word();
            }
        } else {
            self.end_word();
            self.write(c, from);
        }
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        let latin = word.iter().any(|(c, _)| is_latin(*c));
        let foreign = word.iter().any(|(c, _)| !c.is_ascii() && look_alike(*c).is_some());
        let map = foreign && (latin && is_mixed(&word) || self.after_latin && looks_like_a_word(&word));
        for (c, from) in &word {
            let c = if map { look_alike(*c).unwrap_or(*c) } else { *c };
            self.write(c, from.clone());
        }
        if !word.is_empty() {
            self.after_latin = latin || map;
            self.word = word;
            self.word.clear();
        }
    }

    /// Writes a character, joining what one cluster became.
    fn write(&mut self, c: char, from: Range<usize>) {
        if c.len_utf8() == from.len() {
            let mut utf8 = [0; 4];
            self.out.copy(c.encode_utf8(&mut utf8), from.start);
        } else {
            self.out.push(c, from);
        }
    }
}

/// Whether a character is part of what stands before it: marks, the vowel and the end of a Korean syllable, and what has a mark
/// as the first part of its compatibility form.
fn joins(c: char) -> bool {
    is_combining_mark(c)
        || matches!(c, '\u{1161}'..='\u{11ff}' | '\u{314f}'..='\u{3163}' | '\u{ffc2}'..='\u{ffdc}' | '\u{e33}' | '\u{eb3}' | '\u{ff9e}' | '\u{ff9f}')
}

/// Whether a word mixes plain Latin letters with letters of other scripts, or with Latin letters that no language mixes in.
fn is_mixed(word: &[(char, Range<usize>)]) -> bool {
    let plain = word.iter().filter(|(c, _)| c.is_ascii_alphabetic()).count();
    // Of a language that has them (Polish, Danish, Hausa) Latin letters are no disguise, and an amount of money is one.
    let other =
        |needs: fn(char) -> bool| word.iter().any(|(c, _)| needs(*c) && look_alike(*c).is_some() && !is_latin(*c));
    plain > 0 && other(|c| !is_money(c))
        || plain > 1 && other(is_money) && !word.iter().any(|(c, _)| c.is_ascii_digit())
}

/// Whether every letter of a word looks like a Latin one, and they are a word together: between Latin words that is no chance.
fn looks_like_a_word(word: &[(char, Range<usize>)]) -> bool {
    if !(4..=LONGEST_WORD).contains(&word.len()) {
        return false;
    }
    let seen: Option<Vec<u8>> = word.iter().map(|(c, _)| look_alike(*c).and_then(|c| u8::try_from(c).ok())).collect();
    seen.is_some_and(|seen| is_word(&seen))
}

/// Whether a character has no compatibility form and one lower-case form of the same kind; most letters of most texts.
fn is_settled(c: char) -> bool {
    matches!(c,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{12f}' | '\u{410}'..='\u{44f}' | '\u{401}' | '\u{451}'
        | '\u{3b1}'..='\u{3c9}' | '\u{5d0}'..='\u{5ea}' | '\u{621}'..='\u{64a}' | '\u{905}'..='\u{939}' | '\u{e01}'..='\u{e30}'
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Whether a mark that stands between words has no other form: quotes, dashes, dots of Chinese and Japanese.
fn is_settled_mark(c: char) -> bool {
    matches!(c, '\u{2010}' | '\u{2012}'..='\u{2016}' | '\u{2018}'..='\u{2022}' | '\u{3001}' | '\u{3002}')
}

/// The last form of a character and the marks on it.
fn settle(base: char, marks: &[char]) -> Vec<char> {
    if let (Some(space), []) = (plain_space(base), marks) {
        return vec![space];
    }
    let mut now: Vec<char> = std::iter::once(base).chain(marks.iter().copied()).collect();
    // Lower case may have a compatibility form and the other way round; two rounds settle nearly all, the rest in four.
    for _ in 0..4 {
        let lower: String = now.iter().flat_map(|c| c.to_lowercase()).collect();
        let next: Vec<char> = lower
            .nfkc()
            .filter(|c| !is_invisible(*c))
            .map(|c| plain_space(c).unwrap_or(c))
            .map(|c| styled(c).unwrap_or(c))
            .flat_map(char::to_lowercase)
            .collect();
        let next = without_flood(&next);
        if next == now {
            break;
        }
        now = next;
    }
    now
}

/// Without the marks that are left on a letter of a script whose letters come with theirs composed.
fn without_flood(chars: &[char]) -> Vec<char> {
    let mut kept: Vec<char> = Vec::with_capacity(chars.len());
    let mut bare = false;
    for &c in chars {
        if !is_combining_mark(c) {
            bare = c < '\u{530}' || matches!(c, '\u{1e00}'..='\u{2bff}') || look_alike(c).is_some();
            kept.push(c);
        } else if !bare {
            kept.push(c);
        } else if let Some(last) = kept.last_mut() {
            // More marks than any spelling has: the letter under them is what is read.
            *last = std::iter::once(*last).nfd().next().unwrap_or(*last);
        }
    }
    kept
}
