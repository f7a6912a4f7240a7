//! What counters do, written once for the engines that keep rows: memory and SQLite. Redis does the same in its scripts.
//!
//! Each function is one call of the port on the rows of one tenant; an engine makes it one transaction.

mod bucket;

use std::time::Duration;

use llmtrace_model::{ExchangeId, Money};

pub(crate) use self::bucket::Debt;
use self::bucket::{clamped, drawn, full_at, level, now_owed};
use crate::{
    Counter, CounterName, Rebuild, Rebuilt, Settle, Settled, Take, Taken, Unreserved, Window,
    counter::{MAX_COUNTED, REMEMBERED},
};

/// Milliseconds since the Unix epoch.
pub(crate) type Ms = i64;

/// What an exchange holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hold {
    /// When its lease ends; `None` once it did, and what it held is booked.
    pub(crate) lease_ends: Option<Ms>,
    /// Windows, and the amount in each.
    pub(crate) windows: Vec<(Window, Money)>,
    /// Slots.
    pub(crate) slots: Vec<CounterName>,
}

/// The rows of one tenant.
pub(crate) trait Rows {
    type Error;

    fn counter(&mut self, name: &CounterName) -> Result<Option<Counter>, Self::Error>;
    /// Until then it is kept; `None` for ever.
    fn put_counter(&mut self, name: &CounterName, counter: Counter, until: Option<Ms>) -> Result<(), Self::Error>;
    fn slots(&mut self, name: &CounterName) -> Result<u64, Self::Error>;
    fn put_slots(&mut self, name: &CounterName, held: u64) -> Result<(), Self::Error>;
    fn debt(&mut self, name: &CounterName) -> Result<Option<Debt>, Self::Error>;
    fn put_debt(&mut self, name: &CounterName, debt: Debt, until: Ms) -> Result<(), Self::Error>;
    fn hold(&mut self, id: ExchangeId) -> Result<Option<Hold>, Self::Error>;
    /// Until then it is kept; `None` as long as its lease has not ended.
    fn put_hold(&mut self, id: ExchangeId, hold: &Hold, until: Option<Ms>) -> Result<(), Self::Error>;
    fn drop_hold(&mut self, id: ExchangeId) -> Result<(), Self::Error>;
    /// Exchanges whose lease has ended, at most [`MAX_EXPIRED`](crate::counter::MAX_EXPIRED).
    fn expired(&mut self, now: Ms) -> Result<Vec<ExchangeId>, Self::Error>;
    fn is_settled(&mut self, id: ExchangeId) -> Result<bool, Self::Error>;
    fn remember(&mut self, id: ExchangeId, until: Ms) -> Result<(), Self::Error>;
    /// The token of a claim that holds.
    fn claim(&mut self, name: &CounterName, now: Ms) -> Result<Option<u64>, Self::Error>;
    fn put_claim(&mut self, name: &CounterName, claim: Option<(u64, Ms)>) -> Result<(), Self::Error>;
}

