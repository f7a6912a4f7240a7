//! Saved views: a page of the dashboard with its filters, under a name.

use std::collections::BTreeMap;

use crate::{TenantId, Timestamp, ViewId, word::words};

/// A page with its filters, under a name that a user gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// Identity.
    pub id: ViewId,
    /// Owner; `None` where it belongs to the whole installation.
    pub tenant: Option<TenantId>,
    /// 1 when it was made, one more with every change.
    pub version: u32,
    /// What the user calls it.
    pub name: String,
    /// The page.
    pub page: ViewPage,
    /// The page's query parameters, by name.
    pub query: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

words! {
    /// A page of the dashboard that can be saved.
    ViewPage {
        /// What everything adds up to.
        Overview = "overview",
        /// The list of traces.
        Traces = "traces",
        /// The list of sessions.
        Sessions = "sessions",
        /// The list of users.
        Users = "users",
        /// The list of agents.
        Agents = "agents",
    } "overview, traces, sessions, users, agents"
}
