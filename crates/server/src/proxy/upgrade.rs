//! Switched protocols (WebSocket): bytes pass both ways untouched until both sides have ended.
//!
//! Beside the bytes runs a bounded copy, or, where the path names a format with sessions, a [`Tap`] from which the session
//! is read in a task of its own. Neither delays a byte.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderValue, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use llmtrace_model::{EndReason, ErrorInfo};
use llmtrace_wire::websocket::Side;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    body::Upload,
    session::{self, Watch},
    slot::Slot,
    tap::{Shown, Tap},
};
use crate::{tasks::Tasks, telemetry::Events};

/// Puts back what asks for the switch, after the connection-level fields were taken out.
pub(super) fn ask(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, protocol);
}

/// What is done with the bytes besides forwarding them.
pub(super) enum Beside {
    /// They are copied, bounded.
    Copied(Arc<Upload>),
    /// They are read as a session.
    Watched(Box<Watch>),
}

/// Two connections that are about to switch.
pub(super) struct Tunnel {
    pub(super) client: OnUpgrade,
    pub(super) upstream: OnUpgrade,
    pub(super) idle_timeout: Duration,
    pub(super) tasks: Tasks,
    pub(super) events: Events,
}

/// How a tunnel ended, as its bytes tell.
#[derive(Debug)]
pub(super) enum Ended {
    /// Both sides ended in good manners; this one first.
    Both(Side),
    /// A connection broke.
    Broken(Side, io::Error),
    /// Nothing passed for `idle_timeout_ms`.
    Idle(Duration),
    /// The process is being shut down.
    Shutdown,
    /// One of the connections did not switch.
    NotSwitched(io::Error),
}

impl Ended {
    /// What a span says of it, where the protocol itself does not say more.
    pub(super) fn reason(self) -> (EndReason, Option<ErrorInfo>) {
        let error = |kind: &str, message: String| Some(ErrorInfo { kind: kind.to_owned(), message });
        match self {
            Self::Both(_) => (EndReason::Complete, None),
            Self::Broken(Side::Client, _) => (EndReason::ClientGone, None),
            Self::Broken(Side::Server, cause) => (EndReason::UpstreamFailed, error("tunnel_broken", cause.to_string())),
            Self::NotSwitched(cause) => (EndReason::UpstreamFailed, error("tunnel_broken", cause.to_string())),
            Self::Idle(limit) => {
                let message = format!("nothing passed for {} ms (idle_timeout_ms)", limit.as_millis());
                (EndReason::TimedOut, error("idle_timeout", message))
            }
            Self::Shutdown => (EndReason::Interrupted, error("shutdown", "the proxy was shut down".to_owned())),
        }
    }
}

impl Tunnel {
    /// Joins the two sides once both have switched. Ends when both directions have, when nothing passes any more, or when
    /// the process shuts down.
    pub(super) async fn run(self, mut slot: Slot, beside: Beside) {
        let (client, upstream) = match tokio::try_join!(self.client, self.upstream) {
            Ok(both) => both,
            Err(error) => {
                let (reason, error) = Ended::NotSwitched(io::Error::other(error)).reason();
                return slot.end(reason, error);
            }
        };
        let (client, upstream) = (TokioIo::new(client), TokioIo::new(upstream));
        match beside {
            Beside::Copied(sent) => {
                let slot = Arc::new(Mutex::new(slot));
                let answered = Arc::clone(&slot);
                let copy = move |side: Side, bytes: &[u8], _: Instant| match side {
                    Side::Client => sent.copy.lock().push(bytes),
                    Side::Server => answered.lock().received(bytes),
                };
                let ended = join(client, upstream, copy, self.idle_timeout, &self.tasks).await;
                let (reason, error) = ended.reason();
                slot.lock().end(reason, error);
            }
            Beside::Watched(watch) => {
                let tap = Arc::new(Tap::new());
                session::follow(*watch, Arc::clone(&tap), slot, &self.tasks);
                let events = self.events;
                let shown = Arc::clone(&tap);
                let show = move |side: Side, bytes: &[u8], at: Instant| {
                    if shown.show(side, bytes, at) == Shown::GivenUp {
                        events.notice("session_not_read");
                    }
                };
                let ended = join(client, upstream, show, self.idle_timeout, &self.tasks).await;
                tap.end(ended);
            }
        }
    }
}

/// Forwards both ways and shows every byte to `tap`.
async fn join(
    client: TokioIo<Upgraded>,
    upstream: TokioIo<Upgraded>,
    tap: impl Fn(Side, &[u8], Instant) + Unpin,
    idle_timeout: Duration,
    tasks: &Tasks,
) -> Ended {
    let pulse = Pulse { began: Instant::now(), moved_ms: AtomicU64::new(0) };
    let mut client = Tapped { io: client, side: Side::Client, tap: &tap, pulse: &pulse, seen: Seen::Open };
    let mut upstream = Tapped { io: upstream, side: Side::Server, tap: &tap, pulse: &pulse, seen: Seen::Open };
    // Not cancel-safe, and need not be: whoever wins, both sides are closed.
    let result = tokio::select! {
        result = tokio::io::copy_bidirectional(&mut client, &mut upstream) => result,
        () = pulse.stops(idle_timeout) => return Ended::Idle(idle_timeout),
        () = tasks.stopping() => return Ended::Shutdown,
    };
    match (result, client.seen, upstream.seen) {
        (Ok(_), Seen::End(first), Seen::End(second)) if first > second => Ended::Both(Side::Server),
        (Ok(_), ..) => Ended::Both(Side::Client),
        (Err(error), _, Seen::Broken) => Ended::Broken(Side::Server, error),
        (Err(error), ..) => Ended::Broken(Side::Client, error),
    }
}

/// When bytes last passed.
struct Pulse {
    began: Instant,
    moved_ms: AtomicU64,
}

impl Pulse {
    fn beats(&self, at: Instant) {
        let ms = u64::try_from(at.duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        self.moved_ms.store(ms, Ordering::Relaxed);
    }

    /// Resolves once nothing has passed for `limit`. Cancel-safe.
    async fn stops(&self, limit: Duration) {
        loop {
            let due = self.began + Duration::from_millis(self.moved_ms.load(Ordering::Relaxed)) + limit;
            if due <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(due.into()).await;
        }
    }
}

/// One side of a tunnel; every byte read from it is shown to `tap`.
struct Tapped<'t, F> {
    io: TokioIo<Upgraded>,
    side: Side,
    tap: &'t F,
    pulse: &'t Pulse,
    seen: Seen,
}

/// How a side has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Open,
    /// It said that it has nothing more to say.
    End(Instant),
    /// Its connection broke.
    Broken,
}

impl<F: Fn(Side, &[u8], Instant)> AsyncRead for Tapped<'_, F> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.io).poll_read(cx, buf);
        match &polled {
            Poll::Ready(Ok(())) => {
                let now = Instant::now();
                if buf.filled().len() > before {
                    this.pulse.beats(now);
                    (this.tap)(this.side, &buf.filled()[before..], now);
                } else {
                    this.seen = Seen::End(now);
                }
            }
            Poll::Ready(Err(_)) => this.seen = Seen::Broken,
            Poll::Pending => {}
        }
        polled
    }
}

impl<F> Tapped<'_, F> {
    /// Notes a failure to write.
    fn noted<T>(&mut self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(_)) = polled {
            self.seen = Seen::Broken;
        }
        polled
    }
}

impl<F> AsyncWrite for Tapped<'_, F> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write(cx, buf);
        this.noted(polled)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_flush(cx);
        this.noted(polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_shutdown(cx);
        this.noted(polled)
    }
}
