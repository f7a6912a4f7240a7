//! What is in Redis: counters, and answers that are kept in front of the span store.

use std::{sync::Arc, time::Duration};

use llmtrace_store::{Cached, CounterStore, Keeping, SpanStore, Watch};

use super::wiring::store_options;
use crate::{clock::Clock, config::Config, telemetry::Events};

/// The store of counters; a server that is away is found out by its first call.
pub(super) async fn counters(config: &Config) -> anyhow::Result<Arc<dyn CounterStore>> {
    let url = config.storage.counters.as_str();
    Ok(llmtrace_store::open_counters("storage.counters", url, &store_options(config)?).await?)
}

/// The span store with answers kept in front of it, where that is configured.
pub(super) fn cached(
    config: &Config,
    spans: &Arc<dyn SpanStore>,
    clock: &Clock,
    watch: Watch,
) -> anyhow::Result<Option<Arc<Cached>>> {
    if config.storage.counters.scheme() != "redis" || config.redis.cache_seconds == 0 {
        return Ok(None);
    }
    let clock = clock.clone();
    let keeping = Keeping {
        server: store_options(config)?.redis,
        longest: Duration::from_secs(config.redis.cache_seconds),
        now: Arc::new(move || clock.now()),
        watch,
    };
    Ok(Some(Arc::new(Cached::over(Arc::clone(spans), "redis", keeping)?)))
}

/// Counts what happens to kept answers.
pub(super) fn counted(events: &Events) -> Watch {
    let events = events.clone();
    Arc::new(move |event| events.cache(event))
}

/// The span store of a command that changes rows: running proxies hear of it.
pub(crate) async fn heard(config: &Config, spans: Arc<dyn SpanStore>) -> anyhow::Result<Arc<dyn SpanStore>> {
    let Some(cached) = cached(config, &spans, &Clock::system(), Arc::new(|_| ()))? else { return Ok(spans) };
    cached.look_after().await;
    Ok(cached)
}

/// Asks Redis whether it is there.
pub(super) async fn probe(config: &Config) -> anyhow::Result<String> {
    let store = counters(config).await?;
    store.ping().await?;
    let complaint = store.complaint();
    store.close().await?;
    Ok(complaint.unwrap_or_else(|| format!("{} answers", config.storage.counters.as_str())))
}
