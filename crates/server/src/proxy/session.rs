//! Reads a session that passes through a tunnel: frames to messages, messages to turns, each turn an exchange of its own.
//!
//! It runs in a task beside the tunnel and takes its bytes from the [`Tap`]. A turn goes into the journal when it ends: a
//! child of the session's span, with the same owner, labels and trace. The session's own span has what belongs to no turn,
//! and no usage.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use llmtrace_model::{EndReason, ErrorInfo, Timestamp, Timing};
use llmtrace_wire::{
    Dialect,
    realtime::{Close, Copied, End, MEDIA_TYPE, Session, Step, Turn, close_error},
    websocket::{Bounds, Decoder, Event, Extensions, Side},
};

use super::{
    slot::Slot,
    tap::{Lost, Next, Piece, Tap, Waiting, index},
    upgrade::Ended,
};
use crate::{
    clock::Clock,
    journal::{AnswerHead, Closed, Journal, Opened, Recorded, Room},
    tasks::Tasks,
    telemetry::Events,
};

/// How many bytes are read at once: a message is expanded and parsed in well under a millisecond.
const SLICE: usize = 16 * 1024;
/// How many bytes are read before other tasks get their turn.
const BEFORE_YIELD: usize = 64 * 1024;

/// What is needed to follow a session.
pub(super) struct Watch {
    /// Where turns go.
    pub(super) journal: Journal,
    pub(super) events: Events,
    pub(super) clock: Clock,
    /// The session's open record: its turns take everything but their own identity from it.
    pub(super) opened: Opened,
    pub(super) dialect: Dialect,
    /// What both sides agreed on.
    pub(super) extensions: Extensions,
    /// How much of each side of a turn is kept, in bytes.
    pub(super) capture_max_bytes: usize,
}

/// Starts to follow a session; the task ends when the tap does, and the slot with it.
pub(super) fn follow(watch: Watch, tap: Arc<Tap>, slot: Slot, tasks: &Tasks) {
    tasks.spawn("session", async move {
        match Reading::new(watch) {
            Some(reading) => reading.run(&tap, slot).await,
            None => drop(slot),
        }
    });
}

/// A session while it is read.
struct Reading {
    watch: Watch,
    /// Both clocks at the session's start.
    began: (Instant, Timestamp),
    /// `None` where an extension changes the frames in a way we do not know.
    decoders: Option<[Decoder; 2]>,
    session: Session,
    turns: Vec<Child>,
    /// Who closed first, and how.
    close: Option<(Side, Option<u16>, String)>,
}

/// A turn that has begun.
struct Child {
    turn: u32,
    opened: Arc<Opened>,
    room: Option<Room>,
}

impl Reading {
    fn new(watch: Watch) -> Option<Self> {
        let session = Session::new(watch.dialect, watch.capture_max_bytes)?;
        let deflate = match watch.extensions {
            Extensions::None => Some(None),
            Extensions::Deflate(agreed) => Some(Some(agreed)),
            Extensions::Unknown => None,
        };
        let decoder = |side, deflate| Decoder::new(side, deflate, Bounds::default());
        let decoders = deflate.map(|deflate| [decoder(Side::Client, deflate), decoder(Side::Server, deflate)]);
        let began = (Instant::now(), watch.clock.now());
        Some(Self { watch, began, decoders, session, turns: Vec::new(), close: None })
    }

    async fn run(mut self, tap: &Tap, slot: Slot) {
        let mut taken = Waiting::default();
        loop {
            match tap.take(&mut taken).await {
                Next::Bytes => self.read(&mut taken).await,
                Next::Over(ended) => return self.finish(ended, tap, slot).await,
            }
        }
    }

