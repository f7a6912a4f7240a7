//! Edits a streamed answer, event by event.
//!
//! An event in which nothing changes passes with its own bytes. What a censor holds of a text leaves in a later event of it; where
//! the text ends first, in an event that is put in before, a copy of the last piece with the rest in its place.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    Censor, NotEditable,
    TextKind::Signed,
    TextOf, ending,
    event::{Event, Template},
    fields,
    frames::{Frames, Held},
};
use crate::{Dialect, framing::Framing};

/// How much of a block under a signature is held, in bytes: all of it, within this.
const LONGEST_SIGNED: usize = 4 << 20;

/// A stream that is edited as it passes.
pub struct Stream {
    dialect: Dialect,
    framing: Framing,
    frames: Frames,
    /// Texts that have come in part, each with its last event.
    open: BTreeMap<TextOf, Template>,
    /// What of each text came and has not left: where something else leaves, the text was changed.
    untold: BTreeMap<TextOf, String>,
    /// A block under a signature, all of whose events are held until it ends.
    signed: Option<SignedBlock>,
    /// How many events were put in, and how many blocks left out: what comes later is numbered anew.
    inserted: u64,
    left_out: u64,
    /// Something was changed: places in texts do not hold any more.
    has_changed: bool,
    seen: ending::Seen,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Editing,
    /// It was cut off: whatever comes is dropped.
    Cut,
    /// Everything passes as it comes.
    GivenUp,
}

/// A block of thoughts, as it came, and what would be left of them.
struct SignedBlock {
    number: u64,
    events: Vec<Bytes>,
    bytes: usize,
    said: String,
    told: String,
}

impl Stream {
    /// For an answer of this media type to a request of this dialect; `None` where its streams are not known.
    pub fn new(dialect: Option<Dialect>, media: &str, max_event_bytes: usize) -> Option<Self> {
        let dialect = dialect.filter(|dialect| fields::knows(*dialect))?;
        // What is a stream and names no framing is a list, element by element.
        let framing = Framing::of(media).unwrap_or(Framing::JsonArray);
        Some(Self {
            dialect,
            framing,
            frames: Frames::new(framing, max_event_bytes),
            open: BTreeMap::new(),
            untold: BTreeMap::new(),
            signed: None,
            inserted: 0,
            left_out: 0,
            has_changed: false,
            seen: ending::Seen::default(),
            state: State::Editing,
        })
    }

    /// Takes a chunk, and appends what may leave to `out`. After an error the caller ends the answer, or calls
    /// [`Stream::give_up`].
    pub fn push(&mut self, chunk: Bytes, censor: &mut dyn Censor, out: &mut Vec<Bytes>) -> Result<(), NotEditable> {
        match self.state {
            State::Cut => return Ok(()),
            State::GivenUp => {
                out.push(chunk);
                return Ok(());
            }
            State::Editing => self.frames.push(&chunk),
        }
        while self.state == State::Editing
            && let Some(event) = self.frames.next()?
        {
            let read = self.event(&event, censor, out);
            if read.is_err() {
                // So that whoever gives up has it.
                self.frames.put_back(&event);
                return read;
            }
        }
        Ok(())
    }

    /// The stream has ended.
    pub fn finish(&mut self, censor: &mut dyn Censor, out: &mut Vec<Bytes>) -> Result<(), NotEditable> {
        if self.state != State::Editing {
            return Ok(());
        }
        let rest = self.frames.rest();
        if !rest.is_empty() {
            let read = self.event(&rest, censor, out);
            if read.is_err() {
                self.frames.put_back(&rest);
                return read;
            }
        }
        if self.state == State::Editing {
            self.end_all(censor, out);
        }
        Ok(())
    }

    /// Lets everything pass from here on: what is held leaves, and what has come as it came.
    pub fn give_up(&mut self, censor: &mut dyn Censor, out: &mut Vec<Bytes>) {
        if self.state == State::Editing {
            self.end_all(censor, out);
            out.push(self.frames.rest());
            self.state = State::GivenUp;
        }
    }

