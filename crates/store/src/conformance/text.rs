//! Text search: what was said is found once the store was tended, by whoever may see it, and by nothing else.

use std::sync::Arc;

use llmtrace_model::{
    Content, Message, PageRequest, Part, Role, Span, SpanFilter, SpanRecord, TenantScope, Terms, Timestamp,
};

use super::{
    ask::{ALL, Store, list, tenant, traces, write},
    builders::{START, numbered},
};
use crate::Backlog;

/// Tends until nothing is left.
async fn tended(store: &Store) {
    while store.tend(START).await.unwrap() != Backlog::default() {}
    assert_eq!(store.backlog(), Backlog::default());
}

fn asking(text: &str) -> SpanFilter {
    SpanFilter { text: Some(Terms::parse(text).unwrap()), ..SpanFilter::default() }
}

async fn found(store: &Store, scope: &TenantScope, text: &str) -> Vec<Span> {
    list(store, scope, &asking(text)).await
}

/// The numbers of the spans that are found, lowest first; spans are numbered from 1 to 99.
async fn numbers(store: &Store, text: &str) -> Vec<u64> {
    let found = found(store, &ALL, text).await;
    let number = |span: &Span| (1..100).find(|n| numbered(*n).build().exchange_id == span.exchange_id);
    found.iter().rev().map(|span| number(span).unwrap()).collect()
}

fn said(number: u64, text: &str) -> Arc<SpanRecord> {
    numbered(number).said(text, "so be it").record()
}

pub(super) async fn what_was_said_is_found_once_the_store_was_tended(store: Store) {
    write(&store, &[said(1, "Refund the order 1234"), said(2, "refund nothing"), numbered(3).record()]).await;
    tended(&store).await;
    assert_eq!(numbers(&store, "refund").await, [1, 2]);
    assert_eq!(numbers(&store, "ORDER refund").await, [1]);
    assert_eq!(numbers(&store, "order nothing").await, [0; 0]);
    assert_eq!(numbers(&store, "so be it").await, [1, 2], "answers are searched too");
    assert_eq!(numbers(&store, "refun").await, [0; 0], "a term is found whole");
    write(&store, &[said(4, "a late refund")]).await;
    tended(&store).await;
    assert_eq!(numbers(&store, "refund").await, [1, 2, 4]);
}

pub(super) async fn every_question_takes_text(store: Store) {
    let one =
        |n: u64, trace: u128, text: &str| numbered(n).trace(trace).session(&format!("s{trace}")).said(text, "yes");
    let batch = [one(1, 1, "blue"), one(2, 1, "red"), one(3, 2, "blue"), one(4, 2, "blue"), one(5, 3, "red")];
    write(&store, &batch.map(|span| span.tokens(1, 1).record())).await;
    tended(&store).await;
    let (filter, page) = (asking("blue"), PageRequest::first(10));
    assert_eq!(store.count(&ALL, &filter).await.unwrap(), 3);
    assert_eq!(store.list_records(&ALL, &filter, &page).await.unwrap().items.len(), 3);
    let spans: Vec<_> = traces(&store, &ALL, &filter).await.iter().map(|trace| trace.spans).collect();
    assert_eq!(spans, [2, 2], "a trace that matches is summed whole, and listed once");
    let sessions = store.list_sessions(&ALL, &filter, &page).await.unwrap().items;
    assert_eq!(sessions.iter().map(|session| &session.session_id).collect::<Vec<_>>(), ["s2", "s1"]);
    assert_eq!(store.models(&ALL, &filter).await.unwrap()[0].requests, 3);
    let query = llmtrace_model::StatsQuery { filter: filter.clone(), group_by: Vec::new(), interval_us: None };
    assert_eq!(store.stats(&ALL, &query).await.unwrap()[0].measures.requests, 3);
    let late = Timestamp::from_unix_us(numbered(3).build().started_at.unix_us());
    assert_eq!(store.count(&ALL, &SpanFilter { from: Some(late), ..filter.clone() }).await.unwrap(), 2);
    assert_eq!(store.count(&ALL, &SpanFilter { until: Some(late), ..filter }).await.unwrap(), 1);
}

