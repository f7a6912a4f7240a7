//! Engines agree: whatever rows there are, every filter and page gives the same in memory, in SQLite and in ClickHouse.

mod kept;

use std::sync::Arc;

use llmtrace_model::{
    Action, Between, Confidence, Cursor, Dimension, EndReason, Finding, FindingKind, Found, Money, PageRequest,
    Severity, Source, SpanFilter, SpanRecord, StatsQuery, Status, TenantScope, Terms, Timestamp, TraceId, Unit,
};
use proptest::prelude::*;

use super::{
    adapters::file,
    ask::{ALL, tenant},
    builders::numbered,
    engines,
};
use crate::{Backlog, Options, Reprice, SpanStore, open_spans};

// Few values of each kind: filters hit, times tie, traces and tenants cross.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[ab]", 2 => Just(String::new()), 2 => Just("a\0".to_owned()), 1 => "[%_'\"\\\\`?{}]"]
}

fn time() -> impl Strategy<Value = Timestamp> + Clone + 'static {
    prop_oneof![8 => -3i64..3, 1 => Just(i64::MIN), 1 => Just(i64::MAX)].prop_map(Timestamp::from_unix_us)
}

const HOUR_US: i64 = 3_600_000_000;

/// In and at the ends of the hours of some days, and where no calendar reaches.
fn hours() -> impl Strategy<Value = Timestamp> + Clone + 'static {
    let hour = prop_oneof![-30i64..30, -2i64..3];
    let within = prop_oneof![Just(0), Just(1), 0..HOUR_US, Just(HOUR_US - 1)];
    let usual = (hour, within).prop_map(|(hour, within)| hour * HOUR_US + within);
    prop_oneof![20 => usual, 1 => Just(i64::MIN), 1 => Just(i64::MAX)].prop_map(Timestamp::from_unix_us)
}

fn trace() -> impl Strategy<Value = TraceId> {
    (1u8..5).prop_map(|n| TraceId::new([n; 16]).expect("not zero"))
}

fn end_reason() -> impl Strategy<Value = EndReason> {
    prop_oneof![Just(EndReason::Complete), Just(EndReason::Cut)]
}

fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(of)
}

// Few numbers, so that ranges hit their borders, and the largest ones.
fn number() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![8 => 0u64..4, 1 => any::<u64>(), 1 => Just(u64::MAX), 1 => Just(i64::MAX.unsigned_abs())]
}

fn nanos() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![8 => -2i64..3, 1 => any::<i64>()]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("refund the order".to_owned()),
        Just("REFUND, 42!".to_owned()),
        Just("東京都 order".to_owned()),
        Just(String::new()),
        "\\PC{0,12}",
    ]
}

fn finding_kind() -> impl Strategy<Value = FindingKind> {
    prop_oneof![Just(FindingKind::Secret), Just(FindingKind::Pii)]
}

fn record(time: impl Strategy<Value = Timestamp>) -> impl Strategy<Value = Arc<SpanRecord>> {
    let labels = (some(word()), some(word()), some(word()), some(word()), some(word()), word());
    let rest = (any::<bool>(), end_reason(), some(number()), number(), some(nanos()), 0u32..3);
    let more = (
        proptest::collection::vec(word(), 0..3),
        (some(word()), some(word()), word(), word()),
        (some(100u16..103), some(number()), proptest::collection::vec(finding_kind(), 0..2)),
        (some(text()), any::<bool>(), any::<bool>()),
    );
    // Few numbers: the same exchange comes again, with another version and other values.
    (0u64..40, time, trace(), "[xy]", labels, rest, more).prop_map(|(n, at, trace, owner, labels, rest, more)| {
        let (failed, end_reason, tokens, lasting, nanos, version) = rest;
        let (tags, (environment, release, dialect, operation), (http_status, first_token, kinds), (said, otlp, units)) =
            more;
        let span = numbered(n).tenant(&owner).at(at).version(version).lasting_us(lasting);
        let span = match tokens {
            Some(tokens) => span.tokens(tokens, 1),
            None => span,
        };
        let span = if failed { span.failed() } else { span }.ended(end_reason);
        let span = match &said {
            Some(said) => span.said(said, &owner),
            None => span,
        };
        span.with(|span| {
            span.trace_id = trace;
            span.cost = nanos.map(Money::from_nanos);
            (span.tags, span.environment, span.release) = (tags, environment, release);
            (span.dialect, span.operation) = (dialect, operation);
            (span.http_status, span.timing.first_token_us) = (http_status, first_token);
            span.findings = kinds.into_iter().map(finding).collect();
            span.source = if otlp { Source::Otlp } else { Source::Proxy };
            if units {
                span.units.add(Unit::WebSearches, 1);
            }
            let (session, agent, user, asked, answered, provider) = labels;
            (span.session_id, span.agent_id, span.user_id) = (session, agent, user);
            (span.request_model, span.response_model, span.provider) = (asked, answered, provider);
        })
        .record()
    })
}

