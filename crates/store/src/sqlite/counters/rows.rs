//! The rows of counters of one tenant, inside a transaction.

use llmtrace_model::{ExchangeId, Money, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, types::Type};
use serde::{Deserialize, Serialize};

use crate::{
    Counter, CounterName, Window,
    counter::MAX_EXPIRED,
    counting::{Debt, Hold, Ms, Rows},
};

const COUNTER: &str = "SELECT spent, estimated, reserved FROM counters WHERE tenant_id = ?1 AND name = ?2";
const PUT_COUNTER: &str = "INSERT OR REPLACE INTO counters (tenant_id, name, spent, estimated, reserved, kept_until) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const SLOTS: &str = "SELECT held FROM counter_slots WHERE tenant_id = ?1 AND name = ?2";
const PUT_SLOTS: &str = "INSERT OR REPLACE INTO counter_slots (tenant_id, name, held) VALUES (?1, ?2, ?3)";
const DROP_SLOTS: &str = "DELETE FROM counter_slots WHERE tenant_id = ?1 AND name = ?2";
const DEBT: &str = "SELECT owed, at FROM counter_buckets WHERE tenant_id = ?1 AND name = ?2";
const PUT_DEBT: &str = "INSERT OR REPLACE INTO counter_buckets (tenant_id, name, owed, at, kept_until) \
    VALUES (?1, ?2, ?3, ?4, ?5)";
const HOLD: &str = "SELECT lease_ends, held FROM counter_holds WHERE tenant_id = ?1 AND exchange_id = ?2";
const PUT_HOLD: &str = "INSERT OR REPLACE INTO counter_holds (tenant_id, exchange_id, lease_ends, held, kept_until) \
    VALUES (?1, ?2, ?3, ?4, ?5)";
const DROP_HOLD: &str = "DELETE FROM counter_holds WHERE tenant_id = ?1 AND exchange_id = ?2";
const EXPIRED: &str = "SELECT exchange_id FROM counter_holds INDEXED BY counter_holds_lease \
    WHERE tenant_id = ?1 AND lease_ends IS NOT NULL AND lease_ends <= ?2 ORDER BY lease_ends LIMIT ?3";
const IS_SETTLED: &str = "SELECT 1 FROM counter_settled WHERE tenant_id = ?1 AND exchange_id = ?2";
const REMEMBER: &str = "INSERT OR IGNORE INTO counter_settled (tenant_id, exchange_id, kept_until) VALUES (?1, ?2, ?3)";
const CLAIM: &str = "SELECT token FROM counter_claims WHERE tenant_id = ?1 AND name = ?2 AND kept_until > ?3";
const PUT_CLAIM: &str =
    "INSERT OR REPLACE INTO counter_claims (tenant_id, name, token, kept_until) VALUES (?1, ?2, ?3, ?4)";
const DROP_CLAIM: &str = "DELETE FROM counter_claims WHERE tenant_id = ?1 AND name = ?2";
const NOTE: &str = "SELECT note FROM counter_notes WHERE tenant_id = ?1 AND name = ?2 AND kept_until > ?3";
const PUT_NOTE: &str =
    "INSERT OR REPLACE INTO counter_notes (tenant_id, name, note, kept_until) VALUES (?1, ?2, ?3, ?4)";
