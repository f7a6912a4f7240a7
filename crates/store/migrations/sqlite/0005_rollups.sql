-- What the spans of each hour and day of a tenant add up to. Read and written by crates/store/src/sqlite/rollup.rs.

-- How often the rows of an hour changed, and up to which of these changes its roll-ups tell. Every transaction that changes
-- a row of spans marks its hour, and every hour that is rolled up marks its day. Rows stay, so that a number never comes
-- again. `size` is 1 or 24, `start` counts hours since the Unix epoch.
CREATE TABLE rollup_marks (
    tenant_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    start INTEGER NOT NULL,
    marks INTEGER NOT NULL,
    rolled INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, size, start)
) STRICT, WITHOUT ROWID;
-- The hours and days of all tenants in a time, and those that are not rolled up: a few, in the long run.
CREATE INDEX rollup_marks_time ON rollup_marks (size, start, tenant_id);
CREATE INDEX rollup_marks_due ON rollup_marks (size, start, tenant_id) WHERE marks <> rolled;

-- The roll-ups: sums and histograms of each group, as rollup/blob.rs writes them. `family` is one of rollup/family.rs.
CREATE TABLE rollups (
    id INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    family INTEGER NOT NULL,
    start INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX rollups_key ON rollups (tenant_id, size, family, start);

-- What is stored already: the hour of each row, rounded down before the epoch too.
INSERT INTO rollup_marks (tenant_id, size, start, marks, rolled)
SELECT DISTINCT tenant_id, 1, started_at / 3600000000 - (started_at % 3600000000 < 0), 1, 0
FROM spans INDEXED BY spans_tenant_time;
