//! The side door: the query API under `/api/v1`, and the probes beside it.
//!
//! Reads stores and what boot tells it; writes nothing but saved views, rules of retention and what is to be erased, and never
//! sees a forwarded exchange. One table maps failures to answers (`api/error.rs`), one place maps a stored span to JSON
//! (`api/view.rs`), one list names the routes (`api/router.rs`).

mod access;
mod accounts;
mod asking;
mod audit;
mod body;
mod cookie;
mod credentials;
mod docs;
mod document;
mod erasures;
mod error;
mod etag;
mod export;
mod health;
mod info;
mod keys;
mod login;
mod me;
mod models;
mod oidc;
mod people;
mod policies;
mod query;
mod raw;
mod read;
mod retention;
mod router;
mod routes;
mod scan;
mod sessions;
mod settings;
mod spans;
mod stats;
mod sums;
mod tail;
mod tenants;
mod traces;
pub mod view;
mod views;

use std::sync::Arc;

use llmtrace_model::Retention;
use llmtrace_store::{MetaStore, SpanStore};

pub use access::{Access, behind_host_check};
pub use document::openapi;
pub use export::{Format, Part, Writer};
pub use health::{BacklogView, Condition, Dependency, HealthReport, JournalHealth, Phase, Probes, probes};
pub use info::{Installation, ProxyAddress};
pub use router::router;
pub use scan::{Scanned, ScannedFinding, ScannedText};
pub use tail::tail_event;

use crate::{
    analysis::Analysts,
    clock::Clock,
    pipeline::{Prices, Tail},
    tasks::Tasks,
    telemetry::Events,
    tenancy::Tenancy,
};

/// What the API needs; cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// Where spans are read from.
    pub spans: Arc<dyn SpanStore>,
    /// Where the tenants that were seen are read from, and where saved views, rules of retention and erasures are kept.
    pub meta: Arc<dyn MetaStore>,
    /// Counts what is asked.
    pub events: Events,
    /// Which hosts are served.
    pub access: Arc<Access>,
    /// Who may ask, and what they did.
    pub tenancy: Arc<Tenancy>,
    /// What models cost now.
    pub prices: Prices,
    /// How long tenants without a rule of their own keep things.
    pub retention: Retention,
    /// What now is.
    pub clock: Clock,
    /// What is installed.
    pub installation: Arc<Installation>,
    /// Tells of spans as they are stored.
    pub tail: Tail,
    /// Says when the process stops: what would go on for ever ends then.
    pub tasks: Tasks,
    /// Analyse what is sent to them.
    pub analysts: Analysts,
}