const DROP_NOTE: &str = "DELETE FROM counter_notes WHERE tenant_id = ?1 AND name = ?2 AND kept_until > ?3";
/// Drops rows whose time has passed, a few in each call.
const DROP_ENDED: [&str; 6] = [
    "DELETE FROM counters WHERE (tenant_id, name) IN \
     (SELECT tenant_id, name FROM counters INDEXED BY counters_end WHERE kept_until IS NOT NULL AND kept_until <= ?1 LIMIT 32)",
    "DELETE FROM counter_buckets WHERE (tenant_id, name) IN \
     (SELECT tenant_id, name FROM counter_buckets INDEXED BY counter_buckets_end WHERE kept_until <= ?1 LIMIT 32)",
    "DELETE FROM counter_holds WHERE (tenant_id, exchange_id) IN \
     (SELECT tenant_id, exchange_id FROM counter_holds INDEXED BY counter_holds_end \
      WHERE kept_until IS NOT NULL AND kept_until <= ?1 LIMIT 32)",
    "DELETE FROM counter_settled WHERE (tenant_id, exchange_id) IN \
     (SELECT tenant_id, exchange_id FROM counter_settled INDEXED BY counter_settled_end WHERE kept_until <= ?1 LIMIT 32)",
    "DELETE FROM counter_claims WHERE (tenant_id, name) IN \
     (SELECT tenant_id, name FROM counter_claims INDEXED BY counter_claims_end WHERE kept_until <= ?1 LIMIT 32)",
    "DELETE FROM counter_notes WHERE (tenant_id, name) IN \
     (SELECT tenant_id, name FROM counter_notes INDEXED BY counter_notes_end WHERE kept_until <= ?1 LIMIT 32)",
];

/// The rows of one tenant.
pub(super) struct Of<'a> {
    pub(super) connection: &'a Connection,
    pub(super) tenant: &'a TenantId,
}

/// What `counter_holds.held` holds.
#[derive(Serialize, Deserialize)]
struct Held {
    /// Name, end in microseconds, amount in nano-dollars.
    windows: Vec<(String, Option<i64>, i64)>,
    slots: Vec<String>,
}

impl Of<'_> {
    pub(super) fn drop_ended(&self, now: Ms) -> rusqlite::Result<()> {
        for statement in DROP_ENDED {
            self.connection.prepare_cached(statement)?.execute([now])?;
        }
        Ok(())
    }

    pub(super) fn note(&self, name: &CounterName, now: Ms) -> rusqlite::Result<Option<Vec<u8>>> {
        let mut statement = self.connection.prepare_cached(NOTE)?;
        statement.query_row((self.tenant.as_str(), name.as_str(), now), |row| row.get(0)).optional()
    }

    pub(super) fn put_note(&self, name: &CounterName, note: &[u8], until: Ms) -> rusqlite::Result<()> {
        self.change(PUT_NOTE, (self.tenant.as_str(), name.as_str(), note, until)).map(drop)
    }

    pub(super) fn drop_note(&self, name: &CounterName, now: Ms) -> rusqlite::Result<bool> {
        Ok(self.change(DROP_NOTE, (self.tenant.as_str(), name.as_str(), now))? > 0)
    }

    fn change(&self, statement: &str, values: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(statement)?.execute(values)
    }

    fn one<T>(
        &self,
        statement: &str,
        key: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.connection.prepare_cached(statement)?.query_row(key, read).optional()
    }
}

