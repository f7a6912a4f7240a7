-- People who log in. Read by crates/store/src/sqlite/users.rs.
-- Whoever was removed has no name, and nothing else that says who they were. `is_platform` is whether they were granted the whole
-- installation, beside which they have no other grants. `changed` is the number of the row's last change, as in `api_keys`.
CREATE TABLE users (
    id BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    name TEXT,
    display TEXT NOT NULL,
    password TEXT,
    issuer TEXT,
    subject TEXT,
    is_platform INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    removed_at INTEGER,
    sessions_from INTEGER NOT NULL,
    last_login_at INTEGER,
    changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- The list of all, and who logs in; what has changed.
CREATE UNIQUE INDEX users_name ON users (name);
CREATE UNIQUE INDEX users_identity ON users (issuer, subject);
CREATE UNIQUE INDEX users_changed ON users (changed);

CREATE TABLE user_grants (
    user_id BLOB NOT NULL,
    tenant_id TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (user_id, tenant_id)
) STRICT, WITHOUT ROWID;
-- The list of one tenant.
CREATE INDEX user_grants_tenant ON user_grants (tenant_id, user_id);

-- Login sessions, by the SHA-256 of their tokens. Read by crates/store/src/sqlite/counters/sessions.rs.
-- `ends_at` is when one ends unless it is seen before.
CREATE TABLE login_sessions (
    hash BLOB PRIMARY KEY,
    holder TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    idle_us INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_sessions_end ON login_sessions (ends_at);
