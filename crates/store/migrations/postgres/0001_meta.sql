-- Everything that is not a span. All of it is in the schema llmtrace, which the program makes. Ids are 16 bytes, times are
-- microseconds since the Unix epoch; tenants' names are plain ASCII and sort by byte, as everywhere.

-- Tenants that were seen. Read by crates/store/src/postgres/tenants.rs.
CREATE TABLE llmtrace.tenants (
    id TEXT COLLATE "C" PRIMARY KEY,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);

-- Pages of the dashboard with their filters. Read by crates/store/src/postgres/views.rs.
-- `name` is UTF-8 in bytes, since TEXT holds no NUL and sorts by locale; `query` is a JSON object of texts, where NUL is escaped;
-- `tenant_id` is NULL where the view belongs to the whole installation.
CREATE TABLE llmtrace.saved_views (
    id BYTEA PRIMARY KEY,
    tenant_id TEXT COLLATE "C",
    version BIGINT NOT NULL,
    name BYTEA NOT NULL,
    page TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX saved_views_tenant ON llmtrace.saved_views (tenant_id);

-- How long a tenant keeps its spans, where it has a rule of its own; NULL days keep for ever. Read by
-- crates/store/src/postgres/tenants.rs.
CREATE TABLE llmtrace.retentions (
    tenant_id TEXT COLLATE "C" PRIMARY KEY,
    content_days BIGINT,
    span_days BIGINT
);

-- Erasures that were asked for, and their receipts. Read by crates/store/src/postgres/erasures.rs.
-- `subject` is the JSON of one, where NUL is escaped; the counts are unsigned numbers of 64 bits, as signed ones.
CREATE TABLE llmtrace.erasures (
    id BYTEA PRIMARY KEY,
    tenant_id TEXT COLLATE "C",
    subject TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    done_at BIGINT,
    repeat_until BIGINT NOT NULL,
    spans BIGINT NOT NULL,
    contents BIGINT NOT NULL
);
-- The list of one tenant, and of all; what is still to do, and what is done again.
CREATE INDEX erasures_tenant ON llmtrace.erasures (tenant_id, requested_at DESC, id);
CREATE INDEX erasures_time ON llmtrace.erasures (requested_at DESC, id);
CREATE INDEX erasures_open ON llmtrace.erasures (requested_at, id) WHERE done_at IS NULL;
CREATE INDEX erasures_repeat ON llmtrace.erasures (repeat_until) WHERE done_at IS NOT NULL;

-- Written to find out whether the server takes writes.
CREATE TABLE llmtrace.pings (
    id INT PRIMARY KEY,
    pings BIGINT NOT NULL
);
INSERT INTO llmtrace.pings (id, pings) VALUES (1, 0);
