//! Finds the operator's instructions in an answer.
//!
//! Both are read as words: case, punctuation, white space, bullets and mark-up make no difference, and scripts without spaces
//! are read a character a word. Every run of eight words of the prompt is remembered by its hash, also as rot13 and reversed
//! text would have it; an answer is walked through once. What `views` decoded out of the answer (base64 and the like) is walked
//! through the same way.
//!
//! Found: copies, also partial, reformatted or lightly edited ones (an edit costs the seven runs around it). Not found:
//! paraphrases, translations, summaries. Sentences that half of all prompts begin with say nothing and do not count, nor do
//! prompts too short to be told from ordinary speech. An answer that properly quotes what the prompt holds (a menu, a document,
//! a template) looks the same as a leak; callers may name such texts.

use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    ops::Range,
};

use llmtrace_model::{FindingKind, Severity};

use crate::{Hit, View, Views, detectors::sure};

#[cfg(test)]
mod tests;

/// Words in a run.
const RUN: usize = 8;
/// Words of a prompt that are remembered; what is beyond is not looked for.
const MAX_WORDS: usize = 16 * 1024;
/// Fewer words of a prompt than this that say something are no secret.
const MIN_WORDS: usize = 16;
/// A stretch of so many words of the prompt is a leak, however long the prompt is.
const LONG_STRETCH: u32 = 24;
/// A shorter stretch is one where this share of the prompt is in the answer.
const LARGE_SHARE: f32 = 0.4;

/// Sentences that say nothing about whose prompt they stand in.
const BOILERPLATE: &[&str] = &[
    "You are a helpful, respectful and honest assistant.",
    "You are a helpful AI assistant. Answer the user's questions as helpfully as possible.",
    "You are a helpful assistant that answers questions. If you don't know the answer, just say that you don't know, don't try \
     to make up an answer.",
    "Use the following pieces of context to answer the question at the end.",
    "Always answer as helpfully as possible, while being safe.",
    "Please ensure that your responses are socially unbiased and positive in nature.",
    "Think step by step and explain your reasoning before you give the final answer.",
    "Respond in the same language as the user. Be concise and accurate. Do not make things up.",
];

/// A system prompt as it is looked for. Built once per prompt; asks for about 16 bytes a word three times over.
#[derive(Debug, Clone)]
pub struct SystemPrompt {
    runs: HashMap<u64, Place, BuildHasherDefault<AsIs>>,
    /// Words that stand in some run that counts.
    words: u32,
    /// Words in all.
    length: usize,
}

/// Where a run stands in the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    form: Form,
    word: u32,
}

/// How an answer would show the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Rot13,
    Reversed,
}

/// How much of a system prompt stands in an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlap {
    /// The share of the prompt's words that stand in the answer in runs of eight or more: 0.0 to 1.0.
    pub ratio: f32,
    /// The longest stretch of the prompt's words in the answer.
    pub longest: u32,
    /// Where that stretch stands in the answer, in bytes.
    pub range: Range<usize>,
    /// Whether it stands there in the clear.
    pub clarity: Clarity,
}

/// Whether a text stands as it is or in an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clarity {
    /// As it is, but for case and mark-up.
    Clear,
    /// Reversed, in rot13, or in an encoding that was decoded.
    Encoded,
}

