//! Measures a store: how fast it takes spans, and how long reads take once they are there.
//!
//! `cargo run --release -p llmtrace-store --features conformance --example store_bench -- [month|text] COUNT [URL]`. With `month`
//! the spans are spread over thirty days and rolled up, and statistics and lists with filters are asked for; with `text` what was said is indexed and
//! searched. Without a URL it
//! takes an SQLite file in a temporary folder; a month or a day that is there already is not written again. CPU is user plus system
//! of the whole process, spans are built outside.

mod burst;
mod month;
mod text;
mod timing;

use llmtrace_store::{MemoryOptions, Options, open_spans};

use self::timing::{Failure, megabytes};

/// How the spans lie in time.
enum Load {
    Burst,
    Month,
    /// One day.
    Text,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).peekable();
    let load = match arguments.next_if(|argument| argument == "month" || argument == "text").as_deref() {
        Some("month") => Load::Month,
        Some(_) => Load::Text,
        None => Load::Burst,
    };
    let count: u64 = arguments.next().ok_or("expected the number of spans")?.parse()?;
    let folder = tempfile::tempdir()?;
    let url = arguments.next().unwrap_or_else(|| format!("sqlite:{}/spans.db", folder.path().display()));
    let bounds = MemoryOptions { max_rows: usize::MAX, max_bytes: usize::MAX };
    let store = open_spans("bench", &url, &Options { memory: bounds, ..Options::default() }).await?;
    match load {
        Load::Burst => burst::fill(&store, count).await?,
        Load::Month => month::fill(&store, count).await?,
        Load::Text => text::fill(&store, count).await?,
    }
    if let Some(path) = url.strip_prefix("sqlite:") {
        println!("file {} MB, log {} MB", megabytes(path), megabytes(&format!("{path}-wal")));
    }
    match load {
        Load::Burst => burst::ask(&store, count).await?,
        Load::Month => month::ask(&store, count).await?,
        Load::Text => text::search(&store).await?,
    }
    store.close().await?;
    Ok(())
}
