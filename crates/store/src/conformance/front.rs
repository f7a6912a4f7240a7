//! TLS in front of an engine that speaks none: certificates of the test's own authority, and a listener that takes TLS off.

use std::{net::SocketAddr, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// What stands before TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// Nothing: HTTP, Redis.
    Nothing,
    /// PostgreSQL's question whether TLS is spoken, which is answered with yes.
    Postgres,
}

/// A server that speaks TLS; it ends when this is dropped.
pub(crate) struct Front {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    /// The authority that signed its certificate, as PEM.
    pub(crate) ca_pem: Vec<u8>,
    _tasks: JoinSet<()>,
}

/// An authority, as PEM, of which no server has a certificate.
pub(crate) fn stranger() -> Vec<u8> {
    authority().pem().into_bytes()
}

/// Takes TLS off connections to `to`; the certificate is for `name`.
pub(crate) async fn tls(to: String, name: &str, greeting: Greeting) -> Front {
    let issuer = authority();
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let chain = vec![CertificateDer::from_pem_slice(cert.pem().as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut passed = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let (acceptor, to) = (acceptor.clone(), to.clone());
            passed.spawn(async move {
                if greeting == Greeting::Postgres {
                    let mut asked = [0; 8];
                    client.read_exact(&mut asked).await.unwrap();
                    client.write_all(b"S").await.unwrap();
                }
                let Ok(mut secure) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(to).await.unwrap();
                drop(copy_bidirectional(&mut secure, &mut server).await);
            });
        }
    });
    Front { addr, ca_pem: issuer.pem().into_bytes(), _tasks: tasks }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}