impl Rows for Of<'_> {
    type Error = rusqlite::Error;

    fn counter(&mut self, name: &CounterName) -> rusqlite::Result<Option<Counter>> {
        let money = |row: &Row<'_>, column| row.get(column).map(Money::from_nanos);
        self.one(COUNTER, (self.tenant.as_str(), name.as_str()), |row| {
            Ok(Counter { spent: money(row, 0)?, estimated: money(row, 1)?, reserved: money(row, 2)? })
        })
    }

    fn put_counter(&mut self, name: &CounterName, counter: Counter, until: Option<Ms>) -> rusqlite::Result<()> {
        let Counter { spent, estimated, reserved } = counter;
        let values = (spent.nanos(), estimated.nanos(), reserved.nanos(), until);
        let values = (self.tenant.as_str(), name.as_str(), values.0, values.1, values.2, values.3);
        self.change(PUT_COUNTER, values).map(drop)
    }

    fn slots(&mut self, name: &CounterName) -> rusqlite::Result<u64> {
        Ok(self
            .one(SLOTS, (self.tenant.as_str(), name.as_str()), |row| row.get::<_, i64>(0))?
            .map_or(0, i64::cast_unsigned))
    }

    fn put_slots(&mut self, name: &CounterName, held: u64) -> rusqlite::Result<()> {
        if held == 0 {
            return self.change(DROP_SLOTS, (self.tenant.as_str(), name.as_str())).map(drop);
        }
        self.change(PUT_SLOTS, (self.tenant.as_str(), name.as_str(), held.cast_signed())).map(drop)
    }

    fn debt(&mut self, name: &CounterName) -> rusqlite::Result<Option<Debt>> {
        let read = |row: &Row<'_>| Ok(Debt { owed: row.get(0)?, at: row.get(1)? });
        self.one(DEBT, (self.tenant.as_str(), name.as_str()), read)
    }

    fn put_debt(&mut self, name: &CounterName, debt: Debt, until: Ms) -> rusqlite::Result<()> {
        self.change(PUT_DEBT, (self.tenant.as_str(), name.as_str(), debt.owed, debt.at, until)).map(drop)
    }

    fn hold(&mut self, id: ExchangeId) -> rusqlite::Result<Option<Hold>> {
        let read = |row: &Row<'_>| Ok((row.get::<_, Option<Ms>>(0)?, row.get::<_, String>(1)?));
        let Some((lease_ends, held)) = self.one(HOLD, (self.tenant.as_str(), id.as_bytes()), read)? else {
            return Ok(None);
        };
        let held: Held = serde_json::from_str(&held).map_err(corrupt)?;
        let window = |(name, ends, amount): (String, Option<i64>, i64)| {
            let window = Window { name: name.parse().map_err(corrupt)?, ends_at: ends.map(Timestamp::from_unix_us) };
            Ok((window, Money::from_nanos(amount)))
        };
        Ok(Some(Hold {
            lease_ends,
            windows: held.windows.into_iter().map(window).collect::<rusqlite::Result<_>>()?,
            slots: held.slots.iter().map(|name| name.parse().map_err(corrupt)).collect::<rusqlite::Result<_>>()?,
        }))
    }

    fn put_hold(&mut self, id: ExchangeId, hold: &Hold, until: Option<Ms>) -> rusqlite::Result<()> {
        let window = |(window, amount): &(Window, Money)| {
            (window.name.to_string(), window.ends_at.map(Timestamp::unix_us), amount.nanos())
        };
        let held = Held {
            windows: hold.windows.iter().map(window).collect(),
            slots: hold.slots.iter().map(ToString::to_string).collect(),
        };
        let held =
            serde_json::to_string(&held).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.change(PUT_HOLD, (self.tenant.as_str(), id.as_bytes(), hold.lease_ends, held, until)).map(drop)
    }

    fn drop_hold(&mut self, id: ExchangeId) -> rusqlite::Result<()> {
        self.change(DROP_HOLD, (self.tenant.as_str(), id.as_bytes())).map(drop)
    }

    fn expired(&mut self, now: Ms) -> rusqlite::Result<Vec<ExchangeId>> {
        let mut statement = self.connection.prepare_cached(EXPIRED)?;
        let read = |row: &Row<'_>| row.get(0).map(ExchangeId::from_bytes);
        statement.query_map((self.tenant.as_str(), now, MAX_EXPIRED.cast_signed()), read)?.collect()
    }

    fn is_settled(&mut self, id: ExchangeId) -> rusqlite::Result<bool> {
        Ok(self.one(IS_SETTLED, (self.tenant.as_str(), id.as_bytes()), |_| Ok(()))?.is_some())
    }

    fn remember(&mut self, id: ExchangeId, until: Ms) -> rusqlite::Result<()> {
        self.change(REMEMBER, (self.tenant.as_str(), id.as_bytes(), until)).map(drop)
    }

    fn claim(&mut self, name: &CounterName, now: Ms) -> rusqlite::Result<Option<u64>> {
        let read = |row: &Row<'_>| row.get::<_, i64>(0).map(i64::cast_unsigned);
        self.one(CLAIM, (self.tenant.as_str(), name.as_str(), now), read)
    }

    fn put_claim(&mut self, name: &CounterName, claim: Option<(u64, Ms)>) -> rusqlite::Result<()> {
        match claim {
            Some((token, until)) => {
                self.change(PUT_CLAIM, (self.tenant.as_str(), name.as_str(), token.cast_signed(), until)).map(drop)
            }
            None => self.change(DROP_CLAIM, (self.tenant.as_str(), name.as_str())).map(drop),
        }
    }
}

fn corrupt(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}
