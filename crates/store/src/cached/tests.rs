//! What keeping answers promises, on a real Redis.

mod changes;

use std::sync::atomic::{AtomicI64, Ordering};

use llmtrace_model::{Dimension, Retention};
use parking_lot::Mutex;
use redis::Value;

use super::*;
use crate::{
    Options, Secret, ServerOptions,
    conformance::{
        builders::{START, SpanBuilder, numbered, span},
        engines,
    },
    open_spans,
};

const HOUR_US: i64 = 3_600_000_000;

/// One process that keeps answers.
struct Site {
    cached: Cached,
    events: Arc<Mutex<Vec<CacheEvent>>>,
    now: Arc<AtomicI64>,
}

impl Site {
    fn over(inner: &Arc<dyn SpanStore>, server: &ServerOptions) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let now = Arc::new(AtomicI64::new(START.unix_us()));
        let (heard, clock) = (Arc::clone(&events), Arc::clone(&now));
        let keeping = Keeping {
            server: server.clone(),
            longest: MAX_KEPT,
            now: Arc::new(move || Timestamp::from_unix_us(clock.load(Ordering::Relaxed))),
            watch: Arc::new(move |event| heard.lock().push(event)),
        };
        let cached = Cached::over(Arc::clone(inner), "redis", keeping).unwrap().patient();
        Self { cached, events, now }
    }

    /// One that has found Redis.
    async fn connected(inner: &Arc<dyn SpanStore>, server: &ServerOptions) -> Self {
        let site = Self::over(inner, server);
        site.cached.look_after().await;
        assert!(site.cached.keep.is_used());
        site
    }

    /// Moves its clock to so many hours after the first span.
    fn at_hour(self, hour: i64) -> Self {
        self.now.store(START.unix_us() + hour * HOUR_US, Ordering::Relaxed);
        self
    }

    /// The requests that a question adds up to.
    async fn requests(&self, scope: &TenantScope, query: &StatsQuery) -> u64 {
        self.cached.stats(scope, query).await.unwrap().iter().map(|row| row.measures.requests).sum()
    }

    /// What happened since the last look.
    fn news(&self) -> Vec<CacheEvent> {
        std::mem::take(&mut self.events.lock())
    }
}

async fn memory() -> Arc<dyn SpanStore> {
    open_spans("test", "memory:", &Options::default()).await.unwrap()
}

/// Redis with a prefix of its own.
fn server() -> (ServerOptions, engines::Guard) {
    let (options, prefix, guard) = engines::redis();
    let url = options.url.unwrap().expose().to_owned();
    (ServerOptions { url: Some(Secret::new(format!("{url}?prefix={prefix}"))), ..ServerOptions::default() }, guard)
}

fn one(name: &str) -> TenantScope {
    TenantScope::One(name.parse().unwrap())
}

/// The hours up to this one after the first span, all of them.
fn until(hour: i64) -> StatsQuery {
    let end = Timestamp::from_unix_us(START.unix_us() + hour * HOUR_US);
    let filter = SpanFilter { until: Some(end), ..SpanFilter::default() };
    StatsQuery { filter, group_by: vec![Dimension::Model, Dimension::User], interval_us: Some(HOUR_US) }
}

fn at(hour: i64) -> SpanBuilder {
    span().at(Timestamp::from_unix_us(START.unix_us() + hour * HOUR_US))
}

async fn write(store: &dyn SpanStore, spans: impl IntoIterator<Item = SpanBuilder>) {
    let batch: Vec<_> = spans.into_iter().map(SpanBuilder::record).collect();
    store.write(&batch).await.unwrap();
}

/// The keys of answers with what they hold and how many milliseconds they live.
async fn kept(site: &Site) -> Vec<(String, Vec<u8>, i64)> {
    let link = &site.cached.keep.link;
    let send = async |command: &redis::Cmd| link.send("test", command).await.unwrap().unwrap();
    let (mut cursor, mut found) = ("0".to_owned(), Vec::new());
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(&cursor).arg("MATCH").arg(format!("{}:*:a:q:*", link.prefix())).arg("COUNT").arg(1000);
        let (next, keys): (String, Vec<String>) = redis::from_redis_value(send(&scan).await).unwrap();
        for key in keys {
            let Value::BulkString(entry) = send(redis::cmd("GET").arg(&key)).await else { continue };
            let Value::Int(left) = send(redis::cmd("PTTL").arg(&key)).await else { continue };
            found.push((key, entry, left));
        }
        if next == "0" {
            return found;
        }
        cursor = next;
    }
}

