//! A month of spans that a ClickHouse server makes by itself: ten million through the writer would take an hour.
//!
//! One span goes through the writer; the server multiplies its rows, with the values that `month::record` gives. So every column is
//! as it is written, and only what tells spans apart is computed here.

use std::{sync::Arc, time::Instant};

use clickhouse::Client;
use llmtrace_model::{PageRequest, SpanFilter, TenantScope, Terms};
use llmtrace_store::{SpanStore, conformance::builders::START};

use crate::{
    month::{self, HOUR_US, MONTH_US},
    text::{VOCABULARY, WORDS, word},
    timing::{Failure, measure},
};

/// Spans of one statement.
const CHUNK: u64 = 500_000;
/// Content is kept of this many days, the last ones.
const CONTENT_DAYS: i64 = 3;
/// What stands in the content of the first span for the words of another.
const PLACE: &str = "wordsstandhere";
/// Words of a lower rank stand in spans of every tenant.
const FREQUENT: u64 = 100;

/// Makes the spans that are not there yet.
pub(crate) async fn fill(store: &Arc<dyn SpanStore>, url: &str, database: &str, count: u64) -> Result<(), Failure> {
    let there = store.count(&TenantScope::All, &SpanFilter::default()).await?;
    if there > 1 {
        println!("{there} spans are there already");
        return Ok(());
    }
    store.write(&[month::first(count, PLACE)]).await?;
    let client = Client::default().with_url(url).with_database(database).with_user("default");
    let client = client.with_setting("insert_deduplicate", "0").with_setting("max_query_size", "16777216");
    let began = Instant::now();
    let mut done = 2;
    while done < count {
        let some = CHUNK.min(count - done);
        for statement in statements(done, some, count) {
            client.query_raw(&statement).execute().await?;
        }
        done += some;
        println!("made {done} in {:.0} s", began.elapsed().as_secs_f64());
    }
    Ok(())
}

/// The statements that make some spans with their content, places and marks.
fn statements(from: u64, some: u64, count: u64) -> [String; 4] {
    let values = values(from, some, count);
    let content_from = month::now().unix_us() - CONTENT_DAYS * 24 * HOUR_US;
    let words: Vec<String> = (0..VOCABULARY).map(|rank| format!("'{}'", word(rank))).collect();
    let words = words.join(",");
    let key = "v.exchange_id AS exchange_id, v.tenant_id AS tenant_id, v.started_at AS started_at";
    let record = month::first(count, PLACE);
    let (id, at) = (u128::from_be_bytes(*record.span.exchange_id.as_bytes()), record.span.started_at.unix_us());
    let first = |table: &str| {
        format!("(SELECT * FROM {table} WHERE started_at = {at} AND exchange_id = toUInt128('{id}') LIMIT 1) AS t")
    };
    let spans = format!(
        "INSERT INTO spans SELECT t.* REPLACE ({key}, v.trace_id AS trace_id, v.span_id AS span_id, v.agent_id AS agent_id, \
         v.session_id AS session_id, v.user_id AS user_id, v.tags AS tags, v.environment AS environment, v.release AS release, \
         v.provider AS provider, v.model AS request_model, v.model AS response_model, v.status AS status, \
         v.http_status AS http_status, v.end_reason AS end_reason, v.error_kind AS error_kind, v.error_message AS error_message, \
         v.input AS input, v.output AS output, v.cost AS cost, v.duration_us AS duration_us, v.first_token_us AS first_token_us, \
         v.finding_kinds AS finding_kinds, v.finding_severities AS finding_severities, \
         v.finding_confidences AS finding_confidences, v.finding_rules AS finding_rules, v.finding_reasons AS finding_reasons) \
         FROM {} CROSS JOIN ({values}) AS v",
        first("spans")
    );
    let bodies = format!(
        "INSERT INTO bodies WITH [{words}] AS words SELECT t.* REPLACE ({key}, \
         replaceOne(t.content, '{PLACE}', arrayStringConcat(v.said, ' ')) AS content, \
         arrayMap(term -> xxh3(term), arrayDistinct(arrayConcat(v.said, ['an', 'answer']))) AS term_hashes) FROM {} CROSS JOIN \
         (SELECT *, arrayMap(i -> words[toUInt32(greatest(1, pow({VOCABULARY}, bitShiftRight(cityHash64(n, i), 11) / 9007199254740992)))], \
         range({WORDS})) AS said FROM ({values}) WHERE started_at >= {content_from}) AS v",
        first("bodies")
    );
    let exchanges = format!(
        "INSERT INTO exchanges (exchange_id, tenant_id, started_at, version, rank) \
         SELECT v.exchange_id, v.tenant_id, v.started_at, 0, t.rank FROM {} CROSS JOIN ({values}) AS v",
        first("spans")
    );
    let marks = format!(
        "INSERT INTO rollup_marks (tenant_id, hour, marks) \
         SELECT tenant_id, intDiv(started_at, {HOUR_US}) AS hour, 1 FROM ({values}) GROUP BY tenant_id, hour"
    );
    [bodies, spans, marks, exchanges]
}