pub(super) async fn replaced_content_is_found_no_more(store: Store) {
    let version = |version: u32, text: &str| numbered(1).version(version).said(text, "a").record();
    // The replaced row is the last one: an engine may hand out its number again, before it was indexed and after.
    write(&store, &[version(0, "old words")]).await;
    write(&store, &[version(1, "new words")]).await;
    tended(&store).await;
    assert_eq!((numbers(&store, "new").await, numbers(&store, "old").await), (vec![1], vec![]));
    write(&store, &[version(2, "newest words")]).await;
    tended(&store).await;
    assert_eq!((numbers(&store, "newest").await, numbers(&store, "new").await), (vec![1], vec![]));
    write(&store, &[said(2, "other words")]).await;
    tended(&store).await;
    assert_eq!(numbers(&store, "words").await, [1, 2]);
    // One without content leaves nothing to find.
    write(&store, &[Arc::new(SpanRecord::bare(numbered(1).version(3).build()))]).await;
    tended(&store).await;
    assert_eq!(numbers(&store, "words").await, [2]);
}

pub(super) async fn a_replay_is_found_once(store: Store) {
    let batch: Vec<_> = (1..=20).map(|n| said(n, "again and again")).collect();
    for _ in 0..3 {
        write(&store, &batch).await;
        tended(&store).await;
        tended(&store).await;
        assert_eq!(numbers(&store, "again").await, (1..=20).collect::<Vec<_>>());
    }
}

pub(super) async fn what_another_tenant_said_is_not_found(store: Store) {
    let of = |n: u64, owner: &str| numbered(n).tenant(owner).said("the secret word", "ok").record();
    write(&store, &[of(1, "a"), of(2, "b"), of(3, "a-b"), of(4, "A")]).await;
    tended(&store).await;
    for owner in ["a", "b", "a-b", "A"] {
        let found = found(&store, &tenant(owner), "secret").await;
        assert_eq!(found.iter().map(|span| span.tenant_id.as_str()).collect::<Vec<_>>(), [owner]);
    }
    assert_eq!(found(&store, &tenant("c"), "secret").await, []);
    assert_eq!(found(&store, &ALL, "secret").await.len(), 4);
}

pub(super) async fn a_tenants_name_is_not_content(store: Store) {
    write(&store, &[numbered(1).tenant("team").said("hello", "hi").record()]).await;
    tended(&store).await;
    // The name, and the name as hexadecimal digits.
    for text in ["team", "7465616d", "\u{a7}7465616d"] {
        assert_eq!(found(&store, &ALL, text).await, [], "{text}");
    }
}

pub(super) async fn signs_part_terms_and_mean_nothing_else(store: Store) {
    write(
        &store,
        &[said(1, "alpha \"beta\" gamma*"), said(2, "near alpha or not"), said(3, "nul\0byte -x ^y terms:z")],
    )
    .await;
    tended(&store).await;
    for (text, expected) in [
        ("\"beta\"", &[1][..]),
        ("alp*", &[]),
        ("alpha*", &[1, 2]),
        ("NEAR(alpha gamma)", &[]),
        ("near(alpha)", &[2]),
        ("alpha OR gamma", &[]),
        ("alpha OR not", &[2]),
        ("alpha NOT gamma", &[]),
        ("-x", &[3]),
        ("alpha -gamma", &[1]),
        ("^alpha", &[1, 2]),
        ("^y", &[3]),
        ("terms:z", &[3]),
        ("terms : alpha", &[]),
        ("nul\0byte", &[3]),
        ("byte\0", &[3]),
        ("') OR 1=1 --", &[]),
        ("{alpha} + beta", &[1]),
    ] {
        assert_eq!(numbers(&store, text).await, expected, "{text:?}");
    }
}

pub(super) async fn text_without_spaces_is_found_by_pairs(store: Store) {
    write(&store, &[said(1, "東京都に住む"), said(2, "京都"), said(3, "Größe ЖЁЛТЫЙ"), said(4, "안녕하세요 refund")])
        .await;
    tended(&store).await;
    for (text, expected) in [
        ("京都", &[1, 2][..]),
        ("東京", &[1]),
        ("都東", &[]),
        ("GRÖSSE", &[]),
        ("größe жёлтый", &[3]),
        ("하세 REFUND", &[4]),
    ] {
        assert_eq!(numbers(&store, text).await, expected, "{text}");
    }
}