impl SystemPrompt {
    /// Reads a prompt. `public` are texts that an answer may repeat: what the user said, a document that is to be quoted.
    pub fn new(prompt: &str, public: &[&str]) -> Self {
        let mut known = HashMap::<u64, (), BuildHasherDefault<AsIs>>::default();
        for text in BOILERPLATE.iter().chain(public) {
            let words: Vec<u64> = words(text).map(|(hash, _)| hash).collect();
            known.extend(words.windows(RUN).map(|run| (run_hash(run), ())));
        }
        let texts: Vec<Range<usize>> = words(prompt).take(MAX_WORDS).map(|(_, range)| range).collect();
        let hashes = |form| texts.iter().map(|range| word_hash(&prompt[range.clone()], form)).collect::<Vec<_>>();
        let mut runs = HashMap::default();
        let plain = hashes(Form::Plain);
        let counts: Vec<bool> = plain.windows(RUN).map(|run| !known.contains_key(&run_hash(run))).collect();
        let last = plain.len().saturating_sub(RUN);
        for form in [Form::Reversed, Form::Rot13, Form::Plain] {
            let mut of_form = hashes(form);
            if form == Form::Reversed {
                of_form.reverse();
            }
            for (at, run) in of_form.windows(RUN).enumerate() {
                let in_prompt = if form == Form::Reversed { last - at } else { at };
                if counts[in_prompt] {
                    runs.insert(run_hash(run), Place { form, word: u32::try_from(at).unwrap_or(u32::MAX) });
                }
            }
        }
        let words = covered(&counts);
        Self { runs, words, length: plain.len() }
    }

    /// Whether there is enough in it to be told from ordinary speech.
    pub fn is_telling(&self) -> bool {
        self.words as usize >= MIN_WORDS
    }

    /// How much of it stands in an answer. `None` where nothing does.
    pub fn overlap(&self, answer: &Views<'_>) -> Option<Overlap> {
        let in_folded = self.overlap_in(&answer.folded, Clarity::Clear);
        let in_decoded = answer.decoded.iter().filter_map(|view| self.overlap_in(view, Clarity::Encoded));
        in_folded.into_iter().chain(in_decoded).max_by_key(|overlap| overlap.longest)
    }

    /// The finding for an answer that holds enough of it.
    ///
    /// Critical from three quarters of the prompt on, or where it was encoded (nobody does that by chance); medium where it is less
    /// than a seventh, which prompts of one family share; high otherwise.
    pub fn leak(&self, answer: &Views<'_>) -> Option<Hit> {
        if !self.is_telling() {
            return None;
        }
        let overlap = self.overlap(answer)?;
        let is_leak =
            overlap.longest >= LONG_STRETCH || (overlap.ratio >= LARGE_SHARE && overlap.longest as usize >= RUN + 2);
        if !is_leak {
            return None;
        }
        let is_grave = overlap.ratio >= 0.75 || overlap.clarity == Clarity::Encoded;
        let subtype = match overlap.clarity {
            Clarity::Clear => "verbatim",
            Clarity::Encoded => "encoded",
        };
        Some(Hit {
            kind: FindingKind::SystemPromptLeak,
            subtype: Cow::Borrowed(subtype),
            rule: Cow::Owned(format!("system_prompt_leak.{subtype}")),
            score: sure((0.6 + 0.4 * overlap.ratio).min(0.99)),
            severity: match overlap.ratio {
                _ if is_grave => Severity::Critical,
                ratio if ratio < 0.15 => Severity::Medium,
                _ => Severity::High,
            },
            quote: None,
            reason: Cow::Owned(format!(
                "{} words in a row of the system prompt, {:.0} % of it in all",
                overlap.longest,
                overlap.ratio * 100.0
            )),
            range: overlap.range,
        })
    }

    fn overlap_in(&self, view: &View<'_>, clarity: Clarity) -> Option<Overlap> {
        let mut window = Window::default();
        let mut seen = vec![false; self.length];
        // The stretch that is being followed and the longest one: where it began, its words, the form it is in.
        let mut now: Option<Stretch> = None;
        let mut best: Option<Stretch> = None;
        for (hash, range) in words(&view.text) {
            let Some((run, start)) = window.push(hash, range.start) else { continue };
            let Some(place) = self.runs.get(&run) else {
                now = None;
                continue;
            };
            if let Some(word) = seen.get_mut(place.word as usize) {
                *word = true;
            }
            let stretch = match now.take() {
                Some(mut stretch) if stretch.form == place.form => {
                    stretch.words += 1;
                    stretch.range.end = range.end;
                    stretch
                }
                _ => Stretch { range: start..range.end, words: 8, form: place.form },
            };
            if best.as_ref().is_none_or(|best| stretch.words > best.words) {
                best = Some(stretch.clone());
            }
            now = Some(stretch);
        }
        let best = best?;
        let clarity = if best.form == Form::Plain { clarity } else { Clarity::Encoded };
        #[expect(clippy::cast_precision_loss, reason = "both are at most 16 thousand")]
        let ratio = (covered(&seen) as f32 / self.words.max(1) as f32).min(1.0);
        Some(Overlap { ratio, longest: best.words, range: view.origin(best.range), clarity })
    }
}

