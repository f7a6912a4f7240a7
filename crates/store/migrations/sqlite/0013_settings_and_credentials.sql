-- What tenants have set. Read by crates/store/src/sqlite/settings.rs.
-- `document` is JSON, or NULL where the settings were taken away, which others have yet to be told. `changed` is the number of
-- the row's last change, as in api_keys: access_changes counts all of them.
CREATE TABLE tenant_settings (
    tenant_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT,
    updated_at INTEGER NOT NULL,
    changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What has changed; of that, what was taken away.
CREATE UNIQUE INDEX tenant_settings_changed ON tenant_settings (changed);
CREATE INDEX tenant_settings_taken ON tenant_settings (changed) WHERE document IS NULL;

-- The tenants' credentials for their providers, sealed. Read by crates/store/src/sqlite/credentials.rs.
-- `id`, `sealed`, `sealed_with` and `hint` are NULL where the credential was deleted, which others have yet to be told.
CREATE TABLE provider_credentials (
    tenant_id TEXT NOT NULL,
    upstream TEXT NOT NULL,
    id BLOB,
    version INTEGER NOT NULL,
    sealed BLOB,
    sealed_with BLOB,
    hint TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, upstream)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX provider_credentials_id ON provider_credentials (id);
CREATE UNIQUE INDEX provider_credentials_changed ON provider_credentials (changed);
CREATE INDEX provider_credentials_deleted ON provider_credentials (changed) WHERE sealed IS NULL;
