//! Login sessions: that somebody who logged in is known again by a cookie. Sessions of conversations are in `span`.

use std::fmt;

use crate::{KeyId, Timestamp, UserId, secret_hash::secret_hash};

secret_hash! {
    /// The SHA-256 of a session's token: what is stored of it. A token has 256 random bits, as a key has.
    SessionHash
}

/// A login, as it is stored: everything but the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The hash of its token.
    pub hash: SessionHash,
    /// Who logged in.
    pub holder: Holder,
    /// When they did.
    pub created_at: Timestamp,
    /// When it was seen last, to the minute.
    pub seen_at: Timestamp,
    /// When it ends, whatever happens.
    pub expires_at: Timestamp,
    /// How many microseconds it lives without being seen.
    pub idle_us: u64,
}

impl Session {
    /// When it ends unless it is seen before.
    pub fn ends_at(&self) -> Timestamp {
        let idle = self.seen_at.unix_us().saturating_add_unsigned(self.idle_us);
        self.expires_at.min(Timestamp::from_unix_us(idle))
    }

    /// Whether it has ended at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at() <= now
    }
}

/// Who holds a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A person.
    User(UserId),
    /// Who logged in with an API key.
    Key(KeyId),
    /// Who logged in with the key of the configuration, `auth.admin_key`.
    AdminKey,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
            Self::AdminKey => f.write_str("admin_key"),
        }
    }
}

impl std::str::FromStr for Holder {
    type Err = HolderError;

    fn from_str(s: &str) -> Result<Self, HolderError> {
        match s.split_once(':') {
            Some(("user", id)) => id.parse().map(Self::User).map_err(|_| HolderError),
            Some(("key", id)) => id.parse().map(Self::Key).map_err(|_| HolderError),
            None if s == "admin_key" => Ok(Self::AdminKey),
            Some(_) | None => Err(HolderError),
        }
    }
}

/// Says that a text names no holder of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the holder of a session, expected user:UUID, key:UUID or admin_key")]
pub struct HolderError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_nobody_comes_and_at_its_end() {
        let us = Timestamp::from_unix_us;
        let session = |seen_at, idle_us| Session {
            hash: SessionHash::of("token"),
            holder: Holder::AdminKey,
            created_at: us(0),
            seen_at: us(seen_at),
            expires_at: us(100),
            idle_us,
        };
        for (seen_at, idle_us, end) in [(0, 10, 10), (95, 10, 100), (50, u64::MAX, 100), (0, 0, 0)] {
            let session = session(seen_at, idle_us);
            assert_eq!(session.ends_at(), us(end));
            assert!(session.is_over(us(end)) && !session.is_over(us(end - 1)));
        }
        assert!(format!("{:?}", session(0, 0)).contains("hash: ***"));
    }

    #[test]
    fn a_holder_is_read_as_it_is_written() {
        let id = [3; 16];
        for holder in [Holder::User(UserId::from_bytes(id)), Holder::Key(KeyId::from_bytes(id)), Holder::AdminKey] {
            assert_eq!(holder.to_string().parse(), Ok(holder));
        }
        for bad in ["", "user", "user:", "key:x", "admin_key:1", "admin"] {
            assert!(bad.parse::<Holder>().is_err(), "{bad}");
        }
    }
}
