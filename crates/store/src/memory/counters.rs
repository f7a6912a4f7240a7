//! Counters and login sessions in memory: those of one process, gone with it.

mod sessions;
mod table;

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    time::Duration,
};

use async_trait::async_trait;
use llmtrace_model::{ExchangeId, TenantId, Timestamp};
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use self::{
    sessions::Sessions,
    table::{DROPS, Full, MAX_ROWS, Table},
};
use crate::{
    Backend, Counter, CounterName, CounterStore, Error, ErrorKind, Put, Rebuild, Rebuilt, Settle, Settled, SharedNote,
    Take, Taken,
    counter::{Check, MAX_EXPIRED},
    counting::{self, Debt, Hold, Ms, Rows, ms},
};

/// What is kept. `None` once closed.
#[derive(Debug)]
pub(crate) struct MemoryCounters {
    kept: Mutex<Option<Kept>>,
}

type Named = (TenantId, CounterName);

#[derive(Debug, Default)]
struct Kept {
    counters: Table<Named, Counter>,
    slots: Table<Named, u64>,
    debts: Table<Named, Debt>,
    claims: Table<Named, u64>,
    notes: Table<Named, Vec<u8>>,
    holds: Table<(TenantId, ExchangeId), Hold>,
    leases: BTreeSet<(TenantId, Ms, ExchangeId)>,
    settled: HashSet<(TenantId, ExchangeId)>,
    settled_in_order: VecDeque<(Ms, TenantId, ExchangeId)>,
    sessions: Sessions,
}

impl Default for MemoryCounters {
    fn default() -> Self {
        Self { kept: Mutex::new(Some(Kept::default())) }
    }
}

impl MemoryCounters {
    fn open(&self, op: &'static str) -> Result<MappedMutexGuard<'_, Kept>, Error> {
        let kept = MutexGuard::try_map(self.kept.lock(), Option::as_mut);
        kept.map_err(|_| Error::closed(Backend::Memory, op))
    }

    fn run<T>(
        &self,
        op: &'static str,
        tenant: &TenantId,
        now: Timestamp,
        work: impl FnOnce(&mut Of<'_>, Ms) -> Result<T, Full>,
    ) -> Result<T, Error> {
        let kept = &mut *self.open(op)?;
        let now = now.unix_ms();
        kept.drop_ended(now);
        work(&mut Of { kept, tenant }, now).map_err(|Full| {
            let why = format!("{MAX_ROWS} rows are kept in memory already, and none of them has ended");
            Error::new(ErrorKind::Unavailable, Backend::Memory, op, why)
        })
    }
}

impl Kept {
    fn drop_ended(&mut self, now: Ms) {
        self.counters.drop_ended(now);
        self.slots.drop_ended(now);
        self.debts.drop_ended(now);
        self.claims.drop_ended(now);
        self.notes.drop_ended(now);
        self.holds.drop_ended(now);
        for _ in 0..DROPS {
            let over = self.settled_in_order.len() > MAX_ROWS;
            let Some((_, tenant, id)) = self.settled_in_order.pop_front_if(|(until, ..)| over || *until <= now) else {
                return;
            };
            self.settled.remove(&(tenant, id));
        }
    }
}

/// The rows of one tenant.
struct Of<'a> {
    kept: &'a mut Kept,
    tenant: &'a TenantId,
}

impl Of<'_> {
    fn named(&self, name: &CounterName) -> Named {
        (self.tenant.clone(), name.clone())
    }

    /// Whether all of it finds room: what is half taken could not be given back.
    fn room_to_take(&self, take: &Take) -> Result<(), Full> {
        let holds = !take.windows.is_empty() || !take.slots.is_empty();
        self.kept.holds.room(holds.then(|| (self.tenant.clone(), take.exchange_id)).into_iter())?;
        self.kept.slots.room(take.slots.iter().map(|slot| self.named(&slot.name)))?;
        let draws = take.draws.iter().filter(|draw| draw.tokens > 0);
        self.kept.debts.room(draws.map(|draw| self.named(&draw.bucket.name)))
    }
}

