-- When an erasure is carried out next; NULL once its time is over. Who carries it out moves it ahead, so that nobody else does
-- meanwhile. Read by crates/store/src/postgres/erasures.rs. Those that are there are due at once.
ALTER TABLE llmtrace.erasures ADD COLUMN due_at BIGINT;
UPDATE llmtrace.erasures SET due_at = requested_at;
DROP INDEX llmtrace.erasures_open;
DROP INDEX llmtrace.erasures_repeat;
CREATE INDEX erasures_open ON llmtrace.erasures (due_at, id) WHERE done_at IS NULL;
CREATE INDEX erasures_repeated ON llmtrace.erasures (due_at, id) WHERE done_at IS NOT NULL AND due_at IS NOT NULL;