pub(crate) fn take<R: Rows>(rows: &mut R, take: &Take, now: Ms) -> Result<Taken, R::Error> {
    expire(rows, now)?;
    if rows.is_settled(take.exchange_id)? {
        return Ok(Taken::Late);
    }
    let held = rows.hold(take.exchange_id)?;
    if held.as_ref().is_some_and(|hold| hold.lease_ends.is_none()) {
        return Ok(Taken::Late);
    }
    let new = held.is_none();
    let mut hold = held.unwrap_or_default();
    let (mut counters, mut missing) = (Vec::with_capacity(take.windows.len()), Vec::new());
    for demand in &take.windows {
        match rows.counter(&demand.window.name)? {
            Some(counter) => counters.push(counter),
            None => missing.push(demand.window.name.clone()),
        }
    }
    if !missing.is_empty() {
        return Ok(Taken::Missing(missing));
    }
    let (mut spent, mut reserved) = (None, None);
    let mut added = Vec::with_capacity(take.windows.len());
    for (index, demand) in take.windows.iter().enumerate() {
        if hold.windows.iter().any(|(window, _)| window.name == demand.window.name) {
            continue;
        }
        let counter = &mut counters[index];
        if let Some(limit) = demand.limit {
            if counter.spent + take.amount > limit {
                spent = spent.or(Some(index));
            } else if counter.spent + counter.reserved + take.amount > limit {
                reserved = reserved.or(Some(index));
            }
        }
        counter.reserved = counted(counter.reserved + take.amount);
        hold.windows.push((demand.window.clone(), take.amount));
        added.push(index);
    }
    let mut debts = Vec::with_capacity(take.draws.len());
    let mut limited = None;
    for (index, draw) in take.draws.iter().enumerate() {
        let debt = now_owed(rows, &draw.bucket, now)?;
        let (drawn, wait) = drawn(&draw.bucket, debt, draw.tokens);
        if let Some(retry_after) = wait {
            limited = limited.or(Some(Taken::Limited { draw: index, retry_after }));
        }
        debts.push(drawn);
    }
    let mut no_slot = None;
    let mut slots = Vec::new();
    for (index, slot) in take.slots.iter().enumerate() {
        if hold.slots.contains(&slot.name) {
            continue;
        }
        let taken = rows.slots(&slot.name)?;
        if taken >= slot.limit {
            no_slot = no_slot.or(Some(index));
        }
        slots.push((&slot.name, taken + 1));
        hold.slots.push(slot.name.clone());
    }
    if let Some(index) = spent {
        return Ok(Taken::Spent(index));
    }
    if let Some(limited) = limited {
        return Ok(limited);
    }
    if let Some(index) = reserved {
        return Ok(Taken::Reserved(index));
    }
    if let Some(index) = no_slot {
        return Ok(Taken::NoSlot(index));
    }
    for index in added {
        let window = &take.windows[index].window;
        rows.put_counter(&window.name, counters[index], kept_until(window))?;
    }
    for (name, held) in slots {
        rows.put_slots(name, held)?;
    }
    for (draw, debt) in take.draws.iter().zip(&debts) {
        if draw.tokens > 0 {
            rows.put_debt(&draw.bucket.name, *debt, full_at(&draw.bucket, *debt))?;
        }
    }
    if !hold.windows.is_empty() || !hold.slots.is_empty() {
        let ends = now.saturating_add(ms(take.lease));
        // A lease is never made shorter by asking for more.
        hold.lease_ends = Some(if new { ends } else { hold.lease_ends.map_or(ends, |known| known.max(ends)) });
        rows.put_hold(take.exchange_id, &hold, None)?;
    }
    let buckets = take.draws.iter().zip(&debts).map(|(draw, debt)| level(&draw.bucket, *debt)).collect();
    Ok(Taken::Granted { windows: counters, buckets })
}

pub(crate) fn renew<R: Rows>(
    rows: &mut R,
    ids: &[ExchangeId],
    lease: Duration,
    now: Ms,
) -> Result<Vec<ExchangeId>, R::Error> {
    expire(rows, now)?;
    let mut gone = Vec::new();
    for id in ids {
        match rows.hold(*id)? {
            Some(mut hold) if hold.lease_ends.is_some() => {
                hold.lease_ends = Some(now.saturating_add(ms(lease)));
                rows.put_hold(*id, &hold, None)?;
            }
            Some(_) | None => gone.push(*id),
        }
    }
    Ok(gone)
}

pub(crate) fn release_slots<R: Rows>(rows: &mut R, id: ExchangeId, now: Ms) -> Result<bool, R::Error> {
    expire(rows, now)?;
    let Some(mut hold) = rows.hold(id)? else { return Ok(false) };
    if hold.slots.is_empty() {
        return Ok(false);
    }
    give_back_slots(rows, &mut hold)?;
    if hold.windows.is_empty() {
        rows.drop_hold(id)?
    } else {
        rows.put_hold(id, &hold, None)?
    }
    Ok(true)
}

pub(crate) fn settle<R: Rows>(rows: &mut R, settle: &Settle, now: Ms) -> Result<Settled, R::Error> {
    expire(rows, now)?;
    if rows.is_settled(settle.exchange_id)? {
        return Ok(Settled::Before);
    }
    let mut hold = rows.hold(settle.exchange_id)?.unwrap_or_default();
    let booked = hold.lease_ends.is_none();
    let unreserved;
    let windows = if hold.windows.is_empty() {
        let Unreserved::Book(windows) = &settle.unreserved else { return Ok(Settled::Unknown) };
        unreserved = windows.iter().map(|window| (window.clone(), Money::ZERO)).collect::<Vec<_>>();
        &unreserved
    } else {
        &hold.windows
    };
    let (mut changes, mut missing) = (Vec::with_capacity(windows.len()), Vec::new());
    for (window, amount) in windows {
        let Some(mut counter) = rows.counter(&window.name)? else {
            if kept_until(window).is_none_or(|until| until > now) {
                missing.push(window.name.clone());
            }
            continue;
        };
        if booked {
            counter.estimated = less(counter.estimated, *amount);
            counter.spent = counted(less(counter.spent, *amount) + settle.amount);
        } else {
            counter.reserved = less(counter.reserved, *amount);
            counter.spent = counted(counter.spent + settle.amount);
        }
        changes.push((window, counter));
    }
    if !missing.is_empty() {
        return Ok(Settled::Missing(missing));
    }
    for (window, counter) in changes {
        rows.put_counter(&window.name, counter, kept_until(window))?;
    }
    give_back_slots(rows, &mut hold)?;
    for (bucket, tokens) in &settle.corrections {
        let mut debt = now_owed(rows, bucket, now)?;
        let change = i128::from(*tokens) * i128::from(bucket.period_ms);
        debt.owed = clamped(i128::from(debt.owed) + change);
        rows.put_debt(&bucket.name, debt, full_at(bucket, debt))?;
    }
    rows.drop_hold(settle.exchange_id)?;
    rows.remember(settle.exchange_id, now.saturating_add(ms(REMEMBERED)))?;
    Ok(Settled::Done)
}

