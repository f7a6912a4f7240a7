//! The answer on its way to the client: each frame is forwarded the moment it arrives.
//!
//! Beside the bytes run the bounded copy and the usage scanner of the [`Slot`]; neither delays a byte. The one thing
//! that may be held is the incomplete event of a stream whose usage event is taken out (see `contracts.md`, "Bytes").

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use llmtrace_model::{EndReason, ErrorInfo};
use llmtrace_wire::{
    UsageFilter,
    edit::{Censor as _, NotEditable, Stream},
};

use super::{guard::Answering, pool::Inflow, slot::Slot};
use crate::{
    config::OnClientGone,
    tasks::{Alarm, Tasks},
    telemetry::{Events, Gauged},
};

/// After the terminal event, how long the upstream may take to end when the client has already hung up.
const DRAIN_AFTER_END: Duration = Duration::from_secs(5);

/// An answer that is being relayed. The body owns the slot until its last byte.
pub struct Relay {
    upstream: Option<Inflow>,
    slot: Option<Slot>,
    pass: Pass,
    /// Frames that are ready to leave: what came before the relay, and what a filter, a hold or an edit puts here.
    ready: VecDeque<Bytes>,
    trailers: Option<HeaderMap>,
    /// What ends the answer, once everything before it has left.
    failure: Option<RelayError>,
    idle_timeout: Duration,
    moved: Instant,
    alarm: Alarm,
    left_behind: Arc<LeftBehind>,
    _stream: Option<Gauged>,
}

/// How frames pass.
pub(super) enum Pass {
    /// As they come.
    Through,
    /// Without the usage event that we asked for.
    WithoutUsageEvent(Box<UsageFilter>),
    /// Together, once the answer is complete (`enable_streaming: false`), at most so many bytes of it.
    Held {
        /// Room left before the hold is given up.
        room: usize,
    },
    /// As the policy lets them (`guard.answers: hold`), or with what was hidden of the request put back.
    Edited(Box<Edited>),
}

/// A stream whose texts are looked at as they pass.
pub(super) struct Edited {
    /// Takes out the usage event that we asked for, before anything else.
    pub(super) filter: Option<Box<UsageFilter>>,
    /// Finds the texts.
    pub(super) stream: Stream,
    /// Says what becomes of them.
    pub(super) answering: Answering,
    /// What happens when an event cannot be read.
    pub(super) on_unread: OnUnread,
    /// Room left where the answer is held until it is complete, too.
    pub(super) hold: Option<usize>,
}

/// What happens with a stream that cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnUnread {
    /// The rest passes as it comes.
    Pass,
    /// It ends there.
    Cut,
}

/// What is done when the client hangs up.
pub(super) struct LeftBehind {
    /// The operator's choice.
    pub(super) on_client_gone: OnClientGone,
    /// Runs the rest.
    pub(super) tasks: Tasks,
    /// Counts it.
    pub(super) events: Events,
}

