//! The live tail: whoever listens hears of each span right after it is stored.
//!
//! The writer tells, the API listens; the front lane knows nothing of it. Without a listener a batch costs one look at a
//! number. A span is written out once, for the first who wants it, and shared. Each listener has a bounded queue of its own,
//! so that a slow one loses spans, counted, and neither holds up the writer nor hears of spans outside its scope.

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use llmtrace_model::{Span, SpanFilter, SpanId, SpanRecord, Subject, TenantId, TenantScope, Timestamp, TraceId};
use llmtrace_store::matches;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::telemetry::{Events, Gauged};

/// Listeners at once.
pub const MAX_SUBSCRIBERS: usize = 64;
/// The most spans that wait for one listener: two seconds of 500 a second.
const QUEUE_SPANS: usize = 1024;
/// The most bytes of them. What several listeners wait for is there once.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// So many spans are told in one go before other tasks get their turn.
const IN_ONE_GO: usize = 32;

/// How a span is written out; the API's, because it is what listeners get.
pub type Render = fn(&Span) -> Bytes;

/// Tells listeners of stored spans. Cheap to clone.
#[derive(Clone)]
pub struct Tail(Arc<Shared>);

struct Shared {
    render: Render,
    events: Events,
    /// The length of `listeners`, to be read without its lock.
    count: AtomicUsize,
    listeners: Mutex<Vec<Arc<Listener>>>,
}

/// One listener: what it wants to hear, and what it has not taken yet.
struct Listener {
    scope: TenantScope,
    filter: SpanFilter,
    queue: Mutex<Queue>,
    news: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    spans: usize,
    bytes: usize,
}

/// What a listener has not taken yet.
enum Waiting {
    Span(Arc<Told>),
    Dropped(u64),
}

/// A span, written out once for all who wait for it.
struct Told {
    event: Bytes,
    whose: Whose,
}

/// By what a span that waits is found when it is to be erased.
struct Whose {
    tenant_id: TenantId,
    started_at: Timestamp,
    trace_id: TraceId,
    span_id: SpanId,
    session_id: Option<String>,
    user_id: Option<String>,
}

/// What a listener hears, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A span, written out.
    Span(Bytes),
    /// So many spans that it wanted found no room where this stands.
    Dropped(u64),
}

impl From<Waiting> for Heard {
    fn from(waiting: Waiting) -> Self {
        match waiting {
            Waiting::Span(told) => Self::Span(told.event.clone()),
            Waiting::Dropped(count) => Self::Dropped(count),
        }
    }
}

/// There are [`MAX_SUBSCRIBERS`] already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_SUBSCRIBERS} follow the tail already")]
pub struct TooMany;

impl Tail {
    /// A tail without listeners.
    pub fn new(render: Render, events: Events) -> Self {
        let (count, listeners) = (AtomicUsize::new(0), Mutex::default());
        Self(Arc::new(Shared { render, events, count, listeners }))
    }

    /// Begins to listen for spans that are stored from now on and match; the filter's times and page mean nothing here.
    pub fn subscribe(&self, scope: TenantScope, filter: SpanFilter) -> Result<Subscription, TooMany> {
        let mut listeners = self.0.listeners.lock();
        if listeners.len() >= MAX_SUBSCRIBERS {
            self.0.events.tail_refused();
            return Err(TooMany);
        }
        let listener = Arc::new(Listener { scope, filter, queue: Mutex::default(), news: Notify::new() });
        listeners.push(Arc::clone(&listener));
        self.0.count.store(listeners.len(), Ordering::Release);
        drop(listeners);
        Ok(Subscription { listener, tail: self.clone(), _counted: self.0.events.tail_subscriber() })
    }

    /// Tells every listener of spans that are in the store now. Gives way to other tasks; waits for no listener.
    pub(super) async fn tell(&self, stored: impl ExactSizeIterator<Item = &SpanRecord>) {
        if self.0.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let listeners = self.0.listeners.lock().clone();
        for (n, record) in stored.enumerate() {
            if n % IN_ONE_GO == IN_ONE_GO - 1 {
                listeners.iter().for_each(|listener| listener.news.notify_one());
                tokio::task::yield_now().await;
            }
            self.tell_of(record, &listeners);
        }
        listeners.iter().for_each(|listener| listener.news.notify_one());
    }

