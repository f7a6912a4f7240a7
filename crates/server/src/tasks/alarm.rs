//! A timer for deadlines that are hardly ever reached.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use tokio::time::Sleep;

/// Reports that a deadline has passed.
///
/// The runtime's timer is set once and left alone while the deadlines move on; only when it fires is the deadline of
/// that time looked at. Setting and taking back a timer for each request would cost two turns at the runtime's lock.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready once `due` has passed; `due` may be another one at each call.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, due: Instant) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due.into())));
        if timer.deadline() > due.into() {
            timer.as_mut().reset(due.into());
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if tokio::time::Instant::now() >= due.into() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Waker, time::Duration};

    use super::*;

    #[tokio::test]
    async fn a_deadline_that_moves_is_met_at_its_last_place() {
        let mut alarm = Alarm::default();
        let started = Instant::now();
        let at = |ms| started + Duration::from_millis(ms);
        let mut now = Context::from_waker(Waker::noop());
        assert!(alarm.poll(&mut now, at(20)).is_pending());
        poll_fn(|cx| alarm.poll(cx, at(60))).await;
        assert!(started.elapsed() >= Duration::from_millis(60));
        assert!(alarm.poll(&mut now, at(60_000)).is_pending());
        poll_fn(|cx| alarm.poll(cx, at(80))).await;
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
