//! One event of a stream: the texts in it, and what becomes of them.

use std::ops::Range;

use bytes::Bytes;

use super::{
    Censor, NotEditable,
    TextKind::{Reasoning, Text},
    TextOf, fields,
    frames::Held,
    splice::{Splices, quote},
    walk::{Node, Step, unescaped, walk},
    whole,
};
use crate::{
    Dialect,
    framing::Framing,
    json::{Json, Rules, parse},
};

/// An event as far as it is edited.
pub(super) struct Event {
    /// What it is called.
    pub(super) name: String,
    /// The pieces of texts in it, in order.
    pub(super) pieces: Vec<Piece>,
    /// The numbers of the texts that end with it.
    ended: Vec<Vec<u64>>,
    /// Its own number in the stream, and that of the block it belongs to; 0 where it has none.
    pub(super) sequence: u64,
    pub(super) block: u64,
    has_block: bool,
    /// A block of thoughts under a signature begins with it; a block ends with it.
    pub(super) begins_signed: bool,
    pub(super) ends_block: bool,
    /// Where its numbers stand.
    sequence_at: Option<Range<usize>>,
    block_at: Option<Range<usize>>,
    /// What goes by the letters of its texts.
    beside: Vec<Range<usize>>,
    probabilities: Vec<Range<usize>>,
    /// What clients would put together twice: the name of a function that is called, a role.
    said_once: Vec<Range<usize>>,
    texts: Vec<(Vec<Step<'static>>, Range<usize>)>,
    changes: Vec<(Range<usize>, String)>,
    numbers: Vec<(Range<usize>, u64)>,
    /// A text of it leaves otherwise than it came.
    has_changed: bool,
}

/// A piece of a text.
pub(super) struct Piece {
    pub(super) of: TextOf,
    /// Where it stands, with its quotes.
    range: Range<usize>,
    pub(super) text: String,
}

/// The last event of a text, for what is still held of it.
pub(super) struct Template {
    event: Bytes,
    held: Held,
    framing: Framing,
    piece: Range<usize>,
    /// Pieces of others, or more of this one.
    others: Vec<Range<usize>>,
    said_once: Vec<Range<usize>>,
    beside: Vec<Range<usize>>,
    pub(super) sequence: u64,
    sequence_at: Option<Range<usize>>,
    block: u64,
    block_at: Option<Range<usize>>,
}

impl TextOf {
    /// Whether two texts are different things in one place.
    fn is_beside(self, other: Self) -> bool {
        self.kind != other.kind && self.numbers[0] == other.numbers[0]
    }
}

impl Event {
    /// Reads an event of a format.
    pub(super) fn read(dialect: Dialect, held: &Held) -> Result<Self, NotEditable> {
        let json = parse(&held.json, &Rules::default())?;
        let name = json.str_at("type").unwrap_or(&held.name).to_owned();
        let block_key = if dialect == Dialect::BedrockConverse { "contentBlockIndex" } else { "index" };
        let mut event = Self {
            pieces: Vec::new(),
            ended: fields::ends(dialect, &name).flat_map(|end| end.numbers_in(&json)).collect(),
            sequence: fields::number_at(&json, "sequence_number", &[]),
            block: fields::number_at(&json, block_key, &[]),
            has_block: json.get(block_key).is_some(),
            begins_signed: begins_signed(&json),
            ends_block: matches!(&*name, "content_block_stop" | "contentBlockStop"),
            sequence_at: None,
            block_at: None,
            beside: Vec::new(),
            probabilities: Vec::new(),
            said_once: Vec::new(),
            texts: Vec::new(),
            changes: Vec::new(),
            numbers: Vec::new(),
            has_changed: false,
            name,
        };
        walk(&held.json, &mut |path, node| event.note(dialect, &json, &held.json, path, node))?;
        Ok(event)
    }

    fn note(&mut self, dialect: Dialect, json: &Json<'_>, text: &str, path: &[Step<'_>], node: Node) {
        match (node, path) {
            (Node::Text(range), _) => match fields::piece_at(dialect, &self.name, path) {
                Some(row) => {
                    let items = fields::items(path);
                    let numbers = row.numbers.map(|at| fields::number_at(json, at, &items));
                    // Gemini marks a thought beside its text.
                    let is_thought = row.kind == Text && is_thought(json, path);
                    let kind = if is_thought { Reasoning } else { row.kind };
                    let piece = unescaped(&text[range.clone()]).into_owned();
                    self.pieces.push(Piece { of: TextOf { kind, numbers }, range, text: piece });
                }
                None => {
                    if fields::is_said_once(path) {
                        self.said_once.push(range.clone());
                    }
                    self.texts.push((path.iter().map(Step::owned).collect(), range));
                }
            },
            (Node::Plain(range), [Step::Key(key)]) => match &**key {
                "sequence_number" => self.sequence_at = Some(range),
                "index" | "contentBlockIndex" => self.block_at = Some(range),
                _ => {}
            },
            (Node::Container(range), _) if fields::is_probabilities(path) => self.probabilities.push(range),
            (Node::Container(range), _) if fields::follows_text(path) => self.beside.push(range),
            (Node::Plain(_) | Node::Container(_), _) => {}
        }
    }

