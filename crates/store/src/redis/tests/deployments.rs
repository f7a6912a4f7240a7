//! The same calls on every kind of deployment, over TLS and as a user with few rights; with the server's clock.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{ExchangeId, Holder, Money, Session, SessionHash, StatsQuery, TenantId, TenantScope, Timestamp};
use parking_lot::Mutex;

use super::servers::{Server, at, cluster, until};
use crate::{
    Bucket, CacheEvent, Cached, Counter, CounterName, CounterStore, Demand, Draw, ErrorKind, Grade, Keeping, MAX_KEPT,
    Options, Put, Rebuild, Rebuilt, ServerOptions, Settle, Settled, SharedNote, Slot, SpanRead as _, Take, Taken,
    Unreserved, Window, conformance::builders::span, examine, open_counters, open_spans,
};

/// What a user needs, as docs/guide/operations.md has it.
const RIGHTS: &str = "~llmtrace:* +get +mget +set +del +evalsha +eval +time +hset +hmget +hexists +pexpire +zadd \
    +zrangebyscore +zrem +info";

/// What it needs more where the servers are a cluster, and where sentinels name the master.
const OF_A_CLUSTER: &str = "+cluster|slots";
const OF_SENTINELS: &str = "+role";

const MINUTE: Duration = Duration::from_secs(60);
const HOUR_US: i64 = 3_600_000_000;
/// Only sessions look at it.
const NOW: Timestamp = Timestamp::from_unix_us(0);

async fn counters(server: &ServerOptions) -> Arc<dyn CounterStore> {
    let options = Options { redis: server.clone(), ..Options::default() };
    open_counters("storage.counters", "redis:", &options).await.unwrap()
}

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn name(name: &str) -> CounterName {
    name.parse().unwrap()
}

fn id(number: u8) -> ExchangeId {
    ExchangeId::mint(1_790_000_000_000, [number; 10])
}

fn window() -> Window {
    Window { name: name("w"), ends_at: None }
}

/// Takes all there is to take.
fn take(number: u8) -> Take {
    Take {
        exchange_id: id(number),
        amount: Money::from_nanos(5),
        windows: vec![Demand { window: window(), limit: Some(Money::from_nanos(100)) }],
        slots: vec![Slot { name: name("s"), limit: 2 }],
        draws: vec![Draw { bucket: Bucket { name: name("b"), tokens: 10, period_ms: 1000, burst: 10 }, tokens: 1 }],
        lease: MINUTE,
    }
}

async fn make(store: &Arc<dyn CounterStore>, tenant: &TenantId) {
    assert!(store.claim(tenant, &name("w"), 1, MINUTE, NOW).await.unwrap());
    let rebuild = Rebuild { window: window(), token: 1, found: None, spent: Money::from_nanos(7) };
    assert_eq!(store.rebuild(tenant, &rebuild, NOW).await.unwrap(), Rebuilt::Done);
}

async fn settle(store: &Arc<dyn CounterStore>, tenant: &TenantId, number: u8) -> Settled {
    let settle = Settle {
        exchange_id: id(number),
        amount: Money::from_nanos(3),
        unreserved: Unreserved::Report,
        corrections: Vec::new(),
    };
    store.settle(tenant, &settle, NOW).await.unwrap()
}

async fn read(store: &Arc<dyn CounterStore>, tenant: &TenantId) -> Option<Counter> {
    store.counters(tenant, &[name("w")], NOW).await.unwrap().pop().unwrap()
}

/// Makes a user with these rights, and says how it is named in a URL.
async fn user(server: &Server, rights: &[&str]) -> &'static str {
    let words = ["ACL", "SETUSER", "llmtrace", "on", ">p@:/?#%"].into_iter();
    let rights = rights.iter().flat_map(|rights| rights.split_ascii_whitespace());
    server.ask(&words.chain(rights).collect::<Vec<_>>()).await;
    "llmtrace:p%40%3A%2F%3F%23%25"
}

