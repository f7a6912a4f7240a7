//! One HTTP/1.1 connection to an upstream, moved by whoever waits for it.
//!
//! hyper gives a client connection a task of its own, and each step of an exchange then wakes a task on another thread.
//! A forwarded exchange has one place that waits for its connection, so the connection is polled there: the request is
//! written and the answer read by the task that read the client's request. Between two exchanges nobody polls it; what
//! the upstream does meanwhile only leaves a mark.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http1,
    rt::{Read, Write},
};

use super::{body::Outbound, pool::SendError};
use crate::tasks::{Alarm, Nudge, Since};

/// How often a connection that calls for itself is polled in one go before other tasks get their turn.
const ROUNDS: usize = 4;

/// Moves the bytes of a connection until it is over. Its errors reach whoever waits for an answer or a frame.
pub(super) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An open HTTP/1.1 connection.
pub(super) struct Link {
    sender: http1::SendRequest<Outbound>,
    /// `None` once the connection is over.
    driver: Option<Driver>,
    nudge: Arc<Nudge>,
    waker: Waker,
    alarm: Alarm,
}

/// What became of a request that was not answered.
pub(super) struct Unanswered {
    pub(super) error: SendError,
    /// The request, where not a byte of it was written.
    pub(super) request: Option<Request<Outbound>>,
}

impl Link {
    /// Speaks HTTP/1.1 over a connection that was just opened.
    pub(super) async fn open<T>(builder: &http1::Builder, io: T) -> Result<Box<Self>, hyper::Error>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let (sender, connection) = builder.handshake(io).await?;
        let connection = connection.with_upgrades();
        let driver: Driver = Box::pin(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "an upstream connection failed");
            }
        });
        let (nudge, waker) = Nudge::new();
        Ok(Box::new(Self { sender, driver: Some(driver), nudge, waker, alarm: Alarm::default() }))
    }

    /// Sends a request and waits for the head of its answer, until `due` where there is a limit. Dropping the future
    /// before that ends the connection.
    pub(super) async fn send(
        mut self: Box<Self>,
        request: Request<Outbound>,
        due: Option<Instant>,
    ) -> Result<(Response<Incoming>, Box<Self>), Unanswered> {
        let mut alarm = std::mem::take(&mut self.alarm);
        self.nudge.call();
        let answer = {
            let mut sent = pin!(self.sender.try_send_request(request));
            poll_fn(|cx| {
                self.attend(cx, |cx| match (sent.as_mut().poll(cx), due) {
                    (Poll::Ready(answer), _) => Poll::Ready(Some(answer)),
                    (Poll::Pending, Some(due)) => alarm.poll(cx, due).map(|()| None),
                    (Poll::Pending, None) => Poll::Pending,
                })
            })
            .await
        };
        self.alarm = alarm;
        match answer {
            Some(Ok(answer)) => Ok((answer, self)),
            Some(Err(mut failed)) => {
                let request = failed.take_message();
                Err(Unanswered { request, error: SendError::Broken(failed.into_error()) })
            }
            None => Err(Unanswered { request: None, error: SendError::Late }),
        }
    }

    /// Polls `what` comes over this connection, moving the connection as far as it goes.
    pub(super) fn attend<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut what: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let since = self.nudge.look(cx.waker());
        let mut own = Context::from_waker(&self.waker);
        match since {
            Since::Nothing => return Poll::Pending,
            Since::Called => {}
            Since::Attended => {
                // What the last round read may still lie there.
                if let Poll::Ready(came) = what(&mut own) {
                    return Poll::Ready(came);
                }
            }
        }
        for _ in 0..ROUNDS {
            self.nudge.attend();
            let Some(driver) = &mut self.driver else { return what(cx) };
            if driver.as_mut().poll(&mut own).is_ready() {
                self.driver = None;
            }
            if let Poll::Ready(came) = what(&mut own) {
                // Whoever got something asks again, so until then nobody has to be woken.
                return Poll::Ready(came);
            }
            if self.driver.is_some() && self.nudge.rest() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Says whether the connection can take another request: it is open, and its last exchange is over on both sides.
    pub(super) fn settle(&mut self) -> bool {
        // The waker belongs to the task of a client's connection, which must not stay in memory because of us.
        self.nudge.disown();
        for _ in 0..ROUNDS {
            if self.nudge.rest() {
                return self.sender.is_ready();
            }
            self.nudge.attend();
            let Some(driver) = &mut self.driver else { return false };
            if driver.as_mut().poll(&mut Context::from_waker(&self.waker)).is_ready() {
                return false;
            }
        }
        false
    }

    /// Says whether the upstream has done anything since the connection was settled; it can only have closed it.
    pub(super) fn is_disturbed(&self) -> bool {
        self.nudge.is_called()
    }

    /// What moves the connection from now on, in a task of its own; it takes no other request.
    pub(super) fn into_driver(self) -> Option<Driver> {
        self.driver
    }
}
