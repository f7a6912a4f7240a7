//! Text search: the one tokenizer, so that every store finds the same.

use serde_json::Value;

use crate::{Content, Message, Part};

/// A term keeps this many characters; what is longer (base64, ids in a row) is found by its beginning.
const TERM_CHARS: usize = 64;

/// Calls `each` with every term of a text, in order, repeated as often as it stands there.
///
/// A term is a run of Unicode letters and digits, lower-cased character by character and cut after 64 characters. Chinese,
/// Japanese and Korean write without spaces: a run of theirs gives every pair of neighbours, and a lone character itself.
pub fn terms(text: &str, each: &mut impl FnMut(&str)) {
    let mut splitter = Splitter { each, term: String::new(), chars: 0, last: None, pairs: 0 };
    let bytes = text.as_bytes();
    let mut at = 0;
    // From one ASCII sign to the next: they part terms whatever is around them, and most runs between them are plain words.
    while at < bytes.len() {
        let start = at;
        let mut kinds = 0;
        while let Some(kind) = bytes.get(at).map(|byte| KINDS[usize::from(*byte)])
            && kind != SIGN
        {
            kinds |= kind;
            at += 1;
        }
        if at > start {
            splitter.run(&text[start..at], kinds);
        }
        at += 1;
    }
}

/// What a byte may be part of; a run has the sum of its bytes' kinds.
const SIGN: u8 = 0;
const SMALL: u8 = 1;
const CAPITAL: u8 = 2;
const BEYOND_ASCII: u8 = 4;

const KINDS: [u8; 256] = {
    let mut kinds = [SIGN; 256];
    let mut at = 0u8;
    loop {
        kinds[at as usize] = match at {
            b'a'..=b'z' | b'0'..=b'9' => SMALL,
            b'A'..=b'Z' => CAPITAL,
            0x80.. => BEYOND_ASCII,
            _ => SIGN,
        };
        if at == u8::MAX {
            break;
        }
        at += 1;
    }
    kinds
};

struct Splitter<'a, F> {
    each: &'a mut F,
    /// What is gathered of a run that is not CJK.
    term: String,
    chars: usize,
    /// The last character of a CJK run, and how many pairs it gave.
    last: Option<char>,
    pairs: usize,
}

impl<F: FnMut(&str)> Splitter<'_, F> {
    /// Takes what stands between two signs of ASCII.
    fn run(&mut self, run: &str, kinds: u8) {
        if kinds & BEYOND_ASCII != 0 {
            run.chars().for_each(|c| self.take(c));
            self.end();
            return;
        }
        let run = &run[..run.len().min(TERM_CHARS)];
        if kinds & CAPITAL == 0 {
            (self.each)(run);
        } else {
            self.term.push_str(run);
            self.term.make_ascii_lowercase();
            (self.each)(&self.term);
            self.term.clear();
        }
    }

    fn take(&mut self, c: char) {
        if !c.is_alphanumeric() {
            self.end();
        } else if is_cjk(c) {
            self.end_word();
            if let Some(before) = self.last.replace(c) {
                self.pairs += 1;
                self.emit(&[before, c]);
            }
        } else {
            self.end_cjk();
            if self.chars < TERM_CHARS {
                self.chars += 1;
                if c.is_ascii() {
                    self.term.push(c.to_ascii_lowercase());
                } else {
                    self.term.extend(c.to_lowercase());
                }
            }
        }
    }

    fn end(&mut self) {
        self.end_word();
        self.end_cjk();
    }

    fn end_word(&mut self) {
        if self.chars > 0 {
            (self.each)(&self.term);
            self.term.clear();
            self.chars = 0;
        }
    }

    fn end_cjk(&mut self) {
        if let Some(alone) = self.last.take()
            && self.pairs == 0
        {
            self.emit(&[alone]);
        }
        self.pairs = 0;
    }

    fn emit(&mut self, chars: &[char]) {
        self.term.clear();
        self.term.extend(chars.iter().flat_map(|c| c.to_lowercase()));
        (self.each)(&self.term);
        self.term.clear();
    }
}

/// Han, kana, hangul and their extensions.
fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x11FF | 0x2E80..=0x2FDF | 0x3005..=0x3007 | 0x3031..=0x3035 | 0x3040..=0x318F | 0x31A0..=0x31BF
        | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xA960..=0xA97F | 0xAC00..=0xD7FF | 0xF900..=0xFAFF
        | 0xFF66..=0xFFDC | 0x1B000..=0x1B16F | 0x20000..=0x3FFFF)
}

/// What is searched for: 1 to [`Terms::MAX`] different terms, all of which must stand in what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms(Vec<String>);

impl Terms {
    /// The most terms of one search.
    pub const MAX: usize = 16;

    /// Takes the terms of a text; `None` where there are none, or too many.
    pub fn parse(text: &str) -> Option<Self> {
        let mut found = Vec::new();
        terms(text, &mut |term| {
            if found.len() <= Self::MAX && !found.iter().any(|known| known == term) {
                found.push(term.to_owned());
            }
        });
        found.sort_unstable();
        (1..=Self::MAX).contains(&found.len()).then_some(Self(found))
    }

    /// The terms, sorted; each holds only letters, digits and what lower-casing makes of them.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Says whether every term stands in what was said.
    pub fn all_in(&self, content: &Content) -> bool {
        let mut missing: Vec<&str> = self.0.iter().map(String::as_str).collect();
        content.each_text(&mut |text| {
            if !missing.is_empty() {
                terms(text, &mut |term| missing.retain(|wanted| *wanted != term));
            }
        });
        missing.is_empty()
    }
}

