//! One rule: what a format of credentials looks like.

use std::borrow::Cow;

use llmtrace_model::Severity;
use serde::Deserialize;

use crate::{expression::Expression, literals::SHORTEST};

/// How big one expression may become, in bytes.
const MAX_EXPRESSION: usize = 10 << 20;

/// A rule as it stands in YAML.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// Its name, a snake_case word, unique; with `secret.` before it the name of the rule in a finding.
    pub(super) id: Cow<'static, str>,
    /// What it finds, for the sentence "Looks like …": `a Stripe secret key`.
    pub(super) what: String,
    /// Whose format it is; also documents the rule.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers of the rule"))]
    pub(super) provider: String,
    /// Where the format is documented.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers of the rule"))]
    pub(super) reference: String,
    /// Texts of which one stands in every match, in this case.
    #[serde(default)]
    pub(super) literals: Vec<String>,
    /// The same, in any case.
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    /// The expression, matched from the literal on; the group `secret`, or all of it, is the value.
    #[serde(default)]
    pub(super) regex: Option<String>,
    /// Instead of `regex`: the value alone, which follows within `gap` characters after a keyword.
    #[serde(default)]
    pub(super) value: Option<String>,
    /// How many characters may stand between keyword and value.
    #[serde(default = "forty")]
    pub(super) gap: u16,
    /// What may not stand before the value, in small letters: `public` makes a public key of a key.
    #[serde(default)]
    pub(super) unless: Vec<String>,
    /// How many bytes before the literal a match may begin.
    #[serde(default)]
    pub(super) behind: usize,
    /// How many bytes after the beginning of the literal it may end.
    #[serde(default = "four_hundred")]
    pub(super) ahead: usize,
    /// The least entropy of the value, in bits a character.
    #[serde(default)]
    pub(super) entropy: f32,
    /// What is checked beyond the expression.
    #[serde(default)]
    pub(super) check: Check,
    /// How bad it is if somebody has it.
    #[serde(default = "critical")]
    pub(super) severity: Severity,
    /// What may stand beside the value.
    #[serde(default)]
    pub(super) edge: Edge,
    /// Templates of texts that it finds: `<<alnum:20>>` stands for twenty letters and digits.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for tests of the rule"))]
    pub(super) must_match: Vec<String>,
    /// Templates of texts in which it finds nothing.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for tests of the rule"))]
    pub(super) must_not_match: Vec<String>,
}

fn forty() -> u16 {
    40
}

fn four_hundred() -> usize {
    400
}

fn critical() -> Severity {
    Severity::Critical
}

/// What is checked beyond the expression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Check {
    /// That it is no placeholder.
    #[default]
    Placeholder,
    /// Nothing.
    Nothing,
    /// The last six characters are the CRC-32 of what stands between the last `_` and them, in base 62.
    GithubCrc32,
    /// The first part is base64url of a JSON object with `alg`.
    JwtHeader,
    /// It is as strong as a password or key that a person or machine chose, and no word of a programme.
    Password,
    /// It is as random as a machine makes keys.
    Token,
    /// Plain words count, but not those that name a field.
    WeakPassword,
    /// Weak passwords count too, since the format says that it is one.
    AnyPassword,
}

/// What may stand beside the value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Edge {
    /// No letter and no digit before, and none and no `_` after.
    #[default]
    Word,
    /// Anything.
    Any,
}

/// A rule, ready.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: Cow<'static, str>,
    pub(super) full_id: Cow<'static, str>,
    pub(super) reason: Cow<'static, str>,
    pub(super) reason_checked: Cow<'static, str>,
    pub(super) reason_unchecked: Cow<'static, str>,
    pub(super) severity: Severity,
    pub(super) literals: Vec<String>,
    pub(super) keywords: Vec<String>,
    pub(super) regex: Expression,
    pub(super) unless: Vec<String>,
    pub(super) behind: usize,
    pub(super) ahead: usize,
    pub(super) entropy: f32,
    pub(super) check: Check,
    pub(super) edge: Edge,
}

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It says neither or both of `regex` and `value`.
    #[error("rule {0}: expected either regex or value")]
    Shape(String),
    /// It would have to be tried at every byte.
    #[error("rule {0}: expected literals or keywords of at least three bytes in ASCII")]
    Literal(String),
}

impl Rule {
    /// Whether it goes by the name of a value and not by its format.
    pub(super) fn is_generic(&self) -> bool {
        match self.check {
            Check::Password | Check::Token | Check::AnyPassword | Check::WeakPassword => true,
            Check::Placeholder | Check::Nothing | Check::GithubCrc32 | Check::JwtHeader => false,
        }
    }
}

impl TryFrom<Source> for Rule {
    type Error = Error;

    fn try_from(source: Source) -> Result<Self, Error> {
        let all = || source.literals.iter().chain(&source.keywords);
        if all().next().is_none() || all().any(|literal| literal.len() < SHORTEST || !literal.is_ascii()) {
            return Err(Error::Literal(source.id.into_owned()));
        }
        let body = match (&source.regex, &source.value) {
            (Some(regex), None) => regex.clone(),
            (None, Some(value)) => after_keyword(all().map(String::as_str), source.gap, value),
            (None, None) | (Some(_), Some(_)) => return Err(Error::Shape(source.id.into_owned())),
        };
        let start = if source.behind == 0 { r"\A" } else { "" };
        let regex = Expression::new(format!("{start}(?:{body})"), MAX_EXPRESSION);
        Ok(Self {
            full_id: format!("secret.{}", source.id).into(),
            reason: format!("Looks like {}", source.what).into(),
            reason_checked: format!("Looks like {} and its checksum is right", source.what).into(),
            reason_unchecked: format!("Looks like {}, but its checksum is wrong", source.what).into(),
            id: source.id,
            severity: source.severity,
            literals: source.literals,
            keywords: source.keywords,
            regex,
            unless: source.unless,
            behind: source.behind,
            ahead: source.ahead,
            entropy: source.entropy,
            check: source.check,
            edge: source.edge,
        })
    }
}

/// The expression for a value that follows a keyword with what code, YAML, JSON and headers put between.
fn after_keyword<'a>(keywords: impl Iterator<Item = &'a str>, gap: u16, value: &str) -> String {
    let names: Vec<_> = keywords.map(regex::escape).collect();
    format!(r"(?i:{})(?s:.){{0,{gap}}}?[^A-Za-z0-9_\-.](?P<secret>{value})(?:[^A-Za-z0-9_\-]|\z)", names.join("|"))
}
