-- How long a tenant keeps its spans, where it has a rule of its own; NULL days keep for ever. Read by
-- crates/store/src/sqlite/retentions.rs.
CREATE TABLE retentions (
    tenant_id TEXT PRIMARY KEY,
    content_days INTEGER,
    span_days INTEGER
) STRICT, WITHOUT ROWID;

-- Erasures that were asked for, and their receipts. Read by crates/store/src/sqlite/erasures.rs.
-- `subject` is the JSON of one; `tenant_id` is NULL where it reaches the whole installation; `done_at` until it is done.
CREATE TABLE erasures (
    id BLOB PRIMARY KEY,
    tenant_id TEXT,
    subject TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    done_at INTEGER,
    repeat_until INTEGER NOT NULL,
    spans INTEGER NOT NULL,
    contents INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The list of one tenant, and of all.
CREATE INDEX erasures_tenant ON erasures (tenant_id, requested_at DESC, id);
CREATE INDEX erasures_time ON erasures (requested_at DESC, id);
-- What is still to do, and what is done again: a few.
CREATE INDEX erasures_open ON erasures (requested_at, id) WHERE done_at IS NULL;
CREATE INDEX erasures_repeat ON erasures (repeat_until) WHERE done_at IS NOT NULL;
