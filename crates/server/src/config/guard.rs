//! How detection works, and what is done about what it finds.

use llmtrace_detect::{
    exchange::AgentTools,
    policy::{Allow, Answers, Mode, Policy, Preset, Rule},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    error::Fault,
    ruling::{Guarding, Stances},
};

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
    /// What a policy of a tenant's own may do.
    pub tenant_policies: TenantPolicies,
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

/// What a policy of a tenant's own may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantPolicies {
    /// Add to this one: of what both say the stronger is done.
    #[default]
    Stricter,
    /// Stand in the place of this one.
    Own,
}

/// What happens when a step cannot be done; the later one is stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The exchange goes on without it.
    Allow,
    /// The request is refused.
    Deny,
}

/// What happens with a request whose body cannot be read; each is stricter than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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

    /// What the installation says, and what tenants may say beside it.
    pub fn guarding(&self) -> Guarding {
        let stances = Stances { on_timeout: self.on_timeout, opaque: self.opaque };
        Guarding { policy: self.policy(), stances, tenants: self.tenant_policies }
    }
}

pub(super) fn check(guard: &GuardOptions, report: &mut impl FnMut(&str, Fault)) {
    if let Err(error) = guard.policy().check() {
        report(&format!("guard.{}", error.place), Fault::Other(error.why));
    }
}
