//! Who is billed for an answer that several exchanges report.

use std::sync::Arc;

use llmtrace_model::{ExchangeId, Usage};

use super::{
    ask::{Store, write},
    builders::{SpanBuilder, numbered},
};

/// The span of an exchange that reports the usage of `resp_1`, as others do.
fn reader(number: u64) -> SpanBuilder {
    numbered(number).tokens(10, 5).with(|span| {
        span.response_id = Some("resp_1".to_owned());
        span.params.insert("billed_once".to_owned(), true.into());
    })
}

async fn ask(store: &Store, tenant: &str, provider: &str, response_id: &str) -> Option<ExchangeId> {
    store.billed(&tenant.parse().unwrap(), provider, response_id).await.unwrap()
}

pub(super) async fn of_several_exchanges_with_one_answer_the_oldest_is_billed(store: Store) {
    assert_eq!(ask(&store, "default", "openai", "resp_1").await, None);
    let batch = [3, 1, 2].map(|n| reader(n).record());
    write(&store, &batch[..1]).await;
    assert_eq!(ask(&store, "default", "openai", "resp_1").await, Some(batch[0].span.exchange_id));
    write(&store, &batch).await;
    assert_eq!(ask(&store, "default", "openai", "resp_1").await, Some(batch[1].span.exchange_id));
}

pub(super) async fn only_spans_of_that_answer_are_found(store: Store) {
    let nothing_used = |span: &mut llmtrace_model::Span| span.usage = Some(Usage::default());
    let batch = [
        reader(1).tenant("other"),
        reader(2).provider("azure.ai.openai"),
        reader(3).with(|span| span.response_id = Some("resp_2".to_owned())),
        reader(4).with(|span| span.response_id = None),
        reader(5).with(|span| span.usage = None),
        reader(6).with(|span| span.params.clear()),
        reader(7).with(|span| drop(span.params.insert("billed_once".to_owned(), false.into()))),
        reader(8).with(|span| {
            // What looks like the parameter inside a text is none.
            span.params = [("note".to_owned(), "\"billed_once\":true".into())].into();
        }),
        reader(9).with(nothing_used),
        reader(10),
    ];
    let batch = batch.map(SpanBuilder::record);
    let id = |at: usize| Some(batch[at].span.exchange_id);
    write(&store, &batch).await;
    assert_eq!(ask(&store, "default", "openai", "resp_1").await, id(8), "a usage of zero is one");
    assert_eq!(ask(&store, "other", "openai", "resp_1").await, id(0));
    assert_eq!(ask(&store, "default", "azure.ai.openai", "resp_1").await, id(1));
    assert_eq!(ask(&store, "default", "openai", "resp_2").await, id(2));
    assert_eq!(ask(&store, "default", "openai", "resp_").await, None);
    assert_eq!(ask(&store, "nobody", "openai", "resp_1").await, None);
}

pub(super) async fn a_higher_version_without_usage_is_billed_no_more(store: Store) {
    let one = reader(1);
    write(&store, &[one.clone().record()]).await;
    write(&store, &[Arc::clone(&one.with(|span| span.usage = None).version(1).record())]).await;
    assert_eq!(ask(&store, "default", "openai", "resp_1").await, None);
}
