-- The sums of closed hours in partitions of a month, so that those of hours that are no longer kept go without touching others.
-- Read and written by clickhouse/rollup*.rs and clickhouse/expire.rs. Sums are recomputed (ADR 0019): the old ones are not moved, all
-- hours are due again, and are added up from their spans until then. `rolled` goes first: it says which hours are done.
--
-- The arrays of a row are of one length: an entry is a group, with its sums and, as two arrays of one length, the buckets of its
-- histograms and how many are in each. A bucket from 32768 on is one of first tokens, the others are durations, which every span has.

DROP TABLE IF EXISTS rolled;

DROP TABLE IF EXISTS rollups;

CREATE TABLE IF NOT EXISTS rolled (
    tenant_id LowCardinality(String),
    hour Int64,
    generation UInt64,
    marks UInt64
) ENGINE = ReplacingMergeTree(generation)
ORDER BY (tenant_id, hour);

CREATE TABLE IF NOT EXISTS rollups (
    family UInt8,
    hour Int64 CODEC(Delta, ZSTD(1)),
    tenant_id LowCardinality(String),
    marks UInt64,
    is_whole UInt8,
    provider Array(LowCardinality(Nullable(String))),
    dialect Array(LowCardinality(Nullable(String))),
    operation Array(LowCardinality(Nullable(String))),
    request_model Array(LowCardinality(Nullable(String))),
    response_model Array(LowCardinality(Nullable(String))),
    source Array(LowCardinality(Nullable(String))),
    status Array(LowCardinality(Nullable(String))),
    http_status Array(Nullable(UInt16)) CODEC(ZSTD(1)),
    end_reason Array(LowCardinality(Nullable(String))),
    agent_id Array(LowCardinality(Nullable(String))),
    environment Array(LowCardinality(Nullable(String))),
    release Array(LowCardinality(Nullable(String))),
    user_id Array(LowCardinality(Nullable(String))),
    errors Array(UInt64) CODEC(T64, ZSTD(1)),
    unpriced Array(UInt64) CODEC(T64, ZSTD(1)),
    u1 Array(UInt64) CODEC(T64, ZSTD(1)),
    u2 Array(UInt64) CODEC(T64, ZSTD(1)),
    u3 Array(UInt64) CODEC(T64, ZSTD(1)),
    u4 Array(UInt64) CODEC(T64, ZSTD(1)),
    u5 Array(UInt64) CODEC(T64, ZSTD(1)),
    u6 Array(UInt64) CODEC(T64, ZSTD(1)),
    u7 Array(UInt64) CODEC(T64, ZSTD(1)),
    u8 Array(UInt64) CODEC(T64, ZSTD(1)),
    u9 Array(UInt64) CODEC(T64, ZSTD(1)),
    u10 Array(UInt64) CODEC(T64, ZSTD(1)),
    u11 Array(UInt64) CODEC(T64, ZSTD(1)),
    u12 Array(UInt64) CODEC(T64, ZSTD(1)),
    nanos Array(Int128) CODEC(ZSTD(1)),
    first Array(Int64) CODEC(Delta, ZSTD(1)),
    last Array(Int64) CODEC(Delta, ZSTD(1)),
    buckets Array(Array(UInt16)) CODEC(ZSTD(1)),
    counts Array(Array(UInt64)) CODEC(T64, ZSTD(1))
) ENGINE = ReplacingMergeTree(marks)
PARTITION BY toYYYYMM(toDateTime(least(greatest(hour, 0), 1183392) * 3600, 'UTC'))
ORDER BY (family, hour, tenant_id)
SETTINGS index_granularity = 64, min_age_to_force_merge_seconds = 600;
