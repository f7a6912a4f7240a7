//! Spans as fast as they come, one a millisecond: what writing costs, and what lists cost that walk one index.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use llmtrace_model::{Cursor, PageRequest, SpanFilter, SpanRecord, Status, TenantId, TenantScope, Timestamp};
use llmtrace_store::{
    Error, SpanStore,
    conformance::builders::{START, numbered},
};

use crate::{
    bodies::Bodies,
    timing::{self, Failure, cpu_time, measure, write_calls},
};

pub(crate) const BATCH: u64 = 500;
/// Spans that are built before they are timed; CPU time is told in steps of 10 ms, so it must last a while.
pub(crate) const CHUNK: u64 = 20_000;
const TENANTS: u64 = 20;
const SPANS_PER_TRACE: u64 = 3;
const SPANS_PER_SESSION: u64 = 30;
const PAGE: u32 = 100;

/// The n-th span: its trace, session, tenant and the rest follow from n.
fn record(n: u64) -> Arc<SpanRecord> {
    let mut builder =
        numbered(n).tenant(&tenant(n)).model(["gpt-4o-mini", "claude-sonnet-4"][usize::from(n.is_multiple_of(3))]);
    builder = builder.trace(trace(n)).session(&session(n)).user(&format!("user-{}", n % 5000)).agent("support");
    builder = builder.tokens(200 + n % 100, 50 + n % 30).cost_nanos(61_500).said(&"word ".repeat(160), "an answer");
    if n.is_multiple_of(50) { builder.failed() } else { builder }.record()
}

pub(crate) fn tenant(n: u64) -> String {
    format!("team-{}", n / SPANS_PER_SESSION % TENANTS)
}

