//! API keys as they are shown: `llmt_` and 43 characters of base64url, which are 256 random bits.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use llmtrace_model::{ApiKey, Grant, KEY_DIGITS, KEY_MARK, KeyHash, KeyId, Timestamp, is_api_key};
use ring::rand::{SecureRandom as _, SystemRandom};

/// Random bytes of a key.
const BYTES: usize = 32;
/// How many characters of a key are kept to tell it from others.
const PREFIX: usize = 11;

/// A whole key. It is shown once, when it is made, and printed by nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Says that the machine gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the machine gives no random bytes for a key")]
pub struct NoRandomness;

impl Token {
    /// Makes a key.
    pub fn mint() -> Result<Self, NoRandomness> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(format!("{KEY_MARK}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Reads a key; `None` where the text has not the form of one.
    pub fn of(text: &str) -> Option<Self> {
        is_api_key(text).then(|| Self(text.to_owned()))
    }

    /// The key itself, for the one who gets it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }

    /// What is stored of it where it is new, under a name and with what it opens.
    pub fn to_key(&self, name: String, grant: Grant, now: Timestamp, expires_at: Option<Timestamp>) -> ApiKey {
        ApiKey {
            id: KeyId::from_bytes(*uuid::Uuid::new_v4().as_bytes()),
            version: 1,
            grant,
            name,
            prefix: self.prefix().to_owned(),
            hash: self.hash(),
            created_at: now,
            expires_at,
            revoked_at: None,
            last_used_at: None,
        }
    }

    /// How it begins: the mark and 6 of its 43 characters, which leave 220 bits to guess.
    pub fn prefix(&self) -> &str {
        &self.0[..PREFIX]
    }
}

/// Says whether a key stands anywhere in a text.
pub fn holds_token(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, KEY_MARK).any(|at| {
        let key = text.get(at..at + KEY_MARK.len() + KEY_DIGITS).and_then(|key| std::str::from_utf8(key).ok());
        key.is_some_and(is_api_key)
    })
}

/// Says whether a text begins as a key does, whole or not.
pub fn is_like_token(text: &str) -> bool {
    text.starts_with(KEY_MARK)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_new_and_has_the_form() {
        let (a, b) = (Token::mint().unwrap(), Token::mint().unwrap());
        assert_ne!(a, b);
        assert_eq!(Token::of(a.expose()), Some(a.clone()));
        assert_eq!((a.expose().len(), a.prefix().len()), (48, 11));
        assert_ne!(a.hash(), b.hash());
        assert_eq!(format!("{a:?}"), "***");
    }

    #[test]
    fn what_is_cut_longer_or_written_otherwise_is_none() {
        let key = Token::mint().unwrap();
        let key = key.expose();
        for bad in [
            "",
            "llmt_",
            &key[..47],
            &format!("{key}x"),
            &key.to_uppercase(),
            &key.replace("llmt", "sk"),
            &format!(" {key}"),
        ] {
            assert_eq!(Token::of(bad), None, "{} characters", bad.len());
        }
        assert_eq!(Token::of(&format!("llmt_{}", "é".repeat(22))), None);
    }

    #[test]
    fn a_key_is_found_wherever_it_stands() {
        let key = Token::mint().unwrap();
        let key = key.expose();
        for text in [key.to_owned(), format!("a=b; k={key}; c"), format!("llmt_x {key}"), format!("Bearer {key}x")] {
            assert!(holds_token(text.as_bytes()));
        }
        for text in [String::new(), "llmt_".to_owned(), key[..47].to_owned(), key.replace('_', "-")] {
            assert!(!holds_token(text.as_bytes()), "{} characters", text.len());
        }
        assert!(is_like_token(&key[..20]) && !is_like_token("sk-"));
    }
}
