//! Reading: scope, order, pages, filters, and no content in lists.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use llmtrace_model::{
    Action, Between, Confidence, EndReason, ExchangeId, Finding, FindingKind, Found, Money, PageRequest, Severity,
    Source, SpanFilter, SpanRecord, Status, TenantScope, Timestamp,
};

use super::{
    ask::{ALL, Store, everything, list, tenant, traces, walk, write},
    builders::{START, SpanBuilder, numbered},
};

fn ids<'a>(spans: impl IntoIterator<Item = &'a llmtrace_model::Span>) -> Vec<ExchangeId> {
    spans.into_iter().map(|span| span.exchange_id).collect()
}

pub(super) async fn nothing_outside_the_scope_is_seen(store: Store) {
    // The same trace, session and span id in both tenants: only the tenant tells them apart.
    let shared = |n, name| numbered(n).tenant(name).trace(7).session("s").id(7).failed().record();
    let (ours, theirs) = (shared(1, "ours"), shared(2, "theirs"));
    write(&store, &[Arc::clone(&ours), Arc::clone(&theirs)]).await;
    let filters = [
        SpanFilter::default(),
        SpanFilter { trace_id: Some(ours.span.trace_id), ..SpanFilter::default() },
        SpanFilter { session_id: Some("s".to_owned()), ..SpanFilter::default() },
        SpanFilter { status: Some(Status::Error), ..SpanFilter::default() },
    ];
    for (scope, seen, hidden) in [(tenant("ours"), &ours, &theirs), (tenant("theirs"), &theirs, &ours)] {
        for filter in &filters {
            assert_eq!(list(&store, &scope, filter).await, std::slice::from_ref(&seen.span), "{filter:?}");
            assert_eq!(store.count(&scope, filter).await.unwrap(), 1);
            let found = traces(&store, &scope, filter).await;
            assert_eq!(found.iter().map(|t| (&t.tenant_id, t.spans)).collect::<Vec<_>>(), [(&seen.span.tenant_id, 1)]);
            let page = store.list_records(&scope, filter, &PageRequest::first(10)).await.unwrap();
            assert_eq!(page.items, std::slice::from_ref(&**seen));
        }
        assert_eq!(store.span(&scope, seen.span.span_id).await.unwrap().as_ref(), Some(&**seen));
        assert_eq!(store.trace(&scope, seen.span.trace_id).await.unwrap(), std::slice::from_ref(&**seen));
        assert_eq!(store.exchange(&scope, seen.span.exchange_id).await.unwrap().as_ref(), Some(&**seen));
        assert_eq!(store.exchange(&scope, hidden.span.exchange_id).await.unwrap(), None);
    }
    let nobody = tenant("Ours");
    assert_eq!(list(&store, &nobody, &SpanFilter::default()).await, []);
    assert_eq!(store.span(&nobody, ours.span.span_id).await.unwrap(), None);
    assert_eq!(store.trace(&nobody, ours.span.trace_id).await.unwrap(), []);
    assert_eq!(store.count(&nobody, &SpanFilter::default()).await.unwrap(), 0);
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), 2);
}

pub(super) async fn lists_are_newest_first_with_the_id_as_tie_break(store: Store) {
    let at = |n, us| numbered(n).at(Timestamp::from_unix_us(us)).record();
    let batch = [at(1, 10), at(2, -5), at(3, 10), at(4, i64::MAX), at(5, i64::MIN), at(6, 10), at(7, 0)];
    write(&store, &batch).await;
    let mut expected: Vec<_> = batch.iter().map(|record| (record.span.started_at, record.span.exchange_id)).collect();
    expected.sort_by(|a, b| b.cmp(a));
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids(&everything(&store).await), expected);
    assert_eq!(ids(&list(&store, &tenant("default"), &SpanFilter::default()).await), expected);
    for limit in 1..=8 {
        assert_eq!(ids(&walk(&store, &ALL, &SpanFilter::default(), limit, async || {}).await), expected, "by {limit}");
    }
}

