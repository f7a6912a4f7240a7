//! AWS event streams (`application/vnd.amazon.eventstream`): bytes in any chunks to frames, the same however the bytes were
//! cut; and a message back to bytes.
//!
//! A message is: its whole length, the length of its headers, the CRC-32 of these eight bytes, headers, payload, and the
//! CRC-32 of everything before. Numbers are big-endian.
//! Source: AWS, "Amazon Event Stream Specification" of Smithy (2026-10).

pub use crate::framing::Frame;

/// Both lengths and their checksum.
const PRELUDE: usize = 12;
/// The bytes of a message besides headers and payload.
const AROUND: usize = 16;

/// Splits an event stream into frames.
///
/// Feed arbitrary chunks; the frames are the same however the bytes were cut. A message over `max_frame` bytes is skipped
/// and reported as [`Frame::TooLong`]. One whose checksum is wrong is reported as [`Frame::Broken`], never as an event:
/// where its own length is sound the next message is read, else nothing more is. A message that lies in one chunk is handed
/// out without a copy.
#[derive(Debug)]
pub struct Decoder {
    max_frame: usize,
    /// The message the last chunk ended in, as far as it came.
    held: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The next byte belongs to the message at hand, or starts one.
    Reading,
    /// So many bytes of a message that was over the bound are still to come.
    Skipping(usize),
    /// The place is unknown: the next sound prelude is looked for.
    Seeking,
    /// Where a message starts can no longer be told.
    Stopped,
}

/// What a prelude says.
enum Prelude {
    /// How long the message is, and how much of it are headers.
    Sound { total: usize, headers: usize },
    /// Its checksum is wrong.
    Checksum,
    /// Its lengths contradict each other.
    Lengths,
}

impl Decoder {
    /// Makes a decoder that keeps at most `max_frame` bytes.
    pub fn new(max_frame: usize) -> Self {
        Self { max_frame, held: Vec::new(), state: State::Reading }
    }

    /// Takes the next bytes, and calls `each` for every message that is complete with them.
    pub fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(Frame<'_>)) {
        self.take(chunk, &mut each);
    }

    /// Says that the stream ended. What is open cannot be checked, so it is no event.
    pub fn finish(&mut self, mut each: impl FnMut(Frame<'_>)) {
        let open = !self.held.is_empty() || matches!(self.state, State::Skipping(_));
        if open && self.state != State::Seeking {
            each(Frame::Broken("cut short"));
        }
        self.held.clear();
        self.state = State::Stopped;
    }

    /// Forgets what is open: the next bytes come after a gap. The next message is the one whose prelude is sound.
    pub fn skip_to_next(&mut self) {
        self.held.clear();
        self.state = State::Seeking;
    }

    fn take(&mut self, chunk: &[u8], each: &mut impl FnMut(Frame<'_>)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = match self.state {
                State::Stopped => return,
                State::Skipping(left) => {
                    let skipped = left.min(rest.len());
                    self.state = if skipped == left { State::Reading } else { State::Skipping(left - skipped) };
                    &rest[skipped..]
                }
                State::Reading => self.read(rest, each),
                State::Seeking => return self.seek(rest, each),
            };
        }
    }

    /// Goes on with the message at hand, and says what is left of the bytes behind it.
    fn read<'b>(&mut self, rest: &'b [u8], each: &mut impl FnMut(Frame<'_>)) -> &'b [u8] {
        if self.held.is_empty()
            && let Some(prelude) = rest.first_chunk()
        {
            let Some((total, headers)) = self.begin(prelude, each) else { return rest };
            if let Some((message, behind)) = rest.split_at_checked(total) {
                hand_out(message, headers, each);
                return behind;
            }
            self.held.extend_from_slice(rest);
            return &[];
        }
        let rest = self.fill(rest, PRELUDE);
        let Some(prelude) = self.held.first_chunk() else { return rest };
        let prelude = *prelude;
        let Some((total, headers)) = self.begin(&prelude, each) else {
            self.held.clear();
            // The prelude itself is behind us already.
            if let State::Skipping(left) = &mut self.state {
                *left -= PRELUDE;
            }
            return rest;
        };
        let rest = self.fill(rest, total);
        if self.held.len() == total {
            let message = std::mem::take(&mut self.held);
            hand_out(&message, headers, each);
            self.held = message;
            self.held.clear();
        }
        rest
    }

    /// Reads the prelude of a message; `None` where the message is not kept, and the state says why.
    fn begin(&mut self, prelude: &[u8; PRELUDE], each: &mut impl FnMut(Frame<'_>)) -> Option<(usize, usize)> {
        match Prelude::read(prelude) {
            Prelude::Sound { total, headers } if total <= self.max_frame => return Some((total, headers)),
            Prelude::Sound { total, .. } => {
                each(Frame::TooLong);
                self.state = State::Skipping(total);
            }
            Prelude::Checksum => self.stop("prelude checksum", each),
            Prelude::Lengths => self.stop("prelude lengths", each),
        }
        None
    }

    fn stop(&mut self, why: &'static str, each: &mut impl FnMut(Frame<'_>)) {
        each(Frame::Broken(why));
        self.state = State::Stopped;
    }

    /// Adds to the message at hand up to `size` bytes, and says what is left.
    fn fill<'b>(&mut self, rest: &'b [u8], size: usize) -> &'b [u8] {
        let (taken, left) = rest.split_at(size.saturating_sub(self.held.len()).min(rest.len()));
        self.held.extend_from_slice(taken);
        left
    }

    /// Looks for a sound prelude. A wrong one would need both checksums to fit by chance.
    fn seek(&mut self, rest: &[u8], each: &mut impl FnMut(Frame<'_>)) {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(rest);
        let sound = |at: &[u8]| match at.first_chunk().map(Prelude::read) {
            Some(Prelude::Sound { total, .. }) => total <= self.max_frame,
            Some(Prelude::Checksum | Prelude::Lengths) | None => false,
        };
        match bytes.windows(PRELUDE).position(sound) {
            Some(at) => {
                self.state = State::Reading;
                self.take(&bytes[at..], each);
            }
            None => {
                bytes.drain(..(bytes.len() + 1).saturating_sub(PRELUDE));
                self.held = bytes;
            }
        }
    }
}