async fn put(site: &Site, key: &str, entry: &[u8]) {
    let mut command = redis::cmd("SET");
    command.arg(key).arg(entry).arg("PX").arg(15_000);
    site.cached.keep.link.send("test", &command).await.unwrap().unwrap();
}

/// A question as its key and its entry have it.
fn text(query: &StatsQuery) -> String {
    format!("stats {query:?}")
}

#[tokio::test]
async fn an_answer_is_kept_for_every_process_and_only_under_its_scope() {
    let (server, _guard) = server();
    let inner = memory().await;
    write(inner.as_ref(), [numbered(1).tenant("a"), numbered(2).tenant("a"), numbered(3).tenant("b")]).await;
    let (first, second) = (Site::connected(&inner, &server).await, Site::connected(&inner, &server).await);
    let question = until(1);
    for (scope, requests) in [(one("a"), 2), (one("b"), 1), (TenantScope::All, 3), (one("c"), 0)] {
        assert_eq!(first.requests(&scope, &question).await, requests);
        assert_eq!(first.news(), [CacheEvent::Miss], "{scope:?}");
        assert_eq!(second.requests(&scope, &question).await, requests);
        assert_eq!(second.news(), [CacheEvent::Hit], "{scope:?}");
    }
    // Tags in another order are the same question, another filter is another one.
    let tagged =
        |tags: &[&str]| SpanFilter { tags: tags.iter().map(ToString::to_string).collect(), ..SpanFilter::default() };
    for (filter, news) in [
        (tagged(&["x", "y"]), CacheEvent::Miss),
        (tagged(&["y", "x", "y"]), CacheEvent::Hit),
        (tagged(&["x"]), CacheEvent::Miss),
    ] {
        first.cached.models(&one("a"), &filter).await.unwrap();
        assert_eq!(first.news(), [news]);
    }
}

#[tokio::test]
async fn how_long_an_answer_is_kept_depends_on_whether_its_time_is_over() {
    let (server, _guard) = server();
    let inner = memory().await;
    write(inner.as_ref(), [at(0)]).await;
    let site = Site::connected(&inner, &server).await.at_hour(3);
    site.requests(&one("default"), &until(2)).await;
    let lives: Vec<_> = kept(&site).await.into_iter().map(|(_, _, left)| left).collect();
    assert!(matches!(lives[..], [left] if (10_000..=15_000).contains(&left)), "{lives:?}");
    for answers in [until(3), StatsQuery::default()] {
        site.requests(&one("other"), &answers).await;
    }
    site.cached.list_traces(&one("other"), &until(1).filter, &PageRequest::first(5)).await.unwrap();
    let lives: Vec<_> = kept(&site).await.into_iter().map(|(_, _, left)| left).filter(|left| *left <= 2000).collect();
    assert_eq!(lives.len(), 3, "what reaches into the present, and lists, which add up spans of any time");
}

#[tokio::test]
async fn garbage_is_read_again_from_the_store() {
    let (server, _guard) = server();
    let inner = memory().await;
    write(inner.as_ref(), [at(0).user("u"), numbered(2).user("v")]).await;
    let site = Site::connected(&inner, &server).await.at_hour(9);
    let (scope, question) = (TenantScope::All, until(2));
    site.requests(&scope, &question).await;
    let (key, good, _) = kept(&site).await.pop().unwrap();
    let other = entry::write(
        &Generations { own: b"x".to_vec(), every: b"y".to_vec() },
        &text(&question),
        &Vec::<StatsRow>::new(),
    );
    let mut broken = vec![Vec::new(), b"garbage".to_vec(), good[..good.len() / 2].to_vec(), other];
    for at in 0..good.len() {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        broken.push(flipped);
    }
    site.news();
    for entry in &broken {
        put(&site, &key, entry).await;
        assert_eq!(site.requests(&scope, &question).await, 2);
        let news = site.news();
        assert!(!news.contains(&CacheEvent::Hit) && news.contains(&CacheEvent::Miss), "{news:?}");
    }
    // It is whole again, and no key of another type is an error either.
    site.requests(&scope, &question).await;
    assert_eq!(site.news(), [CacheEvent::Hit]);
    let link = &site.cached.keep.link;
    link.send("test", redis::cmd("DEL").arg(&key)).await.unwrap().unwrap();
    link.send("test", redis::cmd("LPUSH").arg(&key).arg("x")).await.unwrap().unwrap();
    assert_eq!(site.requests(&scope, &question).await, 2);
}

