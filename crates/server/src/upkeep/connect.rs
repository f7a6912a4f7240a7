//! Keeps Redis connected, away from every request: neither the start nor a request waits for it.

use std::{sync::Arc, time::Duration};

use llmtrace_store::{Cached, CounterStore};

use crate::{tasks::Tasks, telemetry::Events};

/// How often counters are looked at: while they are there, and while they are not.
const EVERY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(1));

/// Keeps the counters of one installation connected, and what keeps answers.
pub struct Connecting {
    counters: Arc<dyn CounterStore>,
    cached: Option<Arc<Cached>>,
    events: Events,
    is_away: bool,
}

impl Connecting {
    /// Connects `counters`, and `cached` where there is one.
    pub fn new(counters: Arc<dyn CounterStore>, cached: Option<Arc<Cached>>, events: Events) -> Self {
        Self { counters, cached, events, is_away: false }
    }

    /// Connects until the tasks are asked to stop.
    pub async fn run(mut self, tasks: Tasks) {
        let cached = self.cached.take();
        let answers = async {
            let Some(cached) = cached else { return };
            loop {
                let pause = cached.look_after().await;
                tokio::time::sleep(pause).await;
            }
        };
        let counters = async {
            loop {
                let pause = self.round().await;
                tokio::time::sleep(pause).await;
            }
        };
        // Cancel-safe: a connection that is being made is not missed by anybody.
        tokio::select! {
            ((), ()) = async { tokio::join!(answers, counters) } => {}
            () = tasks.stopping() => {}
        }
    }

    /// Asks the counters whether they are there, which connects them; returns how long to wait.
    async fn round(&mut self) -> Duration {
        match self.counters.ping().await {
            Ok(()) => {
                if std::mem::take(&mut self.is_away) {
                    tracing::info!("the store of counters is there again");
                }
                EVERY.0
            }
            Err(error) => {
                self.events.store_failed(&error);
                if !std::mem::replace(&mut self.is_away, true) {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "the store of counters is away and is tried again");
                }
                EVERY.1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_store::{Options, open_counters};

    use super::*;
    use crate::telemetry::Metrics;

    #[tokio::test]
    async fn counters_that_are_away_are_asked_more_often() {
        let counters = open_counters("test", "memory:", &Options::default()).await.unwrap();
        let metrics = Arc::new(Metrics::new());
        let mut connecting = Connecting::new(Arc::clone(&counters), None, Events::new(Arc::clone(&metrics)));
        assert_eq!(connecting.round().await, EVERY.0);
        counters.close().await.unwrap();
        assert_eq!(connecting.round().await, EVERY.1);
        assert!(metrics.render().contains(r#"llmtrace_store_failures_total{kind="unavailable"} 1"#));
    }
}
