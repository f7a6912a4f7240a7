//! The detectors, a file each. Which there are and in what order they look says `registry.rs`.

use llmtrace_model::Confidence;

pub(crate) mod anchored;
pub(crate) mod code;
pub(crate) mod code_risk;
pub(crate) mod exfiltration;
pub(crate) mod harm;
pub(crate) mod payload;
pub(crate) mod refusal;
pub(crate) mod url;

/// A confidence that is written in the source.
pub(crate) fn sure(p: f32) -> Confidence {
    Confidence::new(p).expect("a constant between 0 and 1")
}
