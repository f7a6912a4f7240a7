//! End users and agents in JSON.

use llmtrace_model::{Measures, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::MeasuresView;

/// The end users of a time, greatest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UserList {
    /// Spans that started at or after.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Spans that started before.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// The rows.
    pub items: Vec<UserView>,
    /// How many more there are.
    pub left_out: u64,
}

/// The agents of a time, greatest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentList {
    /// Spans that started at or after.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Spans that started before.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// The rows.
    pub items: Vec<AgentView>,
    /// How many more there are.
    pub left_out: u64,
}

/// An end user of one tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    /// The end user, in the words of the application.
    #[schema(example = "user-4711")]
    pub user_id: String,
    /// Owner.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// What the user's spans add up to.
    #[serde(flatten)]
    pub measures: MeasuresView,
}

/// An agent of one tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Agent)]
pub struct AgentView {
    /// The agent, in the words of the application.
    #[schema(example = "support-bot")]
    pub agent_id: String,
    /// Owner.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// What the agent's spans add up to.
    #[serde(flatten)]
    pub measures: MeasuresView,
}

impl UserView {
    /// A user and what the spans add up to.
    pub fn of(user_id: String, tenant_id: TenantId, measures: &Measures) -> Self {
        Self { user_id, tenant_id, measures: measures.into() }
    }
}

impl AgentView {
    /// An agent and what the spans add up to.
    pub fn of(agent_id: String, tenant_id: TenantId, measures: &Measures) -> Self {
        Self { agent_id, tenant_id, measures: measures.into() }
    }
}
