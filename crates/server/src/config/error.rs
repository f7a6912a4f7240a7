//! What is wrong with a configuration: all of it at once, each with key, source, what was found and what was expected.

use std::fmt;

use super::source::Origin;

/// Everything that keeps a configuration from being used; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub Vec<Problem>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has a problem")?,
            n => write!(f, "the configuration has {n} problems")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The dotted key, such as `upstreams[0].url`; empty where the file as a whole is wrong.
    pub key: String,
    /// Who set it.
    pub origin: Origin,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no such key.
    Unknown {
        /// The nearest key there is, written as the source writes keys.
        nearest: Option<String>,
    },
    /// The key has a value it cannot take.
    Value {
        /// The value, shortened; `***` for secrets.
        found: String,
        /// What the key takes.
        expected: String,
        /// What exactly is wrong, where the two do not say it; a misspelt word's nearest one, too.
        reason: Option<String>,
    },
    /// Anything else, as one sentence without a full stop.
    Other(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: ", self.origin)?,
            key => write!(f, "{key} ({}): ", self.origin)?,
        }
        self.fault.fmt(f)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { nearest: Some(key) } => write!(f, "there is no such key, did you mean {key}?"),
            Self::Unknown { nearest: None } => {
                f.write_str("there is no such key; docs/reference/config.md lists them all")
            }
            Self::Value { found, expected, reason } => {
                write!(f, "found {found}, expected {expected}")?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, " ({reason})"))
            }
            Self::Other(sentence) => f.write_str(sentence),
        }
    }
}
