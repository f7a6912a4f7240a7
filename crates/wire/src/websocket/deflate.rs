//! The extension permessage-deflate (RFC 7692): what two endpoints agreed on, and how a message expands.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Side, Violation};

/// What the server's `Sec-WebSocket-Extensions` says of the frames that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extensions {
    /// Frames are as RFC 6455 has them.
    None,
    /// Messages may be compressed.
    Deflate(Deflate),
    /// An extension we do not know: the frames may mean anything.
    Unknown,
}

/// The parameters of permessage-deflate that matter to a reader. Window sizes do not: the largest reads every smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deflate {
    /// Whether the client compresses each message for itself.
    pub client_no_context_takeover: bool,
    /// Whether the server does.
    pub server_no_context_takeover: bool,
}

impl Extensions {
    /// Reads the values of the answer's `Sec-WebSocket-Extensions`.
    pub fn of<'v>(values: impl IntoIterator<Item = &'v str>) -> Self {
        let offers = values.into_iter().flat_map(|value| value.split(',')).map(str::trim).filter(|o| !o.is_empty());
        let mut agreed = Self::None;
        for offer in offers {
            let mut words = offer.split(';').map(str::trim);
            let name = words.next().unwrap_or("");
            if agreed != Self::None || !name.eq_ignore_ascii_case("permessage-deflate") {
                return Self::Unknown;
            }
            let mut deflate = Deflate::default();
            for word in words {
                let key = word.split('=').next().unwrap_or("").trim();
                deflate.client_no_context_takeover |= key.eq_ignore_ascii_case("client_no_context_takeover");
                deflate.server_no_context_takeover |= key.eq_ignore_ascii_case("server_no_context_takeover");
            }
            agreed = Self::Deflate(deflate);
        }
        agreed
    }
}

/// Whether a message may refer to the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takeover {
    Yes,
    No,
}

impl Deflate {
    pub(super) fn takeover(self, side: Side) -> Takeover {
        let is_off = match side {
            Side::Client => self.client_no_context_takeover,
            Side::Server => self.server_no_context_takeover,
        };
        if is_off { Takeover::No } else { Takeover::Yes }
    }
}

/// What is expanded next.
#[derive(Clone, Copy)]
pub(super) enum Expand<'a> {
    /// More of a message.
    More(&'a [u8]),
    /// Its end.
    End,
}

/// What a sender leaves out at the end of each message (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Expands the messages of one direction.
pub(super) struct Inflater {
    raw: Decompress,
    takeover: Takeover,
    /// A block said that it is the last one, and nothing came after it.
    is_after_end: bool,
}

impl Inflater {
    pub(super) fn new(takeover: Takeover) -> Self {
        Self { raw: Decompress::new(false), takeover, is_after_end: false }
    }

    /// Expands, and calls `each` for every piece that comes of it.
    pub(super) fn expand(
        &mut self,
        input: Expand<'_>,
        mut each: impl FnMut(&[u8]) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        match input {
            Expand::More(input) => self.run(input, &mut each),
            Expand::End => {
                if !self.is_after_end {
                    self.run(&TAIL, &mut each)?;
                }
                self.is_after_end = false;
                if self.takeover == Takeover::No {
                    self.raw.reset(false);
                }
                Ok(())
            }
        }
    }

    fn run(
        &mut self,
        mut input: &[u8],
        each: &mut impl FnMut(&[u8]) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        let mut out = [0; 8192];
        loop {
            if !input.is_empty() {
                self.is_after_end = false;
            }
            let (was_in, was_out) = (self.raw.total_in(), self.raw.total_out());
            let status = self.raw.decompress(input, &mut out, FlushDecompress::Sync);
            let used = usize::try_from(self.raw.total_in() - was_in).unwrap_or(0);
            let made = usize::try_from(self.raw.total_out() - was_out).unwrap_or(0);
            each(out.get(..made).unwrap_or(&[]))?;
            input = input.get(used..).unwrap_or(&[]);
            match status {
                Err(_) => return Err(Violation::BrokenDeflate),
                // What a later message refers to is gone with it; endpoints that go on after it do the same.
                Ok(Status::StreamEnd) => {
                    self.raw.reset(false);
                    self.is_after_end = true;
                    if input.is_empty() {
                        return Ok(());
                    }
                }
                Ok(Status::Ok | Status::BufError) if made == out.len() => {}
                Ok(Status::Ok | Status::BufError) if input.is_empty() => return Ok(()),
                Ok(Status::Ok | Status::BufError) if used == 0 && made == 0 => return Err(Violation::BrokenDeflate),
                Ok(Status::Ok | Status::BufError) => {}
            }
        }
    }
}
