//! The back lane: from a journal record to a stored span.
//!
//! `process` shows the order of the steps. Workers take records from the journal on threads of their own, so that
//! decoding can lag but never starve forwarding; one writer batches spans into the store and releases their records.

mod analyze;
mod capture;
mod decode;
mod estimate;
mod once;
mod options;
mod price;
mod raw;
mod redact;
mod session;
mod tail;
mod tenants;
#[cfg(test)]
mod tests;
mod work;
mod write;

use std::{sync::Arc, time::Duration};

use llmtrace_model::{SpanRecord, UsageSource};
use llmtrace_store::{CounterStore, MetaStore, SpanStore};
use llmtrace_wire::Billed;
use tokio::sync::mpsc;

pub use analyze::{Analysis, RulingOf};
pub use capture::OwnCapture;
pub use options::{Batch, Capture, Options};
pub use price::Prices;
pub use redact::TokenKey;
pub use tail::{Heard, MAX_SUBSCRIBERS, Render, Subscription, Tail, TooMany};

use self::{
    capture::Captures,
    once::{Once, Stopped},
    session::Sessions,
    work::{Room, Worker},
};
use crate::{
    journal::{Deliveries, Entry},
    tasks::Tasks,
    telemetry::Events,
};

/// How many takes of the workers may wait for the writer at least, and a batch of them where that is more: while one batch is
/// written, the next one gathers. In bytes see [`work::Room`].
const WRITER_QUEUE: usize = 8;

/// What every step of the back lane may use.
struct Context {
    options: Options,
    prices: Prices,
    events: Events,
    once: Once,
    captures: Captures,
    sessions: Sessions,
}

/// Where the back lane writes to.
pub struct Stores {
    /// Spans.
    pub spans: Arc<dyn SpanStore>,
    /// Tenants that were seen.
    pub meta: Arc<dyn MetaStore>,
    /// What is known of sessions.
    pub counters: Arc<dyn CounterStore>,
    /// Who hears of each span once it is stored.
    pub tail: Tail,
}

/// Starts the workers and the writer. They end when `deliveries` is closed and everything taken from it is stored. `own` says
/// what each tenant has set.
pub fn start(
    deliveries: &Deliveries,
    stores: Stores,
    options: Options,
    own: OwnCapture,
    prices: Prices,
    events: Events,
    tasks: &Tasks,
) -> std::io::Result<()> {
    let once = Once::new(Arc::clone(&stores.spans), tasks.clone());
    let captures = Captures::new(options.capture, own, tasks.clone());
    let sessions = Sessions::new(Arc::clone(&stores.counters));
    start_with(process, deliveries, stores, Context { options, prices, events, once, captures, sessions }, tasks)
}

/// From a record to a span. A parameter of the workers, because no input is known that shows what they do about a defect.
type Step = fn(&Context, &Entry) -> Result<SpanRecord, Stopped>;

fn start_with(
    step: Step,
    deliveries: &Deliveries,
    stores: Stores,
    context: Context,
    tasks: &Tasks,
) -> std::io::Result<()> {
    let (batch, events) = (context.options.batch, context.events.clone());
    let (to_writer, from_workers) = mpsc::channel(WRITER_QUEUE.max(batch.rows / work::TAKE));
    let room = Room::new(context.options.memory_bytes);
    let writer = write::Writer::new(stores, deliveries.clone(), batch, room.batch_bytes(), events, tasks.clone());
    tasks.spawn("span writer", writer.run(from_workers));
    let workers = context.options.workers.max(1);
    let context = Arc::new(context);
    for n in 0..workers {
        let (context, deliveries) = (Arc::clone(&context), deliveries.clone());
        let worker = Worker::new(step, context, deliveries, to_writer.clone(), room.clone());
        tasks.thread(&format!("pipeline-{n}"), move || worker.run())?;
    }
    Ok(())
}

/// The path of one record, step by step. Settling and notices come with the rooms they need.
fn process(context: &Context, entry: &Entry) -> Result<SpanRecord, Stopped> {
    let (mut record, billed) = match entry {
        Entry::Closed(closed) => decode::closed(closed),
        Entry::Interrupted(opened) => (decode::interrupted(opened), Billed::Here),
    };
    context.once.settle(billed, &mut record.span, &context.events)?;
    // What another exchange is billed for, now or later, must not be counted here a second time.
    if billed == Billed::Here {
        estimate::usage(&mut record);
    }
    let capture = context.captures.of(&record.span.tenant_id, &context.events)?;
    record.raw = raw::of(entry, &record.span, capture);
    // Before what was said is let go: an operator who keeps none of it wants to hear of attacks all the same.
    let (findings, hidden) =
        analyze::findings(&context.options.analysis, &mut record, capture.content, &context.events);
    record.span.findings = findings;
    let of_session = context.sessions.findings(&record, &context.events);
    record.span.findings.extend(analyze::decided(&context.options.analysis, &record.span.tenant_id, of_session));
    redact::apply(&mut record, &hidden, &context.options.tokens, &context.events);
    decode::keep(&mut record, capture.content);
    price::cost(&context.prices, &context.options.on_unknown_model, &mut record.span, &context.events);
    count(&context.events, &record);
    Ok(record)
}

/// Counts a finished exchange, with labels from the tables so that their number is bounded.
fn count(events: &Events, record: &SpanRecord) {
    let span = &record.span;
    let provider = llmtrace_wire::provider_by_id(&span.provider).map_or("unknown", |p| p.id);
    let dialects = llmtrace_wire::DIALECTS.iter().map(|d| d.as_str());
    let dialect = dialects.into_iter().find(|d| *d == span.dialect).unwrap_or("opaque");
    let duration = Duration::from_micros(span.timing.duration_us);
    let first_token = span.timing.first_token_us.map(Duration::from_micros);
    events.exchange_finished(provider, dialect, span.http_status, span.end_reason, duration, first_token);
    let usage = span.usage.unwrap_or_default();
    if span.cost.is_some() || usage.total() > 0 || !span.units.is_empty() {
        events.used(provider, &usage, span.cost);
    }
    if span.usage_source == UsageSource::Estimated {
        events.usage_estimated(provider);
    }
}
