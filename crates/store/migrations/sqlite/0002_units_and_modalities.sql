-- Token buckets that are priced apart, and what is billed by the piece. Read by crates/store/src/sqlite/row.rs.
-- NULL in a row that is older than these columns counts as zero.
ALTER TABLE spans ADD COLUMN image_output INTEGER;
ALTER TABLE spans ADD COLUMN audio_cache_read INTEGER;
ALTER TABLE spans ADD COLUMN image_cache_read INTEGER;
ALTER TABLE spans ADD COLUMN units TEXT;
