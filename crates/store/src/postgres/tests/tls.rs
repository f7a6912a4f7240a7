//! The engine behind TLS, and what is said where the two sides do not agree on it.

use super::{at, engines, open, url};
use crate::{
    Options, ServerOptions,
    conformance::front::{Greeting, stranger, tls},
};

/// The user, the address and the database of the engine.
fn taken_apart(server: &ServerOptions) -> (String, String, String) {
    let url = url(server);
    let (before, database) = url.rsplit_once('/').unwrap();
    let (user, place) = before.rsplit_once('@').unwrap();
    (user.to_owned(), place.to_owned(), database.to_owned())
}

fn with(url: &str, ca_pem: Option<&[u8]>) -> Options {
    let mut options = at(url);
    options.postgres.ca_pem = ca_pem.map(<[u8]>::to_vec);
    options
}

async fn complaint(options: &Options) -> String {
    let error = super::complaint(options).await;
    assert!(error.kind.is_retryable(), "{error}: {}", error.source);
    error.complaint().unwrap_or_else(|| panic!("{error}: {}", error.source)).to_owned()
}

#[tokio::test]
async fn a_server_behind_tls_is_trusted_as_far_as_sslmode_says() {
    let (server, _guard) = engines::postgres();
    let (user, place, database) = taken_apart(&server);
    let front = tls(place.clone(), "localhost", Greeting::Postgres).await;
    let port = front.addr.port();
    let url = |host: &str, query: &str| format!("{user}@{host}:{port}/{database}{query}");
    let (mine, other) = (Some(&front.ca_pem[..]), stranger());
    for (url, ca_pem) in [
        (url("localhost", ""), None),
        (url("localhost", "?sslmode=require"), None),
        (url("localhost", ""), mine),
        (url("localhost", "?sslmode=verify-full"), mine),
        (url("127.0.0.1", "?sslmode=verify-ca"), mine),
    ] {
        open(&with(&url, ca_pem)).await.unwrap().ping().await.unwrap_or_else(|error| panic!("{url}: {}", error.source));
    }
    for (url, ca_pem, expected) in [
        (
            url("localhost", "?sslmode=verify-full"),
            None,
            "postgres.ca_bundle: the server's certificate is of an authority",
        ),
        (url("localhost", ""), Some(&other[..]), "postgres.ca_bundle: the server's certificate is of an authority"),
        (url("127.0.0.1", ""), mine, "postgres.url: the server's certificate is not for the host"),
        (format!("{user}@{place}/{database}?sslmode=require"), None, "postgres.url: the server speaks no TLS"),
    ] {
        let said = complaint(&with(&url, ca_pem)).await;
        assert!(said.starts_with(expected), "{url}: {said}");
    }
}
