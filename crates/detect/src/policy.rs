//! What is done about what was found: findings in, a decision out. Pure, so that a draft can be tried on what is stored.
//!
//! A policy is a list of rules; the first one that a finding matches says what is done about it. Behind an operator's own rules
//! stand those of a preset, and behind these: it is flagged.

mod check;
mod preset;
mod schema;
#[cfg(test)]
mod tests;

use llmtrace_model::{Action, Channel, Confidence, Finding, FindingKind, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{check::PolicyError, preset::Preset};
use crate::{Hit, exchange::AgentTools};

/// What an operator wants done about findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The rules behind the operator's own.
    pub preset: Preset,
    /// Whether what the rules say is done, or only said.
    pub mode: Mode,
    /// Rules, in order; the first that matches decides.
    pub rules: Vec<Rule>,
    /// What is no finding to this operator.
    pub allow: Vec<Allow>,
    /// Whether answers are looked at before they leave.
    pub answers: Answers,
    /// Whether, in an answer, placeholders of what was redacted from the request become the original text again.
    pub restore: bool,
    /// Which tools agents may use.
    pub tools: Vec<AgentTools>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            preset: Preset::default(),
            mode: Mode::default(),
            rules: Vec::new(),
            allow: Vec::new(),
            answers: Answers::default(),
            restore: true,
            tools: Vec::new(),
        }
    }
}

/// Whether answers are looked at before they leave; the later one is stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// They leave as they come. What is found in them is flagged at most, and redacted in what is stored.
    #[default]
    Pass,
    /// They are looked at first: what the policy redacts is masked, and an answer in which it blocks something is cut off.
    Hold,
}

/// Whether what the rules say is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is done.
    #[default]
    Enforce,
    /// It is said on the span, and no exchange is touched: for trying a policy on real traffic.
    Shadow,
}

/// One rule. An empty list or an absent bound matches everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Kinds of findings.
    #[schemars(schema_with = "schema::kinds")]
    #[serde(default)]
    pub kinds: Vec<FindingKind>,
    /// Sorts of them: `credit_card`; a `*` at the end stands for whatever follows.
    #[serde(default)]
    pub subtypes: Vec<String>,
    /// Whose words.
    #[schemars(schema_with = "schema::channels")]
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// At least so bad.
    #[schemars(schema_with = "schema::severity")]
    #[serde(default)]
    pub min_severity: Option<Severity>,
    /// At least so sure.
    #[schemars(schema_with = "schema::score")]
    #[serde(default)]
    pub min_score: Option<Confidence>,
    /// What is done.
    #[schemars(schema_with = "schema::action")]
    pub action: Action,
}

/// What is no finding to this operator: all that is given has to fit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Allow {
    /// The rule that found it, `injection.ignore_previous`; a `*` at the end stands for whatever follows.
    pub rule: Option<String>,
    /// The text that was found, letter by letter.
    pub text: Option<String>,
    /// The SHA-256 of that text in hexadecimal digits, where it should not stand in a policy.
    pub sha256: Option<String>,
}

/// What is done about one text or one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What the rules say, the strongest of all findings; `None` where nothing was found.
    pub says: Option<Action>,
    /// What is done: never more than flagging in [`Mode::Shadow`].
    pub does: Option<Action>,
}

impl Policy {
    /// What is done about a finding in a text; `None` where it is no finding to this operator.
    ///
    /// `text` is what was found, the stretch alone.
    pub fn action(&self, channel: Channel, hit: &Hit, text: &str) -> Option<Action> {
        if self.allow.iter().any(|allow| allow.fits(&hit.rule, text)) {
            return None;
        }
        let rules = self.rules.iter().chain(self.preset.rules());
        Some(rules.into_iter().find(|rule| rule.fits(channel, hit)).map_or(Action::Flag, |rule| rule.action))
    }

    /// What is done about a finding that is about no text of its own.
    pub fn action_of(&self, finding: &Finding) -> Option<Action> {
        let channel = finding.place.as_ref().map_or(Channel::User, |place| place.channel);
        let hit = Hit {
            kind: finding.kind,
            subtype: finding.subtype.clone().into(),
            rule: finding.rule.clone().into(),
            score: finding.confidence,
            severity: finding.severity,
            range: 0..0,
            quote: None,
            reason: "".into(),
        };
        self.action(channel, &hit, "")
    }

    /// What is done where the rules say this: never more than flagging in [`Mode::Shadow`].
    pub fn does(&self, says: Action) -> Action {
        match self.mode {
            Mode::Enforce => says,
            Mode::Shadow => says.min(Action::Flag),
        }
    }

    /// What is done about an exchange of whose findings the actions are these.
    pub fn decide(&self, actions: impl IntoIterator<Item = Action>) -> Decision {
        let says = actions.into_iter().max();
        Decision { says, does: says.map(|action| self.does(action)) }
    }

    /// Whether a rule may do exactly this to a text of one of these channels; nothing is done in [`Mode::Shadow`].
    pub fn may_do(&self, action: Action, channels: &[Channel]) -> bool {
        self.does(action) == action
            && self.rules.iter().chain(self.preset.rules()).any(|rule| {
                let is_of_these =
                    rule.channels.is_empty() || rule.channels.iter().any(|channel| channels.contains(channel));
                rule.action == action && is_of_these
            })
    }

    /// Whether the text of a finding is kept from whoever looks later. An attack that was blocked is there to be read; a secret
    /// is not, whichever way it was kept from leaving.
    pub fn hides(&self, says: Action, kind: FindingKind) -> bool {
        match self.does(says) {
            Action::Redact => true,
            Action::Block => is_private(kind),
            Action::Observe | Action::Flag => false,
        }
    }

    /// Whether any text may be kept from whoever looks later.
    pub fn may_hide(&self) -> bool {
        self.rules.iter().chain(self.preset.rules()).any(|rule| {
            let all = FindingKind::ALL.iter().copied();
            let mut kinds = all.filter(|kind| rule.kinds.is_empty() || rule.kinds.contains(kind));
            kinds.any(|kind| self.hides(rule.action, kind))
        })
    }

    /// Whether a text of one of these channels may be refused or changed: whether anybody has to wait for a verdict.
    pub fn may_enforce(&self, channels: &[Channel]) -> bool {
        [Action::Redact, Action::Block].into_iter().any(|action| self.may_do(action, channels))
    }
}

impl Rule {
    fn fits(&self, channel: Channel, hit: &Hit) -> bool {
        let Self { kinds, subtypes, channels, min_severity, min_score, action: _ } = self;
        (kinds.is_empty() || kinds.contains(&hit.kind))
            && (subtypes.is_empty() || subtypes.iter().any(|pattern| like(pattern, &hit.subtype)))
            && (channels.is_empty() || channels.contains(&channel))
            && min_severity.is_none_or(|least| hit.severity >= least)
            && min_score.is_none_or(|least| hit.score >= least)
    }
}

impl Allow {
    fn fits(&self, found_by: &str, found: &str) -> bool {
        let Self { rule, text, sha256 } = self;
        (rule.is_some() || text.is_some() || sha256.is_some())
            && rule.as_ref().is_none_or(|pattern| like(pattern, found_by))
            && text.as_ref().is_none_or(|text| text == found)
            && sha256.as_ref().is_none_or(|hash| hash.eq_ignore_ascii_case(&check::sha256(found)))
    }
}

fn is_private(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::Secret | FindingKind::Pii)
}

/// Whether a word is what a pattern says: itself, or what begins like it where it ends in `*`.
fn like(pattern: &str, word: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => word.starts_with(start),
        None => pattern == word,
    }
}
