//! What ends what is kept: late spans, new prices, erasures.

use super::*;

#[tokio::test]
async fn a_late_write_of_another_process_ends_what_is_kept_of_its_tenant() {
    let (server, _guard) = server();
    let inner = memory().await;
    write(inner.as_ref(), [at(0).tenant("a"), at(0).tenant("b")]).await;
    let reads = Site::connected(&inner, &server).await.at_hour(5);
    let writes = Site::connected(&inner, &server).await.at_hour(5);
    let question = until(2);
    let scopes = [one("a"), one("b"), TenantScope::All];
    for scope in &scopes {
        reads.requests(scope, &question).await;
    }
    // What is on time changes nothing of it.
    write(&writes.cached, [at(5).tenant("a")]).await;
    reads.news();
    for scope in &scopes {
        reads.requests(scope, &question).await;
    }
    assert_eq!(reads.news(), [CacheEvent::Hit; 3]);
    write(&writes.cached, [at(1).tenant("a")]).await;
    let mut after = Vec::new();
    for scope in &scopes {
        after.push(reads.requests(scope, &question).await);
    }
    assert_eq!((after, reads.news()), (vec![2, 1, 3], vec![CacheEvent::Miss, CacheEvent::Hit, CacheEvent::Miss]));
}

#[tokio::test]
async fn what_is_erased_never_comes_from_what_is_kept() {
    let (server, _guard) = server();
    let end = Timestamp::from_unix_us(i64::MAX);
    let subject = Subject::User("u".to_owned());
    for (erased_for, left) in [(one("a"), [1, 2, 3]), (TenantScope::All, [1, 1, 2])] {
        let inner = memory().await;
        let spans = [(1, "a", "u"), (2, "a", "v"), (3, "b", "u"), (4, "b", "w")];
        write(inner.as_ref(), spans.map(|(n, owner, user)| numbered(n).tenant(owner).user(user))).await;
        let reads = Site::connected(&inner, &server).await.at_hour(100);
        let erases = Site::connected(&inner, &server).await.at_hour(100);
        let scopes = [one("a"), one("b"), TenantScope::All];
        let question = until(50);
        // One read began before the erasure and ends after it.
        let mut slow = Vec::new();
        for scope in &scopes {
            let key = reads.cached.keep.key(scope, &format!("s{:016x}", entry::hash(text(&question).as_bytes())));
            let Found::Now(generations, _) = reads.cached.keep.look(scope, &key).await else { panic!("away") };
            let answer = reads.cached.stats(scope, &question).await.unwrap();
            slow.push((key, generations, answer));
        }
        erases.cached.erase(&erased_for, &subject, end).await.unwrap();
        for (key, generations, answer) in &slow {
            let (holds, took) = (Holds::Settled, Duration::ZERO);
            reads.cached.offer(key, &text(&question), generations, holds, took, answer).await;
        }
        let mut found = Vec::new();
        for scope in &scopes {
            found.push(reads.requests(scope, &question).await);
        }
        assert_eq!(found, left, "{erased_for:?}");
    }
}

#[tokio::test]
async fn new_prices_end_what_is_kept() {
    let (server, _guard) = server();
    let inner = memory().await;
    write(inner.as_ref(), [numbered(1).cost_nanos(5)]).await;
    let site = Site::connected(&inner, &server).await.at_hour(9);
    let cost = async || site.cached.stats(&TenantScope::All, &until(2)).await.unwrap()[0].measures.cost.nanos();
    assert_eq!(cost().await, 5);
    let span = numbered(1).build();
    let price = Reprice {
        exchange_id: span.exchange_id,
        version: span.version,
        cost: Some(llmtrace_model::Money::from_nanos(7)),
        price_version: None,
        coverage: span.coverage,
    };
    assert_eq!(site.cached.reprice(&[price]).await.unwrap(), 1);
    assert_eq!(cost().await, 7);
}

#[tokio::test]
async fn an_erasure_that_nobody_hears_of_lasts_until_what_is_kept_has_ended() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = Secret::new(format!("redis://127.0.0.1:{port}"));
    let inner = memory().await;
    write(inner.as_ref(), [at(0).user("u")]).await;
    let mut site = Site::over(&inner, &ServerOptions { url: Some(url), ..ServerOptions::default() });
    assert_eq!(std::mem::replace(&mut site.cached.outlived, Duration::from_millis(300)), MAX_KEPT);
    let erase = async || {
        let began = Instant::now();
        let subject = Subject::User("u".to_owned());
        let erased = site.cached.erase(&TenantScope::All, &subject, Timestamp::from_unix_us(i64::MAX)).await.unwrap();
        (erased.spans, began.elapsed() >= Duration::from_millis(300))
    };
    assert_eq!(erase().await, (1, true));
    assert_eq!(erase().await.0, 0, "and nobody waits where nothing was erased");
}
