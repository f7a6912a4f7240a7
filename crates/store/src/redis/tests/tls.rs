//! Redis over TLS, with an authority of one's own.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::servers::{Server, at};
use crate::{ErrorKind, Options, ServerOptions, open_counters};

/// An authority, and a server with a certificate of it for these names.
fn server(names: &[&str]) -> (Vec<u8>, Server) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("ca.pem"), issuer.pem()).unwrap();
    std::fs::write(path("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(path("key.pem"), key.serialize_pem()).unwrap();
    let (ca_file, cert_file, key_file) = (path("ca.pem"), path("cert.pem"), path("key.pem"));
    let own = ["--tls-cert-file", &cert_file, "--tls-key-file", &key_file, "--tls-ca-cert-file", &ca_file];
    let how = [&["--port", "0", "--tls-port", "PORT", "--tls-auth-clients", "no"][..], &own].concat();
    (issuer.pem().into_bytes(), Server::listening(&how, &["--requirepass", "hunter2"]))
}

async fn ping(server: &ServerOptions) -> Result<(), crate::Error> {
    let options = Options { redis: server.clone(), ..Options::default() };
    open_counters("storage.counters", "redis:", &options).await.unwrap().ping().await
}

#[tokio::test]
async fn a_bundle_is_trusted_and_names_are_checked() {
    let (ca, server) = server(&["127.0.0.1", "localhost"]);
    let url = |host: &str| at(&format!("rediss://:hunter2@{host}:{}", server.port));
    let trusted = |host: &str| ServerOptions { ca_pem: Some(ca.clone()), ..url(host) };
    for host in ["127.0.0.1", "localhost"] {
        ping(&trusted(host)).await.unwrap();
    }
    let (other, _server) = self::server(&["localhost"]);
    let untrusted = ServerOptions { ca_pem: Some(other), ..url("localhost") };
    let plain = at(&format!("redis://:hunter2@localhost:{}", server.port));
    for (wrong, hint) in [(url("localhost"), "redis.ca_bundle"), (untrusted, "redis.ca_bundle"), (plain, "rediss://")] {
        let error = ping(&wrong).await.unwrap_err();
        let text = error.source.to_string();
        assert!(error.kind == ErrorKind::Unavailable && text.contains(hint), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    let (ca, server) = server(&["redis.example"]);
    let wrong = ServerOptions { ca_pem: Some(ca), ..at(&format!("rediss://:hunter2@localhost:{}", server.port)) };
    let error = ping(&wrong).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.source.to_string().contains("redis.ca_bundle"), "{}", error.source);
}

#[tokio::test]
async fn tls_to_a_server_without_it_is_told() {
    let server = Server::start(&[]);
    let error = ping(&at(&format!("rediss://localhost:{}", server.port))).await.unwrap_err();
    assert!(error.kind.is_retryable() && error.source.to_string().contains("redis://"), "{}", error.source);
}
