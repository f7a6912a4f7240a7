//! Engines agree: whatever rows there are, every filter and page gives the same in memory and in SQLite.

use std::sync::Arc;

use llmtrace_model::{Cursor, EndReason, PageRequest, SpanFilter, SpanRecord, Status, TenantScope, Timestamp, TraceId};
use proptest::prelude::*;

use super::{
    adapters::file,
    ask::{ALL, tenant},
    builders::numbered,
};
use crate::{Options, SpanStore, open_spans};

// Few values of each kind: filters hit, times tie, traces and tenants cross.
fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]", Just(String::new()), Just("a\0".to_owned())]
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![8 => -3i64..3, 1 => Just(i64::MIN), 1 => Just(i64::MAX)].prop_map(Timestamp::from_unix_us)
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

fn record() -> impl Strategy<Value = Arc<SpanRecord>> {
    let labels = (some(word()), some(word()), some(word()), some(word()), some(word()), word());
    let rest = (any::<bool>(), end_reason(), any::<u64>(), any::<u64>(), some(any::<i64>()), 0u32..3);
    // Few numbers: the same exchange comes again, with another version and other values.
    (0u64..40, time(), trace(), "[xy]", labels, rest).prop_map(|(n, at, trace, owner, labels, rest)| {
        let (failed, end_reason, tokens, lasting, nanos, version) = rest;
        let span = numbered(n).tenant(&owner).at(at).version(version).tokens(tokens, 1).lasting_us(lasting);
        let span = if failed { span.failed() } else { span }.ended(end_reason).said("q", &owner);
        span.with(|span| {
            span.trace_id = trace;
            span.cost = nanos.map(llmtrace_model::Money::from_nanos);
            let (session, agent, user, asked, answered, provider) = labels;
            (span.session_id, span.agent_id, span.user_id) = (session, agent, user);
            (span.request_model, span.response_model, span.provider) = (asked, answered, provider);
        })
        .record()
    })
}

fn filter() -> impl Strategy<Value = SpanFilter> {
    // Mostly unset, or nothing would match.
    fn rarely<T: std::fmt::Debug + Clone + 'static>(
        of: impl Strategy<Value = T> + 'static,
    ) -> BoxedStrategy<Option<T>> {
        prop_oneof![4 => Just(None), 1 => of.prop_map(Some)].boxed()
    }
    let labels = (rarely(word()), rarely(word()), rarely(word()), rarely(word()), rarely(word()));
    let status = prop_oneof![Just(Status::Ok), Just(Status::Error)];
    let rest = (rarely(time()), rarely(time()), rarely(trace()), rarely(status), rarely(end_reason()));
    (labels, rest).prop_map(|((session_id, agent_id, user_id, provider, model), rest)| {
        let (from, until, trace_id, status, end_reason) = rest;
        SpanFilter { from, until, trace_id, session_id, agent_id, user_id, provider, model, status, end_reason }
    })
}

fn page() -> impl Strategy<Value = PageRequest> {
    let after =
        (time(), 0u64..40).prop_map(|(started_at, n)| Cursor { started_at, id: numbered(n).build().exchange_id });
    (0u32..12, some(after)).prop_map(|(limit, after)| PageRequest { limit, after })
}

fn scope() -> impl Strategy<Value = TenantScope> {
    prop_oneof![Just(ALL), "[xyz]".prop_map(|name| tenant(&name))]
}

async fn compare(
    memory: &Arc<dyn SpanStore>,
    sqlite: &Arc<dyn SpanStore>,
    (scope, filter, page): &(TenantScope, SpanFilter, PageRequest),
) -> Result<(), TestCaseError> {
    let (a, b) = (memory.list(scope, filter, page).await.unwrap(), sqlite.list(scope, filter, page).await.unwrap());
    prop_assert_eq!(a, b);
    let a = memory.list_records(scope, filter, page).await.unwrap();
    prop_assert_eq!(a, sqlite.list_records(scope, filter, page).await.unwrap());
    let a = memory.list_traces(scope, filter, page).await.unwrap();
    prop_assert_eq!(a, sqlite.list_traces(scope, filter, page).await.unwrap());
    let a = memory.count(scope, filter).await.unwrap();
    prop_assert_eq!(a, sqlite.count(scope, filter).await.unwrap());
    for n in 0..40 {
        let span = numbered(n).build();
        let a = memory.span(scope, span.span_id).await.unwrap();
        prop_assert_eq!(a, sqlite.span(scope, span.span_id).await.unwrap());
    }
    for n in 1..5 {
        let id = TraceId::new([n; 16]).expect("not zero");
        prop_assert_eq!(memory.trace(scope, id).await.unwrap(), sqlite.trace(scope, id).await.unwrap());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn memory_and_sqlite_answer_alike(
        batches in proptest::collection::vec(proptest::collection::vec(record(), 0..30), 1..4),
        questions in proptest::collection::vec((scope(), filter(), page()), 40),
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
            for question in &questions {
                compare(&memory, &sqlite, question).await?;
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}
