//! Tenants in JSON.

use llmtrace_model::{TenantId, Timestamp};
use llmtrace_store::Tenant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The tenants that were seen, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantList {
    /// The rows.
    pub items: Vec<TenantView>,
    /// Always `null`: there is one page.
    #[schema(required)]
    pub next: Option<String>,
}

/// A tenant that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantView {
    /// Its name.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// When its first span started.
    #[schema(value_type = String, format = DateTime)]
    pub first_seen: Timestamp,
    /// When its last span started.
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Timestamp,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self { tenant_id: tenant.id, first_seen: tenant.first_seen, last_seen: tenant.last_seen }
    }
}
