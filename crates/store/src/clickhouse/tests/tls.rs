//! The engine behind TLS, and what is said where the two sides do not agree on it.

use super::{Options, open_spans};
use crate::{
    ClickhouseOptions, Secret, Server, ServerUrl,
    conformance::{
        builders::span,
        engines,
        front::{Greeting, stranger, tls},
    },
};

/// The engine's address.
fn place(options: &ClickhouseOptions) -> String {
    ServerUrl::of(Server::Clickhouse, &options.server).unwrap().hosts[0].to_string()
}

fn at(options: &ClickhouseOptions, url: &str, ca_pem: Option<&[u8]>) -> Options {
    let mut clickhouse = options.clone();
    clickhouse.server.url = Some(Secret::new(url));
    clickhouse.server.ca_pem = ca_pem.map(<[u8]>::to_vec);
    Options { clickhouse, ..Options::default() }
}

/// What an operator is told.
async fn complaint(options: &Options) -> String {
    let store = open_spans("storage.spans", "clickhouse:", options).await.unwrap();
    let error = store.ping().await.unwrap_err();
    assert!(error.kind.is_retryable(), "{error}: {}", error.source);
    error.complaint().unwrap_or_else(|| panic!("{error}: {}", error.source)).to_owned()
}

#[tokio::test]
async fn a_server_behind_tls_is_trusted_by_its_authority_and_by_nothing_else() {
    let (options, _guard) = engines::clickhouse();
    let front = tls(place(&options), "localhost", Greeting::Nothing).await;
    let port = front.addr.port();
    let url = format!("https://default@localhost:{port}");
    let store = open_spans("storage.spans", "clickhouse:", &at(&options, &url, Some(&front.ca_pem))).await.unwrap();
    let record = span().record();
    store.write(std::slice::from_ref(&record)).await.unwrap();
    assert_eq!(store.count(&super::ALL, &super::SpanFilter::default()).await.unwrap(), 1);
    store.close().await.unwrap();

    let other = stranger();
    for ca_pem in [None, Some(&other[..])] {
        let said = complaint(&at(&options, &url, ca_pem)).await;
        assert!(said.starts_with("clickhouse.ca_bundle: the server's certificate is of an authority"), "{said}");
    }
    let by_address = format!("https://default@127.0.0.1:{port}");
    let said = complaint(&at(&options, &by_address, Some(&front.ca_pem))).await;
    assert!(said.starts_with("clickhouse.url: the server's certificate is not for the host"), "{said}");
    let plain = format!("http://default@localhost:{port}");
    let said = complaint(&at(&options, &plain, None)).await;
    assert!(said.starts_with("clickhouse.url: ") && said.contains("https://"), "{said}");
    let tls_to_plain = format!("https://default@{}", place(&options));
    let said = complaint(&at(&options, &tls_to_plain, None)).await;
    assert!(said.starts_with("clickhouse.url: what answers does not speak TLS, use http://"), "{said}");
}

#[tokio::test]
async fn a_bundle_without_a_certificate_in_it_is_refused_with_its_setting() {
    let (options, _guard) = engines::clickhouse();
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let options = at(&options, "https://localhost:1", Some(broken));
    let error = open_spans("storage.spans", "clickhouse:", &options).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("clickhouse.ca_bundle: the file cannot be used"), "{error}");
}
