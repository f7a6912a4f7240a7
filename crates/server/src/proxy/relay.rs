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
use llmtrace_wire::UsageFilter;

use super::{pool::Inflow, slot::Slot};
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
    /// Frames that are ready to leave; only a filter or a hold puts any here.
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
}

impl Relay {
    pub(super) fn new(
        upstream: Inflow,
        mut slot: Slot,
        pass: Pass,
        idle_timeout: Duration,
        left_behind: Arc<LeftBehind>,
        stream: Option<Gauged>,
    ) -> Self {
        // An answer without a body is never polled.
        let upstream = if upstream.is_end_stream() {
            slot.end(EndReason::Complete, None);
            None
        } else {
            Some(upstream)
        };
        Self {
            upstream,
            slot: Some(slot),
            pass,
            ready: VecDeque::new(),
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
                    let forward = self.take(frame);
                    if ended {
                        self.finish();
                    }
                    if let Some(frame) = forward {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
                Some(Err(error)) => return self.fail(EndReason::UpstreamFailed, "upstream_reset", error.into(), cx),
                None => self.finish(),
            }
        }
    }

    /// Records one frame and says whether it leaves at once.
    fn take(&mut self, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                self.trailers = frame.into_trailers().ok();
                self.finish();
                return None;
            }
        };
        if let Some(slot) = &mut self.slot {
            slot.received(&data);
        }
        match &mut self.pass {
            Pass::Through => return Some(Frame::data(data)),
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
        }
        None
    }

    fn pop_ready(&mut self) -> Option<Bytes> {
        if let (Pass::Held { .. }, Some(_)) = (&self.pass, &self.upstream) {
            return None;
        }
        self.ready.pop_front()
    }

    /// The upstream has said everything.
    fn finish(&mut self) {
        if self.upstream.take().is_none() {
            return;
        }
        if let Pass::WithoutUsageEvent(filter) = &mut self.pass {
            let mut out = Vec::new();
            filter.finish(&mut out);
            self.ready.extend(out);
        }
        if let Some(slot) = &mut self.slot {
            slot.end(EndReason::Complete, None);
        }
        // With nothing left to forward the exchange is over; otherwise it is when the last frame has left.
        if self.ready.is_empty() {
            self.slot = None;
        }
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
            (Pass::WithoutUsageEvent(_), _) => SizeHint::default(),
            (Pass::Through | Pass::Held { .. }, Some(upstream)) if self.ready.is_empty() => upstream.size_hint(),
            (Pass::Through | Pass::Held { .. }, Some(_)) => SizeHint::default(),
            (Pass::Through | Pass::Held { .. }, None) => {
                SizeHint::with_exact(self.ready.iter().map(|b| b.len() as u64).sum())
            }
        }
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
