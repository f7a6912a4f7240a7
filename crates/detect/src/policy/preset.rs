//! Rules to begin with.

use std::sync::LazyLock;

use llmtrace_model::{Action, Channel, Confidence, FindingKind, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rule;

/// Rules to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Everything that is found is flagged, but what is personal and of little weight, such as an e-mail address; nothing is
    /// blocked and nothing changed.
    #[default]
    Balanced,
    /// Attacks that are sure enough are blocked; the rest as in [`Preset::Balanced`].
    Strict,
    /// What is worth today is flagged; the rest is on the spans for whoever looks.
    Quiet,
}

/// From here on an attack blocks in [`Preset::Strict`]: the score at which rules of most weight stand.
const SURE: f32 = 0.9;

impl Preset {
    pub(super) fn rules(self) -> &'static [Rule] {
        static RULES: LazyLock<[Vec<Rule>; 3]> = LazyLock::new(|| [balanced(), strict(), quiet()]);
        let [balanced, strict, quiet] = &*RULES;
        match self {
            Self::Balanced => balanced,
            Self::Strict => strict,
            Self::Quiet => quiet,
        }
    }
}

fn of(action: Action, kinds: &[FindingKind]) -> Rule {
    Rule {
        kinds: kinds.to_vec(),
        subtypes: Vec::new(),
        channels: Vec::new(),
        min_severity: None,
        min_score: None,
        action,
    }
}

fn balanced() -> Vec<Rule> {
    vec![
        Rule { min_severity: Some(Severity::Medium), ..of(Action::Flag, &[FindingKind::Pii]) },
        of(Action::Observe, &[FindingKind::Pii]),
    ]
}

fn strict() -> Vec<Rule> {
    use FindingKind::{Encoded, HiddenText, Injection, Jailbreak, ToolPoisoning};
    let attacks = Rule {
        channels: vec![Channel::User, Channel::Untrusted],
        min_score: Confidence::new(SURE),
        ..of(Action::Block, &[Injection, Jailbreak, HiddenText, Encoded, ToolPoisoning])
    };
    [vec![attacks], balanced()].concat()
}

fn quiet() -> Vec<Rule> {
    vec![Rule { min_severity: Some(Severity::High), ..of(Action::Flag, &[]) }, of(Action::Observe, &[])]
}