    /// Forgets spans of a scope and subject that started at or before `until` and still wait for a listener.
    pub fn forget(&self, scope: &TenantScope, subject: &Subject, until: Timestamp) {
        let listeners = self.0.listeners.lock().clone();
        for listener in listeners {
            listener
                .queue
                .lock()
                .forget(|whose| scope.allows(&whose.tenant_id) && whose.started_at <= until && whose.is_of(subject));
        }
    }

    fn tell_of(&self, record: &SpanRecord, listeners: &[Arc<Listener>]) {
        let mut written = None;
        for listener in listeners.iter().filter(|listener| listener.wants(record)) {
            let span = &record.span;
            let told = || Arc::new(Told { event: (self.0.render)(span), whose: Whose::of(span) });
            if listener.queue.lock().push(written.get_or_insert_with(told)) == Pushed::Dropped {
                self.0.events.tail_dropped();
            }
        }
    }
}

impl Listener {
    fn wants(&self, record: &SpanRecord) -> bool {
        self.scope.allows(&record.span.tenant_id) && matches(&self.filter, record)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Pushed {
    Waits,
    Dropped,
}

impl Queue {
    fn push(&mut self, span: &Arc<Told>) -> Pushed {
        // One span always finds room, however large.
        let has_room = self.spans < QUEUE_SPANS && self.bytes + span.event.len() <= QUEUE_BYTES;
        if has_room || self.spans == 0 {
            self.spans += 1;
            self.bytes += span.event.len();
            self.waiting.push_back(Waiting::Span(Arc::clone(span)));
            return Pushed::Waits;
        }
        match self.waiting.back_mut() {
            Some(Waiting::Dropped(count)) => *count += 1,
            Some(Waiting::Span(_)) | None => self.waiting.push_back(Waiting::Dropped(1)),
        }
        Pushed::Dropped
    }

    fn forget(&mut self, is_gone: impl Fn(&Whose) -> bool) {
        let Self { waiting, spans, bytes } = self;
        waiting.retain(|waiting| match waiting {
            Waiting::Span(told) if is_gone(&told.whose) => {
                *spans -= 1;
                *bytes -= told.event.len();
                false
            }
            Waiting::Span(_) | Waiting::Dropped(_) => true,
        });
    }
}

impl Whose {
    fn of(span: &Span) -> Self {
        Self {
            tenant_id: span.tenant_id.clone(),
            started_at: span.started_at,
            trace_id: span.trace_id,
            span_id: span.span_id,
            session_id: span.session_id.clone(),
            user_id: span.user_id.clone(),
        }
    }

    fn is_of(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Trace(id) => self.trace_id == *id,
            Subject::Span(id) => self.span_id == *id,
            Subject::Session(id) => self.session_id.as_ref() == Some(id),
            Subject::User(id) => self.user_id.as_ref() == Some(id),
            Subject::Everything => true,
        }
    }
}

/// A place among the listeners; given back when it drops.
pub struct Subscription {
    listener: Arc<Listener>,
    tail: Tail,
    _counted: Gauged,
}

impl Subscription {
    /// Waits for news and takes all there is. Cancel-safe: what is not returned stays.
    pub async fn next(&self) -> VecDeque<Heard> {
        loop {
            let queue = std::mem::take(&mut *self.listener.queue.lock());
            if !queue.waiting.is_empty() {
                return queue.waiting.into_iter().map(Heard::from).collect();
            }
            self.listener.news.notified().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let shared = &self.tail.0;
        let mut listeners = shared.listeners.lock();
        listeners.retain(|listener| !Arc::ptr_eq(listener, &self.listener));
        shared.count.store(listeners.len(), Ordering::Release);
    }
}
