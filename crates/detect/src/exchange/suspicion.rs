//! How suspicious a session has become: findings that add up over its turns and fade with time.
//!
//! Pure arithmetic. Somebody else keeps the two numbers of each [`Suspicion`] between turns, and says what time it is. Two
//! things are followed: the weight of what was found, which sees a slow build-up of findings that are each too weak to act upon,
//! and the number of turns with a finding, which sees somebody who tries one thing after another.

use llmtrace_model::{Action, Finding, FindingKind, Severity};
use serde::{Deserialize, Serialize};

use crate::detectors::sure;

#[cfg(test)]
mod tests;

/// A score that halves with every half-life. As JSON it is two numbers: the score and when it was that.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "(f64, u64)", into = "(f64, u64)")]
pub struct Suspicion {
    score: f64,
    updated_ms: u64,
}

impl Suspicion {
    /// Takes what was kept. A score that is no number or below nothing counts as nothing, one without bounds as the greatest.
    pub fn new(score: f64, updated_ms: u64) -> Self {
        let score = if score.is_nan() { 0.0 } else { score.clamp(0.0, 1e9) };
        Self { score, updated_ms }
    }

    /// The score at a time in milliseconds. A clock that went back changes nothing.
    pub fn at(self, now_ms: u64, half_life_ms: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a thousand years are exact enough")]
        let halvings = now_ms.saturating_sub(self.updated_ms) as f64 / half_life_ms.max(1) as f64;
        self.score * (-halvings).exp2()
    }

    /// The same with more on top, at a time in milliseconds.
    #[must_use]
    pub fn add(self, points: f64, now_ms: u64, half_life_ms: u64) -> Self {
        let points = if points.is_finite() { points.max(0.0) } else { 0.0 };
        Self::new(self.at(now_ms, half_life_ms) + points, self.updated_ms.max(now_ms))
    }
}

impl From<(f64, u64)> for Suspicion {
    fn from((score, updated_ms): (f64, u64)) -> Self {
        Self::new(score, updated_ms)
    }
}

impl From<Suspicion> for (f64, u64) {
    fn from(suspicion: Suspicion) -> Self {
        (suspicion.score, suspicion.updated_ms)
    }
}

/// What is kept of a session.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Session {
    /// The weight of what was found.
    pub weight: Suspicion,
    /// The turns in which something was found.
    pub probes: Suspicion,
}

/// From when on a session is a finding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How long it takes until half is forgotten.
    pub half_life_ms: u64,
    /// The weight at which findings have built up.
    pub weight: f64,
    /// The turns at which somebody is probing.
    pub probes: f64,
}

impl Default for Limits {
    /// Ten minutes; three times what one clear attack of high severity weighs; four turns.
    fn default() -> Self {
        Self { half_life_ms: 600_000, weight: 6.0, probes: 3.5 }
    }
}

/// What a turn weighs: its heaviest finding counts whole, the others a quarter each, so that many findings of one thing are not many
/// things. They are what is new in the turn: a conversation is sent again with every turn of it.
///
/// A finding weighs its confidence times 0.25, 0.5, 1, 2 or 4 by severity. Only kinds that somebody tries on purpose count.
pub fn turn_weight<'f>(new: impl IntoIterator<Item = &'f Finding>) -> f64 {
    let attempts = new.into_iter().filter(|finding| is_attempt(finding.kind));
    let weights = attempts.map(|finding| f64::from(finding.confidence.get()) * severity_weight(finding.severity));
    let (heaviest, sum) = weights.fold((0.0f64, 0.0), |(heaviest, sum), weight| (heaviest.max(weight), sum + weight));
    heaviest + ((sum - heaviest) * 0.25).min(heaviest)
}

/// The session after a turn, and what is to be reported: once when a limit is crossed, not again while it stays above.
///
/// `weight` is what the turn weighs.
pub fn after_turn(session: Session, weight: f64, now_ms: u64, limits: Limits) -> (Session, Vec<Finding>) {
    let probe = if weight >= 0.2 { 1.0 } else { 0.0 };
    let later = Session {
        weight: session.weight.add(weight, now_ms, limits.half_life_ms),
        probes: session.probes.add(probe, now_ms, limits.half_life_ms),
    };
    // Scores as they were kept, not as they have faded since: or each further turn would cross the limit anew.
    let crossed = |before: Suspicion, after: Suspicion, limit: f64| before.score < limit && after.score >= limit;
    let mut findings = Vec::new();
    // A turn that is heavy enough by itself is reported as what it is.
    if crossed(session.weight, later.weight, limits.weight) && weight < limits.weight {
        findings.push(finding(
            "slow_build_up",
            0.8,
            "findings of several turns add up, each of them too weak to act upon",
        ));
    }
    if crossed(session.probes, later.probes, limits.probes) {
        findings.push(finding("repeated_probing", 0.8, "one turn after another holds an attempt"));
    }
    (later, findings)
}

fn finding(subtype: &str, score: f32, reason: &str) -> Finding {
    Finding {
        kind: FindingKind::Jailbreak,
        subtype: subtype.to_owned(),
        severity: Severity::High,
        confidence: sure(score),
        rule: format!("session.{subtype}"),
        reason: reason.to_owned(),
        place: None,
        action: Action::Observe,
    }
}

fn severity_weight(severity: Severity) -> f64 {
    match severity {
        Severity::Info => 0.25,
        Severity::Low => 0.5,
        Severity::Medium => 1.0,
        Severity::High => 2.0,
        Severity::Critical => 4.0,
    }
}

fn is_attempt(kind: FindingKind) -> bool {
    match kind {
        FindingKind::Injection
        | FindingKind::Jailbreak
        | FindingKind::HiddenText
        | FindingKind::Encoded
        | FindingKind::ToolPoisoning
        | FindingKind::ToolMisuse
        | FindingKind::Exfiltration
        | FindingKind::SystemPromptLeak
        | FindingKind::CanaryLeak => true,
        FindingKind::Secret
        | FindingKind::Pii
        | FindingKind::Toxicity
        | FindingKind::SelfHarm
        | FindingKind::CodeRisk => false,
    }
}
