//! What a login's cookie holds: a mark for whose it is, and 43 characters of base64url, which are 256 random bits.
//!
//! What is stored is its hash. For whoever logged in with the key of the settings that key's hash is part of it: where the
//! settings name another key, the session is not found any more.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use llmtrace_model::{Holder, KeyHash, SessionHash};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::token::NoRandomness;

/// The name of the cookie.
pub const LOGIN_COOKIE: &str = "llmtrace_session";
/// Its name where the browser speaks TLS.
pub const LOGIN_COOKIE_TLS: &str = "__Host-llmtrace_session";

/// The name of the cookie that somebody has while they are at the OpenID provider.
pub const LOGIN_TRIP: &str = "llmtrace_oidc";
/// Its name where the browser speaks TLS.
pub const LOGIN_TRIP_TLS: &str = "__Host-llmtrace_oidc";

/// Random bytes of a ticket.
const BYTES: usize = 32;
/// Characters of a ticket, the mark included.
const CHARS: usize = 44;

/// A whole ticket. It is printed by nothing but the cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(String);

impl Ticket {
    /// Makes a ticket.
    pub(super) fn mint(holder: Holder) -> Result<Self, NoRandomness> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        let mark = match holder {
            Holder::AdminKey => 'a',
            Holder::User(_) | Holder::Key(_) => 's',
        };
        Ok(Self(format!("{mark}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Reads a ticket; `None` where the text has not the form of one.
    pub fn of(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fits = text.len() == CHARS && text.starts_with(['a', 's']) && text.bytes().all(is_digit);
        fits.then(|| Self(text.to_owned()))
    }

    /// The ticket itself, for the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it; `None` where it was made for the key of the settings and there is none.
    pub(super) fn hash(&self, admin_key: Option<&KeyHash>) -> Option<SessionHash> {
        if !self.0.starts_with('a') {
            return Some(SessionHash::of(&self.0));
        }
        admin_key.map(|key| SessionHash::of(&format!("{} {}", self.0, hex::encode(key.as_bytes()))))
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::KeyId;

    use super::*;

    #[test]
    fn each_ticket_is_new_and_has_the_form() {
        let mint = || Ticket::mint(Holder::Key(KeyId::from_bytes([1; 16]))).unwrap();
        let (a, b) = (mint(), mint());
        assert_ne!(a, b);
        assert_eq!(Ticket::of(a.expose()), Some(a.clone()));
        assert_ne!(a.hash(None), b.hash(None));
        assert_eq!(format!("{a:?}"), "***");
        let text = a.expose();
        for bad in
            ["", "s", &text[..43], &format!("{text}x"), &format!("x{}", &text[1..]), &format!("s{}", "é".repeat(22))]
        {
            assert_eq!(Ticket::of(bad), None, "{} characters", bad.len());
        }
    }

    #[test]
    fn the_ticket_of_the_settings_key_ends_with_that_key() {
        let ticket = Ticket::mint(Holder::AdminKey).unwrap();
        let (one, other) = (KeyHash::of("one"), KeyHash::of("other"));
        assert_eq!(ticket.hash(None), None);
        assert_eq!(ticket.hash(Some(&one)), ticket.hash(Some(&one)));
        assert_ne!(ticket.hash(Some(&one)), ticket.hash(Some(&other)));
    }
}
