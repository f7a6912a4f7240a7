//! What only Redis does.

mod deployments;
mod servers;
mod tls;

use crate::{ErrorKind, MAX_COUNTED, Options, REMEMBERED, Secret, ServerOptions, counter::MAX_EXPIRED, open_counters};

fn at(url: &str) -> Options {
    let redis = ServerOptions { url: Some(Secret::new(url)), ..ServerOptions::default() };
    Options { redis, ..Options::default() }
}

#[tokio::test]
async fn a_wrong_url_is_refused_with_the_way_out() {
    for (url, part) in [
        ("redis://:hunter2@h/x", "is no database"),
        ("redis://:hunter2@h,i", "redis+cluster://"),
        ("redis+sentinel://:hunter2@h", "name of the master"),
        ("redis+cluster://:hunter2@h/3", "no databases"),
        ("redis://:hunter2@h?db=1", "is unknown, expected one of prefix"),
        ("redis://:hunter2@h?prefix=a{b", "prefix"),
    ] {
        let Err(error) = open_counters("storage.counters", "redis:", &at(url)).await else { panic!("{url} opened") };
        let text = format!("{error}: {:?}", std::error::Error::source(&error).map(|source| format!("{source:?}")));
        assert!(text.starts_with("storage.counters") && text.contains(part), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_does_not_keep_it_from_opening() {
    // Bound and never accepted from: nothing listens once it is dropped.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("redis://u:hunter2@127.0.0.1:{port}");
    let store = open_counters("storage.counters", "redis:", &at(&url)).await.unwrap();
    let error = store.ping().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    let text = format!("{error:?}");
    assert!(text.contains(&port.to_string()) && !text.contains("hunter2"), "{text}");
    let says = error.complaint().unwrap();
    assert_eq!(says, "redis.url: the server cannot be reached, see that it runs, or correct host and port");
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_another_connects_is_told_what_was_wrong_before() {
    // It accepts, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let store = open_counters("storage.counters", "redis:", &at(&url)).await.unwrap();
    store.ping().await.unwrap_err();
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    let (first, second) = tokio::join!(store.ping(), store.ping());
    for error in [first.unwrap_err(), second.unwrap_err()] {
        let says = error.complaint().map(str::to_owned);
        assert!(says.as_ref().is_some_and(|says| says.starts_with("redis.url: no answer in time")), "{error:?}");
    }
}

#[test]
fn scripts_have_the_bounds_of_the_port() {
    let common = include_str!("common.lua");
    for bound in [
        format!("local MOST = {}\n", MAX_COUNTED.nanos()),
        format!("local REMEMBERED = {}\n", REMEMBERED.as_millis()),
        format!("'LIMIT', 0, {MAX_EXPIRED})\n"),
    ] {
        assert!(common.contains(&bound), "{bound}");
    }
}
