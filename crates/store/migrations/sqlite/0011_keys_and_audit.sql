-- API keys, by the SHA-256 of them. Read by crates/store/src/sqlite/keys.rs.
-- `tenant_id` and `role` are NULL together: the key of the platform. `changed` is the number of the row's last change.
CREATE TABLE api_keys (
    id BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    tenant_id TEXT,
    role TEXT,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER,
    changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
-- The list of one tenant, and of all; what has changed.
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, created_at DESC, id);
CREATE INDEX api_keys_time ON api_keys (created_at DESC, id);
CREATE UNIQUE INDEX api_keys_changed ON api_keys (changed);

-- The number of the last change of any key.
CREATE TABLE access_changes (
    id INTEGER PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;
INSERT INTO access_changes (id, last) VALUES (1, 0);

-- The audit log: chains of records, each with the hash of the one before it. Read by crates/store/src/sqlite/audit.rs.
-- `chain` is the tenant's name, or empty for the installation, since a NULL would let two records have one place.
CREATE TABLE audit_log (
    chain TEXT NOT NULL,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    client_address TEXT,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    before TEXT,
    after TEXT,
    outcome TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
-- A chain from its beginning, and its end; an entry that is appended again; pages of one chain, and of all.
CREATE UNIQUE INDEX audit_log_chain ON audit_log (chain, seq DESC);
CREATE UNIQUE INDEX audit_log_id ON audit_log (id);
CREATE INDEX audit_log_chain_time ON audit_log (chain, at DESC, id DESC);
CREATE INDEX audit_log_time ON audit_log (at DESC, id DESC);

-- Nothing but appending, whoever asks.
CREATE TRIGGER audit_log_unchanged BEFORE UPDATE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'the audit log is only appended to');
END;
CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'the audit log is only appended to');
END;