pub(super) async fn pages_join_while_spans_are_added(store: Store) {
    let old: Vec<_> = (1000..1100).map(|n| numbered(n).session("s").record()).collect();
    write(&store, &old).await;
    let added = AtomicU64::new(2000);
    let filter = SpanFilter { session_id: Some("s".to_owned()), ..SpanFilter::default() };
    for filter in [SpanFilter::default(), filter] {
        let found = walk(&store, &tenant("default"), &filter, 7, async || {
            // Newer ones come while the client pages; they belong before its first page.
            let n = added.fetch_add(1, Ordering::Relaxed);
            write(&store, &[numbered(n).session("s").record()]).await;
        })
        .await;
        let found: Vec<_> =
            ids(&found).into_iter().filter(|id| old.iter().any(|r| r.span.exchange_id == *id)).collect();
        let expected: Vec<_> = old.iter().rev().map(|record| record.span.exchange_id).collect();
        assert_eq!(found, expected);
    }
}

pub(super) async fn pages_are_bounded(store: Store) {
    let over = u64::from(PageRequest::MAX) + 5;
    let batch: Vec<_> = (0..over).map(|n| numbered(n).record()).collect();
    write(&store, &batch).await;
    let (none, most) = (SpanFilter::default(), PageRequest::first(u32::MAX));
    assert_eq!(store.list(&ALL, &none, &most).await.unwrap().items.len(), PageRequest::MAX as usize);
    assert_eq!(store.list_records(&ALL, &none, &most).await.unwrap().items.len(), PageRequest::MAX as usize);
    let page = store.list_traces(&ALL, &none, &most).await.unwrap();
    assert_eq!(page.items.len(), PageRequest::MAX as usize);
    let rest = store.list_traces(&ALL, &none, &PageRequest { limit: 9, after: page.next }).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (5, None));
    let page = store.list(&ALL, &none, &PageRequest { limit: 5, after: page.next }).await.unwrap();
    assert_eq!((page.items.len(), page.next), (5, None));
    let page = store.list(&ALL, &none, &PageRequest::first(0)).await.unwrap();
    assert_eq!((page.items.len(), page.next), (0, None));
    let page = store.list_traces(&ALL, &none, &PageRequest::first(0)).await.unwrap();
    assert_eq!((page.items.len(), page.next), (0, None));
}

/// One filter for each field, and the span it finds among others.
fn one_of_each() -> Vec<(SpanFilter, SpanBuilder)> {
    let text = |text: &str| Some(text.to_owned());
    let none = SpanFilter::default;
    let early = numbered(1).at(Timestamp::from_unix_us(5)).build();
    vec![
        (SpanFilter { until: Some(Timestamp::from_unix_us(6)), ..none() }, numbered(1).at(early.started_at)),
        (SpanFilter { from: Some(Timestamp::from_unix_us(i64::MAX)), ..none() }, {
            numbered(2).at(Timestamp::from_unix_us(i64::MAX))
        }),
        (SpanFilter { trace_id: Some(numbered(1).trace(99).build().trace_id), ..none() }, numbered(3).trace(99)),
        (SpanFilter { session_id: text("one"), ..none() }, numbered(4).session("one")),
        (SpanFilter { agent_id: text("one"), ..none() }, numbered(5).agent("one")),
        (SpanFilter { user_id: text("one"), ..none() }, numbered(6).user("one")),
        (SpanFilter { provider: text("one"), ..none() }, numbered(7).provider("one")),
        (SpanFilter { model: text("one"), ..none() }, numbered(8).model("one")),
        (SpanFilter { status: Some(Status::Error), ..none() }, numbered(9).with(|span| span.status = Status::Error)),
        (SpanFilter { end_reason: Some(EndReason::Cut), ..none() }, numbered(10).ended(EndReason::Cut)),
        (
            SpanFilter { tags: vec!["a".into(), "b".into()], ..none() },
            numbered(11).with(|span| {
                span.tags = vec!["b".into(), "c".into(), "a".into()];
            }),
        ),
        (SpanFilter { environment: text("one"), ..none() }, numbered(12).with(|span| span.environment = text("one"))),
        (SpanFilter { release: text("one"), ..none() }, numbered(13).with(|span| span.release = text("one"))),
        (SpanFilter { source: Some(Source::Otlp), ..none() }, numbered(14).with(|span| span.source = Source::Otlp)),
        (SpanFilter { dialect: text("one"), ..none() }, numbered(15).with(|span| span.dialect = "one".into())),
        (SpanFilter { operation: text("one"), ..none() }, numbered(16).with(|span| span.operation = "one".into())),
        (SpanFilter { http_status: Some(418), ..none() }, numbered(17).with(|span| span.http_status = Some(418))),
        (SpanFilter { finding: Some(Found::Any), ..none() }, numbered(18).finding(leak())),
        (
            SpanFilter { cost: Between { min: Some(Money::from_nanos(5)), max: None }, ..none() },
            numbered(19).cost_nanos(5),
        ),
        (
            SpanFilter { cost: Between { min: None, max: Some(Money::from_nanos(4)) }, ..none() },
            numbered(20).cost_nanos(4),
        ),
        (SpanFilter { duration_us: Between { min: Some(300_000), max: None }, ..none() }, {
            numbered(21).lasting_us(300_000)
        }),
        (SpanFilter { first_token_us: Between { min: Some(7), max: Some(7) }, ..none() }, {
            numbered(22).with(|span| span.timing.first_token_us = Some(7))
        }),
        (SpanFilter { tokens: Between { min: Some(3), max: Some(3) }, ..none() }, numbered(23).tokens(1, 2)),
    ]
}

