//! New prices for stored spans, and what models were used for.

use std::sync::Arc;

use llmtrace_model::{Coverage, Money, SpanFilter, SpanRecord, TenantScope, Timestamp, Unit};

use super::{
    ask::{ALL, Store, everything, tenant, write},
    builders::{numbered, span},
};
use crate::{MAX_MODELS, ModelTraffic, Reprice};

fn new_price(record: &SpanRecord, nanos: Option<i64>) -> Reprice {
    let coverage = Coverage { not_priced: vec!["web_searches".to_owned()], ..record.span.coverage.clone() };
    Reprice {
        exchange_id: record.span.exchange_id,
        version: record.span.version,
        cost: nanos.map(Money::from_nanos),
        price_version: nanos.map(|_| "new".to_owned()),
        coverage,
    }
}

async fn stored(store: &Store, record: &SpanRecord) -> SpanRecord {
    store.exchange(&ALL, record.span.exchange_id).await.unwrap().unwrap()
}

pub(super) async fn a_new_price_replaces_the_old_one_and_nothing_else(store: Store) {
    let (one, two) =
        (numbered(1).tokens(3, 5).cost_nanos(7).said("q", "a").record(), numbered(2).tokens(1, 1).record());
    let other = numbered(3).cost_nanos(9).record();
    write(&store, &[Arc::clone(&one), Arc::clone(&two), Arc::clone(&other)]).await;
    let changed = store.reprice(&[new_price(&one, None), new_price(&two, Some(11))]).await.unwrap();
    assert_eq!(changed, 2);
    for (record, cost) in [(&one, None), (&two, Some(11))] {
        let mut expected = (**record).clone();
        let price = new_price(record, cost);
        expected.span.version = 1;
        (expected.span.cost, expected.span.price_version) = (price.cost, price.price_version);
        expected.span.coverage = price.coverage;
        assert_eq!(stored(&store, record).await, expected);
    }
    assert_eq!(stored(&store, &other).await, *other);
    assert_eq!(store.reprice(&[]).await.unwrap(), 0);
    assert_eq!(everything(&store).await.len(), 3);
}

pub(super) async fn a_price_of_another_version_is_not_put_on(store: Store) {
    let record = numbered(1).version(4).cost_nanos(7).record();
    write(&store, &[Arc::clone(&record)]).await;
    let gone = new_price(&numbered(2).record(), Some(1));
    let (old, new) = (Reprice { version: 3, ..new_price(&record, Some(1)) }, new_price(&record, Some(8)));
    assert_eq!(store.reprice(&[gone, old.clone(), new.clone()]).await.unwrap(), 1);
    assert_eq!(store.reprice(&[old, new]).await.unwrap(), 0, "the version went on");
    let span = stored(&store, &record).await.span;
    assert_eq!((span.version, span.cost), (5, Some(Money::from_nanos(8))));
}

pub(super) async fn a_replay_never_beats_a_new_price(store: Store) {
    let record = span().cost_nanos(7).record();
    write(&store, &[Arc::clone(&record)]).await;
    store.reprice(&[new_price(&record, Some(8))]).await.unwrap();
    write(&store, &[Arc::clone(&record), Arc::clone(&record)]).await;
    assert_eq!(stored(&store, &record).await.span.cost, Some(Money::from_nanos(8)));
}

pub(super) async fn models_are_added_up(store: Store) {
    let of = |n: u64, model: &str| numbered(n).provider("p").model(model).tokens(3, 5);
    let unit = of(6, "b").with(|span| {
        span.usage = None;
        span.units.add(Unit::Pages, 1);
    });
    let batch = [
        of(1, "b").cost_nanos(10).record(),
        of(2, "b").cost_nanos(20).record(),
        of(3, "b").record(),
        of(4, "a").with(|span| span.response_model = None).record(),
        // Asked for one model and answered by another: the one that answered counts.
        of(5, "a").with(|span| span.request_model = Some("alias".to_owned())).record(),
        unit.record(),
        numbered(7).provider("q").model("a").with(|span| span.usage = None).record(),
        numbered(8).with(|span| (span.request_model, span.response_model) = (None, None)).record(),
    ];
    write(&store, &batch).await;
    let seen = |n: usize| batch[n - 1].span.started_at;
    let row = |provider: &str, model: &str, requests, unpriced_requests, total_tokens, cost, last_seen| ModelTraffic {
        provider: provider.to_owned(),
        model: model.to_owned(),
        requests,
        unpriced_requests,
        total_tokens,
        cost: Money::from_nanos(cost),
        last_seen,
    };
    let expected =
        [row("p", "b", 4, 2, 24, 30, seen(6)), row("p", "a", 2, 2, 16, 0, seen(5)), row("q", "a", 1, 0, 0, 0, seen(7))];
    assert_eq!(store.models(&ALL, &SpanFilter::default()).await.unwrap(), expected);
}

pub(super) async fn models_are_those_of_scope_and_time(store: Store) {
    let at = |us| Timestamp::from_unix_us(us);
    let of = |n: u64, us, owner: &str, model: &str| numbered(n).at(at(us)).tenant(owner).model(model).record();
    write(&store, &[of(1, 10, "x", "old"), of(2, 20, "x", "mine"), of(3, 20, "y", "theirs"), of(4, 30, "x", "new")])
        .await;
    let names = async |scope: TenantScope, filter: SpanFilter| {
        let found = store.models(&scope, &filter).await.unwrap();
        found.into_iter().map(|model| model.model).collect::<Vec<_>>()
    };
    let time = SpanFilter { from: Some(at(20)), until: Some(at(30)), ..SpanFilter::default() };
    assert_eq!(names(ALL, time.clone()).await, ["mine", "theirs"]);
    assert_eq!(names(tenant("x"), time).await, ["mine"]);
    assert_eq!(names(tenant("nobody"), SpanFilter::default()).await, [] as [&str; 0]);
}

pub(super) async fn models_are_bounded(store: Store) {
    let count = MAX_MODELS as u64 + 5;
    let batch: Vec<_> = (1..=count).map(|n| numbered(n).model(&format!("m{n}")).record()).collect();
    write(&store, &batch).await;
    let found = store.models(&ALL, &SpanFilter::default()).await.unwrap();
    assert_eq!(found.len(), MAX_MODELS);
    let newest = batch.iter().max_by_key(|record| (record.span.started_at, record.span.exchange_id)).unwrap();
    assert!(found.iter().any(|model| Some(&model.model) == newest.span.response_model.as_ref()));
}