    /// Reads what was taken, and empties it.
    async fn read(&mut self, taken: &mut Waiting) {
        let mut rest = &taken.bytes[..];
        let mut since_yield = 0;
        for piece in &taken.pieces {
            let (bytes, after) = rest.split_at(piece.len.min(rest.len()));
            rest = after;
            for slice in bytes.chunks(SLICE) {
                let steps = self.slice(piece, slice);
                for step in steps {
                    self.step(step, EndReason::UpstreamFailed).await;
                }
                since_yield += slice.len();
                if since_yield >= BEFORE_YIELD {
                    since_yield = 0;
                    tokio::task::yield_now().await;
                }
            }
        }
        taken.clear();
    }

    fn slice(&mut self, piece: &Piece, bytes: &[u8]) -> Vec<Step> {
        let mut steps = Vec::new();
        let Some(decoders) = &mut self.decoders else { return steps };
        let at_us = micros(piece.at.saturating_duration_since(self.began.0));
        let (session, close, side) = (&mut self.session, &mut self.close, piece.side);
        decoders[index(side)].feed(bytes, |event| match event {
            Event::Message { data, .. } => session.says(side, data, at_us, |step| steps.push(step)),
            Event::TooLong { size_bytes, .. } => session.says_too_much(side, size_bytes),
            Event::Close { code, reason } => {
                close.get_or_insert_with(|| (side, code, reason.to_owned()));
            }
            Event::Ping | Event::Pong => {}
        });
        steps
    }

    /// Journals what happened to a turn; `unfinished` is how one ended that did not come to its end.
    async fn step(&mut self, step: Step, unfinished: EndReason) {
        match step {
            Step::Began { turn, started_us } => {
                let opened = Arc::new(self.child(started_us));
                let room = self.watch.journal.admit_now();
                if room == Some(Room::Promised) {
                    self.watch.journal.opened(Arc::clone(&opened));
                }
                self.turns.push(Child { turn, opened, room });
            }
            Step::Ended(turn) => {
                let Some(at) = self.turns.iter().position(|child| child.turn == turn.turn) else { return };
                let child = self.turns.swap_remove(at);
                let closed = closed(child.opened, *turn, unfinished);
                let known_bytes = closed.request.head.len() + closed.response.head.len();
                // A turn that begins while the journal is behind waits for its place here, where nobody waits for it.
                let room = match child.room {
                    Some(room) => room,
                    None => self.watch.journal.admit(known_bytes).await.unwrap_or(Room::NotPromised),
                };
                match room {
                    Room::Promised => self.watch.journal.closed(closed),
                    Room::NotPromised => self.watch.journal.closed_without_room(closed),
                }
            }
        }
    }

    /// The open record of a turn.
    fn child(&self, started_us: u64) -> Opened {
        let session = &self.watch.opened;
        let offset = i64::try_from(started_us).unwrap_or(i64::MAX);
        let started_at = Timestamp::from_unix_us(self.began.1.unix_us().saturating_add(offset));
        let mut headers = session.headers.clone();
        headers.retain(|(name, _)| !matches!(name.as_str(), "content-type" | "content-encoding"));
        headers.push(("content-type".to_owned(), MEDIA_TYPE.to_owned()));
        Opened {
            id: self.watch.clock.mint(started_at),
            started_at,
            parent_span_id: Some(session.id.span_id()),
            headers,
            ..session.clone()
        }
    }

    async fn finish(mut self, ended: Ended, tap: &Tap, mut slot: Slot) {
        let at_us = micros(self.began.0.elapsed());
        let is_read = self.note_what_was_not_read(tap);
        let (reason, error, unfinished) = self.verdict(ended, is_read);
        let close = self.close.take();
        let close = close.as_ref().map(|(by, code, reason)| Close { by: *by, code: *code, reason });
        let mut steps = Vec::new();
        let Some(fresh) = Session::new(self.watch.dialect, 0) else { return };
        let rest = std::mem::replace(&mut self.session, fresh).finish(at_us, close, |step| steps.push(step));
        for step in steps {
            self.step(step, unfinished).await;
        }
        let [sent, received] = tap.totals();
        slot.told(recorded(rest.request, Some(sent)), recorded(rest.response, Some(received)), MEDIA_TYPE);
        slot.end(reason, error);
    }

