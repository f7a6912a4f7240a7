//! What is special to this engine: a batch that is cut anywhere and written again, and what is said where a server is not as it should.

mod tls;

use std::sync::Arc;

use llmtrace_model::{
    Dimension, Erased, PageRequest, Retention, Retentions, Span, SpanFilter, SpanRecord, StatsQuery, Subject,
    TenantScope, Timestamp,
};

use super::{
    Clickhouse,
    client::Engine,
    migrate,
    query::{Query, escaped, number},
    write::{Step, batch_until},
};
use crate::{
    Backend, ClickhouseOptions, Error, ErrorKind, Options, Secret, SpanRead, SpanStore, SpanWrite,
    conformance::{
        builders::{START, numbered},
        engines,
    },
    open_spans,
};

const ALL: TenantScope = TenantScope::All;
const STEPS: [Step; 5] = [Step::Bodies, Step::Raws, Step::Spans, Step::Marks, Step::Exchanges];

async fn open() -> (Clickhouse, engines::Guard) {
    let (clickhouse, guard) = engines::clickhouse();
    let options = Options { clickhouse, ..Options::default() };
    let Ok(store) = Clickhouse::open(&options).await else { panic!("the settings are right") };
    (store, guard)
}

fn said(number: u64) -> Arc<SpanRecord> {
    numbered(number).said(&format!("question {number}"), "answer").tokens(number, 1).record()
}

async fn everything(store: &Clickhouse) -> Vec<Span> {
    store.list(&ALL, &SpanFilter::default(), &PageRequest::first(PageRequest::MAX)).await.unwrap().items
}

#[tokio::test]
async fn a_batch_that_was_cut_anywhere_is_there_once_when_it_is_written_again() {
    let (store, _guard) = open().await;
    for (at, last) in (1u64..).step_by(10).zip(STEPS) {
        let batch: Vec<_> = (at..at + 5).map(said).collect();
        // Cut once, cut again with other borders, then whole.
        batch_until(&store.engine, &store.maker, &batch, last).await.unwrap();
        batch_until(&store.engine, &store.maker, &batch[2..], last).await.unwrap();
        store.write(&batch).await.unwrap();
        store.write(&batch[1..3]).await.unwrap();
        let found = everything(&store).await;
        let of_it: Vec<_> = batch.iter().filter(|r| found.iter().filter(|s| **s == r.span).count() == 1).collect();
        assert_eq!(of_it.len(), batch.len(), "cut after {last:?}");
        for record in &batch {
            let read = store.exchange(&ALL, record.span.exchange_id).await.unwrap();
            assert_eq!(read.as_ref(), Some(&**record), "cut after {last:?}");
        }
    }
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), 25);
}

#[tokio::test]
async fn a_later_version_elsewhere_leaves_nothing_of_one_that_was_cut() {
    let (store, _guard) = open().await;
    for (number, last) in (1u64..).zip(STEPS) {
        batch_until(&store.engine, &store.maker, &[said(number)], last).await.unwrap();
        let moved = numbered(number).tenant("other").at(START).version(1).record();
        store.write(&[Arc::clone(&moved)]).await.unwrap();
        let found = everything(&store).await;
        let same: Vec<_> = found.iter().filter(|span| span.exchange_id == moved.span.exchange_id).collect();
        assert_eq!(same, [&moved.span], "cut after {last:?}");
    }
}