/// Neighbours share a trace; its id is scattered as those of clients are.
pub(crate) fn trace(n: u64) -> u128 {
    u128::from(n / SPANS_PER_TRACE + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

pub(crate) fn session(n: u64) -> String {
    format!("{:016x}", (n / SPANS_PER_SESSION).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Writes the spans and prints what that costs.
pub(crate) async fn fill(store: &Arc<dyn SpanStore>, count: u64, bodies: Bodies) -> Result<(), Failure> {
    println!("{count} spans of 1 KB content, batches of {BATCH}, {}", store.backend());
    let (mut took, mut cpu, mut slowest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut done = 0;
    while done < count {
        let upper = (done + CHUNK).min(count);
        let chunk: Vec<_> = (done..upper).map(|n| bodies.of(n, record(n))).collect();
        let (began, cpu_began) = (Instant::now(), cpu_time()?);
        for batch in chunk.chunks(usize::try_from(BATCH)?) {
            let one = Instant::now();
            store.write(batch).await?;
            slowest = slowest.max(one.elapsed());
        }
        took += began.elapsed();
        cpu += cpu_time()? - cpu_began;
        done = upper;
        if done == count || done.is_multiple_of(200_000) {
            println!(
                "written {done}: {:.0} spans/s, {:.1} us CPU per span, {:.1} write calls per span, slowest batch {:.1} ms",
                done as f64 / took.as_secs_f64(),
                cpu.as_secs_f64() * 1e6 / done as f64,
                write_calls()? as f64 / done as f64,
                slowest.as_secs_f64() * 1e3
            );
        }
    }
    Ok(())
}

/// Asks for lists and prints how long they take.
pub(crate) async fn ask(store: &Arc<dyn SpanStore>, count: u64, bodies: Bodies) -> Result<(), Failure> {
    let any = |i: u64| i.wrapping_mul(7_919_317) % count;
    let one = |n: u64| tenant(n).parse::<TenantId>().map(TenantScope::One).expect("a tenant name");
    let first = PageRequest::first(PAGE);
    let deep = |n: u64| {
        let at = record(n).span.clone();
        PageRequest { limit: PAGE, after: Some(Cursor { started_at: at.started_at, id: at.exchange_id }) }
    };
    let none = SpanFilter::default();
    let all = TenantScope::All;
    timing::heading();
    measure("list tenant, first page", |i| store.list_len(one(any(i)), none.clone(), first.clone())).await?;
    measure("list tenant, deep page", |i| store.list_len(one(any(i)), none.clone(), deep(any(i)))).await?;
    measure("list all tenants, deep page", |i| store.list_len(all.clone(), none.clone(), deep(any(i)))).await?;
    measure("list session", |i| {
        let filter = SpanFilter { session_id: Some(session(any(i))), ..SpanFilter::default() };
        store.list_len(one(any(i)), filter, first.clone())
    })
    .await?;
    measure("list by trace", |i| {
        let filter = SpanFilter { trace_id: Some(record(any(i)).span.trace_id), ..SpanFilter::default() };
        store.list_len(one(any(i)), filter, first.clone())
    })
    .await?;
    measure("list errors of a tenant, deep", |i| {
        let filter = SpanFilter { status: Some(Status::Error), ..SpanFilter::default() };
        store.list_len(one(any(i)), filter, deep(any(i)))
    })
    .await?;
    measure("list one user (no index)", |i| {
        let filter = SpanFilter { user_id: Some(format!("user-{}", any(i) % 5000)), ..SpanFilter::default() };
        store.list_len(one(any(i)), filter, first.clone())
    })
    .await?;
    measure("list one agent, deep (no index)", |i| {
        let filter = SpanFilter { agent_id: Some("support".to_owned()), ..SpanFilter::default() };
        store.list_len(one(any(i)), filter, deep(any(i)))
    })
    .await?;
    measure("list a provider nobody uses", |i| {
        let filter = SpanFilter { provider: Some("nobody".to_owned()), ..SpanFilter::default() };
        let (store, scope) = (Arc::clone(store), one(any(i)));
        async move { Ok(store.list(&scope, &filter, &PageRequest::first(PAGE)).await?.items.len() + 1) }
    })
    .await?;
    measure("records of a tenant, deep page", |i| {
        let (store, scope, page) = (Arc::clone(store), one(any(i)), deep(any(i)));
        async move { Ok(store.list_records(&scope, &SpanFilter::default(), &page).await?.items.len()) }
    })
    .await?;
    measure("traces of a tenant, first page", |i| store.traces_len(one(any(i)), none.clone(), first.clone())).await?;
    measure("traces of a tenant, deep page", |i| store.traces_len(one(any(i)), none.clone(), deep(any(i)))).await?;
    measure("traces of all, deep page", |i| store.traces_len(all.clone(), none.clone(), deep(any(i)))).await?;
    measure("one trace with content", |i| {
        let (store, scope, id) = (Arc::clone(store), one(any(i)), record(any(i)).span.trace_id);
        async move { Ok(store.trace(&scope, id).await?.len()) }
    })
    .await?;
    measure("one span by span id", |i| {
        let (store, scope, id) = (Arc::clone(store), one(any(i)), record(any(i)).span.span_id);
        async move { Ok(usize::from(store.span(&scope, id).await?.is_some())) }
    })
    .await?;
    if bodies == Bodies::Kept {
        measure("the bytes of one exchange", |i| {
            let (store, scope, id) = (Arc::clone(store), one(any(i)), record(any(i)).span.exchange_id);
            async move { Ok(usize::from(store.raw(&scope, id).await?.is_some())) }
        })
        .await?;
    }
    measure("count one tenant", |i| {
        let (store, scope) = (Arc::clone(store), one(any(i)));
        async move { Ok(usize::try_from(store.count(&scope, &SpanFilter::default()).await?).unwrap_or(usize::MAX)) }
    })
    .await?;
    measure("count a minute of all", |i| {
        let from = Timestamp::from_unix_us(START.unix_us() + i64::try_from(any(i)).unwrap_or(0) * 1000);
        let until = Timestamp::from_unix_us(from.unix_us() + 60_000_000);
        let filter = SpanFilter { from: Some(from), until: Some(until), ..SpanFilter::default() };
        let store = Arc::clone(store);
        async move { Ok(usize::try_from(store.count(&TenantScope::All, &filter).await?).unwrap_or(usize::MAX)) }
    })
    .await
}

/// The two lists, as futures that own what they ask for.
trait Lengths {
    fn list_len(&self, s: TenantScope, f: SpanFilter, p: PageRequest) -> impl Future<Output = Result<usize, Error>>;
    fn traces_len(&self, s: TenantScope, f: SpanFilter, p: PageRequest) -> impl Future<Output = Result<usize, Error>>;
}

impl Lengths for Arc<dyn SpanStore> {
    async fn list_len(&self, s: TenantScope, f: SpanFilter, p: PageRequest) -> Result<usize, Error> {
        Ok(self.list(&s, &f, &p).await?.items.len())
    }

    async fn traces_len(&self, s: TenantScope, f: SpanFilter, p: PageRequest) -> Result<usize, Error> {
        Ok(self.list_traces(&s, &f, &p).await?.items.len())
    }
}
