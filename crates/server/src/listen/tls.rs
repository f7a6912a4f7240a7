//! The listener's certificates, and their reload.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A certificate and its key, read from `tls.cert` and `tls.key`, and read again when the files change.
pub struct Certificates {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
    cert: PathBuf,
    key: PathBuf,
}

#[derive(Debug)]
struct Current {
    key: ArcSwap<CertifiedKey>,
    read_from: ArcSwap<[Option<SystemTime>; 2]>,
}

/// Says why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not what it should be.
    #[error("{setting}: {} {problem}", path.display())]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// rustls refuses the pair.
    #[error("tls.cert and tls.key cannot be used together")]
    Pair(#[source] rustls::Error),
}

impl Certificates {
    /// Reads both files.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let current = Arc::new(Current {
            key: ArcSwap::from_pointee(read(cert, key)?),
            read_from: ArcSwap::from_pointee(changed_at(cert, key)),
        });
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?;
        let mut config = config.with_no_client_auth().with_cert_resolver(Arc::<Current>::clone(&current));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { acceptor, current, cert: cert.to_owned(), key: key.to_owned() })
    }

    /// Reads the files again where they changed; says whether they did. On an error the old certificate stays.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let at = changed_at(&self.cert, &self.key);
        if at == **self.current.read_from.load() {
            return Ok(false);
        }
        self.current.read_from.store(Arc::new(at));
        self.current.key.store(Arc::new(read(&self.cert, &self.key)?));
        Ok(true)
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.load_full())
    }
}

fn changed_at(cert: &Path, key: &Path) -> [Option<SystemTime>; 2] {
    [cert, key].map(|path| path.metadata().and_then(|m| m.modified()).ok())
}

fn read(cert: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = chain("tls.cert", cert)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|e| unusable("tls.key", key, &e))?;
    let signing = rustls::crypto::ring::sign::any_supported_type(&key).map_err(TlsError::Pair)?;
    let pair = CertifiedKey::new(chain, signing);
    pair.keys_match().map_err(TlsError::Pair)?;
    Ok(pair)
}

/// Reads every certificate of a PEM file.
pub(crate) fn chain(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(|certificates| certificates.collect());
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(TlsError::File { setting, path: path.to_owned(), problem: "holds no certificate".to_owned() }),
        Err(error) => Err(unusable(setting, path, &error)),
    }
}

/// Reads the private key of a PEM file.
pub(crate) fn private_key(setting: &'static str, path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|e| unusable(setting, path, &e))
}

fn unusable(setting: &'static str, path: &Path, error: &rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File { setting, path: path.to_owned(), problem: format!("is no usable PEM file: {error}") }
}
