//! Measures what writing one span costs, by the size of its prompt: CPU of this process, without that of the engine.
//!
//! `cargo run --release -p llmtrace-store --features conformance --example write_bench -- KB COUNT ROWS [URL]` writes COUNT spans with
//! prompts of KB kilobytes and the bytes of their bodies, ROWS a batch, to the ClickHouse server at URL (database
//! llmtrace_write_bench, which is emptied before), else to an SQLite file in a temporary folder. Texts are words of a vocabulary
//! of which few are frequent and most are rare. Spans are built outside of what is measured.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use llmtrace_model::{PageRequest, Raw, RawBody, SpanFilter, SpanRecord, Subject, TenantScope, Timestamp};
use llmtrace_store::{Options, Secret, conformance::builders::numbered, open_spans};

type Failure = Box<dyn std::error::Error>;

/// Different words of the texts.
const VOCABULARY: u64 = 50_000;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |what: &str| -> Result<u64, Failure> { Ok(arguments.next().ok_or(what.to_owned())?.parse()?) };
    let (kb, count, rows) = (number("expected KB")?, number("expected COUNT")?, number("expected ROWS")?);
    let folder = tempfile::tempdir()?;
    let mut options = Options::default();
    let place = match arguments.next() {
        Some(url) => {
            options.clickhouse.server.url = Some(Secret::new(url.as_str()));
            options.clickhouse.database = "llmtrace_write_bench".to_owned();
            "clickhouse:".to_owned()
        }
        None => format!("sqlite:{}/spans.db", folder.path().display()),
    };
    let store = open_spans("bench", &place, &options).await?;
    store.erase(&TenantScope::All, &Subject::Everything, Timestamp::from_unix_us(i64::MAX)).await?;
    let (mut took, mut cpu, mut done) = (Duration::ZERO, Duration::ZERO, 0);
    // No more than so many bytes of spans at once in memory.
    let chunk = rows.max(20_000 / kb.max(1)).next_multiple_of(rows);
    while done < count {
        let upper = (done + chunk).min(count);
        let spans: Vec<_> = (done..upper).map(|n| record(n, kb * 1024)).collect();
        let (began, cpu_began) = (Instant::now(), cpu_time()?);
        for batch in spans.chunks(usize::try_from(rows)?) {
            store.write(batch).await?;
        }
        took += began.elapsed();
        cpu += cpu_time()? - cpu_began;
        done = upper;
    }
    let micros = cpu.as_secs_f64() * 1e6 / count as f64;
    println!(
        "{kb} KB, {count} spans, {rows} a batch: {:.0} spans/s, {micros:.1} us CPU per span",
        count as f64 / took.as_secs_f64()
    );
    let page = PageRequest::first(1);
    let found = store.list_records(&TenantScope::All, &SpanFilter::default(), &page).await?.items;
    if found.first().map(|found| &found.span) != Some(&record(count - 1, kb * 1024).span) {
        return Err("the last span is not the one that was written".into());
    }
    store.close().await?;
    Ok(())
}

/// The n-th span as the pipeline makes it of a chat request with a prompt of so many bytes.
fn record(n: u64, bytes: u64) -> Arc<SpanRecord> {
    let mut random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    while (text.len() as u64) < bytes {
        text.push_str(&word(frequent(&mut random)));
        text.push(' ');
    }
    let answer = "That depends on what you ask for, and on how much of it there is.";
    let record = numbered(n)
        .tenant(&format!("team-{}", n % 20))
        .model("gpt-4o-mini")
        .tokens(bytes / 4, 20)
        .cost_nanos(61_500)
        .said(&text, answer)
        .record();
    let body = |text: String| RawBody {
        media_type: Some("application/json".to_owned()),
        size_bytes: text.len() as u64,
        head: text.into(),
        ..RawBody::default()
    };
    let request =
        format!(r#"{{"model":"gpt-4o-mini","temperature":0.2,"messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let response = format!(
        r#"{{"id":"chatcmpl-{:024x}","object":"chat.completion","created":{n},"model":"gpt-4o-mini","choices":[{{"index":0,"message":{{"role":"assistant","content":"{answer}","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{},"completion_tokens":20,"total_tokens":{}}}}}"#,
        u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) >> 32,
        bytes / 4,
        bytes / 4 + 20,
    );
    let raw = Some(Raw { request: body(request), response: body(response) });
    Arc::new(SpanRecord { raw, ..Arc::unwrap_or_clone(record) })
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

/// A word of this rank, one to seven letters long: frequent ones are short.
fn word(rank: u64) -> String {
    let (mut left, mut word) = (rank * 7 + 3, String::new());
    while left > 0 {
        word.push(char::from(b'a' + u8::try_from(left % 26).unwrap_or(0)));
        left /= 26;
    }
    word
}

/// User and system time of this process so far, in steps of 10 ms.
fn cpu_time() -> Result<Duration, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(')').ok_or("no process name")?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || -> Result<u64, Failure> { Ok(fields.next().ok_or("too few fields")?.parse()?) };
    Ok(Duration::from_millis((ticks()? + ticks()?) * 10))
}
