//! A piece of text with its place in an exchange: what the wire hands to detection.

use serde::{Deserialize, Serialize};

use crate::Role;

/// One piece of text of an exchange. `wire` makes segments, `detect` reads them; they meet only here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Who is said to speak.
    pub role: Role,
    /// Whose words they are, which decides how far they are trusted.
    pub origin: Origin,
    /// The text.
    pub text: &'a str,
}

/// Whose words a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The operator's instructions.
    Instructions,
    /// The user typed it.
    User,
    /// A tool, document, file or web page said it.
    Untrusted,
    /// The model produced it.
    Model,
}
