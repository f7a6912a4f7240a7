//! Measures a store: how fast it takes spans, and how long reads take once they are there.
//!
//! `cargo run --release -p llmtrace-store --features conformance --example store_bench -- [month|text|raw] COUNT [URL [WORDS]]`. With
//! `month` the spans are spread over thirty days and rolled up, and statistics and lists with filters are asked for; with
//! `text` what was said is indexed and searched; with `raw` the bytes of the bodies are written too. Without a URL it
//! takes an SQLite file in a temporary folder, with one that begins with `http` the ClickHouse server there (database
//! llmtrace_bench), which makes a month of spans by itself. A month or a day that is there already is not written again. With WORDS only the
//! questions are asked whose names hold them. CPU is
//! user plus system of the whole process, spans are built outside.

mod bodies;
mod burst;
mod month;
mod server;
mod text;
mod timing;

use llmtrace_store::{MemoryOptions, Options, Secret, open_spans};

use self::{
    bodies::Bodies,
    timing::{Failure, megabytes},
};

/// On a server.
const DATABASE: &str = "llmtrace_bench";

/// How the spans lie in time.
enum Load {
    Burst(Bodies),
    Month,
    /// One day.
    Text,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).peekable();
    let word = arguments.next_if(|argument| matches!(argument.as_str(), "month" | "text" | "raw"));
    let load = match word.as_deref() {
        Some("month") => Load::Month,
        Some("text") => Load::Text,
        Some(_) => Load::Burst(Bodies::Kept),
        None => Load::Burst(Bodies::Left),
    };
    let count: u64 = arguments.next().ok_or("expected the number of spans")?.parse()?;
    let folder = tempfile::tempdir()?;
    let url = arguments.next().unwrap_or_else(|| format!("sqlite:{}/spans.db", folder.path().display()));
    if let Some(words) = arguments.next() {
        timing::ONLY.get_or_init(|| words);
    }
    let bounds = MemoryOptions { max_rows: usize::MAX, max_bytes: usize::MAX };
    let mut options = Options { memory: bounds, ..Options::default() };
    let is_server = url.starts_with("http");
    if is_server {
        options.clickhouse.server.url = Some(Secret::new(url.as_str()));
        options.clickhouse.database = DATABASE.to_owned();
    }
    let store = open_spans("bench", if is_server { "clickhouse:" } else { &url }, &options).await?;
    match load {
        Load::Burst(bodies) => burst::fill(&store, count, bodies).await?,
        Load::Month if is_server => {
            server::fill(&store, &url, DATABASE, count).await?;
            month::roll_up(&store, count).await?;
        }
        Load::Month => month::fill(&store, count).await?,
        Load::Text => text::fill(&store, count).await?,
    }
    if let Some(path) = url.strip_prefix("sqlite:") {
        println!("file {} MB, log {} MB", megabytes(path), megabytes(&format!("{path}-wal")));
    }
    match load {
        Load::Burst(bodies) => burst::ask(&store, count, bodies).await?,
        Load::Month => {
            month::ask(&store, count).await?;
            if is_server {
                server::search(&store).await?;
            }
        }
        Load::Text => text::search(&store).await?,
    }
    store.close().await?;
    Ok(())
}