impl Content {
    /// Calls `each` with every text that a search looks at: instructions, messages in both directions, the arguments and
    /// results of tools (names, keys and values), addresses. Not the tool definitions: they come with every request and would
    /// make every exchange of an agent match.
    pub fn each_text(&self, each: &mut impl FnMut(&str)) {
        self.system_instructions.iter().for_each(|part| part_text(part, each));
        for Message { name, parts, .. } in self.input_messages.iter().chain(&self.output_messages) {
            name.iter().for_each(|name| each(name));
            parts.iter().for_each(|part| part_text(part, each));
        }
    }
}

fn part_text(part: &Part, each: &mut impl FnMut(&str)) {
    match part {
        Part::Text { content } | Part::Reasoning { content } | Part::Refusal { content } => each(content),
        Part::ToolCall { id: _, name, arguments } => {
            each(name);
            value_text(arguments, each);
        }
        Part::ToolCallResponse { id: _, result } => value_text(result, each),
        Part::Uri { modality: _, uri } => each(uri),
        Part::File { modality: _, file_id } => each(file_id),
        Part::Raw { value } => value_text(value, each),
        Part::Blob { .. } => {}
    }
}

/// Every key and value below, without recursion: arguments may be nested deeper than a stack.
fn value_text(value: &Value, each: &mut impl FnMut(&str)) {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::String(text) => each(text),
            Value::Number(number) => each(&number.to_string()),
            Value::Array(items) => rest.extend(items),
            Value::Object(members) => {
                members.keys().for_each(|key| each(key));
                rest.extend(members.values());
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Role;

    fn split(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        terms(text, &mut |term| found.push(term.to_owned()));
        found
    }

    #[test]
    fn letters_and_digits_make_terms_and_everything_else_parts_them() {
        assert_eq!(split("Hello, WORLD_42! don't"), ["hello", "world", "42", "don", "t"]);
        assert_eq!(split("Größe ЖЁЛТЫЙ ΣΊΣΥΦΟΣ"), ["größe", "жёлтый", "σίσυφοσ"]);
        assert_eq!(split("\" OR 1=1; -- NEAR(a*)"), ["or", "1", "1", "near", "a"]);
        assert_eq!(split("  \0 ... "), Vec::<String>::new());
    }

    #[test]
    fn cjk_runs_give_pairs() {
        assert_eq!(split("東京都庁"), ["東京", "京都", "都庁"]);
        assert_eq!(split("水 iPhone手机x한국어"), ["水", "iphone", "手机", "x", "한국", "국어"]);
    }

    #[test]
    fn a_long_run_is_found_by_its_beginning() {
        let long = "A".repeat(500);
        assert_eq!(split(&long), ["a".repeat(64)]);
        assert!(Terms::parse(&long).unwrap().all_in(&said(&format!("x {long} y"))));
    }

    #[test]
    fn too_few_or_too_many_terms_are_no_search() {
        assert_eq!(Terms::parse(" !? "), None);
        let many: Vec<String> = (0..17).map(|n| format!("t{n}")).collect();
        assert_eq!(Terms::parse(&many.join(" ")), None);
        assert!(Terms::parse(&many[..16].join(" ")).is_some());
        assert_eq!(Terms::parse(&"same ".repeat(100)).unwrap().as_slice(), ["same"]);
    }

    fn said(text: &str) -> Content {
        let parts = vec![Part::Text { content: text.to_owned() }];
        Content {
            input_messages: vec![Message { role: Role::User, name: None, parts, finish_reason: None }],
            ..Content::default()
        }
    }

    #[test]
    fn every_term_must_stand_somewhere_in_the_exchange() {
        let mut content = said("refund for order 1234");
        content.output_messages.push(Message {
            role: Role::Assistant,
            name: None,
            parts: vec![Part::ToolCall {
                id: None,
                name: "lookup_order".to_owned(),
                arguments: serde_json::json!({"number": 1234, "deep": [{"reason": "Broken screen"}]}),
            }],
            finish_reason: None,
        });
        for found in ["refund", "REFUND screen", "lookup order number", "1234 deep"] {
            assert!(Terms::parse(found).unwrap().all_in(&content), "{found}");
        }
        for missing in ["refund missing", "ref", "screens"] {
            assert!(!Terms::parse(missing).unwrap().all_in(&content), "{missing}");
        }
    }

    /// The rule itself, one character after the other.
    fn by_characters(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut each = |term: &str| found.push(term.to_owned());
        let mut splitter = Splitter { each: &mut each, term: String::new(), chars: 0, last: None, pairs: 0 };
        text.chars().for_each(|c| splitter.take(c));
        splitter.end();
        found
    }

    proptest! {
        #[test]
        fn runs_give_the_terms_that_their_characters_give(
            // Short and long words, capitals, a sign and a mark beyond ASCII, letters that become two or become ASCII, CJK.
            words in proptest::collection::vec(
                r"[a-zA-Z0-9]{0,3}|[aB]{62,66}|[ ._\n\x00]|[\u{a0}\u{301}é]|[\u{130}\u{212a}ß]|[東京ㅎ가]{1,3}",
                0..40
            ),
            any in "\\PC{0,20}",
        ) {
            for text in [words.concat(), words.join(" "), any] {
                prop_assert_eq!(split(&text), by_characters(&text));
            }
        }

        #[test]
        fn a_text_holds_each_of_its_own_terms(text in "\\PC{0,60}") {
            for term in split(&text) {
                // Lower-casing may make a mark of a letter; such a term is still the same term.
                prop_assert!(term.chars().count() <= TERM_CHARS * 3);
                prop_assert!(!term.contains(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()), "{}", term);
            }
            if let Some(wanted) = Terms::parse(&text) {
                prop_assert!(wanted.all_in(&said(&text)));
            }
        }
    }
}