/// A failure while relaying: it aborts the client's connection, as the upstream's failure would have.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    /// The upstream broke off.
    #[error("upstream failed while answering")]
    Upstream(#[from] hyper::Error),
    /// Nothing came for `idle_timeout_ms`.
    #[error("upstream sent nothing for {} ms (idle_timeout_ms)", .0.as_millis())]
    Idle(Duration),
    /// The policy wants to see what it cannot.
    #[error("the answer cannot be read on ({0}), and guard.opaque is block")]
    Unread(#[from] NotEditable),
}

impl Relay {
    /// Relays `before`, which has come and was recorded already, and then what `upstream` sends.
    pub(super) fn new(
        upstream: Inflow,
        mut slot: Slot,
        pass: Pass,
        before: VecDeque<Bytes>,
        idle_timeout: Duration,
        left_behind: Arc<LeftBehind>,
        stream: Option<Gauged>,
    ) -> Self {
        // An answer without a body is never polled.
        let upstream = if upstream.is_end_stream() && before.is_empty() {
            slot.end(EndReason::Complete, None);
            None
        } else {
            Some(upstream)
        };
        Self {
            upstream,
            slot: Some(slot),
            pass,
            ready: before,
            trailers: None,
            failure: None,
            idle_timeout,
            moved: Instant::now(),
            alarm: Alarm::default(),
            left_behind,
            _stream: stream,
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, RelayError>>> {
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        loop {
            if let Some(bytes) = self.pop_ready() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            let Some(upstream) = &mut self.upstream else {
                return Poll::Ready(self.trailers.take().map(|t| Ok(Frame::trailers(t))));
            };
            let frame = match Pin::new(&mut *upstream).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.alarm.poll(cx, self.moved + self.idle_timeout));
                    let error = RelayError::Idle(self.idle_timeout);
                    return self.fail(EndReason::TimedOut, "idle_timeout", error, cx);
                }
            };
            match frame {
                Some(Ok(frame)) => {
                    self.moved = Instant::now();
                    let ended = upstream.is_end_stream();
                    let forward = match self.take(frame) {
                        Ok(forward) => forward,
                        Err(unread) => return self.fail(EndReason::Cut, "unreadable_answer", unread.into(), cx),
                    };
                    if ended && let Err(unread) = self.finish() {
                        return self.fail(EndReason::Cut, "unreadable_answer", unread.into(), cx);
                    }
                    if let Some(frame) = forward {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
                Some(Err(error)) => return self.fail(EndReason::UpstreamFailed, "upstream_reset", error.into(), cx),
                None => {
                    if let Err(unread) = self.finish() {
                        return self.fail(EndReason::Cut, "unreadable_answer", unread.into(), cx);
                    }
                }
            }
        }
    }

    /// Records one frame and says whether it leaves at once.
    fn take(&mut self, frame: Frame<Bytes>) -> Result<Option<Frame<Bytes>>, NotEditable> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                self.trailers = frame.into_trailers().ok();
                self.finish()?;
                return Ok(None);
            }
        };
        if let Some(slot) = &mut self.slot {
            slot.received(&data);
        }
        match &mut self.pass {
            Pass::Through => return Ok(Some(Frame::data(data))),
            Pass::WithoutUsageEvent(filter) => {
                let mut out = Vec::new();
                filter.push(data, &mut out);
                self.ready.extend(out);
            }
            Pass::Held { room } => {
                if let Some(left) = room.checked_sub(data.len()) {
                    *room = left;
                } else {
                    self.left_behind.events.notice("hold_given_up");
                    self.pass = Pass::Through;
                }
                self.ready.push_back(data);
            }
            Pass::Edited(edited) => {
                if let Some(room) = &mut edited.hold {
                    match room.checked_sub(data.len()) {
                        Some(left) => *room = left,
                        None => {
                            self.left_behind.events.notice("hold_given_up");
                            edited.hold = None;
                        }
                    }
                }
                let read = edited.push(data, &mut self.ready);
                let is_cut = edited.answering.is_cut();
                self.edited(read, is_cut)?;
            }
        }
        Ok(None)
    }

    /// What follows from having looked at more of the answer.
    fn edited(&mut self, read: Result<(), NotEditable>, is_cut: bool) -> Result<(), NotEditable> {
        if is_cut {
            // What upstream would still say is nobody's any more.
            if let Some(slot) = &mut self.slot {
                let message = "the answer was cut off by policy".to_owned();
                slot.end(EndReason::Cut, Some(ErrorInfo { kind: "blocked_by_policy".to_owned(), message }));
            }
            self.upstream = None;
            if self.ready.is_empty() {
                self.slot = None;
            }
            return Ok(());
        }
        let Pass::Edited(edited) = &self.pass else { return read };
        match (read, edited.on_unread) {
            (Ok(()), _) => Ok(()),
            (Err(why), OnUnread::Cut) => Err(why),
            (Err(_), OnUnread::Pass) => {
                self.left_behind.events.notice("answer_unread");
                Ok(())
            }
        }
    }

    fn pop_ready(&mut self) -> Option<Bytes> {
        let is_held = match &self.pass {
            Pass::Through | Pass::WithoutUsageEvent(_) => false,
            Pass::Held { .. } => true,
            Pass::Edited(edited) => edited.hold.is_some(),
        };
        if is_held && self.upstream.is_some() {
            return None;
        }
        self.ready.pop_front()
    }

    /// The upstream has said everything.
    fn finish(&mut self) -> Result<(), NotEditable> {
        if self.upstream.take().is_none() {
            return Ok(());
        }
        match &mut self.pass {
            Pass::Through | Pass::Held { .. } => {}
            Pass::WithoutUsageEvent(filter) => {
                let mut out = Vec::new();
                filter.finish(&mut out);
                self.ready.extend(out);
            }
            Pass::Edited(edited) => {
                let read = edited.finish(&mut self.ready);
                let is_cut = edited.answering.is_cut();
                self.edited(read, is_cut)?;
            }
        }
        if let Some(slot) = &mut self.slot {
            slot.end(EndReason::Complete, None);
        }
        // With nothing left to forward the exchange is over; otherwise it is when the last frame has left.
        if self.ready.is_empty() {
            self.slot = None;
        }
        Ok(())
    }

    /// Ends the answer with a failure. It is reported at the next poll, because a failed body takes along what waits
    /// to be written: the head and the frames before it, which may have arrived in the same moment.
    fn fail<T>(&mut self, reason: EndReason, kind: &str, error: RelayError, cx: &Context<'_>) -> Poll<T> {
        if let Some(mut slot) = self.slot.take() {
            slot.end(reason, Some(ErrorInfo { kind: kind.to_owned(), message: error.to_string() }));
        }
        self.upstream = None;
        self.ready.clear();
        self.failure = Some(error);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.upstream.is_none() && self.ready.is_empty() && self.trailers.is_none() && self.failure.is_none()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match (&self.pass, &self.upstream) {
            (Pass::WithoutUsageEvent(_) | Pass::Edited(_), _) => SizeHint::default(),
            (Pass::Through | Pass::Held { .. }, Some(upstream)) if self.ready.is_empty() => upstream.size_hint(),
            (Pass::Through | Pass::Held { .. }, Some(_)) => SizeHint::default(),
            (Pass::Through | Pass::Held { .. }, None) => {
                SizeHint::with_exact(self.ready.iter().map(|b| b.len() as u64).sum())
            }
        }
    }
}

