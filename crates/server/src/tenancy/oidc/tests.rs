//! What is decided before and without a provider; the rest is tried with a real one in `e2e/test_oidc.py`.

use futures_util::FutureExt as _;
use serde_json::json;

use super::*;

fn provider(fetch: Fetch) -> Provider {
    let options = json!({
        "issuer": "http://127.0.0.1:1/", "client_id": "llmtrace", "client_secret": "s", "name": "Example",
        "scopes": ["openid"], "groups_claim": "groups", "roles": [], "ca_bundle": null,
    });
    Provider::new(serde_json::from_value(options).unwrap(), fetch, [7; 32])
}

fn away() -> Fetch {
    Arc::new(|_| async { Err(FetchError("nobody is there".into())) }.boxed())
}

#[tokio::test]
async fn a_provider_that_is_away_is_said_so_and_asked_once_in_a_while() {
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let provider = provider(Arc::new(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async { Err(FetchError("nobody is there".into())) }.boxed()
    }));
    for _ in 0..10 {
        let left = provider.leave("http://h/x".to_owned(), "/dashboard/".to_owned(), Timestamp::from_unix_us(0)).await;
        assert_eq!(left.err(), Some(OidcRefused::Unavailable));
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn who_did_not_begin_here_or_took_too_long_is_sent_back() {
    let provider = provider(away());
    let kept = |until_us| Sealed {
        state: "state".to_owned(),
        nonce: "n".to_owned(),
        verifier: "v".to_owned(),
        redirect: "http://h/x".to_owned(),
        next: "/dashboard/".to_owned(),
        until_us,
    };
    let sealed = provider.seal.close(&kept(10)).unwrap();
    let back = |state: &str, error: Option<&str>| Return {
        code: Some("c".to_owned()),
        state: Some(state.to_owned()),
        error: error.map(str::to_owned),
    };
    for (back, sealed, now, why) in [
        (back("state", None), "", 5, OidcRefused::Expired),
        (back("state", None), "forged", 5, OidcRefused::Expired),
        (back("state", None), &sealed, 10, OidcRefused::Expired),
        (back("other", None), &sealed, 5, OidcRefused::Expired),
        (Return::default(), &sealed, 5, OidcRefused::Expired),
        (back("state", Some("access_denied")), &sealed, 5, OidcRefused::Denied),
        (back("state", None), &sealed, 5, OidcRefused::Unavailable),
    ] {
        assert_eq!(provider.arrive(back, sealed, Timestamp::from_unix_us(now)).await.err(), Some(why));
    }
}
