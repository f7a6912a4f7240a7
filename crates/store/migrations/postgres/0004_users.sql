-- People who log in. Read by crates/store/src/postgres/users.rs.
-- Whoever was removed has no name, and nothing else that says who they were. `is_platform` is whether they were granted the whole
-- installation, beside which they have no other grants. `display`, `issuer` and `subject` are UTF-8 in bytes, since TEXT holds no
-- NUL; a name has no control characters. `changed` is the number of the row's last change, as in `api_keys`.
CREATE TABLE llmtrace.users (
    id BYTEA PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT COLLATE "C",
    display BYTEA NOT NULL,
    password TEXT,
    issuer BYTEA,
    subject BYTEA,
    is_platform BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    removed_at BIGINT,
    sessions_from BIGINT NOT NULL,
    last_login_at BIGINT,
    changed BIGINT NOT NULL
);
-- The list of all, and who logs in; what has changed.
CREATE UNIQUE INDEX users_name ON llmtrace.users (name);
CREATE UNIQUE INDEX users_identity ON llmtrace.users (issuer, subject);
CREATE UNIQUE INDEX users_changed ON llmtrace.users (changed);

CREATE TABLE llmtrace.user_grants (
    user_id BYTEA NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (user_id, tenant_id)
);
-- The list of one tenant.
CREATE INDEX user_grants_tenant ON llmtrace.user_grants (tenant_id, user_id);
