//! What a policy has to be, beyond its shape.

use ring::digest;

use super::{Allow, Policy, Rule};

/// Most rules, and most entries of the list of what is allowed: each finding is held against all of them.
const MAX_ENTRIES: usize = 1_000;

/// Says what of a policy cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct PolicyError {
    /// Where: `rules[2].subtypes[0]`.
    pub place: String,
    /// What was found and what was expected.
    pub why: String,
}

impl PolicyError {
    fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self { place: place.into(), why: why.into() }
    }
}

impl Policy {
    /// Checks what its shape cannot say.
    pub fn check(&self) -> Result<(), PolicyError> {
        let lists = [("rules", self.rules.len()), ("allow", self.allow.len()), ("tools", self.tools.len())];
        for (place, len) in lists {
            if len > MAX_ENTRIES {
                return Err(PolicyError::new(place, format!("found {len} entries, expected {MAX_ENTRIES} at most")));
            }
        }
        for (n, Rule { subtypes, .. }) in self.rules.iter().enumerate() {
            for (m, subtype) in subtypes.iter().enumerate() {
                pattern(&format!("rules[{n}].subtypes[{m}]"), subtype)?;
            }
        }
        self.allow.iter().enumerate().try_for_each(|(n, allow)| allow.check(&format!("allow[{n}]")))
    }
}

impl Allow {
    fn check(&self, place: &str) -> Result<(), PolicyError> {
        let Self { rule, text, sha256 } = self;
        if rule.is_none() && text.is_none() && sha256.is_none() {
            return Err(PolicyError::new(place, "found nothing, expected rule, text or sha256"));
        }
        if let Some(rule) = rule {
            pattern(&format!("{place}.rule"), rule)?;
        }
        if text.as_ref().is_some_and(String::is_empty) {
            return Err(PolicyError::new(format!("{place}.text"), "found no text, expected some"));
        }
        match sha256 {
            Some(hash) if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
                let found = hash.chars().count();
                let why = format!("found {found} characters, expected the 64 hexadecimal digits of a SHA-256");
                Err(PolicyError::new(format!("{place}.sha256"), why))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn pattern(place: &str, pattern: &str) -> Result<(), PolicyError> {
    let word = pattern.strip_suffix('*').unwrap_or(pattern);
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-@".contains(&b);
    if !pattern.is_empty() && pattern.len() <= 128 && word.bytes().all(fits) {
        return Ok(());
    }
    let shown: String = pattern.chars().take(64).collect();
    let why = format!("found {shown:?}, expected lower-case letters, digits, _ . - and @, with a * at the end at most");
    Err(PolicyError::new(place, why))
}

/// The SHA-256 of a text in hexadecimal digits.
pub(super) fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}