impl Rows for Of<'_> {
    type Error = Full;

    fn counter(&mut self, name: &CounterName) -> Result<Option<Counter>, Full> {
        Ok(self.kept.counters.get(&self.named(name)))
    }

    fn put_counter(&mut self, name: &CounterName, counter: Counter, until: Option<Ms>) -> Result<(), Full> {
        self.kept.counters.put(self.named(name), counter, until)
    }

    fn slots(&mut self, name: &CounterName) -> Result<u64, Full> {
        Ok(self.kept.slots.get(&self.named(name)).unwrap_or(0))
    }

    fn put_slots(&mut self, name: &CounterName, held: u64) -> Result<(), Full> {
        let name = self.named(name);
        if held == 0 {
            self.kept.slots.remove(&name);
            return Ok(());
        }
        self.kept.slots.put(name, held, None)
    }

    fn debt(&mut self, name: &CounterName) -> Result<Option<Debt>, Full> {
        Ok(self.kept.debts.get(&self.named(name)))
    }

    fn put_debt(&mut self, name: &CounterName, debt: Debt, until: Ms) -> Result<(), Full> {
        self.kept.debts.put(self.named(name), debt, Some(until))
    }

    fn hold(&mut self, id: ExchangeId) -> Result<Option<Hold>, Full> {
        Ok(self.kept.holds.get(&(self.tenant.clone(), id)))
    }

    fn put_hold(&mut self, id: ExchangeId, hold: &Hold, until: Option<Ms>) -> Result<(), Full> {
        let key = (self.tenant.clone(), id);
        let before = self.kept.holds.get(&key).and_then(|hold| hold.lease_ends);
        self.kept.holds.put(key, hold.clone(), until)?;
        if before != hold.lease_ends {
            if let Some(ends) = before {
                self.kept.leases.remove(&(self.tenant.clone(), ends, id));
            }
            if let Some(ends) = hold.lease_ends {
                self.kept.leases.insert((self.tenant.clone(), ends, id));
            }
        }
        Ok(())
    }

    fn drop_hold(&mut self, id: ExchangeId) -> Result<(), Full> {
        if let Some(Hold { lease_ends: Some(ends), .. }) = self.kept.holds.remove(&(self.tenant.clone(), id)) {
            self.kept.leases.remove(&(self.tenant.clone(), ends, id));
        }
        Ok(())
    }

    fn expired(&mut self, now: Ms) -> Result<Vec<ExchangeId>, Full> {
        let tenant = self.tenant.clone();
        let ended = (tenant.clone(), Ms::MIN, ExchangeId::MIN)..=(tenant, now, ExchangeId::MAX);
        Ok(self.kept.leases.range(ended).take(MAX_EXPIRED).map(|(.., id)| *id).collect())
    }

    fn is_settled(&mut self, id: ExchangeId) -> Result<bool, Full> {
        Ok(self.kept.settled.contains(&(self.tenant.clone(), id)))
    }

    fn remember(&mut self, id: ExchangeId, until: Ms) -> Result<(), Full> {
        self.kept.settled.insert((self.tenant.clone(), id));
        self.kept.settled_in_order.push_back((until, self.tenant.clone(), id));
        Ok(())
    }

    fn claim(&mut self, name: &CounterName, now: Ms) -> Result<Option<u64>, Full> {
        Ok(self.kept.claims.live(&self.named(name), now).copied())
    }

    fn put_claim(&mut self, name: &CounterName, claim: Option<(u64, Ms)>) -> Result<(), Full> {
        let name = self.named(name);
        match claim {
            Some((token, until)) => self.kept.claims.put(name, token, Some(until)),
            None => {
                self.kept.claims.remove(&name);
                Ok(())
            }
        }
    }
}

#[async_trait]
impl CounterStore for MemoryCounters {
    fn backend(&self) -> Backend {
        Backend::Memory
    }

    async fn take(&self, tenant: &TenantId, take: &Take, now: Timestamp) -> Result<Taken, Error> {
        take.check(Backend::Memory)?;
        self.run("take", tenant, now, |rows, now| {
            counting::expire(rows, now)?;
            rows.room_to_take(take)?;
            counting::take(rows, take, now)
        })
    }

