//! Every streamed fixture through the editor of streams: what nobody changes passes as it came, and what is changed is changed
//! everywhere, however the stream is cut.

use std::collections::BTreeMap;

use bytes::Bytes;
use llmtrace_model::{Message, Part};
use llmtrace_wire::edit::{Censor, NotEditable, Stream, TextOf};

use super::{Case, cases, dialect_of, whole};

/// Holds the end of every text, and puts another word in the place of one.
struct Replaces {
    word: String,
    by: &'static str,
    /// How much of a text is held, in bytes, at least.
    holds: usize,
    held: BTreeMap<TextOf, String>,
}

impl Replaces {
    fn new(word: &str, by: &'static str, holds: usize) -> Self {
        Self { word: word.to_owned(), by, holds, held: BTreeMap::new() }
    }

    fn changed(&self, text: &str) -> String {
        if self.word.is_empty() { text.to_owned() } else { text.replace(&self.word, self.by) }
    }
}

impl Censor for Replaces {
    fn more(&mut self, of: TextOf, piece: &str) -> String {
        let mut text = self.held.remove(&of).unwrap_or_default() + piece;
        text = self.changed(&text);
        // Also what may become the word.
        let open =
            (0..self.word.len()).rev().find(|n| self.word.is_char_boundary(*n) && text.ends_with(&self.word[..*n]));
        let mut at = text.len() - self.holds.max(open.unwrap_or(0)).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        self.held.insert(of, text.split_off(at));
        text
    }

    fn end(&mut self, of: TextOf) -> String {
        self.held.remove(&of).unwrap_or_default()
    }

    fn whole(&mut self, _: TextOf, text: &str) -> Option<String> {
        let changed = self.changed(text);
        (changed != text).then_some(changed)
    }

    fn holds_signed(&self) -> bool {
        !self.word.is_empty()
    }

    fn is_cut(&self) -> bool {
        false
    }
}

fn stream_of(case: &Case) -> Option<Stream> {
    let path = case.target.split('?').next().expect("a path");
    Stream::new(dialect_of(&case.method, path), &case.answer_headers[0].1, 1 << 20)
}

/// What leaves of an answer that comes in these pieces; from an error on everything passes.
fn edited<'p>(
    case: &Case,
    censor: &mut dyn Censor,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<u8>, Result<(), NotEditable>) {
    let (mut stream, mut out, mut read) = (stream_of(case).expect("a known stream"), Vec::new(), Ok(()));
    for piece in pieces {
        if let Err(why) = stream.push(Bytes::copy_from_slice(piece), censor, &mut out) {
            read = Err(why);
            stream.give_up(censor, &mut out);
        }
    }
    if let Err(why) = stream.finish(censor, &mut out) {
        read = Err(why);
        stream.give_up(censor, &mut out);
    }
    (out.concat(), read)
}

fn streams() -> Vec<Case> {
    let streams: Vec<_> = cases().into_iter().filter(|case| case.streamed && stream_of(case).is_some()).collect();
    assert!(streams.len() > 60, "{}", streams.len());
    streams
}

/// What was said in an answer, without the thoughts that a signature holds for.
fn said(case: &Case, answer: &[u8]) -> Vec<Message> {
    let mut said = case.decode(whole(&case.request), whole(answer)).content.output_messages;
    for message in &mut said {
        message.parts.retain(|part| !matches!(part, Part::Reasoning { .. }));
    }
    said
}

#[test]
fn a_stream_that_nobody_changes_passes_as_it_came_however_it_is_cut() {
    for case in streams() {
        let name = case.folder.display();
        let whole = case.answer.as_slice();
        for at in 0..whole.len() {
            let (passed, _) = edited(&case, &mut Replaces::new("", "", 0), [&whole[..at], &whole[at..]]);
            assert!(passed == whole, "{name} cut at {at}: {}", String::from_utf8_lossy(&passed));
        }
        let (passed, _) = edited(&case, &mut Replaces::new("", "", 0), whole.chunks(1));
        assert!(passed == whole, "{name} byte by byte");
    }
}

#[test]
fn what_is_held_of_a_text_leaves_later_and_nothing_is_lost() {
    for case in streams() {
        let name = case.folder.display();
        for size in [1, 13, usize::MAX] {
            let (passed, read) = edited(&case, &mut Replaces::new("", "", 7), case.answer.chunks(size));
            if read.is_err() {
                continue;
            }
            let (before, after) = (
                case.decode(whole(&case.request), whole(&case.answer)),
                case.decode(whole(&case.request), whole(&passed)),
            );
            assert_eq!(after.content, before.content, "{name} in {size}: {}", String::from_utf8_lossy(&passed));
            assert_eq!((after.usage, after.finish_reasons), (before.usage, before.finish_reasons), "{name}");
        }
    }
}

#[test]
fn a_word_that_is_replaced_is_nowhere_in_the_stream() {
    let mut replaced = 0;
    for case in streams() {
        let name = case.folder.display();
        let before = said(&case, &case.answer);
        let words: Vec<String> = before
            .iter()
            .flat_map(|message| &message.parts)
            .filter_map(|part| match part {
                Part::Text { content } | Part::Refusal { content } => Some(content),
                _ => None,
            })
            .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
            .filter(|word| word.len() > 4)
            .map(str::to_owned)
            .collect();
        let Some(word) = words.into_iter().max_by_key(String::len) else { continue };
        for size in [1, 13, usize::MAX] {
            let (passed, read) = edited(&case, &mut Replaces::new(&word, "[X]", 0), case.answer.chunks(size));
            if read.is_err() {
                continue;
            }
            let text = String::from_utf8_lossy(&passed);
            assert!(!text.contains(&word), "{name} in {size}: {word} in {text}");
            let after = said(&case, &passed);
            let expected = serde_json::to_string(&before).expect("messages are JSON").replace(&word, "[X]");
            assert_eq!(serde_json::to_string(&after).expect("messages are JSON"), expected, "{name} in {size}: {text}");
            replaced += 1;
        }
    }
    assert!(replaced > 60, "{replaced}");
}
