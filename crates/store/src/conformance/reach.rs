//! How far back lists reach: every page is full while there is more, however long ago it was.

use llmtrace_model::{PageRequest, SpanFilter, SpanRecord, TenantScope, Timestamp, TraceId};

use super::{
    ask::{ALL, Store, tenant, walk, write},
    builders::{START, numbered},
};

/// Less than there are: pages must join.
const PAGE: u32 = 4;

async fn traces_of(store: &Store, scope: &TenantScope, filter: &SpanFilter) -> Vec<TraceId> {
    let (mut page, mut all) = (PageRequest::first(PAGE), Vec::new());
    loop {
        let found = store.list_traces(scope, filter, &page).await.unwrap();
        all.extend(found.items.iter().map(|trace| trace.trace_id));
        let Some(next) = found.next else { return all };
        page.after = Some(next);
    }
}

async fn sessions_of(store: &Store, scope: &TenantScope, filter: &SpanFilter) -> Vec<String> {
    let (mut page, mut all) = (PageRequest::first(PAGE), Vec::new());
    loop {
        let found = store.list_sessions(scope, filter, &page).await.unwrap();
        all.extend(found.items.iter().map(|session| session.session_id.clone()));
        let Some(next) = found.next else { return all };
        page.after = Some(next);
    }
}

pub(super) async fn pages_reach_back_over_any_time(store: Store) {
    const HOUR_US: i64 = 3_600_000_000;
    let back = [0, 0, 1, 2, 5, 7, 23, 25, 100, 200, 700, 800, 9000, 9001, 100_000];
    // Every third trace goes on until now, so that it begins long before it is seen.
    let at = |n: usize, hours: i64, trace: usize| {
        let number = u64::try_from(n).unwrap();
        let started_at = Timestamp::from_unix_us(START.unix_us() - hours * HOUR_US - i64::try_from(n).unwrap());
        numbered(number).at(started_at).trace(trace as u128 + 1).session(&format!("s{trace:02}")).record()
    };
    let mut batch: Vec<_> = back.iter().enumerate().map(|(n, hours)| at(n, *hours, n)).collect();
    batch.extend((0..back.len()).step_by(3).map(|trace| at(100 + trace, 0, trace)));
    write(&store, &batch).await;
    let hours_ago = |hours: i64| Some(Timestamp::from_unix_us(START.unix_us() - hours * HOUR_US));
    let (until, from) = (hours_ago(50), hours_ago(750));
    for (filter, scope) in [
        (SpanFilter::default(), ALL),
        (SpanFilter { until, ..SpanFilter::default() }, tenant("default")),
        (SpanFilter { from, until, ..SpanFilter::default() }, ALL),
    ] {
        let is_inside =
            |at: Timestamp| filter.from.is_none_or(|from| at >= from) && filter.until.is_none_or(|u| at < u);
        let mut inside: Vec<&SpanRecord> = batch.iter().map(|record| &**record).collect();
        inside.retain(|record| is_inside(record.span.started_at));
        inside.sort_by_key(|record| (record.span.started_at, record.span.exchange_id));
        // A trace stands where its first matching span does.
        let mut first: Vec<&SpanRecord> = Vec::new();
        for record in &inside {
            if first.iter().all(|known| known.span.trace_id != record.span.trace_id) {
                first.push(record);
            }
        }
        let ids: Vec<_> = inside.iter().rev().map(|record| record.span.exchange_id).collect();
        let traces: Vec<_> = first.iter().rev().map(|record| record.span.trace_id).collect();
        let sessions: Vec<_> = first.iter().rev().filter_map(|record| record.span.session_id.clone()).collect();
        let spans = walk(&store, &scope, &filter, PAGE, async || {}).await;
        assert_eq!(spans.iter().map(|span| span.exchange_id).collect::<Vec<_>>(), ids, "{filter:?}");
        assert_eq!(traces_of(&store, &scope, &filter).await, traces, "{filter:?}");
        assert_eq!(sessions_of(&store, &scope, &filter).await, sessions, "{filter:?}");
    }
}
