-- Which sort of thing a finding is about, what was done about it, and where it stands in what was said. Written and read by clickhouse/row.rs.
--
-- Rows from before have none. A finding about the exchange as a whole has an empty channel.

ALTER TABLE spans ADD COLUMN IF NOT EXISTS finding_subtypes Array(String) CODEC(ZSTD(1)) AFTER finding_reasons;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS finding_channels Array(String) CODEC(ZSTD(1)) AFTER finding_subtypes;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS finding_paths Array(String) CODEC(ZSTD(1)) AFTER finding_channels;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS finding_starts Array(UInt64) CODEC(ZSTD(1)) AFTER finding_paths;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS finding_ends Array(UInt64) CODEC(ZSTD(1)) AFTER finding_starts;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS finding_actions Array(String) CODEC(ZSTD(1)) AFTER finding_ends;
