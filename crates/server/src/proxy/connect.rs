//! Opening a connection to an upstream: TCP, TLS, a forward proxy in between, HTTP/1.1 or HTTP/2.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{
    Uri,
    header::HeaderValue,
    uri::{Authority, Scheme},
};
use hyper::{
    client::conn::{http1, http2},
    rt::Executor as _,
};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::{
        legacy::connect::{Connection as _, HttpConnector, proxy::Tunnel},
        proxy::matcher::Matcher,
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::net::TcpStream;
use tower::{BoxError, Service, ServiceExt as _};

use super::{body::Outbound, link::Link};

/// Opens connections to one upstream. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) connector: HttpsConnector<Dialer>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    plain: PlainVersion,
    limit: Duration,
}

/// A connection that was just opened.
pub(super) enum Opened {
    /// For one exchange at a time.
    Http1(Box<Link>),
    /// For many.
    Http2(http2::SendRequest<Outbound>),
}

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
    /// A client that connects as `how` says.
    pub fn new(how: &Connection) -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        let dialer = Dialer { tcp, proxy: how.proxy.clone() };
        let tls = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls_config(how)?).https_or_http();
        let connector = match how.plain {
            PlainVersion::Http1 => tls.enable_all_versions().wrap_connector(dialer),
            PlainVersion::Http2 => tls.enable_http2().wrap_connector(dialer),
        };
        let mut http1 = http1::Builder::new();
        http1.preserve_header_case(true);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2.adaptive_window(true).timer(TokioTimer::new());
        Ok(Self { connector, http1, http2, plain: how.plain, limit: how.timeout })
    }

    /// How long opening may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Says whether every connection speaks HTTP/2.
    pub(super) fn is_http2_only(&self) -> bool {
        self.plain == PlainVersion::Http2
    }

    /// Opens a connection, TLS and the version of HTTP included. The caller bounds the time.
    pub(super) async fn open(&self, scheme: &Scheme, authority: &Authority) -> Result<Opened, BoxError> {
        let to = Uri::builder().scheme(scheme.clone()).authority(authority.clone()).path_and_query("/").build()?;
        let io = self.connector.clone().oneshot(to).await?;
        if self.is_http2_only() || io.connected().is_negotiated_h2() {
            let (sender, connection) = self.http2.handshake(io).await?;
            TokioExecutor::new().execute(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "an upstream connection failed");
                }
            });
            return Ok(Opened::Http2(sender));
        }
        // Apart, because a plain connection need not have the size of one with TLS.
        Ok(Opened::Http1(match io {
            MaybeHttpsStream::Http(io) => Link::open(&self.http1, io).await?,
            MaybeHttpsStream::Https(io) => Link::open(&self.http1, io).await?,
        }))
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
