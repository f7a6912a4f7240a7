//! What detection says about an exchange.

use serde::{Deserialize, Serialize};

use crate::word::words;

/// A probability: 0.0 to 1.0, finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Confidence(f32);

impl Confidence {
    /// Clamps nothing: returns `None` outside `0.0..=1.0`, so that a broken model is seen, not hidden.
    pub fn new(p: f32) -> Option<Self> {
        (0.0..=1.0).contains(&p).then_some(Self(p))
    }

    /// The number.
    pub fn get(self) -> f32 {
        self.0
    }
}

impl TryFrom<f32> for Confidence {
    type Error = &'static str;

    fn try_from(p: f32) -> Result<Self, Self::Error> {
        Self::new(p).ok_or("expected a number from 0 to 1")
    }
}

impl From<Confidence> for f32 {
    fn from(c: Confidence) -> f32 {
        c.0
    }
}

/// One thing a detector found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the detector is.
    pub confidence: Confidence,
    /// The detector or rule that found it.
    pub rule: String,
    /// Why, for a person.
    pub reason: String,
}

words! {
    /// What a finding is about.
    FindingKind {
        /// Foreign text that gives the model orders.
        Injection = "injection",
        /// A user who talks the model out of its rules.
        Jailbreak = "jailbreak",
        /// Text hidden from a human reader.
        HiddenText = "hidden_text",
        /// An attack in an encoding.
        Encoded = "encoded",
        /// A credential or secret that leaves.
        Leak = "leak",
        /// Personal data.
        Pii = "pii",
    } "injection, jailbreak, hidden_text, encoded, leak, pii"
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Low,
    /// Worth an hour.
    Medium,
    /// Worth today.
    High,
    /// Worth waking somebody.
    Critical,
}
