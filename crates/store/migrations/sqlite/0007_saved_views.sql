-- Pages of the dashboard with their filters, under names that users gave. Read by crates/store/src/sqlite/views.rs.
-- `query` is a JSON object of texts; `tenant_id` is NULL where the view belongs to the whole installation.
CREATE TABLE saved_views (
    id BLOB PRIMARY KEY,
    tenant_id TEXT,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    page TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The list of one tenant, and how many it has; the list of all.
CREATE INDEX saved_views_tenant ON saved_views (tenant_id, name);
CREATE INDEX saved_views_name ON saved_views (name);