impl Prelude {
    fn read(bytes: &[u8; PRELUDE]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes;
        let (total, headers) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
        let (total, headers) = (total as usize, headers as usize);
        // The cheap test first: where a prelude is looked for, nearly every place fails it.
        let fits = total >= AROUND && headers <= total - AROUND;
        if !fits && total > (1 << 30) {
            return Self::Checksum;
        }
        if checksum(&bytes[..8]) != u32::from_be_bytes([i, j, k, l]) {
            return Self::Checksum;
        }
        if fits { Self::Sound { total, headers } } else { Self::Lengths }
    }
}

/// Not by flate2: its CRC copies a table of 8 KiB for every message.
fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// Checks a whole message and hands out what it is.
fn hand_out(message: &[u8], headers: usize, each: &mut impl FnMut(Frame<'_>)) {
    let Some((checked, sum)) = message.split_last_chunk::<4>() else { return };
    if checksum(checked) != u32::from_be_bytes(*sum) {
        return each(Frame::Broken("message checksum"));
    }
    let (headers, data) = checked[PRELUDE..].split_at(headers);
    let Some(known) = Headers::read(headers) else { return each(Frame::Broken("headers")) };
    each(match known.message_type {
        b"event" | b"" => Frame::Event { name: known.event_type, data },
        b"exception" => Frame::Failure { name: known.exception_type, data },
        b"error" => Frame::Failure { name: known.error_code, data: known.error_message },
        _ => Frame::Broken("message type"),
    });
}

/// The headers that say what a message is; empty where they are not there.
#[derive(Default)]
struct Headers<'a> {
    message_type: &'a [u8],
    event_type: &'a [u8],
    exception_type: &'a [u8],
    error_code: &'a [u8],
    error_message: &'a [u8],
}

impl<'a> Headers<'a> {
    /// Reads the headers; `None` where they are no headers.
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let mut headers = Self::default();
        while let Some((&length, rest)) = bytes.split_first() {
            let (name, rest) = rest.split_at_checked(length.into())?;
            let (&kind, rest) = rest.split_first()?;
            let (size, rest) = match kind {
                // True and false.
                0 | 1 => (0, rest),
                // Numbers of one, two, four and eight bytes.
                2 => (1, rest),
                3 => (2, rest),
                4 => (4, rest),
                5 => (8, rest),
                // Bytes and text, after their length.
                6 | 7 => {
                    let (length, rest) = rest.split_first_chunk()?;
                    (u16::from_be_bytes(*length).into(), rest)
                }
                // A time in milliseconds, and a UUID.
                8 => (8, rest),
                9 => (16, rest),
                _ => return None,
            };
            let (value, rest) = rest.split_at_checked(size)?;
            bytes = rest;
            let slot = match name {
                b":message-type" => &mut headers.message_type,
                b":event-type" => &mut headers.event_type,
                b":exception-type" => &mut headers.exception_type,
                b":error-code" => &mut headers.error_code,
                b":error-message" => &mut headers.error_message,
                _ => continue,
            };
            if kind == 7 {
                *slot = value;
            }
        }
        Some(headers)
    }
}

/// Writes one message with text headers. What is longer than the format can say is cut: a name at 255 bytes, a value at
/// 65,535.
pub fn encode(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        let name = &name.as_bytes()[..name.len().min(u8::MAX.into())];
        let value = &value.as_bytes()[..value.len().min(u16::MAX.into())];
        block.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        block.extend_from_slice(name);
        block.push(7);
        block.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        block.extend_from_slice(value);
    }
    sealed(&block, payload)
}

/// A message with another payload in the place of its own, and with the lengths and checksums of that. `message` is a sound one.
pub fn with_payload(message: &[u8], payload: &[u8]) -> Vec<u8> {
    let headers =
        message.get(4..8).and_then(|length| length.first_chunk()).map_or(0, |length| u32::from_be_bytes(*length));
    let headers = usize::try_from(headers).unwrap_or(0);
    sealed(message.get(PRELUDE..PRELUDE + headers).unwrap_or_default(), payload)
}

/// A message of headers as they are written and a payload, with its lengths and checksums.
fn sealed(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes();
    let mut message = Vec::with_capacity(AROUND + headers.len() + payload.len());
    message.extend_from_slice(&length(AROUND + headers.len() + payload.len()));
    message.extend_from_slice(&length(headers.len()));
    message.extend_from_slice(&checksum(&message).to_be_bytes());
    message.extend_from_slice(headers);
    message.extend_from_slice(payload);
    message.extend_from_slice(&checksum(&message).to_be_bytes());
    message
}

#[cfg(test)]
mod tests;
