//! What of an exchange was seen, and what was not.

use serde::{Deserialize, Serialize};

/// How much of an exchange was recorded, read and analysed: what was not seen is named here, never silently absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// The request body.
    pub request: BodyCoverage,
    /// The answer's body.
    pub response: BodyCoverage,
    /// Parts that are recorded by name only, with their number: `image ×2`, `audio`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<String>,
    /// Fields and event types the decoder does not know; bounded, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// What was used and is not in the cost, or only at the ordinary price: names of buckets and units,
    /// `service_tier WORD`, `batch`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_priced: Vec<String>,
    /// What analysis did: `disabled`, `nothing to read` or the names of the detectors that ran.
    #[serde(default)]
    pub analysis: String,
    /// What analysis left out, and why: `pii: out of time`, `12 findings more`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_analysed: Vec<String>,
    /// What the policy keeps from being stored, and why: `raw bytes: the policy redacts`, `3 texts: redacted`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// Whose policy was held against what was found: `installation`, or `tenant@7`, the tenant's own of that version of its
    /// settings. Empty where nothing was analysed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub policy: String,
}

/// How much of one body was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyCoverage {
    /// There was none.
    #[default]
    Empty,
    /// All of it was recorded and understood.
    Whole,
    /// It was longer than the recorder keeps: head and tail are there, the middle is not.
    Truncated,
    /// It was not understood, for this reason.
    Opaque(String),
    /// `capture.content: metadata` asked not to keep it.
    NotKept,
}
