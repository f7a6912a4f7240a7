//! A session on a WebSocket to turns: each answer of the model becomes an exchange of its own, with what was said for it.
//!
//! The proxy feeds the messages that [`crate::websocket`] read, with the time they passed. A turn is copied as lines of JSON,
//! one for each event, so that the back lane reads it through its format as any stream. Inline bytes (audio, images) are
//! cut to their size before they are copied: they are never kept. Pure and bounded; the usual event costs one pass over it.

mod cut;
mod gemini;
mod lines;
mod openai;
mod turns;

use llmtrace_model::{ErrorInfo, Meter};

pub(crate) use cut::inline_size;
pub use lines::Copied;
use serde_json::json;
use turns::Turns;

use crate::{
    Dialect,
    decode::Draft,
    dialects::{error::error_info, format},
    json::Json,
    websocket::Side,
};

/// The media type of the copies: one JSON document a line.
pub const MEDIA_TYPE: &str = "application/x-ndjson";

/// The type of the line that says how a session as a whole went.
const SESSION: &str = "llmtrace.session";
/// The type of the line that says what was not read.
const NOT_READ: &str = "llmtrace.not_read";

/// Reads a line of ours; any other event is given back.
pub(crate) fn own_line<'j>(event: Json<'j>, draft: &mut Draft) -> Option<Json<'j>> {
    match event.str_at("type") {
        Some(SESSION) => {
            for (key, value) in event.into_members() {
                match key.as_ref() {
                    "turns" => draft.param("realtime.turns", &value),
                    "closed_by" => draft.param("websocket.closed_by", &value),
                    "close_code" => draft.param("websocket.close_code", &value),
                    _ => {}
                }
            }
            None
        }
        Some(NOT_READ) => {
            draft.unknown("session", event.str_at("why").unwrap_or(""));
            None
        }
        Some("llmtrace.too_long") => {
            draft.unknown("event", "too long");
            None
        }
        Some("llmtrace.opaque") => {
            draft.unknown("event", "no json");
            None
        }
        _ => Some(event),
    }
}

/// Follows one session.
pub struct Session {
    reader: Box<dyn Reader>,
    turns: Turns,
}

/// How a format's sessions are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// Events with a type; answers have ids, and the last event of one tells its usage.
    OpenAi,
    /// Messages with one member each; the usage may come behind the last one of an answer.
    Gemini,
}

/// What one format's events mean for the turns.
trait Reader: Send {
    /// The client said this.
    fn client(&mut self, message: &[u8], at_us: u64, turns: &mut Turns);

    /// The server said this.
    fn server(&mut self, message: &[u8], at_us: u64, turns: &mut Turns);
}

/// What happened to a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The model began to answer.
    Began {
        /// Names the turn within its session.
        turn: u32,
        /// When it was asked, see [`Turn::started_us`].
        started_us: u64,
    },
    /// It said everything, or the session ended first.
    Ended(Box<Turn>),
}

/// One answer of the model, and what the client said for it. Times are those the messages were fed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The number its [`Step::Began`] gave.
    pub turn: u32,
    /// When the client (or the voice detection) said that it is the model's turn; where nobody did, the answer's first
    /// event.
    pub started_us: u64,
    /// The answer's first event; `None` where there was none.
    pub first_byte_us: Option<u64>,
    /// The first thing the model said; `None` where it said nothing, or where nobody knows when it was asked.
    pub first_token_us: Option<u64>,
    /// The answer's last event.
    pub ended_us: u64,
    /// What the client said.
    pub request: Copied,
    /// What the server said.
    pub response: Copied,
    /// What it will be billed.
    pub meter: Meter,
    /// Why it failed.
    pub error: Option<ErrorInfo>,
    /// Whether it came to its end.
    pub end: End,
}

/// Whether a turn came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its terminal event passed.
    Done,
    /// The session ended first.
    Open,
}

/// How a session was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close<'a> {
    /// Who closed it first.
    pub by: Side,
    /// With which code.
    pub code: Option<u16>,
    /// With which words.
    pub reason: &'a str,
}

/// The error of a session that the server closed with a code that says so.
pub fn close_error(code: u16, reason: &str) -> ErrorInfo {
    error_info(&format!("websocket_close_{code}"), reason)
}

/// What of a session belongs to no turn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rest {
    /// What the client said.
    pub request: Copied,
    /// What the server said.
    pub response: Copied,
}

impl Session {
    /// Makes a reader of sessions of `dialect` that keeps up to `keep_bytes` of each side of a turn; `None` where the
    /// format has no sessions.
    pub fn new(dialect: Dialect, keep_bytes: usize) -> Option<Self> {
        let format = format(dialect);
        let flavour = format.session?;
        let reader: Box<dyn Reader> = match flavour {
            Flavour::OpenAi => Box::new(openai::Reader::default()),
            Flavour::Gemini => Box::new(gemini::Reader),
        };
        Some(Self { reader, turns: Turns::new(format, keep_bytes, flavour) })
    }

    /// Takes the next message of one side.
    pub fn says(&mut self, side: Side, message: &[u8], at_us: u64, each: impl FnMut(Step)) {
        match side {
            Side::Client => self.reader.client(message, at_us, &mut self.turns),
            Side::Server => self.reader.server(message, at_us, &mut self.turns),
        }
        self.turns.steps.drain(..).for_each(each);
    }

    /// Takes note of a message that was too long to be read.
    pub fn says_too_much(&mut self, side: Side, size_bytes: u64) {
        self.turns.note(side, &format!(r#"{{"type":"llmtrace.too_long","bytes":{size_bytes}}}"#));
    }

    /// Takes note of what could not be read of one side, and why.
    pub fn is_not_read(&mut self, side: Side, why: &str) {
        self.turns.note(side, &json!({"type": NOT_READ, "why": why}).to_string());
    }

    /// Says whether a format has sessions.
    pub fn is_of(dialect: Dialect) -> bool {
        format(dialect).session.is_some()
    }

    /// Ends the session: what is open is handed out as it is. `close` is how one of the sides closed it, where one did.
    pub fn finish(mut self, at_us: u64, close: Option<Close<'_>>, each: impl FnMut(Step)) -> Rest {
        let (by, code) = (close.map(|close| close.by), close.and_then(|close| close.code));
        let by = by.map(|side| match side {
            Side::Client => "client",
            Side::Server => "server",
        });
        self.turns.note(Side::Client, &json!({"type": SESSION}).to_string());
        self.turns.note(
            Side::Server,
            &json!({"type": SESSION, "turns": self.turns.begun(), "closed_by": by, "close_code": code}).to_string(),
        );
        let rest = self.turns.finish(at_us);
        self.turns.steps.drain(..).for_each(each);
        rest
    }
}

#[cfg(test)]
mod tests;
