//! What keeping answers promises, on a real Redis.

use std::sync::atomic::{AtomicI64, Ordering};

use llmtrace_model::{Dimension, Retention};
use parking_lot::Mutex;
use proptest::prelude::*;
use redis::Value;

use super::*;
use crate::{
    Options, Secret,
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
        scan.arg(&cursor).arg("MATCH").arg(format!("{}:*:c:q:*", link.prefix())).arg("COUNT").arg(1000);
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

fn text(query: &StatsQuery) -> String {
    format!("stats {query:?}")
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
async fn an_answer_of_another_question_with_the_same_hash_is_not_taken() {
    let (server, _guard) = server();
    let site = Site::connected(&memory().await, &server).await;
    let scope = one("a");
    let key = site.cached.keep.key(&scope, "s1");
    let Found::Now(generations, None) = site.cached.keep.look(&scope, &key).await else { panic!("away") };
    let entry = entry::write(&generations, "a question", &Vec::<StatsRow>::new());
    assert_eq!(entry::read::<Vec<StatsRow>>(&entry, &generations, "a question"), Ok(Vec::new()));
    assert_eq!(entry::read::<Vec<StatsRow>>(&entry, &generations, "another"), Err(Unfit::Stale));
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
    let generation = format!("{}:{{default}}:c:g", site.cached.keep.link.prefix());
    site.cached.keep.link.send("test", redis::cmd("DEL").arg(&generation)).await.unwrap().unwrap();
    put(&site, &key, &entry).await;
    site.requests(&scope, &question).await;
    site.requests(&scope, &question).await;
    assert_eq!(site.news(), [CacheEvent::Miss, CacheEvent::Hit]);
}

#[tokio::test]
async fn one_of_many_who_ask_the_same_at_once_asks_the_store() {
    let flights = Flights::<u32>::default();
    let asked = AtomicI64::new(0);
    let (open, gate) = tokio::sync::watch::channel(false);
    let ask = async |key: &str| {
        let work = async {
            let turn = asked.fetch_add(1, Ordering::Relaxed);
            gate.clone().wait_for(|open| *open).await.unwrap();
            Ok(u32::try_from(turn).unwrap())
        };
        flights.join(key.to_owned(), MAX_LIVE, work).await.unwrap()
    };
    let (same, others) = tokio::join!(async { tokio::join!(ask("a"), ask("a"), ask("a")) }, async {
        let other = tokio::join!(ask("b"), async { open.send(true).unwrap() });
        other.0
    });
    assert_eq!((same, others), (((0, By::Us), (0, By::Another), (0, By::Another)), (1, By::Us)));
    assert_eq!(ask("a").await, (2, By::Us), "it is over");
}

#[tokio::test]
async fn the_next_one_asks_where_the_first_fails_or_leaves_or_is_too_old() {
    let flights = Flights::<u32>::default();
    let fails = async { Err(Error::closed(Backend::Memory, "stats")) };
    let (first, second) = tokio::join!(
        flights.join("a".to_owned(), MAX_LIVE, fails),
        flights.join("a".to_owned(), MAX_LIVE, async { Ok(2) })
    );
    assert!(first.is_err());
    assert_eq!(second.unwrap(), (2, By::Us));
    let leaves = flights.join("a".to_owned(), MAX_LIVE, std::future::pending());
    let (left, stayed) = tokio::join!(
        tokio::time::timeout(Duration::from_millis(1), leaves),
        flights.join("a".to_owned(), MAX_LIVE, async { Ok(3) })
    );
    assert!(left.is_err());
    assert_eq!(stayed.unwrap(), (3, By::Us));
    let old = flights.board("a", MAX_LIVE);
    assert!(!Arc::ptr_eq(&old, &flights.board("a", Duration::ZERO)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn any_bytes_are_an_answer_or_damage(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let generations = Generations { own: Vec::new(), every: Vec::new() };
        drop(entry::read::<Vec<StatsRow>>(&bytes, &generations, ""));
        let mut from = answer::Reader(&bytes);
        drop(Vec::<StatsRow>::take(&mut from));
        drop(Page::<SessionSummary>::take(&mut answer::Reader(&bytes)));
        drop(Page::<TraceSummary>::take(&mut answer::Reader(&bytes)));
        drop(Vec::<ModelTraffic>::take(&mut answer::Reader(&bytes)));
    }
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
