-- What tenants have set. Read by crates/store/src/postgres/settings.rs.
-- `document` is JSON, or NULL where the settings were taken away, which others have yet to be told. `changed` is the number of
-- the row's last change, as in api_keys: access_changes counts all of them.
CREATE TABLE llmtrace.tenant_settings (
    tenant_id TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    document TEXT,
    updated_at BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
-- What has changed; of that, what was taken away.
CREATE UNIQUE INDEX tenant_settings_changed ON llmtrace.tenant_settings (changed);
CREATE INDEX tenant_settings_taken ON llmtrace.tenant_settings (changed) WHERE document IS NULL;

-- The tenants' credentials for their providers, sealed. Read by crates/store/src/postgres/credentials.rs.
-- `id`, `sealed`, `sealed_with` and `hint` are NULL where the credential was deleted, which others have yet to be told.
-- `upstream` and `hint` are UTF-8 in bytes, since TEXT holds no NUL.
CREATE TABLE llmtrace.provider_credentials (
    tenant_id TEXT COLLATE "C" NOT NULL,
    upstream BYTEA NOT NULL,
    id BYTEA,
    version BIGINT NOT NULL,
    sealed BYTEA,
    sealed_with BYTEA,
    hint BYTEA,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, upstream)
);
CREATE UNIQUE INDEX provider_credentials_id ON llmtrace.provider_credentials (id);
CREATE UNIQUE INDEX provider_credentials_changed ON llmtrace.provider_credentials (changed);
CREATE INDEX provider_credentials_deleted ON llmtrace.provider_credentials (changed) WHERE sealed IS NULL;
