//! Text search: what indexing costs, and how long searches of a day take.
//!
//! Texts are words of a vocabulary of which few are frequent and most are rare, as in any language (Zipf's law).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use llmtrace_model::{PageRequest, SpanFilter, SpanRecord, StatsQuery, TenantScope, Terms, Timestamp};
use llmtrace_store::{
    Backlog, SpanStore,
    conformance::builders::{START, numbered},
};

use super::{
    burst::{BATCH, CHUNK, session, tenant, trace},
    timing::{Failure, cpu_time, heading, measure},
};

/// Different words, and words of one span: about 1 KB.
pub(crate) const VOCABULARY: u64 = 50_000;
pub(crate) const WORDS: u64 = 170;
/// No hour has ended by then: what is measured is the text index alone.
const LONG_AGO: Timestamp = Timestamp::from_unix_us(0);
const DAY_US: u64 = 86_400_000_000;

/// Writes the spans and indexes them.
pub(crate) async fn fill(store: &Arc<dyn SpanStore>, count: u64) -> Result<(), Failure> {
    if store.count(&TenantScope::All, &SpanFilter::default()).await? >= count {
        return Ok(());
    }
    let step = DAY_US / count;
    let (mut wrote, mut done) = (Duration::ZERO, 0);
    while done < count {
        let upper = (done + CHUNK).min(count);
        let chunk: Vec<_> = (done..upper).map(|n| record(n, step)).collect();
        let began = cpu_time()?;
        for batch in chunk.chunks(usize::try_from(BATCH)?) {
            store.write(batch).await?;
        }
        wrote += cpu_time()? - began;
        done = upper;
    }
    println!("written {count}: {:.1} us CPU per span", wrote.as_secs_f64() * 1e6 / count as f64);
    index(store, count).await
}

/// Tends until nothing is left, and says what that took and how long a ping, which the writer answers, had to wait.
async fn index(store: &Arc<dyn SpanStore>, count: u64) -> Result<(), Failure> {
    let (began, cpu_began) = (Instant::now(), cpu_time()?);
    let (mut pieces, mut waits) = (0u64, Vec::new());
    loop {
        let (tended, waited) = tokio::join!(store.tend(LONG_AGO), async {
            let asked = Instant::now();
            store.ping().await.map(|()| asked.elapsed())
        });
        pieces += 1;
        waits.push(waited?);
        if tended? == Backlog::default() {
            break;
        }
    }
    waits.sort();
    let ms = |part: usize| waits[(waits.len() * part / 1000).min(waits.len() - 1)].as_secs_f64() * 1e3;
    println!(
        "indexed: {:.0} spans/s, {:.1} us CPU per span, {pieces} pieces, a write beside them waits {:.1} ms (p50), {:.1} (p99), {:.1} (max)",
        count as f64 / began.elapsed().as_secs_f64(),
        (cpu_time()? - cpu_began).as_secs_f64() * 1e6 / count as f64,
        ms(500),
        ms(990),
        ms(1000),
    );
    Ok(())
}

