//! How long work on a store waits after it failed.

use std::time::Duration;

/// The first and the longest pause after a failure.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How long to wait after a failure: longer and longer.
#[derive(Debug, Default)]
pub(super) struct Backoff(Option<Duration>);

impl Backoff {
    /// It worked; says whether it had failed before.
    pub(super) fn is_over(&mut self) -> bool {
        self.0.take().is_some()
    }

    /// It failed: whether for the first time, and how long to wait.
    pub(super) fn failed(&mut self) -> (bool, Duration) {
        let pause = self.0.map_or(BACKOFF.0, |last| (last * 2).min(BACKOFF.1));
        (self.0.replace(pause).is_none(), pause)
    }
}
