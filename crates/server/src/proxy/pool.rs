//! The connections to one upstream: which one the next request takes, and what becomes of it afterwards.

use std::{
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{
    Request, Response, Uri,
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, client::conn::http2, rt::Executor as _};
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use tower::BoxError;

use super::{
    body::Outbound,
    connect::{Client, Opened},
    link::{Driver, Link, Unanswered},
};

/// How long an unused upstream connection is kept. Shorter than what load balancers in front of providers allow.
const KEPT: Duration = Duration::from_secs(50);
/// How often connections that were kept long enough are looked for.
const SWEEP: Duration = Duration::from_secs(10);

/// The connections to one upstream. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    scheme: Scheme,
    authority: Authority,
    client: Client,
    state: Mutex<State>,
    /// Held while an HTTP/2 connection is opened: one is enough for everybody who waits.
    opening: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Idle HTTP/1.1 connections, the one that was used last on top.
    idle: Vec<Idle>,
    /// The HTTP/2 connection, which all requests share.
    multiplexed: Option<Multiplexed>,
    /// The upstream has chosen HTTP/2 before.
    prefers_http2: bool,
    sweeping: bool,
}

struct Idle {
    link: Box<Link>,
    since: Instant,
}

struct Multiplexed {
    sender: http2::SendRequest<Outbound>,
    used: Instant,
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// No connection.
    #[error("upstream could not be reached")]
    Connect(#[source] BoxError),
    /// No connection in time.
    #[error("no connection within {} ms", .0.as_millis())]
    ConnectTimeout(Duration),
    /// The connection failed before the head of an answer.
    #[error("upstream failed before it answered")]
    Broken(#[source] hyper::Error),
    /// The caller's limit has passed.
    #[error("no answer in time")]
    Late,
}

/// An answer whose head has arrived.
pub(super) struct Answered {
    pub(super) response: Response<Inflow>,
    /// How long opening the connection took, where it was opened for this request.
    pub(super) connecting: Option<Duration>,
}

/// What one request is sent over.
enum Way {
    Alone(Box<Link>),
    Shared(http2::SendRequest<Outbound>),
}

impl Pool {
    pub(super) fn new(scheme: Scheme, authority: Authority, client: Client) -> Self {
        let (state, opening) = (Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Shared { scheme, authority, client, state, opening }))
    }

    /// Sends a request and waits for the head of its answer, until `due` where there is a limit. Dropping the future
    /// cancels the request.
    ///
    /// `request` names its target in origin form.
    pub(super) async fn send(
        &self,
        mut request: Request<Outbound>,
        due: Option<Instant>,
    ) -> Result<Answered, SendError> {
        loop {
            let (way, connecting) = match self.idle() {
                Some(way) => (way, None),
                // Boxed, because it is large and seldom needed.
                None => Box::pin(self.open(due)).await?,
            };
            let unanswered = match self.send_over(way, request, due).await {
                Ok(response) => return Ok(Answered { response, connecting }),
                Err(unanswered) => unanswered,
            };
            request = match unanswered.request {
                // The upstream had closed a kept connection before a byte was written: nothing has happened yet.
                Some(untouched) if connecting.is_none() => untouched,
                Some(_) | None => return Err(unanswered.error),
            };
        }
    }

    async fn send_over(
        &self,
        way: Way,
        request: Request<Outbound>,
        due: Option<Instant>,
    ) -> Result<Response<Inflow>, Unanswered> {
        match way {
            Way::Alone(link) => {
                let (response, link) = link.send(request, due).await?;
                Ok(response.map(|incoming| Inflow::over(incoming, link, self)))
            }
            Way::Shared(sender) => Box::pin(self.send_multiplexed(sender, request, due)).await,
        }
    }

    async fn send_multiplexed(
        &self,
        mut sender: http2::SendRequest<Outbound>,
        mut request: Request<Outbound>,
        due: Option<Instant>,
    ) -> Result<Response<Inflow>, Unanswered> {
        let target = std::mem::take(request.uri_mut());
        *request.uri_mut() = self.absolute(target.path_and_query());
        let sent = sender.try_send_request(request);
        let answer = match due {
            Some(due) => tokio::time::timeout_at(due.into(), sent).await,
            None => Ok(sent.await),
        };
        match answer {
            Ok(Ok(response)) => Ok(response.map(|incoming| Inflow { incoming, over: None })),
            Ok(Err(mut failed)) => {
                let mut request = failed.take_message();
                if let Some(request) = &mut request {
                    *request.uri_mut() = target;
                }
                Err(Unanswered { request, error: SendError::Broken(failed.into_error()) })
            }
            Err(_) => Err(Unanswered { request: None, error: SendError::Late }),
        }
    }

    /// A connection that is open already.
    fn idle(&self) -> Option<Way> {
        let mut state = self.0.state.lock();
        if let Some(multiplexed) = state.multiplexed.as_mut().filter(|m| !m.sender.is_closed()) {
            multiplexed.used = Instant::now();
            return Some(Way::Shared(multiplexed.sender.clone()));
        }
        while let Some(mut idle) = state.idle.pop() {
            if !idle.link.is_disturbed() || idle.link.settle() {
                return Some(Way::Alone(idle.link));
            }
        }
        None
    }

    /// Opens a connection and says how long that took; `None` where somebody else opened one to share meanwhile.
    async fn open(&self, due: Option<Instant>) -> Result<(Way, Option<Duration>), SendError> {
        let limit = self.0.client.limit();
        let started = Instant::now();
        let until = started + limit;
        let opening = async {
            let mut _alone = None;
            if self.0.client.is_http2_only() || self.0.state.lock().prefers_http2 {
                _alone = Some(self.0.opening.lock().await);
                if let Some(way) = self.idle() {
                    return Ok((way, None));
                }
            }
            let way = match self.0.client.open(&self.0.scheme, &self.0.authority).await? {
                Opened::Http1(link) => Way::Alone(link),
                Opened::Http2(sender) => {
                    self.share(sender.clone());
                    Way::Shared(sender)
                }
            };
            Ok((way, Some(started.elapsed())))
        };
        match tokio::time::timeout_at(due.map_or(until, |due| due.min(until)).into(), opening).await {
            Ok(opened) => opened.map_err(SendError::Connect),
            Err(_) if due.is_some_and(|due| due < until) => Err(SendError::Late),
            Err(_) => Err(SendError::ConnectTimeout(limit)),
        }
    }

    fn share(&self, sender: http2::SendRequest<Outbound>) {
        let mut state = self.0.state.lock();
        state.prefers_http2 = true;
        state.multiplexed = Some(Multiplexed { sender, used: Instant::now() });
        self.sweep_later(&mut state);
    }

    /// Takes a connection back whose answer has come to its end.
    fn keep(&self, mut link: Box<Link>) {
        if !link.settle() {
            return;
        }
        let mut state = self.0.state.lock();
        state.idle.push(Idle { link, since: Instant::now() });
        self.sweep_later(&mut state);
    }

    fn sweep_later(&self, state: &mut State) {
        if !std::mem::replace(&mut state.sweeping, true) {
            TokioExecutor::new().execute(sweep(Arc::downgrade(&self.0)));
        }
    }

    /// The target as HTTP/2 names it.
    fn absolute(&self, target: Option<&PathAndQuery>) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.0.scheme.clone());
        parts.authority = Some(self.0.authority.clone());
        parts.path_and_query = Some(target.cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
        Uri::from_parts(parts).unwrap_or_default()
    }
}

