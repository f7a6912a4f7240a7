//! Bills a response once, however often it is read ([0016](../../../../docs/adr/0016-a-response-is-billed-once.md)).
//!
//! Only responses made in the background and batches come here: for all others the bytes say whether they are billed. The
//! first exchange that reports the usage of one is billed for it, and no later one. The answer is the same however often a record
//! is replayed: it is looked up in memory, then in the store, where the exchange's own span does not count as another's.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use llmtrace_model::{ExchangeId, Span, TenantId, TenantScope, Units, Usage, UsageSource};
use llmtrace_store::{Error, ErrorKind, SpanStore};
use llmtrace_wire::{BILLED_ONCE, Billed, REPEATED_USAGE, repeated_usage};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::{tasks::Tasks, telemetry::Events};

/// Most responses that are remembered; the oldest go, and are in the store by then.
const REMEMBERED: usize = 16_384;
/// The first and the longest pause after a failed look-up.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// A response: its owner, its provider, and the provider's id of it.
type Key = (TenantId, String, String);

/// The process ends before the store could be asked; the record stays in the journal.
#[derive(Debug)]
pub(super) struct Stopped;

/// Who is billed for which response.
pub(super) struct Once {
    claims: Mutex<Claims>,
    spans: Arc<dyn SpanStore>,
    runtime: Handle,
    tasks: Tasks,
}

/// The responses of the last while, for the time between a claim and its span being stored.
#[derive(Default)]
struct Claims {
    owners: HashMap<Key, ExchangeId>,
    order: VecDeque<Key>,
}

impl Claims {
    /// The exchange that has this response; `own` takes it where nobody has.
    fn claim(&mut self, key: Key, own: ExchangeId) -> ExchangeId {
        if let Some(owner) = self.owners.get(&key) {
            return *owner;
        }
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.owners.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.owners.insert(key, own);
        own
    }
}

impl Once {
    /// Made inside the runtime, used by threads outside it.
    pub(super) fn new(spans: Arc<dyn SpanStore>, tasks: Tasks) -> Self {
        Self { claims: Mutex::default(), spans, runtime: Handle::current(), tasks }
    }

    /// Leaves the usage to the exchange that is billed for it; blocks while the store is asked.
    pub(super) fn settle(&self, billed: Billed, span: &mut Span, events: &Events) -> Result<(), Stopped> {
        match billed {
            Billed::IfUnseen => {}
            Billed::Here | Billed::Elsewhere => return Ok(()),
        }
        let (Some(usage), Some(response_id)) = (span.usage, span.response_id.clone()) else { return Ok(()) };
        let key = (span.tenant_id.clone(), span.provider.clone(), response_id);
        let own = span.exchange_id;
        let known = self.claims.lock().owners.get(&key).copied();
        let owner = match known {
            Some(owner) => owner,
            None => match self.stored(&key, own, events)? {
                Stored::By(owner) => self.claims.lock().claim(key, owner),
                Stored::Unbilled => {
                    repeat(span, &usage);
                    return Ok(());
                }
                Stored::Nowhere => self.claims.lock().claim(key, own),
            },
        };
        if owner != own {
            repeat(span, &usage);
        }
        Ok(())
    }

    /// Asks the store, for as long as it may help.
    fn stored(&self, key: &Key, own: ExchangeId, events: &Events) -> Result<Stored, Stopped> {
        let mut pause = BACKOFF.0;
        loop {
            let error = match self.runtime.block_on(self.look(key, own)) {
                Ok(stored) => return Ok(stored),
                Err(error) => error,
            };
            events.store_failed(&error);
            if error.kind == ErrorKind::Rejected {
                // It will never answer: rather billed twice, and counted, than not at all.
                events.notice("billed_unchecked");
                return Ok(Stored::Nowhere);
            }
            if self.tasks.is_stopping() {
                return Err(Stopped);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    async fn look(&self, (tenant, provider, response_id): &Key, own: ExchangeId) -> Result<Stored, Error> {
        if let Some(owner) = self.spans.billed(tenant, provider, response_id).await? {
            return Ok(Stored::By(owner));
        }
        // A replayed record whose span was stored without the usage: the exchange that had it may be replayed after it.
        let scope = TenantScope::One(tenant.clone());
        let own = self.spans.exchange(&scope, own).await?;
        Ok(if own.is_some() { Stored::Unbilled } else { Stored::Nowhere })
    }
}

/// What the store knows of a response.
enum Stored {
    /// This exchange is billed for it.
    By(ExchangeId),
    /// Nobody is yet, but the span of this exchange is there, without it.
    Unbilled,
    /// Nobody is yet.
    Nowhere,
}

/// Shows the usage, and counts it no more.
fn repeat(span: &mut Span, usage: &Usage) {
    span.params.remove(BILLED_ONCE);
    span.params.insert(REPEATED_USAGE.to_owned(), repeated_usage(usage));
    span.usage = None;
    span.usage_source = UsageSource::None;
    span.units = Units::default();
}

#[cfg(test)]
mod tests;