fn session(number: usize) -> Session {
    Session {
        hash: SessionHash::of(&number.to_string()),
        holder: Holder::AdminKey,
        created_at: NOW,
        seen_at: NOW,
        expires_at: Timestamp::from_unix_us(10 * HOUR_US),
        idle_us: HOUR_US.unsigned_abs(),
    }
}

async fn sees(store: &Arc<dyn CounterStore>, number: usize, us: i64) -> Option<i64> {
    let found = store.session(&session(number).hash, Timestamp::from_unix_us(us)).await.unwrap();
    found.map(|found| found.seen_at.unix_us())
}

/// Every call of the ports, for keys that lie in many slots, and an answer that is kept and ended.
async fn everything_works(server: &ServerOptions) {
    let store = counters(server).await;
    store.ping().await.unwrap();
    for number in 0..20 {
        let tenant = tenant(&format!("t{number}"));
        make(&store, &tenant).await;
        assert!(matches!(store.take(&tenant, &take(1), NOW).await.unwrap(), Taken::Granted { .. }));
        assert_eq!(store.renew(&tenant, &[id(1), id(9)], MINUTE, NOW).await.unwrap(), [id(9)]);
        assert!(store.release_slots(&tenant, id(1), NOW).await.unwrap());
        assert_eq!(settle(&store, &tenant, 1).await, Settled::Done);
        assert_eq!(settle(&store, &tenant, 1).await, Settled::Before);
        let counter = read(&store, &tenant).await.unwrap();
        assert_eq!((counter.spent.nanos(), counter.reserved.nanos()), (10, 0));
        let note = SharedNote { value: vec![1], keep: MINUTE };
        assert!(store.put_note(&tenant, &name("n"), &note, Put::IfAbsent, NOW).await.unwrap());
        assert_eq!(store.note(&tenant, &name("n"), NOW).await.unwrap(), Some(vec![1]));
        assert!(store.drop_note(&tenant, &name("n"), NOW).await.unwrap());
        assert_eq!(store.open_session(&session(number)).await.unwrap(), 0);
        assert_eq!(sees(&store, number, HOUR_US / 2).await, Some(HOUR_US / 2));
        store.close_session(&session(number).hash).await.unwrap();
        assert_eq!(sees(&store, number, HOUR_US / 2).await, None);
    }
    assert_eq!(store.complaint(), None);
    store.close().await.unwrap();
    let (cached, events) = cached(server).await;
    let question = StatsQuery::default();
    let scopes = ["a", "b", "c"].map(|name| TenantScope::One(tenant(name)));
    for scope in scopes.iter().chain([&TenantScope::All]) {
        for news in [CacheEvent::Miss, CacheEvent::Hit] {
            cached.stats(scope, &question).await.unwrap();
            assert_eq!(std::mem::take(&mut *events.lock()), [news], "{scope:?}");
        }
    }
    // A span of long ago ends what is kept of its tenant and of all.
    crate::SpanWrite::write(&cached, &[span().tenant("a").record()]).await.unwrap();
    for (scope, news) in
        [(&scopes[0], CacheEvent::Miss), (&scopes[1], CacheEvent::Hit), (&TenantScope::All, CacheEvent::Miss)]
    {
        cached.stats(scope, &question).await.unwrap();
        assert_eq!(std::mem::take(&mut *events.lock()), [news], "{scope:?}");
    }
}

async fn cached(server: &ServerOptions) -> (Cached, Arc<Mutex<Vec<CacheEvent>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let keeping = Keeping {
        server: server.clone(),
        longest: MAX_KEPT,
        now: Arc::new(|| Timestamp::from_unix_us(i64::MAX)),
        watch: Arc::new(move |event| heard.lock().push(event)),
    };
    let inner = open_spans("test", "memory:", &Options::default()).await.unwrap();
    let cached = Cached::over(inner, "redis", keeping).unwrap().patient();
    cached.look_after().await;
    (cached, events)
}

