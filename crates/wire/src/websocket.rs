//! Reads WebSocket frames (RFC 6455) beside a tunnel: bytes in any chunks to messages, the same however the bytes were cut.
//!
//! One decoder for each direction. It only reads: what a violation means is the endpoints' affair, here it ends the
//! reading of that direction, by name. Compressed messages (RFC 7692) are expanded. Everything kept is bounded.

mod deflate;
mod event;

pub use deflate::{Deflate, Extensions};
use deflate::{Expand, Inflater};
pub use event::{Event, Kind, Side, Violation};

/// Bounds of a decoder.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Longest message that is kept, expanded.
    pub max_message: usize,
    /// Most bytes a compressed message may expand to; expanding goes on that far even for one that is not kept, because
    /// later messages refer to it.
    pub max_expanded: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { max_message: 4 << 20, max_expanded: 64 << 20 }
    }
}

/// A buffer that grew beyond this is given back after its message: one large message must not cost a session for hours.
const KEEP_CAPACITY: usize = 64 * 1024;
/// Longest payload of a control frame (RFC 6455, section 5.5).
const MAX_CONTROL: u64 = 125;

/// Reads the frames of one direction.
pub struct Decoder {
    side: Side,
    bounds: Bounds,
    deflate: Option<Inflater>,
    head: [u8; 14],
    head_len: usize,
    state: State,
    message: Option<Message>,
    /// The open message, as far as it is kept.
    data: Vec<u8>,
    /// The payload of a control frame.
    control: Vec<u8>,
    violation: Option<Violation>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Head,
    Payload(Frame),
    /// Closed, or against the protocol: what follows is not looked at.
    Ended,
}

/// A frame whose payload is passing.
#[derive(Debug, Clone, Copy)]
struct Frame {
    is_last: bool,
    opcode: Opcode,
    left: u64,
    mask: Option<Mask>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opcode {
    Data,
    Ping,
    Pong,
    Close,
}

#[derive(Debug, Clone, Copy)]
struct Mask {
    key: [u8; 4],
    /// How many bytes of the payload it was laid over already, modulo four.
    phase: usize,
}

/// A message whose last frame has not passed.
#[derive(Debug, Clone, Copy)]
struct Message {
    kind: Kind,
    is_compressed: bool,
    /// Its size so far, expanded.
    size: u64,
    is_kept: bool,
}

impl Decoder {
    /// Makes a decoder for what `side` sends; `deflate` is what both agreed on.
    pub fn new(side: Side, deflate: Option<Deflate>, bounds: Bounds) -> Self {
        Self {
            side,
            bounds,
            deflate: deflate.map(|agreed| Inflater::new(agreed.takeover(side))),
            head: [0; 14],
            head_len: 0,
            state: State::Head,
            message: None,
            data: Vec::new(),
            control: Vec::new(),
            violation: None,
        }
    }

    /// What the sender did against the protocol, if it did.
    pub fn violation(&self) -> Option<Violation> {
        self.violation
    }

    /// Says whether nothing is open: the next byte would begin a frame that begins a message.
    pub fn is_between_messages(&self) -> bool {
        matches!(self.state, State::Head) && self.head_len == 0 && self.message.is_none()
    }

    /// Takes the next bytes, and calls `each` for everything that is complete with them.
    pub fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(Event<'_>)) {
        if let Err(violation) = self.read(chunk, &mut each) {
            self.violation = Some(violation);
            self.state = State::Ended;
            self.message = None;
            self.data = Vec::new();
        }
    }

