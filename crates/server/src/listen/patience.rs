//! How long a client may take for the head of a request.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};
use parking_lot::Mutex;

use crate::tasks::Alarm;

/// The timer of one HTTP/1.1 connection, which waits for one thing at a time: the head of the next request.
///
/// hyper asks for a new timer per request; behind all of them is one [`Alarm`], so that a request costs none.
#[derive(Debug, Clone, Default)]
pub(super) struct Patience(Arc<Mutex<Alarm>>);

struct Waiting {
    alarm: Patience,
    until: Instant,
}

impl Timer for Patience {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, until: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Waiting { alarm: self.clone(), until })
    }
}

impl Sleep for Waiting {}

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.alarm.0.lock().poll(cx, self.until)
    }
}
