//! What people log in with: a name and a password, or an OpenID provider.

use std::{fmt, str::FromStr, sync::Arc};

/// What a person logs in with, typically an e-mail address: 1 to 254 characters, trimmed and in lower case, without control
/// characters and colons (which end the name in HTTP's basic authentication, RFC 7617).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Arc<str>);

impl UserName {
    /// The most characters.
    pub const MAX_CHARS: usize = 254;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = UserNameError;

    fn from_str(s: &str) -> Result<Self, UserNameError> {
        // Before anything is made of a text of any length.
        if s.len() > 8 * Self::MAX_CHARS {
            return Err(UserNameError);
        }
        let name = s.trim().to_lowercase();
        let fits = (1..=Self::MAX_CHARS).contains(&name.chars().count());
        if fits && !name.contains(|c: char| c.is_control() || c == ':') {
            Ok(Self(Arc::from(name)))
        } else {
            Err(UserNameError)
        }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says that a text is no name to log in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a user name, expected 1 to {} characters without control characters and colons, such as an e-mail address",
    UserName::MAX_CHARS
)]
pub struct UserNameError;

/// The hash of a password, in the PHC string format: `$argon2id$…`. It shows in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// The most bytes.
    pub const MAX_BYTES: usize = 512;

    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PasswordHash {
    type Err = PasswordHashError;

    fn from_str(s: &str) -> Result<Self, PasswordHashError> {
        let is_phc = s.len() > 1 && s.starts_with('$') && s.bytes().all(|b| b.is_ascii_graphic());
        if is_phc && s.len() <= Self::MAX_BYTES { Ok(Self(Arc::from(s))) } else { Err(PasswordHashError) }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Says that a text is no hash of a password; it does not say which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the hash of a password, expected a PHC string of at most {} bytes", PasswordHash::MAX_BYTES)]
pub struct PasswordHashError;

/// Who somebody is to an OpenID provider: the claims `iss` and `sub` of its tokens, which together name nobody else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The provider's URL.
    pub issuer: String,
    /// Its name for the person.
    pub subject: String,
}

impl Identity {
    /// The most bytes of an issuer.
    pub const MAX_ISSUER_BYTES: usize = 512;

    /// The most bytes of a subject, as OpenID Connect Core 1.0 has it ("ID Token", 2023-12-15).
    pub const MAX_SUBJECT_BYTES: usize = 255;

    pub(crate) fn is_sound(&self) -> bool {
        (1..=Self::MAX_ISSUER_BYTES).contains(&self.issuer.len())
            && (1..=Self::MAX_SUBJECT_BYTES).contains(&self.subject.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_in_lower_case() {
        for (text, name) in [
            ("ada@example.org", "ada@example.org"),
            (" Ada@Example.ORG\n", "ada@example.org"),
            ("ÄDA λόγος", "äda λόγος"),
            (&"x".repeat(254), &"x".repeat(254)),
        ] {
            let found: UserName = text.parse().unwrap();
            assert_eq!(found.as_str(), name);
            assert_eq!(found.as_str().parse(), Ok(found), "again the same");
        }
        for bad in ["", "  ", "a:b", "a\0b", "a\nb", "a\u{85}b", &"x".repeat(255), &" ".repeat(9_999)] {
            assert!(bad.parse::<UserName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_hash_of_a_password_shows_in_no_log() {
        let hash: PasswordHash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".parse().unwrap();
        assert_eq!(format!("{hash:?}"), "***");
        let long = format!("${}", "x".repeat(512));
        for bad in ["", "$", "secret", "$a b", "$ä", "$a\0", long.as_str()] {
            let error = bad.parse::<PasswordHash>().unwrap_err();
            assert!(bad.len() < 3 || !error.to_string().contains(bad), "{bad:?}");
        }
    }
}
