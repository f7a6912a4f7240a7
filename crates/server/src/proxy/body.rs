//! The body types of both directions.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use parking_lot::Mutex;

use super::{recorder::Recorder, relay::Relay};

/// A request body on its way upstream.
pub(super) enum Outbound {
    /// Held whole.
    Held {
        /// The bytes, until they are taken.
        data: Option<Bytes>,
        /// Trailer fields, until they are taken.
        trailers: Option<HeaderMap>,
    },
    /// Passed on as it comes, with a bounded copy.
    Streamed(Tee),
}

impl Outbound {
    pub(super) fn held(data: Bytes, trailers: Option<HeaderMap>) -> Self {
        Self::Held { data: (!data.is_empty()).then_some(data), trailers }
    }

    /// Puts other bytes in the place of those that are held. What passes as it comes stays.
    pub(super) fn replace(&mut self, with: Bytes) {
        match self {
            Self::Held { data, trailers: _ } => *data = Some(with),
            Self::Streamed(_) => {}
        }
    }
}

impl Body for Outbound {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Held { data, trailers } => {
                let frame = data.take().map(Frame::data).or_else(|| trailers.take().map(Frame::trailers));
                Poll::Ready(frame.map(Ok))
            }
            Self::Streamed(tee) => tee.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Held { data, trailers } => data.is_none() && trailers.is_none(),
            Self::Streamed(tee) => tee.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            // Trailers need chunked framing, which an exact size would rule out.
            Self::Held { trailers: Some(_), .. } => SizeHint::default(),
            Self::Held { data, trailers: None } => SizeHint::with_exact(data.as_ref().map_or(0, |d| d.len() as u64)),
            Self::Streamed(tee) => tee.body.size_hint(),
        }
    }
}

/// A body that is copied while it passes.
pub(super) struct Tee {
    body: Incoming,
    upload: Arc<Upload>,
}

/// How far an upload is: shared by the body that moves and the slot that watches.
pub(super) struct Upload {
    /// The bounded copy.
    pub(super) copy: Mutex<Recorder>,
    started: Instant,
    moved_us: AtomicU64,
    done: AtomicBool,
}

impl Upload {
    pub(super) fn new(capture_max_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            copy: Mutex::new(Recorder::new(capture_max_bytes)),
            started: Instant::now(),
            moved_us: AtomicU64::new(0),
            done: AtomicBool::new(false),
        })
    }

    /// When the last byte moved.
    pub(super) fn last_moved(&self) -> Instant {
        self.started + std::time::Duration::from_micros(self.moved_us.load(Ordering::Relaxed))
    }

    /// Says whether the whole body has been handed upstream.
    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    fn moved(&self) {
        let us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.moved_us.store(us, Ordering::Relaxed);
    }
}

impl Tee {
    pub(super) fn new(body: Incoming, upload: Arc<Upload>) -> Self {
        Self { body, upload }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(ready) = &polled {
            self.upload.moved();
            match ready {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.upload.copy.lock().push(data);
                    }
                    if self.body.is_end_stream() {
                        self.upload.done.store(true, Ordering::Relaxed);
                    }
                }
                Some(Err(_)) | None => self.upload.done.store(true, Ordering::Relaxed),
            }
        }
        polled
    }
}

/// An answer body on its way to the client.
pub enum Answer {
    /// Relayed from upstream.
    Relayed(Box<Relay>),
    /// Made here: a refusal, or nothing.
    Made(Option<Bytes>),
    /// Made by one of our own routes.
    Own(axum::body::Body),
}

impl Body for Answer {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Relayed(relay) => relay.poll(cx).map(|frame| frame.map(|f| f.map_err(Into::into))),
            Self::Made(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Self::Own(body) => Pin::new(body).poll_frame(cx).map(|f| f.map(|f| f.map_err(Into::into))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Relayed(relay) => relay.is_end_stream(),
            Self::Made(bytes) => bytes.is_none(),
            Self::Own(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Relayed(relay) => relay.size_hint(),
            Self::Made(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Self::Own(body) => body.size_hint(),
        }
    }
}
