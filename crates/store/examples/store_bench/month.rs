//! A month of spans of several tenants: what roll-ups cost, and how long statistics and lists with filters take.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use llmtrace_model::{
    Action, Between, Confidence, Dimension, Finding, FindingKind, Found, Money, PageRequest, Severity, SpanFilter,
    SpanRecord, StatsQuery, TenantScope, Timestamp,
};
use llmtrace_store::{
    SpanStore,
    conformance::builders::{START, numbered},
};

use crate::timing::{self, Failure, cpu_time, measure};

const BATCH: u64 = 500;
const CHUNK: u64 = 20_000;
pub(crate) const HOUR_US: i64 = 3_600_000_000;
pub(crate) const MONTH_US: i64 = 30 * 24 * HOUR_US;
const SPANS_PER_TRACE: u64 = 3;
const SPANS_PER_SESSION: u64 = 12;
const TENANTS: u64 = 8;
const MODELS: u64 = 10;
const AGENTS: u64 = 20;
const USERS: u64 = 2000;
const PAGE: u32 = 50;

/// The n-th of so many spans. A session has one user, and so one tenant, one agent and one environment; each of its spans
/// takes any model.
fn record(n: u64, count: u64) -> Arc<SpanRecord> {
    let session = scattered(n / SPANS_PER_SESSION);
    let (user, span) = (session % USERS, scattered(n ^ 0x5555_5555));
    let model = span % MODELS;
    let lasting = 200_000 + (span >> 8) % 40_000_000 / (1 + (span >> 40) % 20);
    let mut builder = numbered(n)
        .at(started_at(n, count))
        .tenant(&tenant(user))
        .user(&format!("user-{user:04}"))
        .agent(&format!("agent-{}", (session >> 20) % AGENTS))
        .session(&format!("{session:016x}"))
        .trace(u128::from(n / SPANS_PER_TRACE + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
        .provider(["openai", "anthropic", "gcp.gemini"][usize::try_from(model % 3).unwrap_or(0)])
        .model(&format!("model-{model}"))
        .tokens(200 + span % 5000, 50 + span % 700)
        .cost_nanos(i64::try_from(50_000 + span % 20_000_000).unwrap_or(0))
        .lasting_us(lasting)
        .said(&"word ".repeat(160), "an answer");
    builder = builder.with(|span| {
        span.environment =
            Some(["production", "staging", "test"][usize::try_from(session % 3).unwrap_or(0)].to_owned());
        span.release = Some(format!("2026.{}", n * 4 / count));
        span.timing.first_token_us = Some(lasting / 7);
        span.tags = vec![format!("team:{}", session % 7)];
    });
    // Once in 100,000 spans: a tag, a finding, a cost, a model.
    builder = match n % 100_000 {
        77 => builder.with(|span| span.tags.push("rare".to_owned())),
        177 => builder.finding(finding()),
        277 => builder.cost_nanos(5_000_000_000),
        377 => builder.model("model-rare"),
        _ => builder,
    };
    if n.is_multiple_of(50) { builder.failed() } else { builder }.record()
}

/// The span that a server multiplies: nothing about it is rare.
pub(crate) fn first(count: u64, said: &str) -> Arc<SpanRecord> {
    let mut record = (*record(1, count)).clone();
    record.content = numbered(1).said(said, "an answer").record().content.clone();
    Arc::new(record)
}

fn finding() -> Finding {
    Finding {
        kind: FindingKind::Secret,
        severity: Severity::High,
        confidence: Confidence::new(0.9).expect("inside 0 to 1"),
        rule: "key".to_owned(),
        reason: "a key".to_owned(),
        subtype: "key".to_owned(),
        place: None,
        action: Action::Flag,
    }
}

fn scattered(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn tenant(user: u64) -> String {
    format!("team-{}", user % TENANTS)
}

fn started_at(n: u64, count: u64) -> Timestamp {
    let us = u128::from(n) * u128::from(MONTH_US.unsigned_abs()) / u128::from(count);
    Timestamp::from_unix_us(START.unix_us() + i64::try_from(us).unwrap_or(0))
}

/// When everything is asked: a little after the newest span, in an hour that has not ended.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_us(START.unix_us() + MONTH_US - HOUR_US / 4)
}

/// Writes the spans, where there are none, and rolls them up.
pub(crate) async fn fill(store: &Arc<dyn SpanStore>, count: u64) -> Result<(), Failure> {
    println!("{count} spans of 1 KB content over 30 days, {}", store.backend());
    let newest = store.list(&TenantScope::All, &SpanFilter::default(), &PageRequest::first(1)).await?;
    let mut done = if newest.items.is_empty() { 0 } else { count };
    while done < count {
        let upper = (done + CHUNK).min(count);
        let chunk: Vec<_> = (done..upper).map(|n| record(n, count)).filter(|r| r.span.started_at < now()).collect();
        for batch in chunk.chunks(usize::try_from(BATCH)?) {
            store.write(batch).await?;
        }
        done = upper;
    }
    roll_up(store, count).await
}

/// Tends until nothing is left.
pub(crate) async fn roll_up(store: &Arc<dyn SpanStore>, count: u64) -> Result<(), Failure> {
    let (began, cpu_began) = (Instant::now(), cpu_time()?);
    let (mut slowest, mut calls) = (Duration::ZERO, 0);
    loop {
        let one = Instant::now();
        let left = store.tend(now()).await?.rollup_hours;
        slowest = slowest.max(one.elapsed());
        calls += 1;
        if left == 0 {
            break;
        }
    }
    println!(
        "rolled up in {:.1} s, {:.1} us CPU per span, {calls} calls, slowest {:.0} ms",
        began.elapsed().as_secs_f64(),
        (cpu_time()? - cpu_began).as_secs_f64() * 1e6 / count as f64,
        slowest.as_secs_f64() * 1e3
    );
    Ok(())
}

/// Asks for statistics and lists and prints how long they take.
pub(crate) async fn ask(store: &Arc<dyn SpanStore>, count: u64) -> Result<(), Failure> {
    timing::heading();
    statistics(store).await?;
    lists(store, count).await
}

/// The last so many hours.
pub(crate) fn last(hours: i64, filter: SpanFilter) -> SpanFilter {
    let from = Timestamp::from_unix_us(now().unix_us() - hours * HOUR_US);
    SpanFilter { from: Some(from), until: Some(now()), ..filter }
}

fn minutes(minutes: i64) -> Option<i64> {
    Some(minutes * 60_000_000)
}

/// Name, hours, dimensions, step, filter.
type Question = (&'static str, i64, Vec<Dimension>, Option<i64>, SpanFilter);

fn questions() -> Vec<Question> {
    use Dimension::{Agent, Model, Provider, Status, Tenant, User};
    let none = SpanFilter::default;
    let user = SpanFilter { user_id: Some("user-0007".to_owned()), ..none() };
    let narrow = SpanFilter { environment: Some("production".to_owned()), model: Some("model-3".to_owned()), ..none() };
    let wide = SpanFilter { environment: Some("staging".to_owned()), ..none() };
    let dear = SpanFilter { cost: Between { min: Some(Money::from_nanos(1_000_000_000)), max: None }, ..none() };
    let tagged = SpanFilter { tags: vec!["team:3".to_owned()], ..none() };
    let (day, month) = (24, 30 * 24);
    vec![
        ("24 h", day, vec![], None, none()),
        ("24 h by model", day, vec![Model], None, none()),
        ("24 h by agent and model", day, vec![Agent, Model], None, none()),
        ("24 h by user", day, vec![User], None, none()),
        ("24 h in steps of 1 h", day, vec![], minutes(60), none()),
        ("24 h by model in steps of 1 h", day, vec![Model], minutes(60), none()),
        ("24 h in steps of 15 m (every span)", day, vec![], minutes(15), none()),
        ("24 h of a tag (every span)", day, vec![], None, tagged.clone()),
        ("30 d", month, vec![], None, none()),
        ("30 d by tenant", month, vec![Tenant], None, none()),
        ("30 d by model", month, vec![Model], None, none()),
        ("30 d by agent and model", month, vec![Agent, Model], None, none()),
        ("30 d by provider, model and status", month, vec![Provider, Model, Status], None, none()),
        ("30 d by user", month, vec![User], None, none()),
        ("30 d by user, one environment (widest family)", month, vec![User], None, wide),
        ("30 d in steps of 1 h", month, vec![], minutes(60), none()),
        ("30 d by model in steps of 1 h", month, vec![Model], minutes(60), none()),
        ("30 d by agent in steps of 1 h", month, vec![Agent], minutes(60), none()),
        ("30 d in steps of 1 d", month, vec![], minutes(1440), none()),
        ("30 d by agent and model in steps of 1 d", month, vec![Agent, Model], minutes(1440), none()),
        ("30 d of one environment and model by agent", month, vec![Agent], None, narrow),
        ("30 d of one user by model (widest family)", month, vec![Model], None, user),
        ("30 d of spans over $1 (few)", month, vec![], None, dear),
        ("30 d of a tag (every span)", month, vec![], None, tagged),
    ]
}

async fn statistics(store: &Arc<dyn SpanStore>) -> Result<(), Failure> {
    for (name, hours, group_by, interval_us, filter) in questions() {
        let query = StatsQuery { filter: last(hours, filter), group_by, interval_us };
        for (whose, scope) in [("all", TenantScope::All), ("one", TenantScope::One("team-7".parse()?))] {
            measure(&format!("stats, {whose}: {name}"), |_| {
                let (store, scope, query) = (Arc::clone(store), scope.clone(), query.clone());
                // One tenant may have none that is dear.
                async move { Ok(store.stats(&scope, &query).await?.len() + 1) }
            })
            .await?;
        }
    }
    Ok(())
}

fn filters() -> Vec<(&'static str, SpanFilter)> {
    let none = SpanFilter::default;
    let text = |text: &str| Some(text.to_owned());
    vec![
        ("a user", SpanFilter { user_id: text("user-0007"), ..none() }),
        ("a user and a model", SpanFilter { user_id: text("user-0007"), model: text("model-3"), ..none() }),
        ("a user nobody is", SpanFilter { user_id: text("nobody"), ..none() }),
        ("an agent", SpanFilter { agent_id: text("agent-3"), ..none() }),
        ("a rare model", SpanFilter { model: text("model-rare"), ..none() }),
        ("a rare tag", SpanFilter { tags: vec!["rare".to_owned()], ..none() }),
        ("a rare finding", SpanFilter { finding: Some(Found::Kind(FindingKind::Secret)), ..none() }),
        ("any finding", SpanFilter { finding: Some(Found::Any), ..none() }),
        ("a release that is long gone", SpanFilter { release: text("2026.0"), ..none() }),
        ("status 500", SpanFilter { http_status: Some(500), ..none() }),
        ("status 429, which nobody saw", SpanFilter { http_status: Some(429), ..none() }),
        ("over $1", SpanFilter { cost: Between { min: Some(Money::from_nanos(1_000_000_000)), max: None }, ..none() }),
        ("over 40 s", SpanFilter { duration_us: Between { min: Some(40_150_000), max: None }, ..none() }),
        // Each occurs in every hour of a tenant, together they never do: no hour is ruled out.
        ("fast with a slow first token (worst: all spans, none found)", nowhere()),
    ]
}

fn nowhere() -> SpanFilter {
    let at_least = |us| Between { min: Some(us), max: None };
    let at_most = |us| Between { min: None, max: Some(us) };
    SpanFilter { duration_us: at_most(500_000), first_token_us: at_least(500_001), ..SpanFilter::default() }
}

async fn lists(store: &Arc<dyn SpanStore>, count: u64) -> Result<(), Failure> {
    let page = PageRequest::first(PAGE);
    for (name, filter) in filters() {
        for (whose, scope) in [("all", TenantScope::All), ("one", TenantScope::One("team-7".parse()?))] {
            measure(&format!("spans, {whose}: {name}"), |_| {
                let (store, scope, filter, page) = (Arc::clone(store), scope.clone(), filter.clone(), page.clone());
                // Some find nothing, and that is what is measured.
                async move { Ok(store.list(&scope, &filter, &page).await?.items.len() + 1) }
            })
            .await?;
        }
    }
    let user = SpanFilter { user_id: Some("user-0007".to_owned()), ..SpanFilter::default() };
    for (name, filter) in [("newest", SpanFilter::default()), ("a user", user)] {
        measure(&format!("traces, all: {name}"), |_| {
            let (store, filter, page) = (Arc::clone(store), filter.clone(), page.clone());
            async move { Ok(store.list_traces(&TenantScope::All, &filter, &page).await?.items.len()) }
        })
        .await?;
        measure(&format!("sessions, all: {name}"), |_| {
            let (store, filter, page) = (Arc::clone(store), filter.clone(), page.clone());
            async move { Ok(store.list_sessions(&TenantScope::All, &filter, &page).await?.items.len()) }
        })
        .await?;
    }
    measure("one trace with content", |i| {
        let (store, id) = (Arc::clone(store), record(scattered(i) % (count / 2), count).span.trace_id);
        async move { Ok(store.trace(&TenantScope::All, id).await?.len()) }
    })
    .await
}
