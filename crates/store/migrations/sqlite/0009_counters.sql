-- Counters of budgets and rates. Read by crates/store/src/sqlite/counters.rs. Times are milliseconds since the Unix epoch, money is in
-- nano-dollars; `kept_until` says when a row may go, NULL for never.

CREATE TABLE counters (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    spent INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    kept_until INTEGER,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX counters_end ON counters (kept_until) WHERE kept_until IS NOT NULL;

CREATE TABLE counter_slots (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    held INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- Tokens drawn and not regained, times the period of the bucket, at a time.
CREATE TABLE counter_buckets (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    owed INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_buckets_end ON counter_buckets (kept_until);

-- What exchanges hold; `lease_ends` is NULL once it is booked as spent. `held` is JSON: windows with name, end and amount, and slots.
CREATE TABLE counter_holds (
    tenant_id TEXT NOT NULL,
    exchange_id BLOB NOT NULL,
    lease_ends INTEGER,
    held TEXT NOT NULL,
    kept_until INTEGER,
    PRIMARY KEY (tenant_id, exchange_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_holds_lease ON counter_holds (tenant_id, lease_ends) WHERE lease_ends IS NOT NULL;
CREATE INDEX counter_holds_end ON counter_holds (kept_until) WHERE kept_until IS NOT NULL;

-- Exchanges that were settled, so that a second time changes nothing.
CREATE TABLE counter_settled (
    tenant_id TEXT NOT NULL,
    exchange_id BLOB NOT NULL,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, exchange_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_settled_end ON counter_settled (kept_until);

-- Claims of rebuilding, and notes.
CREATE TABLE counter_claims (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    token INTEGER NOT NULL,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_claims_end ON counter_claims (kept_until);

CREATE TABLE counter_notes (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    note BLOB NOT NULL,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_notes_end ON counter_notes (kept_until);