fn finding(kind: FindingKind) -> Finding {
    Finding {
        kind,
        severity: Severity::Low,
        confidence: Confidence::new(0.5).expect("inside 0 to 1"),
        rule: "r".to_owned(),
        reason: String::new(),
        subtype: String::new(),
        place: None,
        action: Action::Flag,
    }
}

fn filter(time: impl Strategy<Value = Timestamp> + Clone + 'static) -> impl Strategy<Value = SpanFilter> {
    // Mostly unset, or nothing would match.
    fn rarely<T: std::fmt::Debug + Clone + 'static>(
        of: impl Strategy<Value = T> + 'static,
    ) -> BoxedStrategy<Option<T>> {
        prop_oneof![4 => Just(None), 1 => of.prop_map(Some)].boxed()
    }
    let labels = (rarely(word()), rarely(word()), rarely(word()), rarely(word()), rarely(word()));
    let status = prop_oneof![Just(Status::Ok), Just(Status::Error)];
    let rest = (rarely(time.clone()), rarely(time), rarely(trace()), rarely(status), rarely(end_reason()));
    let source = prop_oneof![Just(Source::Proxy), Just(Source::Otlp)];
    let found = prop_oneof![Just(Found::Any), finding_kind().prop_map(Found::Kind)];
    let more = (
        prop_oneof![4 => Just(Vec::new()), 1 => proptest::collection::vec(word(), 1..3)],
        (rarely(word()), rarely(word()), rarely(word()), rarely(word()), rarely(source)),
        (rarely(100u16..103), rarely(found), range(nanos().prop_map(Money::from_nanos))),
        (range(number()), range(number()), range(number())),
        prop_oneof![4 => Just(None), 1 => text().prop_map(|text| Terms::parse(&text))],
    );
    (labels, rest, more).prop_map(|((session_id, agent_id, user_id, provider, model), rest, more)| {
        let (from, until, trace_id, status, end_reason) = rest;
        let (tags, (environment, release, dialect, operation, source), (http_status, finding, cost), ranges, text) =
            more;
        let (duration_us, first_token_us, tokens) = ranges;
        SpanFilter {
            from,
            until,
            trace_id,
            session_id,
            agent_id,
            user_id,
            tags,
            environment,
            release,
            source,
            provider,
            dialect,
            operation,
            model,
            status,
            http_status,
            end_reason,
            finding,
            cost,
            duration_us,
            first_token_us,
            tokens,
            text,
        }
    })
}

fn range<T: std::fmt::Debug + Clone + 'static>(
    of: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Between<T>> {
    let open = Just(Between { min: None, max: None });
    prop_oneof![8 => open, 1 => (some(of.clone()), some(of)).prop_map(|(min, max)| Between { min, max })]
}

fn stats(filter: SpanFilter) -> impl Strategy<Value = StatsQuery> {
    let dimension = proptest::sample::select(Dimension::ALL);
    let interval = prop_oneof![
        Just(None),
        (1i64..4).prop_map(Some),
        Just(Some(HOUR_US)),
        Just(Some(6 * HOUR_US)),
        Just(Some(48 * HOUR_US))
    ];
    (proptest::collection::vec(dimension, 0..=StatsQuery::MAX_DIMENSIONS), interval)
        .prop_map(move |(group_by, interval_us)| StatsQuery { filter: filter.clone(), group_by, interval_us })
}

/// One question of each kind.
#[derive(Debug, Clone)]
struct Question {
    scope: TenantScope,
    page: PageRequest,
    stats: StatsQuery,
}

fn question(time: impl Strategy<Value = Timestamp> + Clone + 'static) -> impl Strategy<Value = Question> {
    (scope(), page(time.clone()), filter(time).prop_flat_map(stats)).prop_map(|(scope, page, stats)| Question {
        scope,
        page,
        stats,
    })
}

fn page(time: impl Strategy<Value = Timestamp>) -> impl Strategy<Value = PageRequest> {
    let after = (time, 0u64..40).prop_map(|(started_at, n)| Cursor { started_at, id: numbered(n).build().exchange_id });
    (0u32..12, some(after)).prop_map(|(limit, after)| PageRequest { limit, after })
}

fn scope() -> impl Strategy<Value = TenantScope> {
    prop_oneof![Just(ALL), "[xyz]".prop_map(|name| tenant(&name))]
}