impl Edited {
    /// Takes a chunk and appends what may leave.
    fn push(&mut self, chunk: Bytes, ready: &mut VecDeque<Bytes>) -> Result<(), NotEditable> {
        let mut chunks = Vec::new();
        match &mut self.filter {
            Some(filter) => filter.push(chunk, &mut chunks),
            None => chunks.push(chunk),
        }
        self.edit(chunks, ready)
    }

    /// Ends the stream.
    fn finish(&mut self, ready: &mut VecDeque<Bytes>) -> Result<(), NotEditable> {
        let (mut chunks, mut out) = (Vec::new(), Vec::new());
        if let Some(filter) = &mut self.filter {
            filter.finish(&mut chunks);
        }
        self.edit(chunks, ready)?;
        let ended = self.stream.finish(&mut self.answering, &mut out);
        if ended.is_err() && self.on_unread == OnUnread::Pass {
            self.stream.give_up(&mut self.answering, &mut out);
        }
        ready.extend(out);
        ended
    }

    fn edit(&mut self, chunks: Vec<Bytes>, ready: &mut VecDeque<Bytes>) -> Result<(), NotEditable> {
        let (mut read, mut out) = (Ok(()), Vec::new());
        for chunk in chunks {
            if let Err(why) = self.stream.push(chunk, &mut self.answering, &mut out) {
                read = Err(why);
                match self.on_unread {
                    OnUnread::Pass => self.stream.give_up(&mut self.answering, &mut out),
                    OnUnread::Cut => break,
                }
            }
        }
        ready.extend(out);
        read
    }
}

impl Drop for Relay {
    /// The client hung up before the end: cancel upstream, unless the usage is about to come or the operator wants it.
    fn drop(&mut self) {
        let (Some(mut slot), Some(upstream)) = (self.slot.take(), self.upstream.take()) else { return };
        let said_everything = slot.is_finished();
        slot.end(if said_everything { EndReason::Complete } else { EndReason::ClientGone }, None);
        let limit = match self.left_behind.on_client_gone {
            OnClientGone::Drain => self.idle_timeout,
            OnClientGone::Cancel if said_everything && slot.awaits_usage() => DRAIN_AFTER_END,
            OnClientGone::Cancel => return,
        };
        self.left_behind.tasks.spawn("drain", drain(upstream, slot, limit, self.left_behind.on_client_gone));
    }
}

/// Reads on without a client: for at most `limit` in all after the terminal event, `limit` between frames otherwise.
async fn drain(mut upstream: Inflow, mut slot: Slot, limit: Duration, mode: OnClientGone) {
    let started = Instant::now();
    loop {
        let left = match mode {
            OnClientGone::Drain => limit,
            OnClientGone::Cancel => limit.saturating_sub(started.elapsed()),
        };
        // Cancel-safe: a frame is either returned or still in the body.
        match tokio::time::timeout(left, upstream.frame()).await {
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    slot.received(data);
                }
            }
            Ok(Some(Err(_)) | None) | Err(_) => return,
        }
    }
}