/// Closes connections that were kept long enough, until none is left.
async fn sweep(pool: Weak<Shared>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut state = pool.state.lock();
        state.idle.retain(|idle| idle.since.elapsed() < KEPT && !idle.link.is_disturbed());
        state.multiplexed.take_if(|m| m.used.elapsed() >= KEPT || m.sender.is_closed());
        if state.idle.is_empty() && state.multiplexed.is_none() {
            state.sweeping = false;
            return;
        }
    }
}

/// The body of an upstream's answer. Dropping it before its end cancels the answer.
pub(super) struct Inflow {
    incoming: Incoming,
    /// The connection it comes over, where nobody else moves it, and where that goes afterwards.
    over: Option<(Box<Link>, Pool)>,
}

impl Inflow {
    fn over(incoming: Incoming, link: Box<Link>, pool: &Pool) -> Self {
        let mut inflow = Self { incoming, over: Some((link, pool.clone())) };
        if inflow.incoming.is_end_stream() {
            inflow.release();
        }
        inflow
    }

    /// What must be run in a task of its own where the connection has more to do than to bring this answer: an upload
    /// that goes on, or a switch of protocols.
    pub(super) fn detach(&mut self) -> Option<Driver> {
        self.over.take().and_then(|(link, _)| link.into_driver())
    }

    fn release(&mut self) {
        if let Some((link, pool)) = self.over.take() {
            pool.keep(link);
        }
    }
}

impl Body for Inflow {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let Some((link, _)) = &mut this.over else { return Pin::new(&mut this.incoming).poll_frame(cx) };
        let polled = link.attend(cx, |cx| Pin::new(&mut this.incoming).poll_frame(cx));
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Err(_))) => this.over = None,
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() || this.incoming.is_end_stream() => this.release(),
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(None) => this.release(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

#[cfg(test)]
mod tests;