pub(super) async fn a_very_long_run_is_found_by_its_beginning(store: Store) {
    let long = "x1".repeat(500_000);
    write(&store, &[said(1, &format!("{long} tail")), said(2, &"y".repeat(63))]).await;
    tended(&store).await;
    assert_eq!(numbers(&store, &long).await, [1]);
    assert_eq!(numbers(&store, &"x1".repeat(32)).await, [1]);
    assert_eq!(numbers(&store, &"x1".repeat(31)).await, [0; 0]);
    assert_eq!(numbers(&store, "tail").await, [1]);
    assert_eq!(numbers(&store, &"y".repeat(63)).await, [2]);
}

pub(super) async fn much_and_many_different_terms_are_all_found(store: Store) {
    let text: String = (0..40_000).map(|n| format!("t{n} ")).collect();
    let arguments = serde_json::json!({"city": "Lübeck", "list": [17, "deep"]});
    let call = Part::ToolCall { id: None, name: "lookup".to_owned(), arguments };
    let message = Message { role: Role::Assistant, name: None, parts: vec![call], finish_reason: None };
    let content = Content { output_messages: vec![message], ..Content::default() };
    let mut batch: Vec<_> = (3..60).map(|n| said(n, "filler")).collect();
    batch.insert(7, said(1, &text));
    batch.push(numbered(2).content(content).record());
    write(&store, &batch).await;
    tended(&store).await;
    for text in ["t0", "t39999", "t17000 t2 t39000"] {
        assert_eq!(numbers(&store, text).await, [1]);
    }
    assert_eq!(numbers(&store, "lookup city lübeck 17 deep").await, [2]);
    assert_eq!(numbers(&store, "filler").await, (3..60).collect::<Vec<_>>());
}

pub(super) async fn a_common_term_is_found_page_by_page(store: Store) {
    // More rows than an engine may be willing to look up one by one; the rare term stands in few of them.
    let count = 21_000;
    let one = |n: u64| {
        let text = if n.is_multiple_of(7_000) { "common rare" } else { "common" };
        let at = Timestamp::from_unix_us(START.unix_us() + i64::try_from(n * 7919 % count).unwrap());
        numbered(n)
            .at(at)
            .trace(u128::from(n / 3 + 1))
            .tenant(if n < 51 { "few" } else { "many" })
            .said(text, "a")
            .record()
    };
    for n in (0..count).step_by(3000) {
        write(&store, &(n..n + 3000).map(one).collect::<Vec<_>>()).await;
    }
    tended(&store).await;
    let mut page = PageRequest::first(1000);
    let (mut seen, mut last) = (0, None);
    loop {
        let found = store.list(&ALL, &asking("common"), &page).await.unwrap();
        for span in found.items {
            let key = (span.started_at, span.exchange_id);
            assert!(last.is_none_or(|last| key < last));
            (seen, last) = (seen + 1, Some(key));
        }
        let Some(next) = found.next else { break };
        page.after = Some(next);
    }
    assert_eq!(seen, count);
    assert_eq!(store.count(&ALL, &asking("common")).await.unwrap(), count);
    assert_eq!(store.count(&ALL, &asking("common rare")).await.unwrap(), 3);
    assert_eq!(store.count(&tenant("few"), &asking("common")).await.unwrap(), 51);
    assert_eq!(list(&store, &tenant("many"), &asking("rare")).await.len(), 2);
    let half = SpanFilter { from: Some(Timestamp::from_unix_us(START.unix_us() + 10_500)), ..asking("common") };
    assert_eq!(store.count(&ALL, &half).await.unwrap(), count / 2);
    let all = store.list_traces(&ALL, &asking("common"), &PageRequest::first(1000)).await.unwrap();
    assert_eq!((all.items.len(), all.items.iter().map(|trace| trace.spans).sum::<u64>()), (1000, 3000));
}