pub(crate) fn counters<R: Rows>(
    rows: &mut R,
    names: &[CounterName],
    now: Ms,
) -> Result<Vec<Option<Counter>>, R::Error> {
    while expire(rows, now)? {}
    names.iter().map(|name| rows.counter(name)).collect()
}

pub(crate) fn claim<R: Rows>(
    rows: &mut R,
    name: &CounterName,
    token: u64,
    lease: Duration,
    now: Ms,
) -> Result<bool, R::Error> {
    if rows.claim(name, now)?.is_some_and(|holder| holder != token) {
        return Ok(false);
    }
    rows.put_claim(name, Some((token, now.saturating_add(ms(lease)))))?;
    Ok(true)
}

pub(crate) fn rebuild<R: Rows>(rows: &mut R, rebuild: &Rebuild, now: Ms) -> Result<Rebuilt, R::Error> {
    expire(rows, now)?;
    let name = &rebuild.window.name;
    if rows.claim(name, now)? != Some(rebuild.token) {
        return Ok(Rebuilt::NotClaimed);
    }
    rows.put_claim(name, None)?;
    let found = rows.counter(name)?;
    if found.map(|counter| counter.spent) != rebuild.found {
        return Ok(Rebuilt::Changed);
    }
    let counter = Counter { spent: rebuild.spent, ..found.unwrap_or_default() };
    rows.put_counter(name, counter, kept_until(&rebuild.window))?;
    Ok(Rebuilt::Done)
}

/// Books what expired leases hold; says whether there may be more of them.
pub(crate) fn expire<R: Rows>(rows: &mut R, now: Ms) -> Result<bool, R::Error> {
    let expired = rows.expired(now)?;
    for id in &expired {
        let Some(mut hold) = rows.hold(*id)? else { continue };
        for (window, amount) in &mut hold.windows {
            let Some(mut counter) = rows.counter(&window.name)? else {
                // Gone with what was reserved in it: a later settle has nothing to take back.
                *amount = Money::ZERO;
                continue;
            };
            counter.reserved = less(counter.reserved, *amount);
            counter.spent = counted(counter.spent + *amount);
            counter.estimated = counted(counter.estimated + *amount);
            rows.put_counter(&window.name, counter, kept_until(window))?;
        }
        give_back_slots(rows, &mut hold)?;
        hold.lease_ends = None;
        if hold.windows.is_empty() {
            rows.drop_hold(*id)?;
        } else {
            rows.put_hold(*id, &hold, Some(now.saturating_add(ms(REMEMBERED))))?;
        }
    }
    Ok(!expired.is_empty())
}

fn give_back_slots<R: Rows>(rows: &mut R, hold: &mut Hold) -> Result<(), R::Error> {
    for name in hold.slots.drain(..) {
        let held = rows.slots(&name)?;
        rows.put_slots(&name, held.saturating_sub(1))?;
    }
    Ok(())
}

/// Until when a window's counter is kept.
fn kept_until(window: &Window) -> Option<Ms> {
    window.ends_at.map(|end| end.unix_ms().saturating_add(ms(REMEMBERED)))
}

fn counted(sum: Money) -> Money {
    sum.min(MAX_COUNTED)
}

fn less(sum: Money, amount: Money) -> Money {
    Money::from_nanos((sum.nanos() - amount.nanos()).max(0))
}

pub(crate) fn ms(duration: Duration) -> Ms {
    Ms::try_from(duration.as_millis()).unwrap_or(Ms::MAX)
}