/// A scattered number, as `month::scattered` makes it.
fn scattered(n: &str) -> String {
    let one = format!("(bitXor({n}, bitShiftRight({n}, 30)) * toUInt64(13787848793156543929))");
    let two = format!("(bitXor({one}, bitShiftRight({one}, 27)) * toUInt64(10723151780598845931))");
    format!("bitXor({two}, bitShiftRight({two}, 31))")
}

/// What tells the spans apart.
fn values(from: u64, some: u64, count: u64) -> String {
    let (session, span) = (scattered("intDiv(n, 12)"), scattered("bitXor(n, toUInt64(1431655765))"));
    let start = START.unix_us();
    let rare = |at: u64, then: &str, other: &str| format!("if(n % 100000 = {at}, {then}, {other})");
    let failed = |then: &str, other: &str| format!("if(n % 50 = 0, {then}, {other})");
    let finding = |word: &str, none: &str| rare(177, &format!("[{word}]"), none);
    format!(
        "SELECT n, bitOr(bitOr(bitShiftLeft(toUInt128({start} / 1000 + n), 80), bitShiftLeft(toUInt128(7), 76)), toUInt128(span_id)) AS exchange_id, \
         bitOr(toUInt64(9223372036854775808), bitAnd(n * toUInt64(11400714819323198485), toUInt64(4611686018427387903))) AS span_id, \
         toInt64({start} + toInt64(intDiv(toUInt128(n) * {MONTH_US}, {count}))) AS started_at, \
         user % 8 AS team, concat('team-', toString(team)) AS tenant_id, \
         toUInt128(intDiv(n, 3) + 1) * toUInt128('210306068529402873165736369884012333109') AS trace_id, \
         concat('agent-', toString(bitShiftRight(session, 20) % 20)) AS agent_id, leftPad(lower(hex(session)), 16, '0') AS session_id, \
         concat('user-', leftPad(toString(user), 4, '0')) AS user_id, \
         arrayConcat([concat('team:', toString(session % 7))], {tag}) AS tags, \
         ['production', 'staging', 'test'][session % 3 + 1] AS environment, concat('2026.', toString(intDiv(n * 4, {count}))) AS release, \
         ['openai', 'anthropic', 'gcp.gemini'][span % 10 % 3 + 1] AS provider, {model} AS model, \
         {status} AS status, {http} AS http_status, {end} AS end_reason, {kind} AS error_kind, {message} AS error_message, \
         200 + span % 5000 AS input, 50 + span % 700 AS output, {cost} AS cost, \
         200000 + intDiv(bitShiftRight(span, 8) % 40000000, 1 + bitShiftRight(span, 40) % 20) AS duration_us, \
         intDiv(duration_us, 7) AS first_token_us, {kinds} AS finding_kinds, {severities} AS finding_severities, \
         {confidences} AS finding_confidences, {rules} AS finding_rules, {reasons} AS finding_reasons \
         FROM (SELECT n, session, session % 2000 AS user, span FROM \
         (SELECT number AS n, {session} AS session, {span} AS span FROM numbers({from}, {some}))) WHERE started_at < {now}",
        tag = rare(77, "['rare']", "[]"),
        model = rare(377, "'model-rare'", "concat('model-', toString(span % 10))"),
        status = failed("'error'", "'ok'"),
        http = failed("500", "200"),
        end = failed("'upstream_failed'", "'complete'"),
        kind = failed("'server_error'", "NULL"),
        message = failed("'it broke'", "NULL"),
        cost = rare(277, "5000000000", "50000 + span % 20000000"),
        kinds = finding("'leak'", "[]"),
        severities = finding("'high'", "[]"),
        confidences = finding("0.9", "[]"),
        rules = finding("'key'", "[]"),
        reasons = finding("'a key'", "[]"),
        now = month::now().unix_us(),
    )
}

/// Searches the last day.
pub(crate) async fn search(store: &Arc<dyn SpanStore>) -> Result<(), Failure> {
    let texts: [(&str, &[u64]); 4] =
        [("rare", &[40_000]), ("common", &[50]), ("everywhere", &[0]), ("common and rare", &[50, 40_000])];
    for (kind, ranks) in texts {
        // A rare word may be in no span; that a frequent one is in none would be a fault of this file.
        let spare = usize::from(ranks.iter().any(|rank| *rank >= FREQUENT));
        for (whose, scope) in [("all", TenantScope::All), ("one", TenantScope::One("team-7".parse()?))] {
            let filter = |i: u64| {
                // Neighbours in rank are as frequent: not every question is the same.
                let words: Vec<_> =
                    ranks.iter().map(|rank| word(if *rank < FREQUENT { *rank } else { rank + i % 50 })).collect();
                month::last(24, SpanFilter { text: Terms::parse(&words.join(" ")), ..SpanFilter::default() })
            };
            measure(&format!("search a day, {whose}: {kind}"), |i| {
                let (store, scope, filter) = (Arc::clone(store), scope.clone(), filter(i));
                async move { Ok(store.list(&scope, &filter, &PageRequest::first(50)).await?.items.len() + spare) }
            })
            .await?;
            measure(&format!("traces of a search, {whose}: {kind}"), |i| {
                let (store, scope, filter) = (Arc::clone(store), scope.clone(), filter(i));
                async move { Ok(store.list_traces(&scope, &filter, &PageRequest::first(50)).await?.items.len() + spare) }
            })
            .await?;
        }
    }
    Ok(())
}
