//! What is installed, in JSON.

use llmtrace_store::Backlog;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is installed, and how far it has come with what it does later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Info)]
pub struct InfoView {
    /// The running version.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// The storage profile, as configured.
    #[schema(example = "lite")]
    pub profile: String,
    /// `capture.content`, as configured.
    #[schema(example = "full")]
    pub capture_content: String,
    /// `capture.raw`, as configured.
    #[schema(example = "all")]
    pub capture_raw: String,
    /// The named upstreams and `default`.
    #[schema(example = json!(["default", "azure"]))]
    pub upstreams: Vec<String>,
    /// Where clients send, when that is another listener than the one that answers this; else `null`.
    #[schema(required, example = "http://127.0.0.1:8080")]
    pub proxy_url: Option<String>,
    /// The engines.
    pub storage: InfoStorage,
    /// How far searches see.
    pub text_index: TextIndex,
    /// How far sums are prepared.
    pub rollups: Rollups,
}

/// The engines of the stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InfoStorage {
    /// Of spans.
    #[schema(example = "sqlite")]
    pub spans: String,
    /// Of everything else.
    #[schema(example = "sqlite")]
    pub meta: String,
}

/// How far searches see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TextIndex {
    /// Spans that no search finds yet.
    #[schema(example = 0)]
    pub behind_spans: u64,
}

/// How far sums are prepared; they are exact all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rollups {
    /// Hours of a tenant that ended and whose spans are still read one by one.
    #[schema(example = 0)]
    pub behind_hours: u64,
}

impl From<Backlog> for TextIndex {
    fn from(backlog: Backlog) -> Self {
        Self { behind_spans: backlog.text_spans }
    }
}

impl From<Backlog> for Rollups {
    fn from(backlog: Backlog) -> Self {
        Self { behind_hours: backlog.rollup_hours }
    }
}
