//! The parser behind [`super::parse`]: recursive descent with bounds, over text that may have been cut off.

use std::borrow::Cow;

use memchr::memchr2;

use super::{Fault, Json, Members, Rules};
use crate::skim;

/// Whether the text is complete, or was cut off somewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    Cut,
}

pub(super) struct Parser<'a, 'r> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    values: usize,
    rules: &'r Rules,
    ending: Ending,
    /// The end of a cut text was reached: every open list and object closes with what it has.
    cut: bool,
}

impl<'a, 'r> Parser<'a, 'r> {
    pub(super) fn new(text: &'a str, rules: &'r Rules, ending: Ending) -> Self {
        Self { text, bytes: text.as_bytes(), pos: 0, values: 0, rules, ending, cut: false }
    }

    /// Says whether nothing but white space is left.
    pub(super) fn at_end(&mut self) -> bool {
        self.white();
        self.pos == self.bytes.len()
    }

    fn white(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.pos) {
            self.pos += 1;
        }
    }

    /// The next byte that is no white space, not consumed.
    fn peek(&mut self) -> Result<u8, Fault> {
        self.white();
        self.bytes.get(self.pos).copied().ok_or(Fault::Eof)
    }

    pub(super) fn value(&mut self, depth: usize) -> Result<Json<'a>, Fault> {
        self.values += 1;
        if self.values > self.rules.max_values {
            return Err(Fault::TooMany);
        }
        match self.peek()? {
            b'"' => {
                self.pos += 1;
                self.string().map(Json::Str)
            }
            b'{' if depth < self.rules.max_depth => self.object(depth + 1),
            b'[' if depth < self.rules.max_depth => self.array(depth + 1),
            b'{' | b'[' => Err(Fault::TooDeep),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Fault> {
        let rest = &self.bytes[self.pos..];
        if rest.starts_with(word.as_bytes()) {
            self.pos += word.len();
            return Ok(value);
        }
        Err(if word.as_bytes().starts_with(rest) { Fault::Eof } else { Fault::Syntax })
    }

    fn number(&mut self) -> Result<Json<'a>, Fault> {
        let end = skim::number_end(self.bytes, self.pos).ok_or_else(|| {
            let open =
                self.bytes[self.pos..].iter().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
            if open { Fault::Eof } else { Fault::Syntax }
        })?;
        // In a cut text a number at the very end may lack digits, and half a number is a wrong one.
        if self.ending == Ending::Cut && end == self.bytes.len() {
            return Err(Fault::Eof);
        }
        let number = &self.text[self.pos..end];
        self.pos = end;
        Ok(Json::Number(number))
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, Fault> {
        self.pos += 1;
        let mut items = Vec::new();
        match self.array_items(depth, &mut items) {
            Err(Fault::Eof) if self.ending == Ending::Cut => self.cut = true,
            other => other?,
        }
        Ok(Json::Array(items))
    }

    fn array_items(&mut self, depth: usize, items: &mut Vec<Json<'a>>) -> Result<(), Fault> {
        if self.peek()? == b']' {
            self.pos += 1;
            return Ok(());
        }
        loop {
            items.push(self.value(depth)?);
            if self.cut {
                return Ok(());
            }
            match self.peek()? {
                b',' => self.pos += 1,
                b']' => {
                    self.pos += 1;
                    return Ok(());
                }
                _ => return Err(Fault::Syntax),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, Fault> {
        self.pos += 1;
        let mut members = Vec::new();
        match self.object_members(depth, &mut members) {
            Err(Fault::Eof) if self.ending == Ending::Cut => self.cut = true,
            other => other?,
        }
        Ok(Json::Object(members))
    }

    fn object_members(&mut self, depth: usize, members: &mut Members<'a>) -> Result<(), Fault> {
        if self.peek()? == b'}' {
            self.pos += 1;
            return Ok(());
        }
        loop {
            if self.peek()? != b'"' {
                return Err(Fault::Syntax);
            }
            self.pos += 1;
            let key = self.string()?;
            if self.cut {
                return Ok(());
            }
            if self.peek()? != b':' {
                return Err(Fault::Syntax);
            }
            self.pos += 1;
            let value = if self.rules.skip.contains(&key.as_ref()) { self.skipped()? } else { self.value(depth)? };
            members.push((key, value));
            if self.cut {
                return Ok(());
            }
            match self.peek()? {
                b',' => self.pos += 1,
                b'}' => {
                    self.pos += 1;
                    return Ok(());
                }
                _ => return Err(Fault::Syntax),
            }
        }
    }

    fn skipped(&mut self) -> Result<Json<'a>, Fault> {
        self.white();
        self.pos = skim::value_end(self.bytes, self.pos)?;
        Ok(Json::Skipped)
    }

    /// Reads a string after its opening quote.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.pos;
        match memchr2(b'"', b'\\', &self.bytes[start..]) {
            Some(n) if self.bytes[start + n] == b'"' => {
                self.pos = start + n + 1;
                Ok(Cow::Borrowed(&self.text[start..start + n]))
            }
            Some(n) => {
                self.pos = start + n;
                self.escaped_string(self.text[start..start + n].to_owned()).map(Cow::Owned)
            }
            None => self.ended(Cow::Borrowed(&self.text[start..])),
        }
    }

    /// Ends an unfinished string: its text where the input is known to be cut.
    fn ended(&mut self, text: Cow<'a, str>) -> Result<Cow<'a, str>, Fault> {
        if self.ending == Ending::Whole {
            return Err(Fault::Eof);
        }
        self.cut = true;
        self.pos = self.bytes.len();
        Ok(text)
    }

    /// Goes on at a backslash with the text before it.
    fn escaped_string(&mut self, mut text: String) -> Result<String, Fault> {
        loop {
            match self.escape(&mut text) {
                Err(Fault::Eof) => return self.ended(Cow::Owned(text)).map(Cow::into_owned),
                other => other?,
            }
            let start = self.pos;
            let Some(n) = memchr2(b'"', b'\\', &self.bytes[start..]) else {
                text.push_str(&self.text[start..]);
                return self.ended(Cow::Owned(text)).map(Cow::into_owned);
            };
            text.push_str(&self.text[start..start + n]);
            self.pos = start + n;
            if self.bytes[self.pos] == b'"' {
                self.pos += 1;
                return Ok(text);
            }
        }
    }

    /// Resolves one escape at `pos`.
    fn escape(&mut self, text: &mut String) -> Result<(), Fault> {
        let plain = match *self.bytes.get(self.pos + 1).ok_or(Fault::Eof)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            c @ (b'"' | b'\\' | b'/') => char::from(c),
            b'u' => return self.unicode(text),
            _ => return Err(Fault::Syntax),
        };
        text.push(plain);
        self.pos += 2;
        Ok(())
    }

    /// Resolves `\uXXXX`, with its low surrogate where it needs one.
    fn unicode(&mut self, text: &mut String) -> Result<(), Fault> {
        let high = self.hex4(self.pos + 2)?;
        let mut next = self.pos + 6;
        let mut code = high;
        if (0xD800..0xDC00).contains(&high) {
            if self.bytes[next..].starts_with(b"\\u") {
                let low = self.hex4(next + 2)?;
                if (0xDC00..0xE000).contains(&low) {
                    code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    next += 6;
                }
            } else if self.bytes.len() < next + 2 && b"\\u".starts_with(&self.bytes[next..]) {
                return Err(Fault::Eof);
            }
        }
        text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        self.pos = next;
        Ok(())
    }

    fn hex4(&self, at: usize) -> Result<u32, Fault> {
        let mut code = 0;
        for i in at..at + 4 {
            let digit = char::from(*self.bytes.get(i).ok_or(Fault::Eof)?).to_digit(16).ok_or(Fault::Syntax)?;
            code = code * 16 + digit;
        }
        Ok(code)
    }
}
