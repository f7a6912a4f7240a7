//! Where in a JSON text its strings stand.

use std::{borrow::Cow, ops::Range};

use memchr::memchr2;

use crate::json::{Fault, Json, Rules, parse};

/// A step from a value to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step<'t> {
    /// A member of an object.
    Key(Cow<'t, str>),
    /// An item of a list.
    Item(usize),
}

impl Step<'_> {
    /// The same, of its own.
    pub(super) fn owned(&self) -> Step<'static> {
        match self {
            Self::Key(key) => Step::Key(Cow::Owned(key.clone().into_owned())),
            Self::Item(n) => Step::Item(*n),
        }
    }

    /// The value that this step leads to.
    pub(super) fn of<'j, 't>(&self, value: &'j Json<'t>) -> Option<&'j Json<'t>> {
        match (self, value) {
            (Self::Item(n), Json::Array(list)) => list.get(*n),
            (Self::Item(_), _) => None,
            (Self::Key(key), value) => value.get(key),
        }
    }
}

/// What a walk comes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A string, with its quotes.
    Text(Range<usize>),
    /// A number, `true`, `false` or `null`.
    Plain(Range<usize>),
    /// An object or a list, behind everything in it.
    Container(Range<usize>),
}

/// Goes through a whole JSON text, within the bounds of [`Rules`].
pub(super) fn walk<'t>(text: &'t str, visit: &mut dyn FnMut(&[Step<'t>], Node)) -> Result<(), Fault> {
    let rules = Rules::default();
    let mut walker = Walker { text, at: 0, path: Vec::new(), values: 0, rules, visit };
    walker.value()?;
    walker.white();
    if walker.at == text.len() { Ok(()) } else { Err(Fault::Syntax) }
}

/// The text of a string with its quotes. A lone surrogate becomes U+FFFD.
pub(super) fn unescaped(quoted: &str) -> Cow<'_, str> {
    match parse(quoted, &Rules::default()) {
        Ok(Json::Str(text)) => text,
        // The walk has seen a string here; what is no string after all has no text.
        Ok(_) | Err(_) => Cow::Borrowed(""),
    }
}

struct Walker<'t, 'v> {
    text: &'t str,
    at: usize,
    path: Vec<Step<'t>>,
    values: usize,
    rules: Rules,
    visit: &'v mut dyn FnMut(&[Step<'t>], Node),
}

impl<'t> Walker<'t, '_> {
    fn white(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
    }

    fn peek(&mut self) -> Result<u8, Fault> {
        self.white();
        self.text.as_bytes().get(self.at).copied().ok_or(Fault::Eof)
    }

    fn value(&mut self) -> Result<(), Fault> {
        self.values += 1;
        if self.values > self.rules.max_values {
            return Err(Fault::TooMany);
        }
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => {
                let range = self.string()?;
                (self.visit)(&self.path, Node::Text(range));
            }
            b'{' | b'[' if self.path.len() >= self.rules.max_depth => return Err(Fault::TooDeep),
            b'{' => {
                self.object()?;
                (self.visit)(&self.path, Node::Container(start..self.at));
            }
            b'[' => {
                self.array()?;
                (self.visit)(&self.path, Node::Container(start..self.at));
            }
            _ => {
                self.at = crate::skim::value_end(self.text.as_bytes(), self.at)?;
                (self.visit)(&self.path, Node::Plain(start..self.at));
            }
        }
        Ok(())
    }

    /// Goes over a string and returns it with its quotes; that its escapes are sound is checked where it is read.
    fn string(&mut self) -> Result<Range<usize>, Fault> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        let mut at = start + 1;
        loop {
            at += memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()).ok_or(Fault::Eof)?;
            if bytes[at] == b'"' {
                self.at = at + 1;
                return Ok(start..self.at);
            }
            at += 2;
        }
    }

    fn object(&mut self) -> Result<(), Fault> {
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek()? != b'"' {
                return Err(Fault::Syntax);
            }
            let key = self.string()?;
            if self.peek()? != b':' {
                return Err(Fault::Syntax);
            }
            self.at += 1;
            self.path.push(Step::Key(unescaped(&self.text[key])));
            self.value()?;
            self.path.pop();
            if self.closes(b'}')? {
                return Ok(());
            }
        }
    }

    fn array(&mut self) -> Result<(), Fault> {
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        for n in 0.. {
            self.path.push(Step::Item(n));
            self.value()?;
            self.path.pop();
            if self.closes(b']')? {
                break;
            }
        }
        Ok(())
    }

    /// Goes over a comma, or over the closing bracket, which is true.
    fn closes(&mut self, bracket: u8) -> Result<bool, Fault> {
        let next = self.peek()?;
        self.at += 1;
        if next == bracket {
            Ok(true)
        } else if next == b',' {
            Ok(false)
        } else {
            Err(Fault::Syntax)
        }
    }
}
