//! The end of the process: one signal lets everything finish, a further one ends what is being waited for.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGTERM or SIGINT.
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Starts listening; from here on the signals no longer end the process by themselves.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Resolves at the next signal. Cancel-safe.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What of the deadline is left for writing what the streams left behind, however long they took.
pub const FLUSH_AT_LEAST: Duration = Duration::from_secs(5);

/// How the end came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything that could finish has finished.
    InOrder,
    /// A signal came while it was finishing.
    Cut,
}

/// What follows the first signal: serving goes on for `delay`, then `drain` runs to its end.
///
/// Each further signal ends the wait it falls into: the delay, or the drain. `drain` begins no sooner than the delay has
/// ended; `signal` must be cancel-safe.
pub async fn in_order(delay: Duration, mut signal: impl AsyncFnMut(), drain: impl Future<Output = ()>) -> Ended {
    if delay.is_zero() {
        tracing::info!("shutting down, a second signal ends at once");
    } else {
        tracing::info!(
            delay_s = delay.as_secs(),
            "not ready any more, serving on for shutdown.delay_seconds; a second signal skips that"
        );
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = signal() => {}
        }
        tracing::info!("shutting down, another signal ends at once");
    }
    tokio::select! {
        () = drain => Ended::InOrder,
        () = signal() => Ended::Cut,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::{
        runtime::Builder,
        time::{Instant, sleep, sleep_until},
    };

    use super::*;

    /// When the drain began and when all was over, in milliseconds since the first signal.
    fn play(delay: u64, drain: u64, signals: &[u64]) -> (Option<u64>, u64, Ended) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let since = || u64::try_from(start.elapsed().as_millis()).unwrap();
            let began = std::cell::Cell::new(None);
            let draining = async {
                began.set(Some(since()));
                sleep(Duration::from_millis(drain)).await;
            };
            let mut coming = signals.iter().peekable();
            let signal = async || match coming.peek() {
                Some(at) => {
                    sleep_until(start + Duration::from_millis(**at)).await;
                    coming.next();
                }
                None => std::future::pending().await,
            };
            let ended = in_order(Duration::from_millis(delay), signal, draining).await;
            (began.get(), since(), ended)
        })
    }

    proptest! {
        /// Times of one residue each never fall together, so that who comes first is never a matter of luck.
        #[test]
        fn each_signal_ends_the_wait_it_falls_into_and_no_other(
            delay in (0_u64..600).prop_map(|n| n * 300),
            drain in (1_u64..3600).prop_map(|n| n * 300 + 100),
            mut signals in proptest::collection::vec((1_u64..4000).prop_map(|n| n * 300 + 50), 0..4),
        ) {
            signals.sort_unstable();
            signals.dedup();
            let mut left = signals.iter().copied().peekable();
            let begins = left.next_if(|at| *at < delay).unwrap_or(delay);
            let expected = match left.next() {
                Some(at) if at < begins + drain => (Some(begins), at, Ended::Cut),
                _ => (Some(begins), begins + drain, Ended::InOrder),
            };
            prop_assert_eq!(play(delay, drain, &signals), expected);
        }
    }
}
