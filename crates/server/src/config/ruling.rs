//! What applies to a tenant's exchanges: what the installation says, and what the tenant has set beside it or in its place.
//! Pure: both lanes and the API ask the same values.

#[cfg(test)]
mod tests;

use std::fmt;

use llmtrace_detect::{Answers, Found, Hit, Policy, exchange::AgentTools};
use llmtrace_model::{Action, Channel, Finding};

use super::{
    guard::{OnFailure, OnOpaque, TenantPolicies},
    own_guard::OwnGuard,
};

/// What the installation says, and what tenants may say beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Guarding {
    /// The installation's policy.
    pub policy: Policy,
    /// What it does where no policy can be asked.
    pub stances: Stances,
    /// What a policy of a tenant's own may do.
    pub tenants: TenantPolicies,
}

/// What happens where no policy can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stances {
    /// With a request without a verdict in time.
    pub on_timeout: OnFailure,
    /// With a request whose body cannot be read.
    pub opaque: OnOpaque,
}

/// What applies to the exchanges of one tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// The installation's, the tenant's, or both; the stronger word counts.
    policies: Vec<Policy>,
    /// The channels in which a text may be replaced.
    redacts: Vec<Channel>,
    /// The channels in which a text may keep a request from being sent.
    blocks: Vec<Channel>,
    /// Some text may be kept from whoever looks later.
    hides_any: bool,
    /// Whether answers are looked at before they leave.
    pub answers: Answers,
    /// Whether, in an answer, placeholders of what was redacted from the request become the original text again.
    pub restore: bool,
    /// Which tools agents may use: every list that is for an agent has to let a tool pass.
    pub tools: Vec<AgentTools>,
    /// What happens where no policy can be asked.
    pub stances: Stances,
    /// Whose it is.
    pub source: RulingSource,
}

/// Whose a ruling is; written `installation` or `tenant@7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulingSource {
    /// The installation's alone.
    Installation,
    /// The tenant has said something, in this version of its settings.
    Tenant(u32),
}

impl Default for Guarding {
    /// The one of an installation that says nothing about it.
    fn default() -> Self {
        let stances = Stances { on_timeout: OnFailure::Allow, opaque: OnOpaque::Allow };
        Self { policy: Policy::default(), stances, tenants: TenantPolicies::default() }
    }
}

impl Guarding {
    /// What applies to a tenant that has said nothing.
    pub fn installation(&self) -> Ruling {
        Ruling::new(vec![self.policy.clone()], self.stances, RulingSource::Installation)
    }

    /// What applies to a tenant that has said this, in this version of its settings. What it leaves out is as the installation
    /// has it.
    pub fn with(&self, own: &OwnGuard, version: u32) -> Ruling {
        let policy = own.policy_over(&self.policy);
        let on_timeout = own.on_timeout.unwrap_or(self.stances.on_timeout);
        let opaque = own.opaque.unwrap_or(self.stances.opaque);
        let source = RulingSource::Tenant(version);
        match self.tenants {
            TenantPolicies::Own => Ruling::new(vec![policy], Stances { on_timeout, opaque }, source),
            TenantPolicies::Stricter => {
                let stances = Stances {
                    on_timeout: on_timeout.max(self.stances.on_timeout),
                    opaque: opaque.max(self.stances.opaque),
                };
                let mut policies = vec![self.policy.clone()];
                if policy != self.policy {
                    policies.push(policy);
                }
                Ruling::new(policies, stances, source)
            }
        }
    }
}

impl Ruling {
    fn new(policies: Vec<Policy>, stances: Stances, source: RulingSource) -> Self {
        let may = |action| {
            let does = |channel: &&Channel| policies.iter().any(|policy| policy.may_do(action, &[**channel]));
            Channel::ALL.iter().filter(does).copied().collect()
        };
        let (redacts, blocks) = (may(Action::Redact), may(Action::Block));
        let answers = policies.iter().map(|policy| policy.answers).max().unwrap_or_default();
        // What one of them wants to stay hidden does.
        let restore = policies.iter().all(|policy| policy.restore);
        let mut tools: Vec<AgentTools> = Vec::new();
        for list in policies.iter().flat_map(|policy| &policy.tools) {
            if !tools.contains(list) {
                tools.push(list.clone());
            }
        }
        let hides_any = policies.iter().any(Policy::may_hide);
        Self { policies, redacts, blocks, hides_any, answers, restore, tools, stances, source }
    }

    /// What is said about a finding in a text, the stronger word of both; `None` where it is no finding to either. What is said
    /// stands on the span, whether it is done or not.
    ///
    /// `text` is what was found, the stretch alone.
    pub fn action(&self, channel: Channel, hit: &Hit, text: &str) -> Option<Action> {
        self.policies.iter().filter_map(|policy| policy.action(channel, hit, text)).max()
    }

    /// What of that is done: of a policy in shadow never more than flagging.
    pub fn enforced(&self, channel: Channel, hit: &Hit, text: &str) -> Option<Action> {
        let done = |policy: &Policy| Some(policy.does(policy.action(channel, hit, text)?));
        self.policies.iter().filter_map(done).max()
    }

    /// What is said about something found in an exchange; of an answer that is not held no more than can still be done.
    pub fn says(&self, found: &Found<'_>) -> Option<Action> {
        found.action_by(self.answers, |channel, hit, text| self.action(channel, hit, text))
    }

    /// What of that is done.
    pub fn does(&self, found: &Found<'_>) -> Option<Action> {
        found.action_by(self.answers, |channel, hit, text| self.enforced(channel, hit, text))
    }

    /// Whether a text in which this was found is kept from whoever looks later: whether either hides it.
    pub fn hides(&self, channel: Channel, hit: &Hit, text: &str) -> bool {
        let hides =
            |policy: &Policy| policy.action(channel, hit, text).is_some_and(|action| policy.hides(action, hit.kind));
        self.policies.iter().any(hides)
    }

    /// The same for something found in an exchange.
    pub fn hides_found(&self, found: &Found<'_>) -> bool {
        let hides = |policy: &Policy| {
            let says = found.action_by(self.answers, |channel, hit, text| policy.action(channel, hit, text));
            says.is_some_and(|action| policy.hides(action, found.hit.kind))
        };
        self.policies.iter().any(hides)
    }

    /// Whether any text may be kept from whoever looks later.
    pub fn may_hide(&self) -> bool {
        self.hides_any
    }

    /// What is said about a finding that is about no text of its own.
    pub fn action_of(&self, finding: &Finding) -> Option<Action> {
        self.policies.iter().filter_map(|policy| policy.action_of(finding)).max()
    }

    /// Whether a text of one of these channels may be refused or changed: whether anybody has to wait for a verdict.
    pub fn may_enforce(&self, channels: &[Channel]) -> bool {
        self.may_redact(channels) || self.may_block(channels)
    }

    /// Whether a text of one of these channels may be replaced.
    pub fn may_redact(&self, channels: &[Channel]) -> bool {
        channels.iter().any(|channel| self.redacts.contains(channel))
    }

    /// Whether a text of one of these channels may keep a request from being sent.
    pub fn may_block(&self, channels: &[Channel]) -> bool {
        channels.iter().any(|channel| self.blocks.contains(channel))
    }

    /// Whether there is anything to say to a request before it is sent.
    pub fn is_curious(&self) -> bool {
        self.may_enforce(Channel::ALL) || self.stances.opaque == OnOpaque::Block
    }
}

impl fmt::Display for RulingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installation => f.write_str("installation"),
            Self::Tenant(version) => write!(f, "tenant@{version}"),
        }
    }
}
