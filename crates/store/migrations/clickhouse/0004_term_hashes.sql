-- The terms of what was said as hashes of 64 bits, see clickhouse/terms.rs. Written by clickhouse/tables.rs, read by clickhouse/query.rs.
--
-- Rows from before have theirs of `terms`, which is written no more and goes with a later version. The last two statements put
-- them on the disk and into the index in the background; until they are done such rows are found all the same, only slower.

ALTER TABLE bodies ADD COLUMN IF NOT EXISTS term_hashes Array(UInt64) DEFAULT arrayMap(term -> xxh3(term), terms) CODEC(ZSTD(1)) AFTER terms;
ALTER TABLE bodies ADD INDEX IF NOT EXISTS by_term_hash term_hashes TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE bodies DROP INDEX IF EXISTS by_term;
ALTER TABLE bodies MATERIALIZE COLUMN term_hashes;
ALTER TABLE bodies MATERIALIZE INDEX by_term_hash;