#[tokio::test]
async fn a_cluster_counts_and_keeps() {
    let nodes = cluster(&[]).await;
    let mut name = "";
    for node in &nodes {
        name = user(node, &[RIGHTS, OF_A_CLUSTER]).await;
    }
    // Two of three: the third is found.
    let url = format!("redis+cluster://{name}@127.0.0.1:{},127.0.0.1:{}", nodes[0].port, nodes[1].port);
    everything_works(&at(&url)).await;
    for node in &nodes {
        assert_ne!(node.ask(&["DBSIZE"]).await, redis::Value::Int(0), "keys lie on all of them");
    }
}

#[tokio::test]
async fn a_user_with_few_rights_counts_and_keeps() {
    let server = Server::start(&[]);
    let name = user(&server, &[RIGHTS]).await;
    let redis = at(&format!("redis://{name}@127.0.0.1:{}", server.port));
    everything_works(&redis).await;
    let notes = examine("storage.counters", "redis:", &Options { redis, ..Options::default() }).await;
    assert!(notes.iter().all(|note| note.grade != Grade::Fail), "{notes:?}");
}

#[tokio::test]
async fn a_user_who_may_too_little_is_told_where_to_look() {
    let server = Server::start(&["--requirepass", "secret"]);
    for (url, part) in [
        (format!("redis://127.0.0.1:{}", server.port), "redis.password: the server asks for one"),
        (format!("redis://:hunter2@127.0.0.1:{}", server.port), "redis.password: the server refuses it"),
    ] {
        let error = counters(&at(&url)).await.ping().await.unwrap_err();
        let text = format!("{error}: {}", error.source);
        assert!(error.kind == ErrorKind::Unavailable && text.contains(part) && !text.contains("hunter2"), "{text}");
    }
    let server = Server::start(&[]);
    server.ask(&["ACL", "SETUSER", "u", "on", ">p", "~other:*", "+@all"]).await;
    let error = counters(&at(&format!("redis://u:p@127.0.0.1:{}", server.port))).await.ping().await.unwrap_err();
    assert!(
        error.source.to_string().contains("give it the commands and keys that the guide names"),
        "{}",
        error.source
    );
    server.ask(&["ACL", "SETUSER", "v", "on", ">p", "~*", "+@all", "-info"]).await;
    let store = counters(&at(&format!("redis://v:p@127.0.0.1:{}", server.port))).await;
    store.ping().await.unwrap();
    assert!(store.complaint().is_some_and(|why| why.contains("may not run INFO")));
}

#[tokio::test]
async fn a_session_is_a_key_that_the_server_drops_at_its_end() {
    let server = Server::start(&[]);
    let store = counters(&at(&format!("redis://127.0.0.1:{}", server.port))).await;
    let left_s = async || match server.ask(&["TTL", &key(&server).await]).await {
        redis::Value::Int(left) => left,
        other => panic!("{other:?}"),
    };
    assert_eq!(store.open_session(&session(1)).await.unwrap(), 0);
    for (now, seen, left) in [(0, 0, 3_600), (HOUR_US / 2, HOUR_US / 2, 3_600), (HOUR_US, HOUR_US, 3_600)] {
        assert_eq!(sees(&store, 1, now).await, Some(seen));
        assert!((left - 60..=left).contains(&left_s().await));
    }
    let late = Session { seen_at: Timestamp::from_unix_us(9 * HOUR_US), ..session(1) };
    assert_eq!(store.open_session(&late).await.unwrap(), 0);
    assert_eq!(sees(&store, 1, 10 * HOUR_US - 600_000_000).await, Some(10 * HOUR_US - 600_000_000));
    assert!((540..=600).contains(&left_s().await), "no longer than it has");
    // One that had ended before it began leaves nothing.
    let over = Session { idle_us: 0, ..session(1) };
    assert_eq!(store.open_session(&over).await.unwrap(), 0);
    assert_eq!(server.ask(&["DBSIZE"]).await, redis::Value::Int(0));
}

/// The only key of a server.
async fn key(server: &Server) -> String {
    redis::from_redis_value(server.ask(&["RANDOMKEY"]).await).unwrap()
}

