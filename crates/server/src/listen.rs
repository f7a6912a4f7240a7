//! The listeners: accept, TLS, HTTP/1.1 or HTTP/2, and which room a request belongs to.
//!
//! Own routes match exactly; everything else is forwarded. The bound on open connections spares own routes, so that a
//! flooded proxy can still be asked how it is.

mod patience;
mod routes;
mod tls;

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tower::{BoxError, ServiceExt};

pub(crate) use routes::OWN;
pub use routes::{Surface, nothing_here};
pub use tls::{Certificates, TlsError};
pub(crate) use tls::{chain, private_key};

use self::patience::Patience;
use crate::{
    proxy::{Answer, Proxy},
    tasks::{Nudge, Tasks},
    telemetry::{Events, Rejected},
};

/// How long a client may take for a request head, and how long it may stay silent between two requests (nginx's default).
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// What an HTTP/2 connection begins with (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often a connection that calls for itself is polled in one go before other tasks get their turn.
const ROUNDS: usize = 4;
/// The pause after a failed accept: the process is out of file descriptors, and spinning does not free any.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a listener serves. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The front lane.
    pub proxy: Arc<Proxy>,
    /// API and probes.
    pub own: Router,
    /// Which of both this listener offers.
    pub surface: Surface,
}

/// One listener and its bounds.
pub struct Listener {
    /// The bound socket.
    pub socket: TcpListener,
    /// Certificates, where it speaks TLS.
    pub tls: Option<Arc<Certificates>>,
    /// Open connections above which requests are refused (`max_connections`).
    pub max_connections: usize,
}

impl Listener {
    /// Accepts until the tasks are asked to stop; open connections then finish what they are at.
    pub async fn run(self, app: App, events: Events, tasks: Tasks) {
        let open = Arc::new(AtomicUsize::new(0));
        let mut stopping = pin!(tasks.stopping());
        loop {
            // Cancel-safe: a connection that is not accepted stays in the kernel's queue.
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = &mut stopping => return,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let seat = Seat::take(&open, self.max_connections);
            let (app, events, held) = (app.clone(), events.clone(), tasks.clone());
            let connection = Connection { app, events, tasks: held, peer, seat, parting: AtomicBool::new(false) };
            tasks.spawn("connection", connection.serve(stream, self.tls.clone()));
        }
    }
}

/// One of the `max_connections`; given back when it drops.
struct Seat {
    open: Arc<AtomicUsize>,
    within: bool,
}

impl Seat {
    fn take(open: &Arc<AtomicUsize>, max: usize) -> Self {
        let before = open.fetch_add(1, Ordering::Relaxed);
        Self { open: Arc::clone(open), within: before < max }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One client connection.
struct Connection {
    app: App,
    events: Events,
    tasks: Tasks,
    peer: SocketAddr,
    seat: Seat,
    /// Whether an HTTP/2 client is to be told that this connection takes nothing new.
    parting: AtomicBool,
}

/// What hyper asks for an answer. Boxed, because a connection keeps the room for it between two requests.
type Answering = Pin<Box<dyn Future<Output = Result<Response<Answer>, Infallible>> + Send>>;

impl Connection {
    async fn serve(self, stream: TcpStream, tls: Option<Arc<Certificates>>) {
        let _counted = self.events.connection();
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = &error as &dyn std::error::Error, "TCP_NODELAY was refused");
        }
        // Boxed, so that a plain HTTP/1.1 connection, the usual one behind an ingress, is no larger than it must be.
        let this = Arc::new(self);
        let ended = match tls {
            Some(tls) => Box::pin(Arc::clone(&this).secure(stream, tls)).await,
            None => match this.begins_with_http2(&stream).await {
                Some(false) => this.clone().http1(stream).await,
                Some(true) => Box::pin(this.clone().either(stream)).await,
                None => return,
            },
        };
        if ended.is_err_and(|error| is_bad_head(&*error)) {
            this.events.connection_rejected(Rejected::BadHead);
        }
    }

