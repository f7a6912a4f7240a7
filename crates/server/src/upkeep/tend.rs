//! Tends the span store: does what writes put off, a piece at a time, and makes way for writes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use llmtrace_store::{Backlog, SpanStore};

use super::backoff::Backoff;
use crate::{clock::Clock, tasks::Tasks, telemetry::Events};

/// How often the store is looked at where it has nothing left.
const EVERY: Duration = Duration::from_secs(2);
/// The least pause between two pieces while exchanges wait for the back lane: they need the machine more, but what was put off must
/// not stand still for as long as a busy time lasts.
const BUSY: Duration = Duration::from_millis(500);
/// While spans are being stored, the pause after a piece lasts so many times as long as the piece took: putting off costs
/// what is stored no more than a fifth of one core.
const BESIDE_WRITES: u32 = 4;
/// Waiting exchanges that make a busy time: as many as a batch of the writer where `pipeline.batch_rows` is that of `lite`.
const BUSY_RECORDS: u64 = 500;

/// Tends one store.
pub struct Tending {
    store: Arc<dyn SpanStore>,
    clock: Clock,
    events: Events,
    backoff: Backoff,
    /// Spans that had been stored when the last piece was done.
    stored: u64,
}

impl Tending {
    /// Tends `store`, and tells `events` what is left.
    pub fn new(store: Arc<dyn SpanStore>, clock: Clock, events: Events) -> Self {
        Self { store, clock, events, backoff: Backoff::default(), stored: 0 }
    }

    /// Tends until the tasks are asked to stop.
    pub async fn run(mut self, tasks: Tasks) {
        loop {
            let piece = async {
                let pause = self.piece().await;
                tokio::time::sleep(pause).await;
            };
            // Cancel-safe: a piece is done whole or not at all, and done again where nobody heard of it.
            tokio::select! {
                () = piece => {}
                () = tasks.stopping() => return,
            }
        }
    }

    /// Does one piece; returns how long to wait for the next.
    pub async fn piece(&mut self) -> Duration {
        let began = Instant::now();
        match self.store.tend(self.clock.now()).await {
            Ok(left) => {
                let took = began.elapsed();
                if self.backoff.is_over() {
                    tracing::info!("the span store is tended again");
                }
                self.events.store_tended(left, took);
                self.pause(left, took)
            }
            Err(error) => {
                self.events.store_failed(&error);
                let (is_first, pause) = self.backoff.failed();
                if is_first {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "tending the span store failed, searches may miss what is new; trying again");
                }
                pause
            }
        }
    }

    /// How long to wait after a piece that took so long.
    fn pause(&mut self, left: Backlog, took: Duration) -> Duration {
        let stored = self.events.spans_stored_so_far();
        let is_quiet = std::mem::replace(&mut self.stored, stored) == stored;
        if left == Backlog::default() {
            EVERY
        } else if self.events.waiting_records() >= BUSY_RECORDS {
            BUSY.max(took * BESIDE_WRITES)
        } else if is_quiet {
            // Half of the time at most: readers and writers of the store find a gap after each piece.
            took
        } else {
            took * BESIDE_WRITES
        }
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{SpanFilter, TenantScope, Terms, Timestamp};
    use llmtrace_store::{Options, conformance::builders::numbered, open_spans};

    use super::*;
    use crate::telemetry::Metrics;

    struct Tended {
        store: Arc<dyn SpanStore>,
        events: Events,
        tending: Tending,
        _folder: tempfile::TempDir,
    }

    async fn with_spans(count: u64) -> Tended {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("spans.db").display());
        let store = open_spans("test", &url, &Options::default()).await.unwrap();
        let batch: Vec<_> = (0..count).map(|n| numbered(n).said("word", "answer").record()).collect();
        store.write(&batch).await.unwrap();
        let events = Events::new(Arc::new(Metrics::new()));
        let clock = Clock::fixed(Timestamp::from_unix_us(0));
        let tending = Tending::new(Arc::clone(&store), clock, events.clone());
        Tended { store, events, tending, _folder: folder }
    }

    fn backlog(events: &Events) -> String {
        let text = events.metrics().render();
        let line = text.lines().find(|line| line.starts_with("llmtrace_store_backlog{kind=\"text_spans\"}"));
        line.unwrap_or_default().rsplit(' ').next().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn what_is_left_is_counted_and_done_until_nothing_is() {
        let Tended { store, events, mut tending, _folder } = with_spans(3000).await;
        assert!(tending.piece().await < EVERY);
        assert_eq!(backlog(&events), store.backlog().text_spans.to_string());
        assert_ne!(backlog(&events), "0");
        while tending.piece().await < EVERY {}
        assert_eq!(backlog(&events), "0");
        let filter = SpanFilter { text: Terms::parse("word"), ..SpanFilter::default() };
        assert_eq!(store.count(&TenantScope::All, &filter).await.unwrap(), 3000);
    }

    #[tokio::test]
    async fn what_is_stored_meanwhile_goes_first_and_does_not_stop_it() {
        let Tended { store, events, mut tending, _folder } = with_spans(3000).await;
        let (left, took) = (Backlog { text_spans: 1, rollup_hours: 0 }, Duration::from_millis(10));
        assert_eq!(tending.pause(left, took), took);
        events.spans_stored(1);
        assert_eq!(tending.pause(left, took), took * 4);
        assert_eq!(tending.pause(left, took), took, "nothing was stored since");
        events.queue_size(499, 1 << 20);
        assert_eq!(tending.pause(left, took), took);
        events.queue_size(500, 1 << 20);
        assert_eq!(tending.pause(left, took), BUSY);
        assert_eq!(tending.pause(left, BUSY), BUSY * 4, "a long piece is no more often");
        assert_eq!(tending.pause(Backlog::default(), took), EVERY);
        let before = store.backlog();
        assert!(tending.piece().await >= BUSY);
        assert!(store.backlog().text_spans < before.text_spans);
    }

    #[tokio::test]
    async fn failures_are_counted_and_tried_again_less_and_less_often() {
        let Tended { store, events, mut tending, _folder } = with_spans(1).await;
        store.close().await.unwrap();
        let mut pauses = Vec::new();
        for _ in 0..8 {
            pauses.push(tending.piece().await.as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(events.metrics().render().contains("llmtrace_store_failures_total{kind=\"unavailable\"} 8"));
    }

    #[tokio::test]
    async fn it_ends_when_the_tasks_are_asked_to() {
        let Tended { tending, _folder, .. } = with_spans(1).await;
        let tasks = Tasks::new();
        tasks.spawn("tend", tending.run(tasks.clone()));
        tasks.stop();
        tasks.drained().await;
        assert_eq!(tasks.running(), 0);
    }
}