fn leak() -> Finding {
    Finding {
        kind: FindingKind::Secret,
        severity: Severity::High,
        confidence: Confidence::new(1.0).expect("inside 0 to 1"),
        rule: "r".to_owned(),
        reason: String::new(),
        subtype: String::new(),
        place: None,
        action: Action::Flag,
    }
}

pub(super) async fn each_filter_narrows_alone(store: Store) {
    let batch: Vec<_> = one_of_each().into_iter().map(|(_, span)| span.record()).collect();
    write(&store, &batch).await;
    let plain: Vec<_> = (100..110).map(|n| numbered(n).record()).collect();
    write(&store, &plain).await;
    for (filter, span) in one_of_each() {
        let expected = [span.build()];
        for scope in [ALL, tenant("default")] {
            assert_eq!(list(&store, &scope, &filter).await, expected, "{filter:?}");
            assert_eq!(store.count(&scope, &filter).await.unwrap(), 1, "{filter:?}");
            assert_eq!(traces(&store, &scope, &filter).await.len(), 1, "{filter:?}");
        }
    }
    let ok = SpanFilter { status: Some(Status::Ok), ..SpanFilter::default() };
    assert_eq!(list(&store, &tenant("default"), &ok).await.len(), 32);
}

pub(super) async fn filters_are_combined(store: Store) {
    let all = |n: u64| numbered(n).trace(1).session("s").agent("a").user("u").provider("p").model("m").failed();
    let span = all(1).record();
    let others: [SpanBuilder; 9] = [
        all(2).at(START),
        all(3).at(Timestamp::from_unix_us(START.unix_us() + 1_000_000)),
        all(4).trace(2),
        all(5).session("x"),
        all(6).agent("x"),
        all(7).user("x"),
        all(8).provider("x"),
        all(9).model("x"),
        all(10).ended(EndReason::Cut),
    ];
    write(&store, &others.map(SpanBuilder::record)).await;
    write(&store, &[Arc::clone(&span), all(11).with(|span| span.status = Status::Ok).record()]).await;
    let text = |text: &str| Some(text.to_owned());
    let filter = SpanFilter {
        from: Some(Timestamp::from_unix_us(START.unix_us() + 1)),
        until: Some(Timestamp::from_unix_us(START.unix_us() + 1_000_000)),
        trace_id: Some(span.span.trace_id),
        session_id: text("s"),
        agent_id: text("a"),
        user_id: text("u"),
        provider: text("p"),
        model: text("m"),
        status: Some(Status::Error),
        end_reason: Some(EndReason::UpstreamFailed),
        ..SpanFilter::default()
    };
    for scope in [ALL, tenant("default")] {
        assert_eq!(list(&store, &scope, &filter).await, std::slice::from_ref(&span.span));
        assert_eq!(traces(&store, &scope, &filter).await.len(), 1);
    }
    assert_eq!(list(&store, &tenant("other"), &filter).await, []);
}

