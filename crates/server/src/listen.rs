//! The listeners: accept, TLS, HTTP/1.1 or HTTP/2, and which room a request belongs to.
//!
//! Own routes match exactly; everything else is forwarded. The bound on open connections spares own routes, so that a
//! flooded proxy can still be asked how it is.

mod routes;
mod tls;

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

pub(crate) use routes::OWN;
pub use routes::{Surface, nothing_here};
pub use tls::{Certificates, TlsError};
pub(crate) use tls::{chain, private_key};

use crate::{
    proxy::{Answer, Proxy},
    tasks::Tasks,
    telemetry::{Events, Rejected},
};

/// How long a client may take for a request head, and how long it may stay silent between two requests (nginx's default).
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
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
            let connection = Connection { app: app.clone(), events: events.clone(), tasks: tasks.clone(), peer, seat };
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
}

impl Connection {
    async fn serve(self, stream: TcpStream, tls: Option<Arc<Certificates>>) {
        let _counted = self.events.connection();
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = &error as &dyn std::error::Error, "TCP_NODELAY was refused");
        }
        let Some(tls) = tls else { return self.speak(stream).await };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(_)) | Err(_) => self.events.connection_rejected(Rejected::Tls),
        }
    }

    /// Speaks HTTP until the connection ends; on shutdown it finishes the requests it is at.
    async fn speak<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (events, tasks) = (self.events.clone(), self.tasks.clone());
        let this = Arc::new(self);
        let service = service_fn(move |request| {
            let this = Arc::clone(&this);
            async move { Ok::<_, Infallible>(this.answer(request).await) }
        });
        let http = http();
        let mut connection = pin!(http.serve_connection_with_upgrades(TokioIo::new(stream), service));
        // Cancel-safe: the connection is only borrowed.
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = tasks.stopping() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if ended.is_err_and(|error| is_bad_head(&*error)) {
            events.connection_rejected(Rejected::BadHead);
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Answer> {
        let room = routes::of(self.app.surface, &request);
        match room {
            routes::Room::Own => self.own(request).await,
            routes::Room::Forward if !self.seat.within => {
                self.events.connection_rejected(Rejected::TooManyConnections);
                full()
            }
            routes::Room::Forward => self.app.proxy.forward(request, self.peer).await,
        }
    }

    async fn own(&self, request: Request<Incoming>) -> Response<Answer> {
        let answer = self.app.own.clone().oneshot(request.map(axum::body::Body::new)).await;
        match answer {
            Ok(answer) => answer.map(Answer::Own),
            Err(never) => match never {},
        }
    }
}

/// How we speak HTTP: nothing is added to an answer, and header names keep their case.
fn http() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new()).preserve_header_case(true);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).auto_date_header(false);
    builder.http2().timer(TokioTimer::new()).auto_date_header(false).adaptive_window(true);
    builder
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
