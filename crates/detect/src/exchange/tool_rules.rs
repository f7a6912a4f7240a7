//! Which tools may be called: lists of names with wildcards, one set per tenant and agent.

use serde::{Deserialize, Serialize};

/// A name with `*` (any characters) and `?` (any one character), compared without regard to ASCII case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

/// Why a pattern is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It would match nothing.
    #[error("tool pattern is empty, expected a name such as \"shell\" or \"fs.*\"")]
    Empty,
    /// It is longer than any name.
    #[error("tool pattern has more than 256 bytes")]
    TooLong,
}

impl Pattern {
    /// Takes a pattern of 1 to 256 bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, PatternError> {
        let text = text.into();
        match text.len() {
            0 => Err(PatternError::Empty),
            1..=256 => Ok(Self(text)),
            _ => Err(PatternError::TooLong),
        }
    }

    /// Whether it stands for this name.
    pub fn matches(&self, name: &str) -> bool {
        glob(self.0.as_bytes(), name.as_bytes())
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        Self::new(text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

/// The tools that an agent of a tenant may call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolRules {
    /// Only these, where there is a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<Pattern>>,
    /// None of these, whatever else is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<Pattern>,
}

/// What the lists say of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit<'r> {
    /// It may be called.
    Allowed,
    /// This pattern forbids it.
    Denied(&'r Pattern),
    /// There is a list of what is allowed, and it is not on it.
    NotListed,
}

impl ToolRules {
    /// Looks a tool's name up.
    pub fn permit(&self, name: &str) -> Permit<'_> {
        if let Some(pattern) = self.deny.iter().find(|pattern| pattern.matches(name)) {
            return Permit::Denied(pattern);
        }
        match &self.allow {
            Some(allow) if !allow.iter().any(|pattern| pattern.matches(name)) => Permit::NotListed,
            Some(_) | None => Permit::Allowed,
        }
    }
}

/// Goes back to the last star only, so that the time is at most the product of both lengths.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            // One character, not one byte.
            Some(b'?') => {
                p += 1;
                n += 1;
                while name.get(n).is_some_and(|b| b & 0xc0 == 0x80) {
                    n += 1;
                }
            }
            Some(byte) if byte.eq_ignore_ascii_case(&name[n]) => {
                p += 1;
                n += 1;
            }
            Some(_) | None => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(json: &str) -> ToolRules {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_denied_is_denied_even_where_it_is_allowed() {
        let rules = rules(r#"{"allow": ["fs.*", "search"], "deny": ["*delete*", "fs.write?"]}"#);
        for name in ["fs.delete_all", "FS.DELETE", "delete", "fs.write1", "fs.writeé"] {
            assert!(matches!(rules.permit(name), Permit::Denied(_)), "{name}");
        }
        for name in ["fs.read", "search", "Search", "fs.", "fs.write", "fs.write12"] {
            assert_eq!(rules.permit(name), Permit::Allowed, "{name}");
        }
        for name in ["", "searching", "research", "shell", "f", "xfs.read"] {
            assert_eq!(rules.permit(name), Permit::NotListed, "{name}");
        }
    }

    #[test]
    fn without_lists_everything_is_allowed() {
        assert_eq!(ToolRules::default().permit("anything"), Permit::Allowed);
        assert_eq!(rules(r#"{"allow": []}"#).permit("anything"), Permit::NotListed);
    }

    #[test]
    fn patterns_that_cannot_be_meant_are_refused() {
        assert_eq!(Pattern::new(""), Err(PatternError::Empty));
        assert_eq!(Pattern::new("x".repeat(257)), Err(PatternError::TooLong));
        assert!(serde_json::from_str::<ToolRules>(r#"{"deny": [""]}"#).is_err());
        assert!(serde_json::from_str::<ToolRules>(r#"{"denied": []}"#).is_err());
    }

    proptest! {
        #[test]
        fn a_name_matches_itself_and_stars(name in "[a-z_.é]{1,20}", tail in "[a-z]{0,5}") {
            prop_assert!(Pattern::new(name.clone()).unwrap().matches(&name));
            let pattern = Pattern::new(format!("{name}*")).unwrap();
            let whole = format!("{name}{tail}");
            prop_assert!(pattern.matches(&whole));
        }

        #[test]
        fn stars_do_not_run_away(name in "a{0,200}b?") {
            Pattern::new("*a*a*a*a*a*a*a*a*c".to_owned()).unwrap().matches(&name);
        }
    }
}