    async fn renew(
        &self,
        tenant: &TenantId,
        exchanges: &[ExchangeId],
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<ExchangeId>, Error> {
        let check = Check { backend: Backend::Memory, op: "renew" };
        check.renewal(exchanges, lease)?;
        self.run("renew", tenant, now, |rows, now| counting::renew(rows, exchanges, lease, now))
    }

    async fn release_slots(&self, tenant: &TenantId, exchange: ExchangeId, now: Timestamp) -> Result<bool, Error> {
        self.run("release slots", tenant, now, |rows, now| counting::release_slots(rows, exchange, now))
    }

    async fn settle(&self, tenant: &TenantId, settle: &Settle, now: Timestamp) -> Result<Settled, Error> {
        settle.check(Backend::Memory)?;
        self.run("settle", tenant, now, |rows, now| {
            rows.kept.debts.room(settle.corrections.iter().map(|(bucket, _)| rows.named(&bucket.name)))?;
            counting::settle(rows, settle, now)
        })
    }

    async fn counters(
        &self,
        tenant: &TenantId,
        windows: &[CounterName],
        now: Timestamp,
    ) -> Result<Vec<Option<Counter>>, Error> {
        Check { backend: Backend::Memory, op: "read counters" }.number("windows", windows.len())?;
        self.run("read counters", tenant, now, |rows, now| counting::counters(rows, windows, now))
    }

    async fn claim(
        &self,
        tenant: &TenantId,
        window: &CounterName,
        token: u64,
        lease: Duration,
        now: Timestamp,
    ) -> Result<bool, Error> {
        Check { backend: Backend::Memory, op: "claim" }.lease(lease)?;
        self.run("claim", tenant, now, |rows, now| counting::claim(rows, window, token, lease, now))
    }

    async fn rebuild(&self, tenant: &TenantId, rebuild: &Rebuild, now: Timestamp) -> Result<Rebuilt, Error> {
        Check { backend: Backend::Memory, op: "rebuild" }.amount("spent", rebuild.spent)?;
        self.run("rebuild", tenant, now, |rows, now| counting::rebuild(rows, rebuild, now))
    }

    async fn put_note(
        &self,
        tenant: &TenantId,
        name: &CounterName,
        note: &SharedNote,
        put: Put,
        now: Timestamp,
    ) -> Result<bool, Error> {
        Check { backend: Backend::Memory, op: "put note" }.note(note)?;
        self.run("put note", tenant, now, |rows, now| {
            let name = rows.named(name);
            if put == Put::IfAbsent && rows.kept.notes.live(&name, now).is_some() {
                return Ok(false);
            }
            rows.kept.notes.put(name, note.value.clone(), Some(now.saturating_add(ms(note.keep))))?;
            Ok(true)
        })
    }

    async fn note(&self, tenant: &TenantId, name: &CounterName, now: Timestamp) -> Result<Option<Vec<u8>>, Error> {
        self.run("read note", tenant, now, |rows, now| Ok(rows.kept.notes.live(&rows.named(name), now).cloned()))
    }

    async fn drop_note(&self, tenant: &TenantId, name: &CounterName, now: Timestamp) -> Result<bool, Error> {
        self.run("drop note", tenant, now, |rows, now| {
            let name = rows.named(name);
            let live = rows.kept.notes.live(&name, now).is_some();
            rows.kept.notes.remove(&name);
            Ok(live)
        })
    }

    async fn ping(&self) -> Result<(), Error> {
        self.open("ping").map(drop)
    }

    async fn close(&self) -> Result<(), Error> {
        *self.kept.lock() = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::Money;

    use super::*;
    use crate::{Demand, Slot, Window};

    const MINUTE: Duration = Duration::from_secs(60);
    const NOW: Timestamp = Timestamp::from_unix_us(0);

    fn take(number: usize, windows: Vec<Demand>, slots: Vec<Slot>) -> Take {
        let mut random = [0; 10];
        random[2..].copy_from_slice(&number.to_be_bytes());
        let exchange_id = ExchangeId::mint(0, random);
        Take { exchange_id, amount: Money::from_nanos(5), windows, slots, draws: Vec::new(), lease: MINUTE }
    }

    #[tokio::test]
    async fn a_take_that_finds_no_room_reserves_nothing() {
        let (store, tenant) = (MemoryCounters::default(), "t".parse::<TenantId>().unwrap());
        let window = Window { name: "w".parse().unwrap(), ends_at: None };
        assert!(store.claim(&tenant, &window.name, 1, MINUTE, NOW).await.unwrap());
        let rebuild = Rebuild { window: window.clone(), token: 1, found: None, spent: Money::ZERO };
        assert_eq!(store.rebuild(&tenant, &rebuild, NOW).await.unwrap(), Rebuilt::Done);
        let slots = vec![Slot { name: "s".parse().unwrap(), limit: u64::MAX }];
        for number in 0..MAX_ROWS {
            let taken = store.take(&tenant, &take(number, Vec::new(), slots.clone()), NOW).await.unwrap();
            assert!(matches!(taken, Taken::Granted { .. }), "{number}");
        }
        let demands = vec![Demand { window: window.clone(), limit: None }];
        let error = store.take(&tenant, &take(MAX_ROWS, demands, slots), NOW).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        let counters = store.counters(&tenant, std::slice::from_ref(&window.name), NOW).await.unwrap();
        assert_eq!(counters, [Some(Counter::default())]);
    }
}