#[derive(Debug, Clone)]
struct Stretch {
    range: Range<usize>,
    words: u32,
    form: Form,
}

/// The last eight words.
#[derive(Debug, Default)]
struct Window {
    words: [(u64, usize); RUN],
    seen: usize,
}

impl Window {
    /// Takes a word; gives the hash of the last eight and where they begin, once there are so many.
    fn push(&mut self, hash: u64, start: usize) -> Option<(u64, usize)> {
        self.words.rotate_left(1);
        self.words[RUN - 1] = (hash, start);
        self.seen += 1;
        (self.seen >= RUN).then(|| (run_hash(&self.words.map(|(hash, _)| hash)), self.words[0].1))
    }
}

/// Words that stand in a run that is marked.
fn covered(runs: &[bool]) -> u32 {
    let mut words = 0;
    let mut open = 0;
    for &is_marked in runs {
        open = if is_marked { RUN } else { open.saturating_sub(1) };
        words += u32::from(open > 0);
    }
    words + u32::try_from(open.saturating_sub(1)).unwrap_or(0)
}

/// The words of a text with their places: runs of letters and digits; a character each in scripts without spaces.
fn words(text: &str) -> impl Iterator<Item = (u64, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let bytes = text.as_bytes();
        // ASCII byte by byte; everything else by character.
        while at < bytes.len() {
            let start = at;
            while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
                at += 1;
            }
            if at == bytes.len() || bytes[at].is_ascii() {
                if at > start {
                    return Some((word_hash(&text[start..at], Form::Plain), start..at));
                }
                at += 1;
                continue;
            }
            if at > start && text[at..].chars().next().is_some_and(|c| stands_alone(c) || !c.is_alphanumeric()) {
                return Some((word_hash(&text[start..at], Form::Plain), start..at));
            }
            at = word_end(text, at);
            if at > start {
                return Some((word_hash(&text[start..at], Form::Plain), start..at));
            }
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
        None
    })
}

/// The end of a word with characters beyond ASCII that goes on at `at`; `at` itself where none does.
fn word_end(text: &str, at: usize) -> usize {
    let mut end = at;
    for c in text[at..].chars() {
        if !c.is_alphanumeric() || (stands_alone(c) && end > at) {
            break;
        }
        end += c.len_utf8();
        if stands_alone(c) {
            break;
        }
    }
    end
}

/// Characters of scripts that put no spaces between words: Han, Kana, Thai, Lao, Khmer, Myanmar.
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff | 0x20000..=0x3ffff)
}

/// Of the word in lower case, as a form of the text would show it.
fn word_hash(word: &str, form: Form) -> u64 {
    let mix = |hash: u64, c: u32| (hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3);
    let lower = |c: char| if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) };
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    match form {
        Form::Plain => word.chars().fold(START, |hash, c| mix(hash, u32::from(lower(c)))),
        Form::Reversed => word.chars().rev().fold(START, |hash, c| mix(hash, u32::from(lower(c)))),
        Form::Rot13 => word.chars().fold(START, |hash, c| mix(hash, u32::from(turned(lower(c))))),
    }
}

fn turned(c: char) -> char {
    match c {
        'a'..='m' => char::from_u32(u32::from(c) + 13).unwrap_or(c),
        'n'..='z' => char::from_u32(u32::from(c) - 13).unwrap_or(c),
        other => other,
    }
}

fn run_hash(words: &[u64]) -> u64 {
    let hash = words.iter().fold(0x9e37_79b9_7f4a_7c15, |hash: u64, &word| {
        (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
    });
    hash ^ hash >> 29
}

/// Takes a hash for what it is.
#[derive(Debug, Clone, Copy, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