    /// Whether a text ends with this event.
    pub(super) fn ends(&self, of: TextOf) -> bool {
        self.ended.iter().any(|numbers| of.numbers.iter().zip(numbers).all(|(own, ended)| own == ended))
    }

    /// Whether a text ends with this event by what else is said in it: what is said in one place is said one thing after the other.
    pub(super) fn leaves(&self, of: TextOf) -> bool {
        self.pieces.iter().any(|piece| piece.of.is_beside(of))
    }

    /// Whether a text ends with one of its pieces.
    pub(super) fn ends_at(&self, n: usize) -> bool {
        let (of, later) = (self.pieces[n].of, &self.pieces[n + 1..]);
        let goes_on = later.iter().any(|later| later.of == of);
        !goes_on && (self.ends(of) || later.iter().any(|later| later.of.is_beside(of)))
    }

    /// Whether it belongs to a block.
    pub(super) fn is_of_block(&self, number: u64) -> bool {
        self.has_block && self.block == number
    }

    /// What a piece leaves as.
    pub(super) fn tell(&mut self, n: usize, told: String) {
        let piece = &self.pieces[n];
        if piece.text != told {
            self.has_changed = true;
            self.changes.push((piece.range.clone(), told));
        }
    }

    /// Asks about every other text; says whether one was changed.
    pub(super) fn others(&mut self, held: &Held, censor: &mut dyn Censor) -> bool {
        let before = self.changes.len();
        for (path, range) in std::mem::take(&mut self.texts) {
            let changed = whole(&held.json, &path, range.clone(), censor);
            self.changes.extend(changed.map(|changed| (range, changed)));
        }
        let has_changed = self.changes.len() > before;
        self.has_changed |= has_changed;
        has_changed
    }

    /// Numbers it anew behind what was put in or left out.
    pub(super) fn renumber(&mut self, inserted: u64, left_out: u64) {
        if let (Some(range), 1..) = (self.sequence_at.clone(), inserted) {
            self.numbers.push((range, self.sequence + inserted));
        }
        if let (Some(range), 1..) = (self.block_at.clone(), left_out) {
            self.numbers.push((range, self.block.saturating_sub(left_out)));
        }
    }

    /// Its document as it leaves; `None` where that is as it came. `has_changed` says that a text of the answer was changed before.
    pub(super) fn edited(&mut self, held: &Held, has_changed: bool) -> Option<String> {
        let mut splices = Splices::new(&held.json);
        for (range, text) in &self.changes {
            splices.text(range.clone(), text);
        }
        for (range, number) in &self.numbers {
            splices.value(range.clone(), &number.to_string());
        }
        if self.has_changed {
            self.probabilities.iter().for_each(|range| splices.emptied(range.clone()));
        }
        if has_changed {
            self.beside.iter().for_each(|range| splices.emptied(range.clone()));
        }
        splices.applied().map(|json| String::from_utf8(json).expect("text spliced into text is text"))
    }
}

impl Template {
    pub(super) fn new(event: &Event, n: usize, bytes: Bytes, held: Held, framing: Framing) -> Self {
        let others = event.pieces.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, piece)| piece.range.clone());
        Self {
            event: bytes,
            held,
            framing,
            piece: event.pieces[n].range.clone(),
            others: others.collect(),
            said_once: event.said_once.clone(),
            beside: [&event.beside[..], &event.probabilities].concat(),
            sequence: event.sequence,
            sequence_at: event.sequence_at.clone(),
            block: event.block,
            block_at: event.block_at.clone(),
        }
    }

    /// The event with another piece, numbered as it leaves.
    pub(super) fn with(&self, piece: &str, sequence: u64, left_out: u64) -> Bytes {
        let mut splices = Splices::new(&self.held.json);
        splices.text(self.piece.clone(), piece);
        self.others.iter().for_each(|range| splices.text(range.clone(), ""));
        self.said_once.iter().for_each(|range| splices.value(range.clone(), "null"));
        self.beside.iter().for_each(|range| splices.emptied(range.clone()));
        if let Some(range) = &self.sequence_at {
            splices.value(range.clone(), &sequence.to_string());
        }
        if let (Some(range), 1..) = (&self.block_at, left_out) {
            splices.value(range.clone(), &self.block.saturating_sub(left_out).to_string());
        }
        let json = splices.applied().map(|json| String::from_utf8(json).expect("text spliced into text is text"));
        let json = json.unwrap_or_else(|| quote(piece));
        match self.framing {
            // It is never the first of its list.
            Framing::JsonArray => Bytes::from(format!(",\n{json}")),
            Framing::Sse | Framing::Ndjson | Framing::EventStream => Bytes::from(self.held.with(&self.event, &json)),
        }
    }
}

/// Whether a block of thoughts under a signature begins: Anthropic says so when it begins, Bedrock with each piece.
fn begins_signed(json: &Json<'_>) -> bool {
    let block = json.get("content_block").and_then(|block| block.str_at("type"));
    block == Some("thinking") || json.get("delta").is_some_and(|delta| delta.get("reasoningContent").is_some())
}

fn is_thought(json: &Json<'_>, path: &[Step<'_>]) -> bool {
    let part = path[..path.len() - 1].iter().try_fold(json, |value, step| step.of(value));
    part.and_then(|part| part.get("thought")).and_then(Json::as_bool).unwrap_or(false)
}