pub(super) async fn filters_are_values_not_patterns(store: Store) {
    let odd = ["%", "_", "*", "' OR '1'='1", "\0", "A", "a", " a", "NULL", "1", "é", "e\u{301}"];
    let batch: Vec<_> = (0u64..).zip(odd).map(|(n, text)| numbered(n).session(text).user(text).record()).collect();
    write(&store, &batch).await;
    for (record, text) in batch.iter().zip(odd) {
        let by_session = SpanFilter { session_id: Some(text.to_owned()), ..SpanFilter::default() };
        let by_user = SpanFilter { user_id: Some(text.to_owned()), ..SpanFilter::default() };
        for filter in [by_session, by_user] {
            assert_eq!(list(&store, &ALL, &filter).await, std::slice::from_ref(&record.span), "{text:?}");
        }
    }
}

pub(super) async fn a_model_matches_asked_or_answered(store: Store) {
    let models = |n, asked: Option<&str>, answered: Option<&str>| {
        numbered(n)
            .with(|span| {
                span.request_model = asked.map(str::to_owned);
                span.response_model = answered.map(str::to_owned);
            })
            .record()
    };
    let batch = [
        models(1, Some("m"), None),
        models(2, None, Some("m")),
        models(3, Some("x"), Some("m")),
        models(4, Some("x"), None),
        models(5, None, None),
    ];
    write(&store, &batch).await;
    let filter = SpanFilter { model: Some("m".to_owned()), ..SpanFilter::default() };
    let expected: Vec<_> = batch[..3].iter().rev().map(|record| record.span.exchange_id).collect();
    assert_eq!(ids(&list(&store, &ALL, &filter).await), expected);
}

pub(super) async fn times_are_half_open(store: Store) {
    let batch: Vec<_> = (0u64..5).map(|n| numbered(n).record()).collect();
    write(&store, &batch).await;
    let (from, until) = (Some(batch[1].span.started_at), Some(batch[3].span.started_at));
    let inside = SpanFilter { from, until, ..SpanFilter::default() };
    let expected: Vec<_> = batch[1..3].iter().rev().map(|record| record.span.exchange_id).collect();
    assert_eq!(ids(&list(&store, &ALL, &inside).await), expected);
    for (from, until) in [(until, from), (from, from)] {
        let nothing = SpanFilter { from, until, ..SpanFilter::default() };
        assert_eq!(list(&store, &ALL, &nothing).await, []);
        assert_eq!(store.count(&tenant("default"), &nothing).await.unwrap(), 0);
    }
}

pub(super) async fn records_come_in_the_order_of_the_list(store: Store) {
    let batch: Vec<Arc<SpanRecord>> = (0u64..25)
        .map(|n| {
            // Some without content: they are in the export as well.
            let span = numbered(n);
            if n % 5 == 0 { span } else { span.said(&format!("question {n}"), "answer") }.record()
        })
        .collect();
    write(&store, &batch).await;
    let mut page = PageRequest::first(4);
    let mut found = Vec::new();
    loop {
        let one = store.list_records(&ALL, &SpanFilter::default(), &page).await.unwrap();
        found.extend(one.items);
        page.after = one.next;
        if page.after.is_none() {
            break;
        }
    }
    let expected: Vec<_> = batch.iter().rev().map(|record| (**record).clone()).collect();
    assert_eq!(found, expected);
}

pub(super) async fn of_spans_with_one_id_the_newest_is_read(store: Store) {
    let twins: Vec<_> = [3u64, 9, 5].map(|n| numbered(n).id(42).record()).to_vec();
    write(&store, &twins).await;
    for scope in [ALL, tenant("default")] {
        assert_eq!(store.span(&scope, twins[0].span.span_id).await.unwrap().as_ref(), Some(&*twins[1]));
    }
    let unknown = numbered(1).id(43).build().span_id;
    assert_eq!(store.span(&ALL, unknown).await.unwrap(), None);
}

pub(super) async fn a_trace_is_read_oldest_first_and_bounded(store: Store) {
    let over = u64::from(PageRequest::MAX) + 10;
    let batch: Vec<_> = (0..over).map(|n| numbered(n).trace(1).said("q", "a").record()).collect();
    let newest_first: Vec<_> = batch.iter().rev().cloned().collect();
    write(&store, &newest_first).await;
    let expected: Vec<_> = batch.iter().take(PageRequest::MAX as usize).map(|record| (**record).clone()).collect();
    for scope in [TenantScope::All, tenant("default")] {
        assert!(store.trace(&scope, batch[0].span.trace_id).await.unwrap() == expected);
    }
}
