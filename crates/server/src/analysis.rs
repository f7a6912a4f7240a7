//! Detection for those who wait for its word: few texts at once, away from the threads that forward, and never longer than said.
//!
//! The back lane has threads of its own and calls the engine itself.

mod replay;

use std::{sync::Arc, thread, time::Duration};

use llmtrace_detect::{Deadline, Engine};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::timeout,
};

pub use self::replay::{Changed, ChangedFinding, NOTHING, Replay, Rulings};
use crate::{tasks::off_runtime, telemetry::Events};

/// Runs the engine for those who wait. Cheap to clone.
#[derive(Clone)]
pub struct Analysts {
    engine: Arc<Engine>,
    free: Arc<Semaphore>,
    /// The one place of those for whom no request waits.
    aside: Arc<Semaphore>,
    is_ready: Arc<OnceCell<()>>,
    events: Events,
}

/// Says why there is no word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnalysed {
    /// Time was over, mostly because others were first.
    #[error("there was no time to analyse it")]
    Late,
    /// A defect of ours, which is in the log.
    #[error("analysing it failed")]
    Failed,
}

impl Analysts {
    /// Half of the cores at most, and one at least: the others forward.
    pub fn new(engine: Arc<Engine>, events: Events) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (free, aside) = (Semaphore::new((cores / 2).max(1)), Semaphore::new(1));
        Self { engine, free: Arc::new(free), aside: Arc::new(aside), is_ready: Arc::default(), events }
    }

    /// The detectors, for those who look at a little at a time where they are.
    pub fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }

    /// Makes ready, once, what is else made when it is first needed: nobody who waits for a verdict may run out of time for that.
    pub async fn ready(&self) {
        let prepare = async || {
            let engine = Arc::clone(&self.engine);
            if off_runtime(move || engine.prepare()).await.is_err() {
                self.events.notice("analysis_failed");
            }
        };
        self.is_ready.get_or_init(prepare).await;
    }

    /// Runs one piece of work, which has to look at its deadline. Whoever waits no longer gets [`NotAnalysed::Late`], and the
    /// work ends soon after by itself. Cancel-safe.
    pub async fn run<T: Send + 'static>(
        &self,
        within: Duration,
        work: impl FnOnce(&Engine, Deadline) -> T + Send + 'static,
    ) -> Result<T, NotAnalysed> {
        self.run_in(&self.free, within, work).await
    }

    /// The same for long work that no request waits for: one at a time, and beside those that [`Self::run`] takes, so that it
    /// holds up no verdict.
    pub async fn run_aside<T: Send + 'static>(
        &self,
        within: Duration,
        work: impl FnOnce(&Engine, Deadline) -> T + Send + 'static,
    ) -> Result<T, NotAnalysed> {
        self.run_in(&self.aside, within, work).await
    }

    async fn run_in<T: Send + 'static>(
        &self,
        free: &Arc<Semaphore>,
        within: Duration,
        work: impl FnOnce(&Engine, Deadline) -> T + Send + 'static,
    ) -> Result<T, NotAnalysed> {
        let deadline = Deadline::within(within);
        let engine = Arc::clone(&self.engine);
        let done = async {
            let permit = Arc::clone(free).acquire_owned().await.map_err(|_| NotAnalysed::Failed)?;
            let work = off_runtime(move || {
                // Held by the work, not by whoever waits: it is that which takes the core.
                let _permit = permit;
                work(&engine, deadline)
            });
            work.await.map_err(|_| NotAnalysed::Failed)
        };
        let answer = timeout(within, done).await.unwrap_or(Err(NotAnalysed::Late));
        match &answer {
            Ok(_) => {}
            Err(NotAnalysed::Late) => self.events.notice("analysis_shed"),
            Err(NotAnalysed::Failed) => self.events.notice("analysis_failed"),
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use llmtrace_model::Channel;

    use super::*;
    use crate::telemetry::Metrics;

    fn analysts() -> Analysts {
        let events = Events::new(Arc::new(Metrics::new()));
        let (free, aside) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(1)));
        Analysts { engine: Arc::new(Engine::new()), free, aside, is_ready: Arc::default(), events }
    }

    #[tokio::test]
    async fn who_comes_while_all_are_busy_waits_no_longer_than_said() {
        let analysts = analysts();
        let (release, wait) = mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let busy = {
            let analysts = analysts.clone();
            async move {
                let work = move |_: &Engine, _: Deadline| {
                    begun.send(()).unwrap();
                    wait.recv().unwrap();
                };
                analysts.run(Duration::from_secs(60), work).await
            }
        };
        let other = async {
            begins.await.unwrap();
            let late = analysts.run(Duration::from_millis(1), |_, _| ()).await;
            let aside = analysts.run_aside(Duration::from_secs(60), |_, _| ()).await;
            assert_eq!(aside, Ok(()), "it has a place of its own");
            release.send(()).unwrap();
            late
        };
        assert_eq!(tokio::join!(busy, other), (Ok(()), Err(NotAnalysed::Late)));
        let report =
            analysts.run(Duration::from_secs(60), |engine, deadline| engine.scan(Channel::User, "hi", deadline));
        assert!(report.await.unwrap().late.is_empty(), "and is free again");
    }

    #[tokio::test]
    async fn a_defect_is_an_answer() {
        let analysts = analysts();
        let failed = analysts.run(Duration::from_secs(60), |_, _| panic!("a defect")).await;
        assert_eq!(failed, Err::<(), _>(NotAnalysed::Failed));
        assert_eq!(analysts.run(Duration::from_secs(60), |_, _| ()).await, Ok(()));
    }
}
