//! What the operator decides about the back lane; boot fills it from the configuration.

use std::time::Duration;

use super::{analyze::Analysis, redact::TokenKey};
use crate::config::{CaptureContent, CaptureRaw, UnknownModel};

/// Settings of the back lane.
#[derive(Clone)]
pub struct Options {
    /// Worker threads.
    pub workers: usize,
    /// When a batch of spans is written.
    pub batch: Batch,
    /// Most bytes of spans that wait for the store, in memory.
    pub memory_bytes: usize,
    /// What is kept of what was said; a tenant may keep less.
    pub capture: Capture,
    /// Whether exchanges are analysed.
    pub analysis: Analysis,
    /// What stands in the place of text that is hidden is made with it.
    pub tokens: TokenKey,
    /// What happens to models without a price.
    pub on_unknown_model: UnknownModel,
}

/// What is kept of what was said.
#[derive(Debug, Clone, Copy)]
pub struct Capture {
    /// As messages.
    pub content: CaptureContent,
    /// As bytes.
    pub raw: CaptureRaw,
}

/// When a batch of spans is written: at so many rows, or so long after its first row.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// Rows.
    pub rows: usize,
    /// Time since the first row.
    pub wait: Duration,
}