#[tokio::test]
async fn a_session_that_cannot_be_noted_is_found() {
    let server = Server::start(&[]);
    let store = counters(&at(&format!("redis://127.0.0.1:{}", server.port))).await;
    assert_eq!(store.open_session(&session(1)).await.unwrap(), 0);
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    assert_eq!(sees(&store, 1, HOUR_US / 2).await, Some(0));
    assert!(store.open_session(&session(2)).await.unwrap_err().kind.is_retryable());
    store.close_session(&session(1).hash).await.unwrap();
    assert_eq!(sees(&store, 1, HOUR_US / 2).await, None);
}

#[tokio::test]
async fn an_engine_that_evicts_is_complained_of() {
    let server = Server::start(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]);
    let store = counters(&at(&format!("redis://127.0.0.1:{}", server.port))).await;
    store.ping().await.unwrap();
    let complaint = store.complaint().unwrap();
    assert!(complaint.contains("allkeys-lru") && complaint.contains("noeviction"), "{complaint}");
}

#[tokio::test]
async fn after_a_failover_calls_go_on_with_the_new_master() {
    let mut master = Server::start(&[]);
    let own = ["--replicaof", "127.0.0.1", &master.port.to_string(), "--repl-diskless-sync-delay", "0"];
    let replica = Server::start(&own);
    replica.until(&["INFO", "replication"], "master_link_status:up").await;
    let sentinel = Server::sentinel(master.port);
    user(&master, &[RIGHTS, OF_SENTINELS]).await;
    let name = user(&replica, &[RIGHTS, OF_SENTINELS]).await;
    sentinel.until(&["SENTINEL", "REPLICAS", "main"], &replica.port.to_string()).await;
    let url = at(&format!("redis+sentinel://{name}@127.0.0.1:{}/main", sentinel.port));
    let (store, tenant) = (counters(&url).await, tenant("t"));
    make(&store, &tenant).await;
    assert!(matches!(store.take(&tenant, &take(1), NOW).await.unwrap(), Taken::Granted { .. }));
    assert_eq!(store.open_session(&session(1)).await.unwrap(), 0);
    let (cached, events) = cached(&url).await;
    cached.stats(&TenantScope::All, &StatsQuery::default()).await.unwrap();
    assert_eq!(std::mem::take(&mut *events.lock()), [CacheEvent::Miss]);
    master.ask(&["WAIT", "1", "5000"]).await;
    master.kill();
    let error = store.ping().await.unwrap_err();
    assert!(error.kind.is_retryable(), "{error}");
    until("the new master answers", async || store.ping().await.is_ok()).await;
    assert_eq!(settle(&store, &tenant, 1).await, Settled::Done);
    assert_eq!(read(&store, &tenant).await.unwrap().spent.nanos(), 10, "the replica had it");
    assert_eq!(sees(&store, 1, HOUR_US / 2).await, Some(HOUR_US / 2));
    // A read in between goes to the store.
    cached.stats(&TenantScope::All, &StatsQuery::default()).await.unwrap();
    assert!(!events.lock().contains(&CacheEvent::Hit));
}

#[tokio::test]
async fn a_server_that_hangs_holds_nobody_up() {
    let server = Server::start(&[]);
    let url = at(&format!("redis://127.0.0.1:{}", server.port));
    let (cached, events) = cached(&url).await;
    let cached = cached.impatient();
    server.signal("-STOP");
    let began = std::time::Instant::now();
    cached.stats(&TenantScope::All, &StatsQuery::default()).await.unwrap();
    let first = began.elapsed();
    for _ in 0..100 {
        cached.stats(&TenantScope::All, &StatsQuery::default()).await.unwrap();
    }
    let rest = began.elapsed() - first;
    server.signal("-CONT");
    let events = std::mem::take(&mut *events.lock());
    assert_eq!(events[..2], [CacheEvent::Failed(ErrorKind::Timeout), CacheEvent::Bypassed]);
    assert!(events[2..].iter().all(|event| *event == CacheEvent::Bypassed) && events.len() == 102, "{events:?}");
    assert!(rest < Duration::from_secs(1), "{rest:?}: after the first one nobody waits");
}
