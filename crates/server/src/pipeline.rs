//! The back lane: from a journal record to a stored span.
//!
//! `process` shows the order of the steps. Workers take records from the journal on threads of their own, so that
//! decoding can lag but never starve forwarding; one writer batches spans into the store and releases their records.

mod analyze;
mod decode;
mod estimate;
mod options;
mod price;
mod tenants;
#[cfg(test)]
mod tests;
mod write;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use llmtrace_model::{SpanRecord, UsageSource};
use llmtrace_store::{MetaStore, SpanStore};
use tokio::sync::mpsc;

pub use analyze::Analysis;
pub use options::{Batch, Options};
pub use price::Prices;

use self::write::Finished;
use crate::{
    journal::{Deliveries, Entry},
    tasks::Tasks,
    telemetry::Events,
};

/// How many records a worker takes at once.
const TAKE: usize = 128;
/// How long a worker waits for the next record before it looks whether it should end.
const WAIT: Duration = Duration::from_millis(100);
/// How long a worker that was woken for a few records lets more of them gather: each wake-up, its own and the writer's, costs
/// as much CPU as several records. Below `pipeline.batch_ms`, so that the store hardly gets them later.
const GATHER: Duration = Duration::from_millis(25);
/// More bytes than this are worth a wake-up, and would hold up memory while they wait.
const GATHER_BYTES: usize = 256 * 1024;
/// How many finished batches may wait for the writer before the workers wait for it.
const WRITER_QUEUE: usize = 8;

/// What every step of the back lane may use.
struct Context {
    options: Options,
    prices: Prices,
    events: Events,
}

/// Where the back lane writes to.
pub struct Stores {
    /// Spans.
    pub spans: Arc<dyn SpanStore>,
    /// Tenants that were seen.
    pub meta: Arc<dyn MetaStore>,
}

/// Starts the workers and the writer. They end when `deliveries` is closed and everything taken from it is stored.
pub fn start(
    deliveries: &Deliveries,
    stores: Stores,
    options: Options,
    prices: Prices,
    events: Events,
    tasks: &Tasks,
) -> std::io::Result<()> {
    start_with(process, deliveries, stores, Context { options, prices, events }, tasks)
}

/// From a record to a span. A parameter of the workers, because no input is known that shows what they do about a defect.
type Step = fn(&Context, &Entry) -> SpanRecord;

fn start_with(
    step: Step,
    deliveries: &Deliveries,
    stores: Stores,
    context: Context,
    tasks: &Tasks,
) -> std::io::Result<()> {
    let (to_writer, from_workers) = mpsc::channel(WRITER_QUEUE);
    let (batch, events) = (context.options.batch, context.events.clone());
    let writer = write::Writer::new(stores, deliveries.clone(), batch, events, tasks.clone());
    tasks.spawn("span writer", writer.run(from_workers));
    let workers = context.options.workers.max(1);
    let context = Arc::new(context);
    for n in 0..workers {
        let (context, deliveries, to_writer) = (Arc::clone(&context), deliveries.clone(), to_writer.clone());
        tasks.thread(&format!("pipeline-{n}"), move || work(step, &context, &deliveries, &to_writer))?;
    }
    Ok(())
}

/// One worker: takes records, processes them, hands them to the writer; waits there when the store is slow.
fn work(step: Step, context: &Context, deliveries: &Deliveries, to_writer: &mpsc::Sender<Vec<Finished>>) {
    loop {
        let mut taken = deliveries.next(TAKE, WAIT);
        if taken.is_empty() {
            if deliveries.is_closed() {
                return;
            }
            continue;
        }
        let few = taken.len() < TAKE && taken.iter().map(|d| d.bytes).sum::<usize>() < GATHER_BYTES;
        if few && !deliveries.is_closed() {
            std::thread::sleep(GATHER);
            taken.extend(deliveries.next(TAKE - taken.len(), Duration::ZERO));
        }
        let finished = taken.into_iter().map(|delivery| {
            let entry = &delivery.entry;
            // A defect in reading one exchange must cost neither its span nor the worker, which every other span needs.
            let record = catch_unwind(AssertUnwindSafe(|| step(context, entry))).unwrap_or_else(|_| {
                context.events.notice("decoder_panicked");
                decode::unreadable(entry)
            });
            Finished { record: Arc::new(record), receipt: delivery.receipt }
        });
        if to_writer.blocking_send(finished.collect()).is_err() {
            return;
        }
    }
}

/// The path of one record, step by step. Settling, redaction and notices come with the rooms they need.
fn process(context: &Context, entry: &Entry) -> SpanRecord {
    let mut record = match entry {
        Entry::Closed(closed) => decode::closed(closed),
        Entry::Interrupted(opened) => decode::interrupted(opened),
    };
    estimate::usage(&mut record);
    decode::keep(&mut record, context.options.capture);
    record.span.findings = analyze::findings(context.options.analysis, &mut record);
    price::cost(&context.prices, &context.options.on_unknown_model, &mut record.span, &context.events);
    count(&context.events, &record);
    record
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
