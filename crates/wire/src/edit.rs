//! Changes texts inside bodies and streams where they stand, and no other byte.
//!
//! Nothing is parsed and written again: a changed text is spliced into the JSON string it stood in
//! ([0036](../../../docs/adr/0036-texts-are-edited-where-they-stand.md)). What becomes of a text, a [`Censor`] says; which members of which
//! events hold pieces of one text, `fields` says, for every format in one table.

mod ending;
mod event;
mod fields;
mod frames;
mod splice;
mod stream;
#[cfg(test)]
mod tests;
mod walk;

pub use self::stream::Stream;
use self::{
    splice::Splices,
    walk::{Node, Step, walk},
};
use crate::json::Fault;

/// The shortest text that is asked about, in bytes; whatever is hidden is longer.
const SHORTEST: usize = 3;

/// Says what becomes of the texts of an answer while it passes.
pub trait Censor {
    /// More of a text that comes in pieces: what of it may leave now, which may be nothing, or more than came in.
    ///
    /// Where [`TextOf::is_json`], the pieces are those of a JSON document, and what is put into it has to be escaped as in a string
    /// of it.
    fn more(&mut self, of: TextOf, piece: &str) -> String;

    /// A text that came in pieces has ended: what is still held of it.
    fn end(&mut self, of: TextOf) -> String;

    /// A text that comes whole, or repeats what came in pieces; `None` leaves it as it is.
    fn whole(&mut self, of: TextOf, text: &str) -> Option<String>;

    /// Whether thoughts under a signature may have to be left out, so that they are held until they are complete.
    fn holds_signed(&self) -> bool;

    /// Whether the answer ends here.
    fn is_cut(&self) -> bool;
}

/// Which text of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextOf {
    /// What it is.
    pub kind: TextKind,
    /// Where it belongs: the number of its choice, block or item, and of its part in there.
    pub numbers: [u64; 2],
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextKind {
    /// What the model says, or any text that is nothing of the following.
    Text,
    /// What it thinks.
    Reasoning,
    /// What it thinks, under a signature: it passes as it is or not at all.
    Signed,
    /// Why it declines.
    Refusal,
    /// Arguments of a tool: pieces of a JSON document.
    Arguments,
}

impl TextOf {
    /// A text of no place of its own.
    pub const TEXT: Self = Self { kind: TextKind::Text, numbers: [0, 0] };

    /// Whether its pieces are those of a JSON document.
    pub fn is_json(self) -> bool {
        self.kind == TextKind::Arguments
    }
}

/// Why a body or a stream cannot be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotEditable {
    /// It is no JSON, or none of its format.
    #[error("it is not the JSON of its format")]
    Syntax,
    /// It is nested deeper, or has more values, than anything is read.
    #[error("it nests too deep or holds too many values")]
    TooDeep,
    /// An event is too large.
    #[error("an event of it is too large")]
    TooLong,
    /// What would have to be changed is signed.
    #[error("a part of it is signed, and would have to be changed")]
    Signed,
}

impl From<Fault> for NotEditable {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Syntax | Fault::Eof => Self::Syntax,
            Fault::TooDeep | Fault::TooMany => Self::TooDeep,
        }
    }
}

/// Changes the strings of a JSON request: `each` is asked about every value that is a string, and about those of a JSON document
/// that stands in one (arguments of tools). `None` where nothing is changed.
///
/// Keys are not touched. Where something signed would have to be changed, nothing is.
pub fn strings(body: &[u8], each: &mut dyn FnMut(&str) -> Option<String>) -> Result<Option<Vec<u8>>, NotEditable> {
    let text = std::str::from_utf8(body).map_err(|_| NotEditable::Syntax)?;
    let (mut splices, mut is_signed) = (Splices::new(text), false);
    walk(text, &mut |path, node| {
        let Node::Text(range) = node else { return };
        if range.len() < SHORTEST + 2 {
            return;
        }
        let said = walk::unescaped(&text[range.clone()]);
        let changed = if is_document(&said) { in_document(&said, each) } else { each(&said) };
        if let Some(changed) = changed {
            is_signed |= fields::is_signature(path) || fields::is_signed(text, path);
            splices.text(range, &changed);
        }
    })?;
    if is_signed { Err(NotEditable::Signed) } else { Ok(splices.applied()) }
}

/// Changes the strings of an answer that is one JSON document. `None` where nothing is changed.
///
/// Thoughts under a signature go as a whole where they would have to be changed; so do probabilities of tokens, and sources with
/// places in the text, where anything was.
pub fn document(body: &[u8], censor: &mut dyn Censor) -> Result<Option<Vec<u8>>, NotEditable> {
    let text = std::str::from_utf8(body).map_err(|_| NotEditable::Syntax)?;
    let mut splices = Splices::new(text);
    let (mut signed, mut beside) = (Vec::new(), Vec::new());
    walk(text, &mut |path, node| match node {
        Node::Text(range) => {
            if let Some(changed) = whole(text, path, range.clone(), censor) {
                if fields::is_signed(text, path) {
                    // The item of the list that it stands in, or else the object.
                    let item = path.iter().rposition(|step| matches!(step, Step::Item(_)));
                    signed.push(path[..item.map_or(path.len() - 1, |n| n + 1)].to_vec());
                } else {
                    splices.text(range, &changed);
                }
            }
        }
        Node::Container(range) if fields::follows_text(path) => beside.push(range),
        Node::Container(_) | Node::Plain(_) => {}
    })?;
    if !signed.is_empty() {
        // Their containers end behind them, so that a second walk finds what to take out.
        walk(text, &mut |path, node| {
            if let Node::Container(range) = node
                && signed.iter().any(|of| of == path)
            {
                splices.element(range);
            }
        })?;
    }
    if splices.is_empty() {
        return Ok(None);
    }
    beside.into_iter().for_each(|range| splices.emptied(range));
    Ok(splices.applied())
}

/// What becomes of a string that is no piece of a text.
fn whole(text: &str, path: &[Step<'_>], range: std::ops::Range<usize>, censor: &mut dyn Censor) -> Option<String> {
    if range.len() < SHORTEST + 2 || fields::is_structural(path) || fields::is_signature(path) {
        return None;
    }
    let said = walk::unescaped(&text[range]);
    let kind = if fields::is_signed(text, path) { TextKind::Signed } else { TextKind::Text };
    let of = TextOf { kind, numbers: [0, 0] };
    if is_document(&said) {
        return in_document(&said, &mut |inner| censor.whole(of, inner));
    }
    censor.whole(of, &said)
}

/// Whether a text may be a JSON document of its own.
fn is_document(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('{') && text.ends_with('}') || text.starts_with('[') && text.ends_with(']')
}

/// Changes the strings of a document inside a string; of what is none after all, the whole.
fn in_document(document: &str, each: &mut dyn FnMut(&str) -> Option<String>) -> Option<String> {
    let mut splices = Splices::new(document);
    let mut changes = Vec::new();
    let read = walk(document, &mut |_, node| {
        if let Node::Text(range) = node
            && let Some(changed) = each(&walk::unescaped(&document[range.clone()]))
        {
            changes.push((range, changed));
        }
    });
    if read.is_err() {
        return each(document);
    }
    changes.iter().for_each(|(range, changed)| splices.text(range.clone(), changed));
    splices.applied().map(|bytes| String::from_utf8(bytes).expect("text spliced into text is text"))
}
