-- Spans, what was said in them, and the tenants that were seen.
-- Read by crates/store/src/sqlite: row.rs names the columns of spans, body.rs those of bodies, meta.rs those of tenants.
--
-- Times and durations are in microseconds, money in nano-dollars. Token and byte counts are unsigned 64-bit numbers kept
-- bit for bit, so one above 2^63 is negative here. Lists and maps are JSON, NULL where empty.

CREATE TABLE spans (
    id INTEGER PRIMARY KEY,
    exchange_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    tenant_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    trace_id BLOB NOT NULL,
    span_id BLOB NOT NULL,
    parent_span_id BLOB,
    agent_id TEXT,
    session_id TEXT,
    user_id TEXT,
    provider TEXT NOT NULL,
    request_model TEXT,
    response_model TEXT,
    status TEXT NOT NULL,
    end_reason TEXT NOT NULL,
    http_status INTEGER,
    duration_us INTEGER NOT NULL,
    connect_us INTEGER,
    first_byte_us INTEGER,
    first_token_us INTEGER,
    overhead_us INTEGER NOT NULL,
    usage_source TEXT NOT NULL,
    input INTEGER,
    cache_read INTEGER,
    cache_write_5m INTEGER,
    cache_write_1h INTEGER,
    output INTEGER,
    reasoning INTEGER,
    audio_input INTEGER,
    audio_output INTEGER,
    image_input INTEGER,
    cost INTEGER,
    price_version TEXT,
    environment TEXT,
    "release" TEXT,
    client_address TEXT,
    source TEXT NOT NULL,
    operation TEXT NOT NULL,
    dialect TEXT NOT NULL,
    upstream TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    stream INTEGER NOT NULL,
    error_kind TEXT,
    error_message TEXT,
    request_bytes INTEGER NOT NULL,
    response_bytes INTEGER NOT NULL,
    response_id TEXT,
    provider_request_id TEXT,
    tags TEXT,
    params TEXT,
    finish_reasons TEXT,
    rate_limits TEXT,
    findings TEXT,
    coverage TEXT
) STRICT;

-- One row per exchange.
CREATE UNIQUE INDEX spans_exchange ON spans (exchange_id);
-- Lists of one tenant, and of the whole installation.
CREATE INDEX spans_tenant_time ON spans (tenant_id, started_at, exchange_id);
CREATE INDEX spans_time ON spans (started_at, exchange_id);
-- A session, a trace. The tenant stands before the time: nobody's rows are walked for somebody else's list. Clients choose
-- these ids, so that neighbours in time lie far apart here; the exchange id is left out to keep the pages few.
CREATE INDEX spans_session ON spans (session_id, tenant_id, started_at) WHERE session_id IS NOT NULL;
CREATE INDEX spans_trace ON spans (trace_id, tenant_id, started_at);
-- A span. Its id is random: one tree of them all would write a page of its own for every span. So each 16384 rows have
-- their part of the tree, and a lookup asks each part.
CREATE INDEX spans_span ON spans (id >> 14, span_id);
-- A user and an agent have none: measured at a million spans, the two took 16 us CPU per span. They walk the list by time.
-- What went wrong: few rows, often asked for.
CREATE INDEX spans_error ON spans (tenant_id, started_at, exchange_id) WHERE status = 'error';

-- What was said, apart from spans, so that lists never read it. `span` is spans.id.
-- codec 0: JSON. codec 1: JSON in a zstd frame, `size_bytes` long when unpacked.
CREATE TABLE bodies (
    span INTEGER PRIMARY KEY,
    codec INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE tenants (
    id TEXT PRIMARY KEY,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row that `ping` writes, so that a full or read-only disk shows.
CREATE TABLE pings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    pings INTEGER NOT NULL
) STRICT;
INSERT INTO pings (id, pings) VALUES (1, 0);
