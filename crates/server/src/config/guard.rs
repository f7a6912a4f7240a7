//! How detection works, and what is done about what it finds.

use llmtrace_detect::{
    exchange::AgentTools,
    policy::{Allow, Answers, Mode, Policy, Preset, Rule},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Fault;

/// How detection works, and what is done about what it finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardOptions {
    /// The rules behind those of `rules`.
    pub preset: Preset,
    /// Whether what the rules say is done.
    pub mode: Mode,
    /// Rules, in order; the first that matches a finding decides.
    pub rules: Vec<Rule>,
    /// What is no finding here.
    pub allow: Vec<Allow>,
    /// Whether answers are looked at before they leave.
    pub answers: Answers,
    /// Whether placeholders of what was redacted from a request become the original text again in its answer.
    pub restore: bool,
    /// Which tools agents may use.
    pub tools: Vec<AgentTools>,
    /// Milliseconds that a request waits for its verdict.
    #[schemars(range(min = 1, max = 10_000))]
    pub timeout_ms: u64,
    /// What happens with a request without a verdict by then.
    pub on_timeout: OnFailure,
    /// What happens with a request whose body cannot be read.
    pub opaque: OnOpaque,
    /// Milliseconds that the analysis of one stored exchange may take.
    #[schemars(range(min = 1, max = 60_000))]
    pub analysis_timeout_ms: u64,
}

/// What happens when a step cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The exchange goes on without it.
    Allow,
    /// The request is refused.
    Deny,
}

/// What happens with a request whose body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnOpaque {
    /// It goes on.
    Allow,
    /// It goes on, and its span is flagged.
    Flag,
    /// It is refused.
    Block,
}

impl GuardOptions {
    /// The policy of everybody without one of their own.
    pub fn policy(&self) -> Policy {
        Policy {
            preset: self.preset,
            mode: self.mode,
            rules: self.rules.clone(),
            allow: self.allow.clone(),
            answers: self.answers,
            restore: self.restore,
            tools: self.tools.clone(),
        }
    }
}

pub(super) fn check(guard: &GuardOptions, report: &mut impl FnMut(&str, Fault)) {
    if let Err(error) = guard.policy().check() {
        report(&format!("guard.{}", error.place), Fault::Other(error.why));
    }
}