    fn event(&mut self, bytes: &Bytes, censor: &mut dyn Censor, out: &mut Vec<Bytes>) -> Result<(), NotEditable> {
        let Some(held) = Held::of(self.framing, bytes, self.dialect == Dialect::BedrockInvoke)? else {
            if says_end(self.framing, bytes) {
                self.end_all(censor, out);
            }
            out.push(bytes.clone());
            return Ok(());
        };
        let mut event = Event::read(self.dialect, &held)?;
        self.seen.note(self.dialect, &event, &held);
        if event.begins_signed && censor.holds_signed() && self.signed.is_none() {
            let (said, told) = (String::new(), String::new());
            self.signed = Some(SignedBlock { number: event.block, events: Vec::new(), bytes: 0, said, told });
        }
        for of in self.ended_before(&event) {
            self.end(of, Some(event.sequence), censor, out);
        }
        for n in 0..event.pieces.len() {
            let of = event.pieces[n].of;
            let mut told = censor.more(of, &event.pieces[n].text);
            if event.ends_at(n) {
                told.push_str(&censor.end(of));
            }
            match &mut self.signed {
                Some(block) if of.kind == Signed => {
                    block.said.push_str(&event.pieces[n].text);
                    block.told.push_str(&told);
                }
                Some(_) | None => {
                    self.tell(of, &event.pieces[n].text, &told, event.ends_at(n));
                    event.tell(n, told);
                }
            }
        }
        self.has_changed |= event.others(&held, censor);
        event.renumber(self.inserted, self.left_out);
        let edited = match event.edited(&held, self.has_changed) {
            Some(json) => Bytes::from(held.with(bytes, &json)),
            None => bytes.clone(),
        };
        self.keep(&event, bytes, &held);
        self.send(&event, edited, censor, out)?;
        if censor.is_cut() {
            self.cut(out);
        }
        Ok(())
    }

    /// Sends an event, or holds it where it belongs to a block that is held.
    fn send(
        &mut self,
        event: &Event,
        edited: Bytes,
        censor: &mut dyn Censor,
        out: &mut Vec<Bytes>,
    ) -> Result<(), NotEditable> {
        let Some(block) = self.signed.as_mut().filter(|block| event.is_of_block(block.number)) else {
            out.push(edited);
            return Ok(());
        };
        block.bytes += edited.len();
        block.events.push(edited);
        if block.bytes > LONGEST_SIGNED {
            return Err(NotEditable::TooLong);
        }
        if event.ends_block {
            self.end_signed(censor, out);
        }
        Ok(())
    }

    /// The texts that end with an event and have no piece in it.
    fn ended_before(&self, event: &Event) -> Vec<TextOf> {
        let has_piece = |of: TextOf| event.pieces.iter().any(|piece| piece.of == of);
        let ended = self.open.keys().copied().filter(|of| (event.ends(*of) || event.leaves(*of)) && !has_piece(*of));
        ended.collect()
    }

    /// Ends a text: what is still held of it leaves in an event of its own, before the one of this number.
    fn end(&mut self, of: TextOf, before: Option<u64>, censor: &mut dyn Censor, out: &mut Vec<Bytes>) {
        let Some(template) = self.open.remove(&of) else { return };
        let rest = censor.end(of);
        self.tell(of, "", &rest, true);
        if rest.is_empty() {
            return;
        }
        out.push(template.with(&rest, before.unwrap_or(template.sequence + 1) + self.inserted, self.left_out));
        self.inserted += 1;
    }

    fn end_all(&mut self, censor: &mut dyn Censor, out: &mut Vec<Bytes>) {
        self.end_signed(censor, out);
        while let Some(of) = self.open.keys().next().copied() {
            self.end(of, None, censor, out);
        }
    }

    /// Ends a block under a signature: it passes as it came, or not at all.
    fn end_signed(&mut self, censor: &mut dyn Censor, out: &mut Vec<Bytes>) {
        let Some(mut block) = self.signed.take() else { return };
        block.told.push_str(&censor.end(TextOf { kind: Signed, numbers: [block.number, 0] }));
        if block.said == block.told {
            out.append(&mut block.events);
        } else {
            self.has_changed = true;
            self.left_out += 1;
        }
    }

    /// Takes note of what came of a text and what left.
    fn tell(&mut self, of: TextOf, said: &str, told: &str, is_end: bool) {
        let mut untold = self.untold.remove(&of).unwrap_or_default();
        untold.push_str(said);
        match untold.strip_prefix(told) {
            Some(rest) if is_end => self.has_changed |= !rest.is_empty(),
            Some(rest) => {
                self.untold.insert(of, rest.to_owned());
            }
            None => self.has_changed = true,
        }
    }

    /// Keeps the event of each text of which more may come.
    fn keep(&mut self, event: &Event, bytes: &Bytes, held: &Held) {
        for (n, piece) in event.pieces.iter().enumerate() {
            let is_held = self.signed.is_some() && piece.of.kind == Signed;
            if event.ends_at(n) || is_held {
                self.open.remove(&piece.of);
            } else {
                self.open.insert(piece.of, Template::new(event, n, bytes.clone(), held.clone(), self.framing));
            }
        }
    }

    /// Ends the answer in the words of its format.
    fn cut(&mut self, out: &mut Vec<Bytes>) {
        self.signed = None;
        self.open.clear();
        self.state = State::Cut;
        out.extend(ending::of(self.dialect, self.framing, &self.seen, self.inserted, self.left_out));
    }
}

/// Whether an event without a document says that nothing more comes.
fn says_end(framing: Framing, event: &[u8]) -> bool {
    match framing {
        Framing::Sse => !event.starts_with(b":") && memchr::memmem::find(event, b"[DONE]").is_some(),
        Framing::JsonArray => event.contains(&b']'),
        Framing::Ndjson | Framing::EventStream => false,
    }
}