/// Searches the day.
pub(crate) async fn search(store: &Arc<dyn SpanStore>) -> Result<(), Failure> {
    let day = Timestamp::from_unix_us(START.unix_us() + i64::try_from(DAY_US)?);
    let all = |_| TenantScope::All;
    let one = |i: u64| tenant(i * 30).parse().map(TenantScope::One).expect("a tenant name");
    let scopes: [(&str, &dyn Fn(u64) -> TenantScope); 2] = [("all", &all), ("tenant", &one)];
    // The n-th most frequent word, or several.
    let texts = [
        ("rare", vec![40_000]),
        ("common", vec![50]),
        ("everywhere", vec![0]),
        ("3 everywhere", vec![0, 1, 2]),
        ("common and rare", vec![0, 40_000]),
    ];
    heading();
    for (kind, ranks) in &texts {
        for (whose, scope) in &scopes {
            let filter = |i: u64, agent: Option<&str>| {
                // Neighbours in rank are as frequent: not every question is the same.
                let words: Vec<_> =
                    ranks.iter().map(|rank| word(if *rank < 100 { *rank } else { rank + i % 50 })).collect();
                let text = Terms::parse(&words.join(" "));
                let agent_id = agent.map(str::to_owned);
                SpanFilter { from: Some(START), until: Some(day), text, agent_id, ..SpanFilter::default() }
            };
            let page = PageRequest::first(50);
            let name = |what: &str| format!("{what} {kind}, {whose}");
            // One more than was found: a rare word may be in no span of a tenant.
            measure(&name("list"), |i| {
                let (store, scope, filter, page) = (Arc::clone(store), scope(i), filter(i, None), page.clone());
                async move { Ok(store.list(&scope, &filter, &page).await?.items.len() + 1) }
            })
            .await?;
            measure(&name("list by agent"), |i| {
                let (store, scope, filter, page) =
                    (Arc::clone(store), scope(i), filter(i, Some("agent-3")), page.clone());
                async move { Ok(store.list(&scope, &filter, &page).await?.items.len() + 1) }
            })
            .await?;
            measure(&name("list by no agent"), |i| {
                let (store, scope, filter, page) =
                    (Arc::clone(store), scope(i), filter(i, Some("nobody")), page.clone());
                async move { Ok(store.list(&scope, &filter, &page).await?.items.len() + 1) }
            })
            .await?;
            measure(&name("traces"), |i| {
                let (store, scope, filter, page) = (Arc::clone(store), scope(i), filter(i, None), page.clone());
                async move { Ok(store.list_traces(&scope, &filter, &page).await?.items.len() + 1) }
            })
            .await?;
            measure(&name("sessions"), |i| {
                let (store, scope, filter, page) = (Arc::clone(store), scope(i), filter(i, None), page.clone());
                async move { Ok(store.list_sessions(&scope, &filter, &page).await?.items.len() + 1) }
            })
            .await?;
            measure(&name("count"), |i| {
                let (store, scope, filter) = (Arc::clone(store), scope(i), filter(i, None));
                async move { Ok(usize::try_from(store.count(&scope, &filter).await?).unwrap_or(usize::MAX) + 1) }
            })
            .await?;
            measure(&name("stats"), |i| {
                let query = StatsQuery { filter: filter(i, None), group_by: Vec::new(), interval_us: None };
                let (store, scope) = (Arc::clone(store), scope(i));
                async move { Ok(store.stats(&scope, &query).await?.len() + 1) }
            })
            .await?;
        }
    }
    Ok(())
}

/// The n-th span; its text follows from n.
fn record(n: u64, step: u64) -> Arc<SpanRecord> {
    let at = Timestamp::from_unix_us(START.unix_us() + i64::try_from(n * step).unwrap_or(0));
    let mut random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let text: Vec<_> = (0..WORDS).map(|_| word(frequent(&mut random))).collect();
    numbered(n)
        .at(at)
        .tenant(&tenant(n))
        .trace(trace(n))
        .session(&session(n))
        .user(&format!("user-{}", n % 5000))
        .agent(&format!("agent-{}", n % 7))
        .model("gpt-4o-mini")
        .tokens(200 + n % 100, 50 + n % 30)
        .cost_nanos(61_500)
        .said(&text.join(" "), "an answer")
        .record()
}

/// A rank: half as often twice as far down.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 1 and the vocabulary")]
fn frequent(random: &mut u64) -> u64 {
    // xorshift64: the same texts at each run.
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let part = (*random >> 11) as f64 / (1u64 << 53) as f64;
    ((VOCABULARY as f64).powf(part) as u64).saturating_sub(1)
}

/// A word of this rank, five to eight letters long.
pub(crate) fn word(rank: u64) -> String {
    let mut left = rank.wrapping_mul(0x9e37_79b9) % (1 << 32) + (1 << 24);
    let mut word = String::new();
    while left > 0 {
        word.push(char::from(b'a' + u8::try_from(left % 26).unwrap_or(0)));
        left /= 26;
    }
    word
}
