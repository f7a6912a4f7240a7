//! What detection says about an exchange.

use ring::digest;
use serde::{Deserialize, Serialize};

use crate::{Channel, ExchangeId, word::words};

/// A probability: 0.0 to 1.0, finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Confidence(f32);

impl Confidence {
    /// No doubt.
    pub const CERTAIN: Self = Self(1.0);

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

/// One thing a detector found in an exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Which sort of it: `instruction_override`, `aws_access_key`, `credit_card`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subtype: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the detector is.
    pub confidence: Confidence,
    /// The rule or model that found it, a model with its version: `injection.ignore_previous`, `linear.user@1`.
    pub rule: String,
    /// Why, for a person.
    pub reason: String,
    /// Where it was found, unless it is about the exchange as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What the policy in force said is done about it.
    #[serde(default)]
    pub action: Action,
}

impl Finding {
    /// What it is called in answers and in the API: the same whenever the exchange is analysed again, and nobody learns from it
    /// what was found.
    pub fn id(&self, exchange: ExchangeId) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(exchange.to_string().as_bytes());
        let place = self.place.as_ref().map(|place| (place.channel.as_str(), place.path.as_str(), place.start));
        let (channel, path, start) = place.unwrap_or_default();
        for part in [self.kind.as_str(), &self.subtype, &self.rule, channel, path] {
            // With its length, so that no border between two of them moves unseen.
            hash.update(part.as_bytes());
            hash.update(&part.len().to_le_bytes());
        }
        hash.update(&start.to_le_bytes());
        hex::encode(&hash.finish().as_ref()[..8])
    }
}

/// A stretch of text in an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Whose words they are.
    pub channel: Channel,
    /// Which text of the exchange's [`crate::Content`]: a JSON Pointer (RFC 6901), `/input_messages/0/parts/1/content`.
    pub path: String,
    /// Its first byte in that text, in UTF-8.
    pub start: u64,
    /// The byte behind its last one.
    pub end: u64,
}

words! {
    /// What is done about a finding, from the weakest to the strongest.
    #[derive(Default)]
    Action {
        /// Nothing: it is on the span for whoever looks.
        #[default]
        Observe = "observe",
        /// The exchange counts as flagged: filters, metrics and alerts tell of it.
        Flag = "flag",
        /// The text is replaced.
        Redact = "redact",
        /// The exchange is refused, or its answer cut off.
        Block = "block",
    } "observe, flag, redact, block"
}

words! {
    /// What a finding is about.
    FindingKind {
        /// Text that gives the model orders it should not take.
        Injection = "injection",
        /// A user who talks the model out of its rules.
        Jailbreak = "jailbreak",
        /// Text hidden from a human reader.
        HiddenText = "hidden_text",
        /// An attack in an encoding.
        Encoded = "encoded",
        /// A tool whose description gives orders, or that changes once it is trusted.
        ToolPoisoning = "tool_poisoning",
        /// A tool called with arguments that do harm.
        ToolMisuse = "tool_misuse",
        /// Data on its way to somewhere it does not belong.
        Exfiltration = "exfiltration",
        /// A credential.
        Secret = "secret",
        /// Personal data.
        Pii = "pii",
        /// The operator's instructions in an answer.
        SystemPromptLeak = "system_prompt_leak",
        /// A mark that was put there to show a leak.
        CanaryLeak = "canary_leak",
        /// Insults, threats, hatred.
        Toxicity = "toxicity",
        /// Somebody who may harm themselves.
        SelfHarm = "self_harm",
        /// Code in an answer that is dangerous to run.
        CodeRisk = "code_risk",
    } "injection, jailbreak, hidden_text, encoded, tool_poisoning, tool_misuse, exfiltration, secret, pii, system_prompt_leak, \
       canary_leak, toxicity, self_harm, code_risk"
}

impl FindingKind {
    /// Whether it is an attack on the model by what it is given to read.
    pub const fn is_attack(self) -> bool {
        match self {
            Self::Injection | Self::Jailbreak | Self::HiddenText | Self::Encoded | Self::ToolPoisoning => true,
            Self::ToolMisuse
            | Self::Exfiltration
            | Self::Secret
            | Self::Pii
            | Self::SystemPromptLeak
            | Self::CanaryLeak
            | Self::Toxicity
            | Self::SelfHarm
            | Self::CodeRisk => false,
        }
    }

    /// The entry of the OWASP Top 10 for LLM Applications (2025) it belongs to; `None` where that list has none.
    pub const fn owasp(self) -> Option<&'static str> {
        match self {
            Self::Injection | Self::Jailbreak | Self::HiddenText | Self::Encoded => Some("LLM01:2025"),
            Self::Exfiltration | Self::Secret | Self::Pii => Some("LLM02:2025"),
            // A description of a tool is a part that somebody else supplies.
            Self::ToolPoisoning => Some("LLM03:2025"),
            Self::CodeRisk => Some("LLM05:2025"),
            Self::ToolMisuse => Some("LLM06:2025"),
            Self::SystemPromptLeak | Self::CanaryLeak => Some("LLM07:2025"),
            Self::Toxicity | Self::SelfHarm => None,
        }
    }
}

words! {
    /// How bad a finding is.
    Severity {
        /// Worth knowing.
        Info = "info",
        /// Worth a look.
        Low = "low",
        /// Worth an hour.
        Medium = "medium",
        /// Worth today.
        High = "high",
        /// Worth waking somebody.
        Critical = "critical",
    } "info, low, medium, high, critical"
}