#[tokio::test]
async fn what_was_erased_can_be_written_again() {
    let (store, _guard) = open().await;
    let batch = [said(1), said(2)];
    store.write(&batch).await.unwrap();
    let until = Timestamp::from_unix_us(i64::MAX);
    let erased = store.erase(&ALL, &Subject::Everything, until).await.unwrap();
    assert_eq!((erased.spans, erased.contents), (2, 2));
    assert_eq!(everything(&store).await, []);
    store.write(&batch).await.unwrap();
    assert_eq!(everything(&store).await.len(), 2);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_an_older_one_where_it_must_not_be_changed() {
    let (clickhouse, _guard) = engines::clickhouse();
    let refusing = Options { clickhouse: clickhouse.clone(), migrate: crate::Migrate::Refuse, ..Options::default() };
    let why = open_spans("storage.spans", "clickhouse:", &refusing).await.err().unwrap().to_string();
    assert!(why.contains("has schema 0, expected 5"), "{why}");
    let options = Options { clickhouse, ..Options::default() };
    let Ok(store) = Clickhouse::open(&options).await else { panic!("the settings are right") };
    let engine = &store.engine;
    engine.run("test", engine.own(), "INSERT INTO schema_versions (version) SELECT 4000").await.unwrap();
    let why = open_spans("storage.spans", "clickhouse:", &options).await.err().unwrap().to_string();
    assert!(why.contains("has schema 4000, this program knows up to 5"), "{why}");
}

/// The engine makes the hashes of terms that an earlier version stored; they are ours, or nothing is found.
#[tokio::test]
async fn what_was_said_before_terms_were_hashed_is_found() {
    for (clickhouse, _guard) in [engines::clickhouse(), engines::clickhouse_old()] {
        let options = Options { clickhouse, ..Options::default() };
        let Ok(engine) = Engine::new(&options.clickhouse, crate::Migrate::Auto) else {
            panic!("the settings are right")
        };
        migrate::make_old(&engine, 2).await.unwrap();
        let said = "Refund 東京都 GRÖSSE x'1\\ 안녕 \u{130}\u{212a} a-very-long-word-".to_owned() + &"z".repeat(90);
        let record = numbered(1).said(&said, "so be it").record();
        let (span, content) = (&record.span, record.content.as_ref().unwrap());
        let mut terms = std::collections::BTreeSet::new();
        content.each_text(&mut |text| {
            llmtrace_model::terms(text, &mut |term| {
                terms.insert(term.to_owned());
            });
        });
        let mut old = Query::of(
            "INSERT INTO bodies (exchange_id, tenant_id, started_at, content, terms, rank, is_deleted) SELECT ",
        );
        old.bind("UInt128", number(span.exchange_id).to_string());
        old.push(", ");
        old.bind("String", span.tenant_id.to_string());
        old.push(", ");
        old.bind("Int64", span.started_at.unix_us().to_string());
        old.push(", ");
        old.bind("String", escaped(&serde_json::to_string(content).unwrap()));
        old.push(", ");
        old.bind_texts(terms.iter().map(String::as_str));
        old.push(", 1, 0");
        engine.answer("test", engine.own(), old).await.unwrap();

        let Ok(store) = Clickhouse::open(&options).await else { panic!("the schema is brought up to date") };
        store.write(&[Arc::new(SpanRecord::bare(span.clone()))]).await.unwrap();
        let found = async |text: &str| {
            let filter = SpanFilter { text: llmtrace_model::Terms::parse(text), ..SpanFilter::default() };
            store.count(&ALL, &filter).await.unwrap()
        };
        assert!(terms.len() > 12);
        for (text, count) in
            [(said.as_str(), 1), ("refund 京都 grösse so be it", 1), ("refund absent", 0), ("refun", 0)]
        {
            assert_eq!(found(text).await, count, "{text}");
        }
        assert_eq!(store.exchange(&ALL, span.exchange_id).await.unwrap().unwrap(), *record);
    }
}

#[tokio::test]
async fn several_processes_make_the_schema_at_once() {
    let (clickhouse, _guard) = engines::clickhouse();
    let options = Options { clickhouse, ..Options::default() };
    let (a, b, c) = tokio::join!(Clickhouse::open(&options), Clickhouse::open(&options), Clickhouse::open(&options));
    for store in [a, b, c] {
        let Ok(store) = store else { panic!("each is open") };
        store.ping().await.unwrap();
    }
}

#[tokio::test]
async fn wrong_settings_are_named_and_never_repeated() {
    for (url, named) in [
        ("", "clickhouse.url"),
        ("hunter2", "clickhouse.url"),
        ("tcp://u:hunter2@h:9000", "clickhouse.url"),
        ("http://u:hunter2@a,b", "clickhouse.url"),
        ("http://u:hunter2@a/db", "clickhouse.database"),
    ] {
        let options = at(url);
        let why = open_spans("storage.spans", "clickhouse:", &options).await.err().unwrap().to_string();
        assert!(why.contains(named) && !why.contains("hunter2"), "{url}: {why}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_met_when_it_is_needed() {
    // Nothing listens on port 1.
    let store = open_spans("storage.spans", "clickhouse:", &at("http://127.0.0.1:1")).await.unwrap();
    let error: Error = store.ping().await.unwrap_err();
    assert_eq!((error.kind, error.backend), (ErrorKind::Unavailable, Backend::Clickhouse));
    assert!(error.source.to_string().contains("clickhouse.url"), "{}", error.source);
}

#[tokio::test]
async fn a_wrong_password_is_no_fault_of_a_row() {
    let (mut clickhouse, _guard) = engines::clickhouse();
    clickhouse.server.password = Some(Secret::new("hunter2"));
    let options = Options { clickhouse, ..Options::default() };
    let store = open_spans("storage.spans", "clickhouse:", &options).await.unwrap();
    let error = store.write(&[said(1)]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    let why = error.source.to_string();
    assert!(why.contains("clickhouse.password") && !why.contains("hunter2"), "{why}");
}

fn at(url: &str) -> Options {
    let mut clickhouse = ClickhouseOptions { database: "none".to_owned(), ..ClickhouseOptions::default() };
    clickhouse.server.url = Some(Secret::new(url));
    Options { clickhouse, ..Options::default() }
}

#[tokio::test]
async fn closed_hours_are_read_from_roll_ups_until_they_are_marked_again() {
    let (store, _guard) = open().await;
    let hours = |n: i64| Timestamp::from_unix_us(START.unix_us() + n * 3_600_000_000);
    let span = |n: u64, hour| numbered(n).at(hours(hour)).cost_nanos(1).record();
    store.write(&[span(1, 0), span(2, 1), span(3, 2)]).await.unwrap();
    while store.tend(hours(9)).await.unwrap().rollup_hours > 0 {}
    // Changed behind the store's back: only who reads spans sees it.
    let sql = "ALTER TABLE spans UPDATE cost = 1000 WHERE TRUE SETTINGS mutations_sync = 1";
    store.engine.run("test", store.engine.own(), sql).await.unwrap();
    let cost = async || {
        let rows = store.stats(&ALL, &StatsQuery::default()).await.unwrap();
        rows[0].measures.cost.nanos()
    };
    assert_eq!(cost().await, 3, "all hours are clean");
    store.write(&[span(4, 1)]).await.unwrap();
    assert_eq!(cost().await, 1003, "one hour is read from its spans");
    while store.tend(hours(9)).await.unwrap().rollup_hours > 0 {}
    assert_eq!(cost().await, 1003, "it is clean again");
    store.erase(&ALL, &Subject::Everything, hours(9)).await.unwrap();
    assert_eq!(store.stats(&ALL, &StatsQuery::default()).await.unwrap(), [], "nothing is left");
}

/// A family with too many buckets in an hour is not kept for it: none of its groups is, and the spans are read.
#[tokio::test]
async fn an_hour_that_is_not_whole_in_a_family_is_read_from_its_spans() {
    let (store, _guard) = open().await;
    let hours = |n: i64| Timestamp::from_unix_us(START.unix_us() + n * 3_600_000_000);
    let span = |n: u64, hour| numbered(n).at(hours(hour)).cost_nanos(1).record();
    store.write(&[span(1, 0), span(2, 1), span(3, 2)]).await.unwrap();
    while store.tend(hours(9)).await.unwrap().rollup_hours > 0 {}
    let requests = async |group_by: &[Dimension]| {
        let query = StatsQuery { group_by: group_by.to_vec(), ..StatsQuery::default() };
        let rows = store.stats(&ALL, &query).await.unwrap();
        rows.iter().map(|row| row.measures.requests).sum::<u64>()
    };
    let sql = "INSERT INTO rollups (family, hour, tenant_id, marks, is_whole) \
               SELECT family, hour, tenant_id, marks + 1, 0 FROM rollups FINAL WHERE family = 2 ORDER BY hour LIMIT 1";
    store.engine.run("test", store.engine.own(), sql).await.unwrap();
    assert_eq!(requests(&[]).await, 3, "another family is whole");
    assert_eq!(requests(&[Dimension::Model]).await, 3, "one hour of this family is not");
}

#[tokio::test]
async fn a_day_expires_once_and_takes_its_sums_along() {
    let (store, _guard) = open().await;
    let hours = |n: i64| Timestamp::from_unix_us(START.unix_us() + n * 3_600_000_000);
    let span = |n: u64, hour, owner: &str| numbered(n).tenant(owner).at(hours(hour)).said("q", "a").record();
    let batch = [span(1, 0, "a"), span(2, 36, "a"), span(3, 0, "kept"), span(4, 36, "kept"), span(5, 900, "a")];
    store.write(&batch).await.unwrap();
    while store.tend(hours(999)).await.unwrap().rollup_hours > 0 {}
    let number = async |sql: &str| store.engine.number("test", Query::of(sql)).await.unwrap();
    let mutations = "SELECT count() FROM system.mutations WHERE database = currentDatabase()";
    let sums = "SELECT count() FROM rollups FINAL WHERE notEmpty(errors) AND family = 1";
    assert_eq!(number(sums).await, 5);
    let five = Retention { content_days: None, span_days: Some(5) };
    let mut rules = Retentions { default: five, ..Retentions::default() };
    rules.of.insert("kept".parse().unwrap(), Retention::default());
    let expired = async |rules: &Retentions, hour| {
        let erased = store.expire(rules, hours(hour)).await.unwrap();
        assert_eq!(store.expire(rules, hours(hour)).await.unwrap(), Erased::default());
        (erased.spans, erased.contents)
    };
    // The first day is over; the second is, half of it older than five days, only when it is over, too.
    assert_eq!(expired(&rules, 6 * 24 + 23).await, (1, 1));
    assert_eq!(number(sums).await, 4);
    let before = number(mutations).await;
    assert_eq!(expired(&rules, 6 * 24 + 23).await, (0, 0));
    assert_eq!(number(mutations).await, before, "there is nothing left to do");
    assert_eq!(expired(&rules, 7 * 24).await, (1, 1));
    assert_eq!(number(sums).await, 3);
    // Over for every rule: the month goes as a whole.
    rules.of.clear();
    assert_eq!(expired(&rules, 36 * 24).await, (2, 2));
    assert_eq!(number(sums).await, 1);
    let months = "SELECT uniqExact(partition) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'spans'";
    assert_eq!(number(months).await, 1);
    assert_eq!(everything(&store).await, [batch[4].span.clone()]);
    let rows = store.stats(&ALL, &StatsQuery::default()).await.unwrap();
    assert_eq!(rows[0].measures.requests, 1);
}

/// Ten thousand are the most of one batch, and their ids are one parameter of a statement.
async fn many_at_once_are_written_listed_and_erased(clickhouse: ClickhouseOptions) {
    const MANY: u64 = 10_000;
    let options = Options { clickhouse, ..Options::default() };
    let Ok(store) = Clickhouse::open(&options).await else { panic!("the settings are right") };
    let long = "t".repeat(64);
    let batch: Vec<_> = (0..MANY).map(|n| numbered(n).tenant(&long).said("q", "a").record()).collect();
    store.write(&batch).await.unwrap();
    store.write(&batch).await.unwrap();
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), MANY);
    let page = PageRequest::first(PageRequest::MAX);
    let read = store.list_records(&ALL, &SpanFilter::default(), &page).await.unwrap();
    assert_eq!(read.items.len(), PageRequest::MAX as usize);
    let erased = store.erase(&ALL, &Subject::Everything, Timestamp::from_unix_us(i64::MAX)).await.unwrap();
    assert_eq!((erased.spans, erased.contents), (MANY, MANY));
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), 0);
}

#[tokio::test]
async fn many_at_once_fit_into_a_request() {
    let (clickhouse, _guard) = engines::clickhouse();
    many_at_once_are_written_listed_and_erased(clickhouse).await;
}

#[tokio::test]
async fn many_at_once_fit_into_a_request_of_the_oldest_version() {
    let (clickhouse, _guard) = engines::clickhouse_old();
    many_at_once_are_written_listed_and_erased(clickhouse).await;
}