async fn compare(
    memory: &Arc<dyn SpanStore>,
    other: &Arc<dyn SpanStore>,
    Question { scope, page, stats }: &Question,
) -> Result<(), TestCaseError> {
    let filter = &stats.filter;
    let (a, b) = (memory.list(scope, filter, page).await.unwrap(), other.list(scope, filter, page).await.unwrap());
    prop_assert_eq!(a, b);
    let a = memory.list_records(scope, filter, page).await.unwrap();
    prop_assert_eq!(a, other.list_records(scope, filter, page).await.unwrap());
    let a = memory.list_traces(scope, filter, page).await.unwrap();
    prop_assert_eq!(a, other.list_traces(scope, filter, page).await.unwrap());
    let a = memory.list_sessions(scope, filter, page).await.unwrap();
    prop_assert_eq!(a, other.list_sessions(scope, filter, page).await.unwrap());
    let a = memory.stats(scope, stats).await.unwrap();
    prop_assert_eq!(a, other.stats(scope, stats).await.unwrap());
    let a = memory.models(scope, filter).await.unwrap();
    prop_assert_eq!(a, other.models(scope, filter).await.unwrap());
    let a = memory.count(scope, filter).await.unwrap();
    prop_assert_eq!(a, other.count(scope, filter).await.unwrap());
    for n in 0..40 {
        let span = numbered(n).build();
        let a = memory.span(scope, span.span_id).await.unwrap();
        prop_assert_eq!(a, other.span(scope, span.span_id).await.unwrap());
    }
    for n in 1..5 {
        let id = TraceId::new([n; 16]).expect("not zero");
        prop_assert_eq!(memory.trace(scope, id).await.unwrap(), other.trace(scope, id).await.unwrap());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn memory_and_sqlite_answer_alike(
        batches in proptest::collection::vec(proptest::collection::vec(record(time()), 0..30), 1..4),
        questions in proptest::collection::vec(question(time()), 40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (url, _folder) = file();
            let memory = open_spans("test", "memory:", &Options::default()).await.unwrap();
            let sqlite = open_spans("test", &url, &Options::default()).await.unwrap();
            for batch in &batches {
                memory.write(batch).await.unwrap();
                sqlite.write(batch).await.unwrap();
            }
            while sqlite.tend(Timestamp::from_unix_us(0)).await.unwrap() != Backlog::default() {}
            for question in &questions {
                compare(&memory, &sqlite, question).await?;
            }
            Ok::<(), TestCaseError>(())
        })?;
    }

    // Roll-ups come and go between the writes: whatever is rolled up, marked again or never rolled up, answers are the same.
    #[test]
    fn memory_and_sqlite_answer_alike_while_hours_are_rolled_up(
        changes in proptest::collection::vec(change(), 1..8),
        questions in proptest::collection::vec(question(hours()), 40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (url, _folder) = file();
            let memory = open_spans("test", "memory:", &Options::default()).await.unwrap();
            let sqlite = open_spans("test", &url, &Options::default()).await.unwrap();
            for (n, change) in changes.iter().enumerate() {
                change.make(&memory).await;
                change.make(&sqlite).await;
                // No search finds what is not indexed yet; no hour has ended by then.
                while sqlite.tend(Timestamp::from_unix_us(i64::MIN)).await.unwrap().text_spans > 0 {}
                for question in questions.iter().skip(n).step_by(changes.len()) {
                    compare(&memory, &sqlite, question).await?;
                }
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}

proptest! {
    // Few cases: each question is a round trip.
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 20, ..ProptestConfig::default() })]
    #[test]
    fn memory_and_clickhouse_answer_alike(
        changes in proptest::collection::vec(change(), 1..6),
        questions in proptest::collection::vec(question(hours()), 6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (clickhouse, _guard) = engines::clickhouse();
            let memory = open_spans("test", "memory:", &Options::default()).await.unwrap();
            let options = Options { clickhouse, ..Options::default() };
            let clickhouse = open_spans("test", "clickhouse:", &options).await.unwrap();
            for (n, change) in changes.iter().enumerate() {
                change.make(&memory).await;
                change.make(&clickhouse).await;
                for question in questions.iter().skip(n).step_by(changes.len()) {
                    compare(&memory, &clickhouse, question).await?;
                }
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}

/// Something that changes what is stored, or what is rolled up of it.
#[derive(Debug, Clone)]
enum Change {
    Write(Vec<Arc<SpanRecord>>),
    Reprice(u64, i64),
    Tend(Timestamp),
    TendOnce(Timestamp),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => proptest::collection::vec(record(hours()), 1..40).prop_map(Change::Write),
        1 => (0u64..40, nanos()).prop_map(|(n, nanos)| Change::Reprice(n, nanos)),
        2 => hours().prop_map(Change::Tend),
        1 => Just(Change::Tend(Timestamp::from_unix_us(i64::MAX))),
        1 => hours().prop_map(Change::TendOnce),
    ]
}

impl Change {
    async fn make(&self, store: &Arc<dyn SpanStore>) {
        match self {
            Self::Write(batch) => store.write(batch).await.unwrap(),
            Self::Reprice(n, nanos) => {
                let exchange_id = numbered(*n).build().exchange_id;
                let Some(found) = store.exchange(&ALL, exchange_id).await.unwrap() else { return };
                let price = Reprice {
                    exchange_id,
                    version: found.span.version,
                    cost: Some(Money::from_nanos(*nanos)),
                    price_version: None,
                    coverage: found.span.coverage,
                };
                assert_eq!(store.reprice(&[price]).await.unwrap(), 1);
            }
            Self::Tend(now) => while store.tend(*now).await.unwrap().rollup_hours > 0 {},
            Self::TendOnce(now) => drop(store.tend(*now).await.unwrap()),
        }
    }
}
