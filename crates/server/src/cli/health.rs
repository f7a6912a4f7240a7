//! `health`: asks a running proxy, for the health check of a container that has no other tool to ask with.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::Args;
use http::{Request, Response, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use crate::config::{BaseUrl, Config};

/// What of a report is read and printed.
const MAX_REPORT_BYTES: usize = 64 << 10;

/// Options of `health`.
#[derive(Debug, Args)]
pub(super) struct Health {
    /// Base URL of the proxy; else the listener of the configuration.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Seconds until the answer must be there.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

impl Health {
    /// Asks and prints the report.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let url = match &self.url {
            Some(text) => {
                text.parse().map_err(|why| anyhow::anyhow!("--url: found {text:?}, expected a URL ({why})"))?
            }
            None => own_url(config)?,
        };
        let asked = tokio::time::timeout(Duration::from_secs(self.timeout), ask(&url)).await;
        let (status, report) = asked.with_context(|| format!("{url} did not answer in {} s", self.timeout))??;
        println!("{report}");
        if status == StatusCode::OK { Ok(ExitCode::SUCCESS) } else { bail!("{url}/health answered {status}") }
    }
}

/// The listener as this machine reaches it: one that is bound to every address is reached on the loopback one.
fn own_url(config: &Config) -> anyhow::Result<BaseUrl> {
    let ip = match config.listen_addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, config.listen_addr.port());
    let scheme = if config.tls.files().is_some() { "https" } else { "http" };
    format!("{scheme}://{address}").parse().map_err(|why| anyhow::anyhow!("listen_addr {address}: {why}"))
}

async fn ask(url: &BaseUrl) -> anyhow::Result<(StatusCode, String)> {
    let host = url.host().trim_matches(['[', ']']);
    let tcp = TcpStream::connect((host, url.port())).await.with_context(|| format!("connecting to {url}"))?;
    if !url.is_tls() {
        return ask_over(tcp, url).await;
    }
    let name = ServerName::try_from(host.to_owned()).context("the host is no name for TLS")?;
    let tls = tokio_rustls::TlsConnector::from(Arc::new(trusting_client()?));
    ask_over(tls.connect(name, tcp).await.with_context(|| format!("TLS with {url}"))?, url).await
}

async fn ask_over<S>(stream: S, url: &BaseUrl) -> anyhow::Result<(StatusCode, String)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(format!("{}/health", url.path_prefix()))
        .header(HOST, url.authority().as_str())
        .body(Empty::<Bytes>::new())?;
    let exchange = async move {
        let answer: Response<hyper::body::Incoming> = sender.send_request(request).await?;
        let status = answer.status();
        let body =
            Limited::new(answer.into_body(), MAX_REPORT_BYTES).collect().await.map_err(|e| anyhow::anyhow!(e))?;
        anyhow::Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    // The connection only moves bytes and ends when the exchange drops its sender; what went wrong, the exchange says.
    let (outcome, _connection) = tokio::join!(exchange, connection);
    outcome.with_context(|| format!("asking {url}/health"))
}

/// A client that takes any certificate: it asks its own machine whether the proxy lives, sends no secret and trusts no word
/// of the answer; the certificate names the host that clients use, not the loopback address.
fn trusting_client() -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let verifier = Arc::new(AnyCertificate(provider));
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
