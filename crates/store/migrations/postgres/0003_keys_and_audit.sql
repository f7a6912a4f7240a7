-- API keys, by the SHA-256 of them. Read by crates/store/src/postgres/keys.rs.
-- `tenant_id` and `role` are NULL together: the key of the platform. `name` is UTF-8 in bytes, since TEXT holds no NUL.
-- `changed` is the number of the row's last change.
CREATE TABLE llmtrace.api_keys (
    id BYTEA PRIMARY KEY,
    version BIGINT NOT NULL,
    tenant_id TEXT COLLATE "C",
    role TEXT,
    name BYTEA NOT NULL,
    prefix TEXT NOT NULL,
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    changed BIGINT NOT NULL
);
CREATE UNIQUE INDEX api_keys_hash ON llmtrace.api_keys (hash);
-- The list of one tenant, and of all; what has changed.
CREATE INDEX api_keys_tenant ON llmtrace.api_keys (tenant_id, created_at DESC, id);
CREATE INDEX api_keys_time ON llmtrace.api_keys (created_at DESC, id);
CREATE UNIQUE INDEX api_keys_changed ON llmtrace.api_keys (changed);

-- The number of the last change of any key.
CREATE TABLE llmtrace.access_changes (
    id INT PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO llmtrace.access_changes (id, last) VALUES (1, 0);

-- The audit log: chains of records, each with the hash of the one before it. Read by crates/store/src/postgres/audit.rs.
-- `chain` is the tenant's name, or empty for the installation, since a NULL would let two records have one place. What others
-- than the program may have worded is UTF-8 in bytes.
CREATE TABLE llmtrace.audit_log (
    chain TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    client_address BYTEA,
    action BYTEA NOT NULL,
    target BYTEA NOT NULL,
    before BYTEA,
    after BYTEA,
    outcome TEXT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL
);
-- A chain from its beginning, and its end; an entry that is appended again; pages of one chain, and of all.
CREATE UNIQUE INDEX audit_log_chain ON llmtrace.audit_log (chain, seq DESC);
CREATE UNIQUE INDEX audit_log_id ON llmtrace.audit_log (id);
CREATE INDEX audit_log_chain_time ON llmtrace.audit_log (chain, at DESC, id DESC);
CREATE INDEX audit_log_time ON llmtrace.audit_log (at DESC, id DESC);

-- Nothing but appending, whoever asks.
CREATE FUNCTION llmtrace.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only appended to';
END
$$;
CREATE TRIGGER audit_log_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON llmtrace.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION llmtrace.refuse_change();
