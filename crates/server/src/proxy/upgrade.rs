//! Switched protocols (WebSocket): bytes pass both ways untouched, with a bounded copy, until one side ends.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderValue, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use llmtrace_model::{EndReason, ErrorInfo};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{body::Upload, slot::Slot};
use crate::tasks::Tasks;

/// Puts back what asks for the switch, after the connection-level fields were taken out.
pub(super) fn ask(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, protocol);
}

/// Joins the two sides once both have switched. Ends when both directions have, or when the process shuts down.
pub(super) async fn tunnel(client: OnUpgrade, upstream: OnUpgrade, mut slot: Slot, sent: Arc<Upload>, tasks: Tasks) {
    let (client, upstream) = match tokio::try_join!(client, upstream) {
        Ok(both) => both,
        Err(error) => return end(&mut slot, Err(io::Error::other(error))),
    };
    let slot = Arc::new(Mutex::new(slot));
    let mut client = Tapped { io: TokioIo::new(client), tap: |bytes: &[u8]| sent.copy.lock().push(bytes) };
    let answered = Arc::clone(&slot);
    let mut upstream = Tapped { io: TokioIo::new(upstream), tap: move |bytes: &[u8]| answered.lock().received(bytes) };
    // Not cancel-safe, and need not be: whoever wins, both sides are closed.
    let result = tokio::select! {
        result = tokio::io::copy_bidirectional(&mut client, &mut upstream) => result.map(|_| ()),
        () = tasks.stopping() => {
            let error = ErrorInfo { kind: "shutdown".to_owned(), message: "the proxy was shut down".to_owned() };
            return slot.lock().end(EndReason::Interrupted, Some(error));
        }
    };
    end(&mut slot.lock(), result);
}

fn end(slot: &mut Slot, result: io::Result<()>) {
    match result {
        Ok(()) => slot.end(EndReason::Complete, None),
        Err(error) => {
            let error = ErrorInfo { kind: "tunnel_broken".to_owned(), message: error.to_string() };
            slot.end(EndReason::UpstreamFailed, Some(error));
        }
    }
}

/// One side of a tunnel; every byte read from it is shown to `tap`.
struct Tapped<F> {
    io: TokioIo<Upgraded>,
    tap: F,
}

impl<F: FnMut(&[u8]) + Unpin> AsyncRead for Tapped<F> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if polled.is_ready() && buf.filled().len() > before {
            (self.tap)(&buf.filled()[before..]);
        }
        polled
    }
}

impl<F: Unpin> AsyncWrite for Tapped<F> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
