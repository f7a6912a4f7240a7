//! Connections to an upstream: TCP, TLS, a forward proxy in between, HTTP/1.1 or HTTP/2, and how long opening took.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Uri, header::HeaderValue};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::{
        legacy::{
            self,
            connect::{Connected, HttpConnector, proxy::Tunnel},
        },
        proxy::matcher::Matcher,
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::net::TcpStream;
use tower::{BoxError, Service};

use super::body::Outbound;

/// How long an unused upstream connection is kept. Shorter than what load balancers in front of providers allow.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// An HTTP client for one upstream. Cheap to clone.
pub(super) type HttpClient = legacy::Client<Timed<HttpsConnector<Dialer>>, Outbound>;

/// An HTTP client for one upstream, with the version it speaks.
#[derive(Clone)]
pub struct Client(HttpClient);

/// What decides how an upstream is connected to.
#[derive(Default)]
pub struct Connection {
    /// How long opening may take.
    pub timeout: Duration,
    /// Certificate authorities besides the web's.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Our certificate for upstreams that ask for one.
    pub identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// Which hosts are reached through a forward proxy.
    pub proxy: Option<Arc<Matcher>>,
    /// The version of a plain-text upstream.
    pub plain: PlainVersion,
}

/// Which HTTP version a plain-text (`http://`) upstream speaks; over TLS the two sides agree by ALPN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainVersion {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 without negotiation (h2c).
    Http2,
}

impl Client {
    /// A client with a connection pool of its own.
    pub fn new(how: &Connection) -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        let dialer = Dialer { tcp, proxy: how.proxy.clone() };
        let tls = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls_config(how)?).https_or_http();
        let tls = match how.plain {
            PlainVersion::Http1 => tls.enable_all_versions().wrap_connector(dialer),
            PlainVersion::Http2 => tls.enable_http2().wrap_connector(dialer),
        };
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .http1_preserve_header_case(true)
            .http2_only(how.plain == PlainVersion::Http2)
            .http2_adaptive_window(true)
            .pool_idle_timeout(POOL_IDLE)
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .set_host(false);
        Ok(Self(builder.build(Timed { inner: tls, limit: how.timeout })))
    }

    pub(super) fn http(&self) -> &HttpClient {
        &self.0
    }
}

fn tls_config(how: &Connection) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for root in &how.extra_roots {
        roots.add(root.clone())?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_root_certificates(roots);
    match &how.identity {
        Some((chain, key)) => config.with_client_auth_cert(chain.clone(), key.clone_key()),
        None => Ok(config.with_no_client_auth()),
    }
}

/// Opens the TCP connection: directly, or through a forward proxy by `CONNECT`.
///
/// `CONNECT` is used for plain-text upstreams too, so that the bytes to the upstream stay ours to the letter.
#[derive(Clone)]
pub(super) struct Dialer {
    tcp: HttpConnector,
    proxy: Option<Arc<Matcher>>,
}

type Opening<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Opening<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let via = self.proxy.as_ref().and_then(|m| m.intercept(&to));
        let mut tcp = self.tcp.clone();
        Box::pin(async move {
            let Some(via) = via else { return Ok(tcp.call(to).await?) };
            let mut tunnel = Tunnel::new(via.uri().clone(), tcp);
            if let Some(auth) = via.basic_auth() {
                tunnel = tunnel.with_auth(HeaderValue::clone(auth));
            }
            Ok(tunnel.call(to).await?)
        })
    }
}

/// Bounds and measures the opening of a connection, TLS included.
#[derive(Clone)]
pub(super) struct Timed<C> {
    inner: C,
    limit: Duration,
}

/// When a connection was opened and how long that took; found in the extensions of every answer it carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenedAt {
    pub(super) at: Instant,
    pub(super) took: Duration,
}

/// Says that opening a connection took too long.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {} ms", .0.as_millis())]
pub(super) struct ConnectTimedOut(pub(super) Duration);

impl<C> Service<Uri> for Timed<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    type Response = TimedIo<C::Response>;
    type Error = BoxError;
    type Future = Opening<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (opening, limit, started) = (self.inner.call(to), self.limit, Instant::now());
        Box::pin(async move {
            match tokio::time::timeout(limit, opening).await {
                Ok(Ok(io)) => {
                    let now = Instant::now();
                    Ok(TimedIo { io, opened: OpenedAt { at: now, took: now - started } })
                }
                Ok(Err(error)) => Err(error.into()),
                Err(_) => Err(ConnectTimedOut(limit).into()),
            }
        })
    }
}

/// A connection that knows when it was opened.
pub(super) struct TimedIo<T> {
    io: T,
    opened: OpenedAt,
}

impl<T: legacy::connect::Connection> legacy::connect::Connection for TimedIo<T> {
    fn connected(&self) -> Connected {
        self.io.connected().extra(self.opened)
    }
}

impl<T: Read + Unpin> Read for TimedIo<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: Write + Unpin> Write for TimedIo<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
