-- The sums of closed hours, one row per family of dimensions, hour and tenant, as they stood first: 0003 makes the table anew.
--
-- The arrays of a row are of one length: an entry is a group and a bucket of one of its histograms (kind 1 the duration, which
-- every span has, so its entries carry the sums; kind 2 the first token). Dimensions that a family does not tell apart are empty.
-- `marks` is how often the hour was marked when its spans were read: of two rows the one that saw more stays.

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
    kind Array(UInt8) CODEC(ZSTD(1)),
    bucket Array(UInt16) CODEC(ZSTD(1)),
    requests Array(UInt64) CODEC(T64, ZSTD(1)),
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
    last Array(Int64) CODEC(Delta, ZSTD(1))
) ENGINE = ReplacingMergeTree(marks)
ORDER BY (family, hour, tenant_id)
SETTINGS index_granularity = 64, min_age_to_force_merge_seconds = 600;
