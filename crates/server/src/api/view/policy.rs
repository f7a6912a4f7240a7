//! Policies in JSON: the shape of a tenant's own, for the document, and what applies to it.
//!
//! The shape is documentation only: a policy is read by [`OwnGuard::read`](crate::config::OwnGuard::read), and a test holds
//! each against the other.

use llmtrace_detect::Answers;
use llmtrace_model::Channel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shapes;
use crate::config::{OnFailure, OnOpaque, Ruling};

/// A policy of a tenant's own; what is left out or `null` is as the installation has it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Policy)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct PolicyShape {
    /// The rules behind those of `rules`.
    preset: Option<PresetShape>,
    /// Whether what the rules say is done.
    mode: Option<ModeShape>,
    /// Rules, in order; the first that matches a finding decides.
    #[schema(max_items = 1000)]
    rules: Option<Vec<RuleShape>>,
    /// What is no finding to this tenant.
    #[schema(max_items = 1000)]
    allow: Option<Vec<AllowShape>>,
    /// Whether answers are looked at before they leave.
    answers: Option<AnswersShape>,
    /// Whether placeholders of what was redacted from a request become the original text again in its answer.
    restore: Option<bool>,
    /// Which tools agents may use.
    tools: Option<Vec<AgentToolsShape>>,
    /// What happens with a request without a verdict in time.
    on_timeout: Option<OnTimeoutShape>,
    /// What happens with a request whose body cannot be read.
    opaque: Option<OpaqueShape>,
}

/// Rules to begin with.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyPreset)]
#[serde(rename_all = "snake_case")]
enum PresetShape {
    /// What is found is flagged, and nothing is blocked.
    Balanced,
    /// Attacks that are sure enough are blocked.
    Strict,
    /// Only what is worth today is flagged.
    Quiet,
}

/// Whether what the rules say is done.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyMode)]
#[serde(rename_all = "snake_case")]
enum ModeShape {
    /// It is done.
    Enforce,
    /// It is said on the span, and no exchange is touched.
    Shadow,
}

/// What happens with a request without a verdict in time.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = OnTimeout)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum OnTimeoutShape {
    /// It goes on.
    Allow,
    /// It is answered 503.
    Deny,
}

/// What happens with a request whose body cannot be read.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = OnOpaque)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum OpaqueShape {
    /// It goes on.
    Allow,
    /// It goes on, and its span is flagged.
    Flag,
    /// It is answered 403.
    Block,
}

/// Whether answers are looked at before they leave.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyAnswers)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum AnswersShape {
    /// They leave as they come.
    Pass,
    /// They are looked at first.
    Hold,
}

/// What agents of these names may use.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = AgentTools)]
#[serde(deny_unknown_fields)]
struct AgentToolsShape {
    /// The agents, by the id they send, with `*` and `?`; where there is none, everybody.
    #[serde(default)]
    agents: Vec<ToolPatternShape>,
    /// Only these tools, where there is a list.
    allow: Option<Vec<ToolPatternShape>>,
    /// None of these, whatever else is said.
    #[serde(default)]
    deny: Vec<ToolPatternShape>,
}

/// A name of an agent or a tool, with `*` for any characters and `?` for one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ToolPattern, min_length = 1, max_length = 256)]
struct ToolPatternShape(String);

/// One rule; an empty list, or what is left out, matches everything.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyRule)]
#[serde(deny_unknown_fields)]
struct RuleShape {
    /// Kinds of findings.
    #[serde(default)]
    kinds: Vec<shapes::FindingKind>,
    /// Sorts of them.
    #[serde(default)]
    subtypes: Vec<PatternShape>,
    /// Whose words.
    #[serde(default)]
    channels: Vec<shapes::Channel>,
    /// At least so bad.
    min_severity: Option<shapes::Severity>,
    /// At least so sure.
    #[schema(minimum = 0, maximum = 1)]
    min_score: Option<f32>,
    /// What is done.
    action: shapes::Action,
}

/// What is no finding: all that is given has to fit, and something has to be given.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyAllow)]
#[serde(deny_unknown_fields)]
struct AllowShape {
    /// The rule that found it.
    rule: Option<PatternShape>,
    /// The text that was found, letter by letter.
    #[schema(min_length = 1)]
    text: Option<String>,
    /// The SHA-256 of that text.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<String>,
}

/// A name; a `*` at the end stands for whatever follows.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = NamePattern, min_length = 1, max_length = 128, pattern = r"^[a-z0-9_.@-]*\*?$", example = "injection.*")]
struct PatternShape(String);

/// What of policies applies to a tenant: of what it and the installation say, as `guard.tenant_policies` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EffectiveGuard)]
pub struct EffectiveGuardView {
    /// Whose policy is in force: `installation`, or `tenant@7`, the tenant's own of that version of its settings.
    pub policy: String,
    /// Whether a request may be refused for what is found in it.
    pub may_block: bool,
    /// Whether what is found may be replaced.
    pub may_redact: bool,
    /// Whether answers are looked at before they leave.
    #[schema(value_type = AnswersShape)]
    pub answers: Answers,
    /// Whether placeholders of what was redacted become the original text again.
    pub restore: bool,
    /// What happens with a request without a verdict in time.
    #[schema(value_type = OnTimeoutShape)]
    pub on_timeout: OnFailure,
    /// What happens with a request whose body cannot be read.
    #[schema(value_type = OpaqueShape)]
    pub opaque: OnOpaque,
}

impl From<&Ruling> for EffectiveGuardView {
    fn from(ruling: &Ruling) -> Self {
        Self {
            policy: ruling.source.to_string(),
            may_block: ruling.may_block(Channel::ALL),
            may_redact: ruling.may_redact(Channel::ALL),
            answers: ruling.answers,
            restore: ruling.restore,
            on_timeout: ruling.stances.on_timeout,
            opaque: ruling.stances.opaque,
        }
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::FindingKind;
    use serde_json::json;

    use super::*;
    use crate::config::OwnGuard;

    #[test]
    fn a_policy_has_its_documented_shape() {
        for policy in [
            json!({}),
            json!({"preset": "balanced", "mode": "enforce", "on_timeout": "allow", "opaque": "allow"}),
            json!({"preset": "strict", "mode": "shadow", "on_timeout": "deny", "opaque": "flag"}),
            json!({"preset": "quiet", "opaque": "block", "rules": [], "allow": [], "answers": "hold", "restore": true}),
            json!({"answers": "pass", "tools": [{"agents": ["a*"], "allow": ["search_?"]}, {"deny": ["shell"]}]}),
            json!({
                "rules": [{"action": "redact"}, {
                    "kinds": FindingKind::ALL, "subtypes": ["email*"], "channels": Channel::ALL, "min_severity": "high",
                    "min_score": 0.5, "action": "block",
                }],
                "allow": [{"rule": "pii.*"}, {"text": "a"}, {"sha256": "0".repeat(64)}],
            }),
        ] {
            let own = serde_json::to_value(OwnGuard::read(&policy, "guard").unwrap()).unwrap();
            let shape: PolicyShape = serde_json::from_value(own.clone()).unwrap_or_else(|e| panic!("{own}: {e}"));
            assert_eq!(serde_json::to_value(shape).unwrap(), own);
            serde_json::from_value::<PolicyShape>(policy).unwrap();
        }
    }
}