    /// Names in the session what could not be read of it; says whether everything could.
    fn note_what_was_not_read(&mut self, tap: &Tap) -> bool {
        let mut is_read = true;
        for side in [Side::Client, Side::Server] {
            let why = match (&self.decoders, tap.lost(side)) {
                (None, _) => Some("unknown extension".to_owned()),
                (Some(_), Lost::Everything) => Some("read too slowly".to_owned()),
                (Some(decoders), Lost::Nothing) => decoders[index(side)].violation().map(|v| v.to_string()),
            };
            if let Some(why) = why {
                self.session.is_not_read(side, &why);
                self.watch.events.notice("session_not_read");
                is_read = false;
            }
        }
        is_read
    }

    /// How the session ended, and how the turns did that it left open.
    fn verdict(&self, ended: Ended, is_read: bool) -> (EndReason, Option<ErrorInfo>, EndReason) {
        let by_tunnel = match ended {
            Ended::Both(_) | Ended::Broken(..) => None,
            Ended::Idle(_) | Ended::Shutdown | Ended::NotSwitched(_) => Some(()),
        };
        let first = match (&self.close, &ended) {
            (Some((side, ..)), _) | (None, Ended::Both(side) | Ended::Broken(side, _)) => *side,
            (None, Ended::Idle(_) | Ended::Shutdown | Ended::NotSwitched(_)) => Side::Server,
        };
        let unfinished = match first {
            Side::Client => EndReason::ClientGone,
            Side::Server => EndReason::UpstreamFailed,
        };
        match (by_tunnel, &self.close) {
            (Some(()), _) => {
                let (reason, error) = ended.reason();
                (reason, error, reason)
            }
            // 1000 and 1001 are how a session ends that is over (RFC 6455, section 7.4.1).
            (None, Some((Side::Server, Some(code), reason))) if !matches!(code, 1000 | 1001) => {
                (EndReason::UpstreamFailed, Some(close_error(*code, reason)), unfinished)
            }
            (None, Some(_)) => (EndReason::Complete, None, unfinished),
            // Who ended without a word hung up; where the words could not be read, nobody knows.
            (None, None) => match ended {
                Ended::Both(Side::Client) if is_read => (EndReason::ClientGone, None, unfinished),
                Ended::Both(Side::Server) if is_read => {
                    let message = "the upstream ended the session without closing it".to_owned();
                    let error = ErrorInfo { kind: "upstream_closed".to_owned(), message };
                    (EndReason::UpstreamFailed, Some(error), unfinished)
                }
                other => {
                    let (reason, error) = other.reason();
                    (reason, error, unfinished)
                }
            },
        }
    }
}

/// The close record of a turn.
fn closed(opened: Arc<Opened>, turn: Turn, unfinished: EndReason) -> Closed {
    let since = |at_us: u64| at_us.saturating_sub(turn.started_us);
    let timing = Timing {
        connect_us: None,
        first_byte_us: turn.first_byte_us.map(since),
        first_token_us: turn.first_token_us.map(since),
        duration_us: since(turn.ended_us),
        overhead_us: 0,
    };
    let end_reason = match (turn.end, &turn.error) {
        (End::Done, None) => EndReason::Complete,
        (End::Done, Some(_)) => EndReason::UpstreamFailed,
        (End::Open, _) => unfinished,
    };
    Closed {
        opened,
        request: recorded(turn.request, None),
        answer: Some(AnswerHead { status: 101, headers: vec![("content-type".to_owned(), MEDIA_TYPE.to_owned())] }),
        response: recorded(turn.response, None),
        end_reason,
        error: turn.error,
        timing,
        meter: Some(turn.meter),
    }
}

/// A copy as the journal keeps it; a session's is of the `passed` bytes, of which it holds what belongs to no turn.
fn recorded(copied: Copied, passed: Option<u64>) -> Recorded {
    Recorded {
        head: Bytes::from(copied.head),
        tail: Bytes::from(copied.tail),
        total_bytes: passed.unwrap_or(copied.total_bytes),
    }
}

fn micros(d: std::time::Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}