    async fn secure(self: Arc<Self>, stream: TcpStream, tls: Arc<Certificates>) -> Result<(), BoxError> {
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"http/1.1") => self.http1(stream).await,
            Ok(Ok(stream)) => self.either(stream).await,
            Ok(Err(_)) | Err(_) => {
                self.events.connection_rejected(Rejected::Tls);
                Ok(())
            }
        }
    }

    /// Says whether the client's first bytes may begin HTTP/2; `None` where there will be no request.
    async fn begins_with_http2(&self, stream: &TcpStream) -> Option<bool> {
        let mut first = [0; HTTP2_PREFACE.len()];
        // Cancel-safe: peeking takes nothing.
        let peeked = tokio::select! {
            peeked = tokio::time::timeout(HEAD_TIMEOUT, stream.peek(&mut first)) => peeked,
            () = self.tasks.stopping() => return None,
        };
        match peeked {
            Ok(Ok(0) | Err(_)) => None,
            Ok(Ok(n)) => Some(first[..n] == HTTP2_PREFACE[..n]),
            Err(_) => {
                self.events.connection_rejected(Rejected::BadHead);
                None
            }
        }
    }

    /// Speaks HTTP/1.1 until the connection ends.
    async fn http1<S>(self: Arc<Self>, stream: S) -> Result<(), BoxError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut http = http1::Builder::new();
        http.preserve_header_case(true).auto_date_header(false);
        http.timer(Patience::default()).header_read_timeout(HEAD_TIMEOUT);
        let connection = http.serve_connection(TokioIo::new(stream), self.service()).with_upgrades();
        to_its_end(&self, pin!(connection), |c| c.graceful_shutdown()).await.map_err(Into::into)
    }

    /// Speaks HTTP/2, or HTTP/1.1 where the client turns out to, until the connection ends.
    async fn either<S>(self: Arc<Self>, stream: S) -> Result<(), BoxError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut http = auto::Builder::new(TokioExecutor::new()).preserve_header_case(true);
        http.http1().timer(Patience::default()).header_read_timeout(HEAD_TIMEOUT).auto_date_header(false);
        http.http2().timer(TokioTimer::new()).auto_date_header(false).adaptive_window(true);
        let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), self.service());
        to_its_end(&self, pin!(connection), |c| c.graceful_shutdown()).await
    }

    fn service(
        self: &Arc<Self>,
    ) -> impl Service<Request<Incoming>, Response = Response<Answer>, Error = Infallible, Future = Answering> + use<>
    {
        let this = Arc::clone(self);
        service_fn(move |request| -> Answering {
            let this = Arc::clone(&this);
            Box::pin(async move { Ok(this.answer(request).await) })
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Answer> {
        let version = request.version();
        let room = routes::of(self.app.surface, &request);
        let mut answer = match room {
            routes::Room::Own => Box::pin(self.own(request)).await,
            routes::Room::Forward if !self.seat.within => {
                self.events.connection_rejected(Rejected::TooManyConnections);
                full()
            }
            routes::Room::Forward => self.app.proxy.forward(request, self.peer).await,
        };
        if self.tasks.is_leaving() {
            self.part(version, &mut answer);
        }
        answer
    }

    /// Tells the client, with an answer it gets anyway, to send its next request over a connection of its own, which finds
    /// a process that stays. Connections that are idle are left alone: closing one may cross with a request.
    fn part(&self, version: Version, answer: &mut Response<Answer>) {
        if version == Version::HTTP_2 {
            self.parting.store(true, Ordering::Relaxed);
        } else if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }

    async fn own(&self, mut request: Request<Incoming>) -> Response<Answer> {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let answer = self.app.own.clone().oneshot(request.map(axum::body::Body::new)).await;
        match answer {
            Ok(answer) => answer.map(Answer::Own),
            Err(never) => match never {},
        }
    }
}

/// Polls a connection to its end; when the process stops, or this connection is to end, `finish` asks it to end after the
/// requests it is at.
async fn to_its_end<C: Future>(
    this: &Connection,
    mut connection: Pin<&mut C>,
    finish: impl Fn(Pin<&mut C>),
) -> C::Output {
    let (nudge, waker) = Nudge::new();
    let mut stopping = pin!(this.tasks.stopping());
    let (mut waits, mut asked) = (false, false);
    poll_fn(|cx| {
        nudge.look(cx.waker());
        let mut own = Context::from_waker(&waker);
        for _ in 0..ROUNDS {
            nudge.attend();
            // Who waits for the stop stands in a list with one lock for all connections. This one stands in it from its
            // first poll on, and looks at a flag after that.
            let stops = !std::mem::replace(&mut waits, true) && stopping.as_mut().poll(&mut own).is_ready();
            if !asked && (stops || this.tasks.is_stopping()) {
                asked = true;
                finish(connection.as_mut());
            }
            if let Poll::Ready(ended) = connection.as_mut().poll(&mut own) {
                return Poll::Ready(ended);
            }
            if !asked && this.parting.load(Ordering::Relaxed) {
                asked = true;
                finish(connection.as_mut());
                continue;
            }
            if nudge.rest() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// The answer to the first request of a connection over the bound. It says when to come back, and hangs up.
fn full() -> Response<Answer> {
    const BODY: &str = r#"{"error":{"message":"LLMTrace: too many open connections (max_connections), try again shortly","type":"server_error","param":null,"code":"gateway_busy"}}"#;
    let mut answer = Response::new(Answer::Made(Some(Bytes::from_static(BODY.as_bytes()))));
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Says whether a connection ended because its client sent no proper request head.
fn is_bad_head(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(|e| e.is_parse() || e.is_timeout())
}