#[tokio::test]
async fn what_is_too_large_or_too_slow_is_not_kept() {
    let (server, _guard) = server();
    let site = Site::connected(&memory().await, &server).await;
    let generations = Generations { own: Vec::new(), every: Vec::new() };
    let offer = async |took, answer: &Vec<ModelTraffic>| {
        site.cached.offer("key", "question", &generations, Holds::Settled, took, answer).await;
        site.news()
    };
    assert_eq!(offer(MAX_KEPT, &Vec::new()).await, [CacheEvent::TooSlow]);
    let large = ModelTraffic {
        provider: "p".repeat(MAX_KEPT_BYTES),
        model: String::new(),
        requests: 0,
        unpriced_requests: 0,
        total_tokens: 0,
        cost: llmtrace_model::Money::ZERO,
        last_seen: START,
    };
    assert_eq!(offer(Duration::ZERO, &vec![large]).await, [CacheEvent::TooLarge]);
    assert_eq!(kept(&site).await, []);
}

#[tokio::test]
async fn a_redis_that_is_away_is_no_error_and_costs_nothing() {
    // Bound and never accepted from: nothing listens once it is dropped.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = Secret::new(format!("redis://u:hunter2@127.0.0.1:{port}"));
    let inner = memory().await;
    let site = Site::over(&inner, &ServerOptions { url: Some(url), ..ServerOptions::default() }).at_hour(9);
    write(&site.cached, [at(0), at(1)]).await;
    assert_eq!(site.news(), [CacheEvent::Untold]);
    assert_eq!(site.cached.look_after().await, Duration::from_secs(1));
    assert_eq!(site.news(), [CacheEvent::Failed(ErrorKind::Unavailable)]);
    for _ in 0..2 {
        assert_eq!(site.requests(&TenantScope::All, &until(2)).await, 2);
        assert_eq!(site.news(), [CacheEvent::Bypassed]);
    }
}

#[tokio::test]
async fn after_redis_came_back_empty_nothing_old_holds() {
    let (server, _guard) = server();
    let inner = memory().await;
    write(inner.as_ref(), [at(0)]).await;
    let site = Site::connected(&inner, &server).await.at_hour(9);
    let (scope, question) = (one("default"), until(2));
    site.requests(&scope, &question).await;
    site.news();
    let (key, entry, _) = kept(&site).await.pop().unwrap();
    // Only the generation is gone, as where memory is short.
    let generation = format!("{}:{{default}}:a:g", site.cached.keep.link.prefix());
    site.cached.keep.link.send("test", redis::cmd("DEL").arg(&generation)).await.unwrap().unwrap();
    put(&site, &key, &entry).await;
    site.requests(&scope, &question).await;
    site.requests(&scope, &question).await;
    assert_eq!(site.news(), [CacheEvent::Miss, CacheEvent::Hit]);
}

#[tokio::test]
async fn everything_else_goes_through() {
    let (server, _guard) = server();
    let inner = memory().await;
    let site = Site::connected(&inner, &server).await;
    write(&site.cached, [at(0).said("hello", "world")]).await;
    let (scope, all, page) = (TenantScope::All, SpanFilter::default(), PageRequest::first(10));
    let found = site.cached.list(&scope, &all, &page).await.unwrap().items.pop().unwrap();
    assert_eq!(site.cached.count(&scope, &all).await.unwrap(), 1);
    assert_eq!(site.cached.list_records(&scope, &all, &page).await.unwrap().items.len(), 1);
    assert!(site.cached.span(&scope, found.span_id).await.unwrap().is_some());
    assert!(site.cached.exchange(&scope, found.exchange_id).await.unwrap().is_some());
    assert_eq!(site.cached.trace(&scope, found.trace_id).await.unwrap().len(), 1);
    assert_eq!(site.cached.raws(&scope, &[found.exchange_id]).await.unwrap(), [None]);
    let rules = Retentions { default: Retention::default(), of: std::collections::BTreeMap::default() };
    assert_eq!(site.cached.expire(&rules, START).await.unwrap(), Erased::default());
    assert_eq!(site.cached.backend(), Backend::Memory);
    site.cached.ping().await.unwrap();
    assert_eq!(kept(&site).await, [], "no span is kept");
    site.cached.close().await.unwrap();
    assert!(inner.ping().await.is_err());
}
