//! Secrets: a literal, `env:NAME` or `file:PATH`. They are looked up while the configuration loads, and print as `***`.

use std::{fmt, fs, str::FromStr};

use zeroize::Zeroize as _;

use super::{source::Sources, values::written_as_text};

/// A text that never shows in a log, an error message or a printed configuration, and is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the secret itself.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Looks up what a secret key holds; the error says why there is nothing, never what there is.
pub(super) fn resolve(text: &str, sources: &Sources) -> Result<String, String> {
    if let Some(name) = text.strip_prefix("env:") {
        return match sources.variable(name) {
            Some("") => Err(format!("the environment variable {name} is empty")),
            Some(value) => Ok(value.to_owned()),
            None => Err(format!("the environment variable {name} is not set")),
        };
    }
    let Some(path) = text.strip_prefix("file:") else {
        return Ok(text.to_owned());
    };
    let content = fs::read_to_string(path).map_err(|e| format!("the file {path} cannot be read: {e}"))?;
    // Editors and `echo` end a file with a line break that is no part of the secret.
    match content.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("the file {path} is empty")),
        secret => Ok(secret.to_owned()),
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What becomes a header must be able to stand in one.
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("not visible ASCII without spaces".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

written_as_text!(Secret, "Secret", {
    "type": "string",
    "x-secret": true,
    "x-expected": "a secret, literally, as env:NAME or as file:PATH",
});