    fn read(&mut self, mut rest: &[u8], each: &mut impl FnMut(Event<'_>)) -> Result<(), Violation> {
        while !rest.is_empty() {
            match self.state {
                State::Ended => return Ok(()),
                State::Head => {
                    let Some((frame, used)) = self.take_head(rest)? else { return Ok(()) };
                    rest = &rest[used..];
                    if let Some(whole) = self.whole_at_once(&frame, rest) {
                        hand_out(whole.kind, &rest[..whole.len], each)?;
                        rest = &rest[whole.len..];
                        self.message = None;
                        continue;
                    }
                    self.state = State::Payload(frame);
                    if frame.left == 0 {
                        self.end_frame(frame, each)?;
                    }
                }
                State::Payload(mut frame) => {
                    let len = usize::try_from(frame.left).map_or(rest.len(), |left| left.min(rest.len()));
                    let (piece, after) = rest.split_at(len);
                    rest = after;
                    frame.left -= len as u64;
                    self.take_payload(&mut frame, piece)?;
                    self.state = State::Payload(frame);
                    if frame.left == 0 {
                        self.end_frame(frame, each)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes bytes of a frame's head; once it is complete, the frame and how many of the bytes were its head.
    fn take_head(&mut self, rest: &[u8]) -> Result<Option<(Frame, usize)>, Violation> {
        let mut used = 0;
        loop {
            let wanted = head_len(&self.head, self.head_len);
            if self.head_len == wanted {
                break;
            }
            let Some(&byte) = rest.get(used) else { return Ok(None) };
            self.head[self.head_len] = byte;
            self.head_len += 1;
            used += 1;
        }
        self.head_len = 0;
        let frame = self.begin_frame()?;
        Ok(Some((frame, used)))
    }

    /// Checks the head that is complete now, and opens a message where it starts one.
    fn begin_frame(&mut self) -> Result<Frame, Violation> {
        let [first, second, ..] = self.head;
        let is_last = first & 0x80 != 0;
        let reserved = first & 0x70;
        let is_compressed = reserved == 0x40;
        let (left, mask_at) = payload_len(&self.head)?;
        let mask = (second & 0x80 != 0).then(|| {
            let mut key = [0; 4];
            key.copy_from_slice(&self.head[mask_at..mask_at + 4]);
            Mask { key, phase: 0 }
        });
        match (self.side, mask) {
            (Side::Client, None) => return Err(Violation::NotMasked),
            (Side::Server, Some(_)) => return Err(Violation::Masked),
            (Side::Client, Some(_)) | (Side::Server, None) => {}
        }
        let opcode = match first & 0x0f {
            0 => self.continues(reserved)?,
            1 => self.starts(Kind::Text, reserved, is_compressed)?,
            2 => self.starts(Kind::Binary, reserved, is_compressed)?,
            code @ 8..=10 => {
                control(reserved, is_last, left)?;
                [Opcode::Close, Opcode::Ping, Opcode::Pong][usize::from(code - 8)]
            }
            _ => return Err(Violation::ReservedOpcode),
        };
        Ok(Frame { is_last, opcode, left, mask })
    }

    fn starts(&mut self, kind: Kind, reserved: u8, is_compressed: bool) -> Result<Opcode, Violation> {
        if self.message.is_some() {
            return Err(Violation::MessageInMessage);
        }
        if reserved != 0 && !(is_compressed && self.deflate.is_some()) {
            return Err(Violation::ReservedBits);
        }
        self.message = Some(Message { kind, is_compressed, size: 0, is_kept: true });
        Ok(Opcode::Data)
    }

    /// Only a message's first frame says that it is compressed.
    fn continues(&self, reserved: u8) -> Result<Opcode, Violation> {
        match (self.message, reserved) {
            (None, _) => Err(Violation::NothingToContinue),
            (Some(_), 0) => Ok(Opcode::Data),
            (Some(_), _) => Err(Violation::ReservedBits),
        }
    }

    /// The usual frame of a server is a whole message in one chunk: it is handed out without a copy.
    fn whole_at_once(&self, frame: &Frame, rest: &[u8]) -> Option<Whole> {
        let message = self.message?;
        let len = usize::try_from(frame.left).ok()?;
        let fits = len <= rest.len() && len <= self.bounds.max_message && self.data.is_empty();
        let plain = frame.mask.is_none() && !message.is_compressed && message.is_kept && message.size == 0;
        (fits && plain && frame.is_last && frame.opcode == Opcode::Data).then_some(Whole { kind: message.kind, len })
    }

    fn take_payload(&mut self, frame: &mut Frame, piece: &[u8]) -> Result<(), Violation> {
        if frame.opcode != Opcode::Data {
            let start = self.control.len();
            self.control.extend_from_slice(piece);
            unmask(&mut frame.mask, &mut self.control[start..]);
            return Ok(());
        }
        let Some(message) = &mut self.message else { return Ok(()) };
        if message.is_compressed {
            let mut compressed = piece.to_vec();
            unmask(&mut frame.mask, &mut compressed);
            return self.expand(Expand::More(&compressed));
        }
        message.size += piece.len() as u64;
        if message.is_kept && message.size <= self.bounds.max_message as u64 {
            let start = self.data.len();
            self.data.extend_from_slice(piece);
            unmask(&mut frame.mask, &mut self.data[start..]);
        } else {
            // The mask's phase is not kept up: nothing of this message is read any more.
            message.is_kept = false;
            self.data = Vec::new();
        }
        Ok(())
    }

    fn expand(&mut self, input: Expand<'_>) -> Result<(), Violation> {
        let (Some(message), Some(inflater)) = (&mut self.message, &mut self.deflate) else { return Ok(()) };
        let (data, bounds) = (&mut self.data, &self.bounds);
        inflater.expand(input, |piece| {
            message.size += piece.len() as u64;
            if message.size > bounds.max_expanded {
                return Err(Violation::ExpandsTooFar);
            }
            if message.is_kept && message.size <= bounds.max_message as u64 {
                data.extend_from_slice(piece);
            } else {
                message.is_kept = false;
                *data = Vec::new();
            }
            Ok(())
        })
    }

    /// The last byte of a frame has passed.
    fn end_frame(&mut self, frame: Frame, each: &mut impl FnMut(Event<'_>)) -> Result<(), Violation> {
        self.state = State::Head;
        match frame.opcode {
            Opcode::Data if !frame.is_last => Ok(()),
            Opcode::Data => self.end_message(each),
            Opcode::Ping => {
                self.control.clear();
                each(Event::Ping);
                Ok(())
            }
            Opcode::Pong => {
                self.control.clear();
                each(Event::Pong);
                Ok(())
            }
            Opcode::Close => {
                self.state = State::Ended;
                let (code, reason) = close(&self.control)?;
                each(Event::Close { code, reason });
                Ok(())
            }
        }
    }

    fn end_message(&mut self, each: &mut impl FnMut(Event<'_>)) -> Result<(), Violation> {
        if self.message.is_some_and(|message| message.is_compressed) {
            self.expand(Expand::End)?;
        }
        let Some(message) = self.message.take() else { return Ok(()) };
        let told = if message.is_kept {
            hand_out(message.kind, &self.data, each)
        } else {
            each(Event::TooLong { kind: message.kind, size_bytes: message.size });
            Ok(())
        };
        self.data.clear();
        self.data.shrink_to(KEEP_CAPACITY);
        told
    }
}

/// A message that lies whole in one chunk.
struct Whole {
    kind: Kind,
    len: usize,
}

fn hand_out(kind: Kind, data: &[u8], each: &mut impl FnMut(Event<'_>)) -> Result<(), Violation> {
    if kind == Kind::Text && std::str::from_utf8(data).is_err() {
        return Err(Violation::NotUtf8);
    }
    each(Event::Message { kind, data });
    Ok(())
}

/// How long a head is, as far as its first `known` bytes tell.
fn head_len(head: &[u8; 14], known: usize) -> usize {
    if known < 2 {
        return 2;
    }
    let long = match head[1] & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + long + if head[1] & 0x80 != 0 { 4 } else { 0 }
}

/// The payload's length, and where the mask stands. Lengths that are not written in the shortest form are read, too.
fn payload_len(head: &[u8; 14]) -> Result<(u64, usize), Violation> {
    let [_, second, a, b, c, d, e, f, g, h, ..] = *head;
    match second & 0x7f {
        126 => Ok((u64::from(u16::from_be_bytes([a, b])), 4)),
        127 => match u64::from_be_bytes([a, b, c, d, e, f, g, h]) {
            long if long >> 63 == 0 => Ok((long, 10)),
            _ => Err(Violation::Length),
        },
        short => Ok((u64::from(short), 2)),
    }
}

fn control(reserved: u8, is_last: bool, len: u64) -> Result<(), Violation> {
    if reserved != 0 {
        return Err(Violation::ReservedBits);
    }
    if !is_last {
        return Err(Violation::FragmentedControl);
    }
    if len > MAX_CONTROL { Err(Violation::LongControl) } else { Ok(()) }
}

/// Code and reason of a close frame (RFC 6455, sections 5.5.1 and 7.4).
fn close(payload: &[u8]) -> Result<(Option<u16>, &str), Violation> {
    match payload {
        [] => Ok((None, "")),
        [_] => Err(Violation::BadClose),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let may_be_sent = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            let reason = std::str::from_utf8(reason).map_err(|_| Violation::BadClose)?;
            if may_be_sent { Ok((Some(code), reason)) } else { Err(Violation::BadClose) }
        }
    }
}

/// Takes the mask off the next bytes of a payload.
fn unmask(mask: &mut Option<Mask>, piece: &mut [u8]) {
    let Some(mask) = mask else { return };
    let turned: [u8; 4] = std::array::from_fn(|at| mask.key[(mask.phase + at) % 4]);
    let word = u64::from_ne_bytes(std::array::from_fn(|at| turned[at % 4]));
    let mut words = piece.chunks_exact_mut(8);
    for eight in &mut words {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(eight);
        eight.copy_from_slice(&(u64::from_ne_bytes(bytes) ^ word).to_ne_bytes());
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(turned.iter().cycle()) {
        *byte ^= key;
    }
    mask.phase = (mask.phase + piece.len()) % 4;
}

#[cfg(test)]
mod tests;
