//! The audit log: who did what, in chains that show whether a line was changed, taken out or put in.

use std::fmt;

use ring::digest::{Context, SHA256};

use crate::{AuditId, KeyId, TenantId, Timestamp, UserId, word::words};

/// One thing that somebody did, or tried to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its identity: an entry that is appended twice is there once.
    pub id: AuditId,
    /// In whose chain it stands; `None` for the chain of the installation.
    pub tenant: Option<TenantId>,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where; `None` where there was no connection.
    pub client_address: Option<String>,
    /// What was done, as `keys.create`: a fixed word of the program.
    pub action: String,
    /// What it was done to, as the id of a key or the query of an export; empty where the action says it all.
    pub target: String,
    /// What it was before, as JSON; `None` where nothing was, or nothing changed.
    pub before: Option<String>,
    /// What it is now, as JSON; `None` where nothing is, or nothing changed.
    pub after: Option<String>,
    /// How it went.
    pub outcome: Outcome,
}

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Who holds an API key.
    Key(KeyId),
    /// A person who logged in.
    User(UserId),
    /// The command line, on a machine of the installation.
    CommandLine,
    /// The program itself.
    System,
    /// Somebody in open mode, or whom nothing identified.
    Anonymous,
}

words! {
    /// How an action went.
    Outcome {
        /// It was done.
        Done = "done",
        /// Whoever asked may not.
        Refused = "refused",
        /// It was tried and did not succeed.
        Failed = "failed",
    } "done, refused, failed"
}

/// An entry in its place in a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// What was done.
    pub entry: AuditEntry,
    /// Its place in the chain, from 1, without a gap.
    pub seq: u64,
    /// The hash of the record before it; zeros at the first.
    pub previous: AuditHash,
    /// The hash of this one, which covers all the above.
    pub hash: AuditHash,
}

/// The end of a chain. Whoever keeps one elsewhere can tell later whether the chain up to there is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditHead {
    /// The place of the last record, 0 where there is none.
    pub seq: u64,
    /// Its hash, zeros where there is none.
    pub hash: AuditHash,
}

/// The SHA-256 of a record.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditHash(pub [u8; 32]);

impl fmt::Display for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for AuditHash {
    type Err = AuditHashError;

    fn from_str(s: &str) -> Result<Self, AuditHashError> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, rest) = s.as_bytes().as_chunks::<2>();
        let mut hash = [0; 32];
        if pairs.len() != hash.len() || !rest.is_empty() {
            return Err(AuditHashError);
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(*high).ok_or(AuditHashError)? << 4 | digit(*low).ok_or(AuditHashError)?;
        }
        Ok(Self(hash))
    }
}

/// Says that a text is no hash of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the hash of a record, expected 64 hex digits")]
pub struct AuditHashError;

impl AuditRecord {
    /// Puts an entry behind the end of its chain.
    pub fn behind(head: AuditHead, entry: AuditEntry) -> Self {
        let seq = head.seq + 1;
        let hash = hash(seq, head.hash, &entry);
        Self { entry, seq, previous: head.hash, hash }
    }

    /// The end of the chain, if this is its last record.
    pub fn head(&self) -> AuditHead {
        AuditHead { seq: self.seq, hash: self.hash }
    }

    /// Says whether it follows on `head` and is what it was when it was written.
    pub fn follows(&self, head: AuditHead) -> bool {
        head.seq.checked_add(1) == Some(self.seq) && self.previous == head.hash && self.was_written_at(self.seq)
    }

    /// Says whether its hash is that of what it holds, had it this place.
    pub fn was_written_at(&self, seq: u64) -> bool {
        self.hash == hash(seq, self.previous, &self.entry)
    }
}

/// Every field with its length before it, so that no two entries are the same bytes.
fn hash(seq: u64, previous: AuditHash, entry: &AuditEntry) -> AuditHash {
    let mut sum = Context::new(&SHA256);
    sum.update(b"llmtrace audit 1");
    sum.update(&seq.to_be_bytes());
    sum.update(&previous.0);
    sum.update(entry.id.as_bytes());
    sum.update(&entry.at.unix_us().to_be_bytes());
    let actor = entry.actor.to_string();
    let outcome = entry.outcome.as_str();
    let tenant = entry.tenant.as_ref().map(TenantId::as_str);
    for field in [
        tenant,
        Some(&actor),
        entry.client_address.as_deref(),
        Some(&entry.action),
        Some(&entry.target),
        entry.before.as_deref(),
        entry.after.as_deref(),
        Some(outcome),
    ] {
        match field {
            None => sum.update(&[0]),
            Some(text) => {
                sum.update(&[1]);
                sum.update(&(text.len() as u64).to_be_bytes());
                sum.update(text.as_bytes());
            }
        }
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(sum.finish().as_ref());
    AuditHash(hash)
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::CommandLine => f.write_str("cli"),
            Self::System => f.write_str("system"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

impl std::str::FromStr for Actor {
    type Err = ActorError;

    fn from_str(s: &str) -> Result<Self, ActorError> {
        let of = |id: &str| id.parse::<KeyId>().ok();
        match s.split_once(':') {
            Some(("key", id)) => of(id).map(Self::Key).ok_or(ActorError),
            Some(("user", id)) => id.parse().map(Self::User).map_err(|_| ActorError),
            Some(_) => Err(ActorError),
            None => match s {
                "cli" => Ok(Self::CommandLine),
                "system" => Ok(Self::System),
                "anonymous" => Ok(Self::Anonymous),
                _ => Err(ActorError),
            },
        }
    }
}

/// Says that a text names no actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an actor, expected key:UUID, user:UUID, cli, system or anonymous")]
pub struct ActorError;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u8) -> AuditEntry {
        AuditEntry {
            id: AuditId::from_bytes([n; 16]),
            tenant: Some("a".parse().unwrap()),
            at: Timestamp::from_unix_us(i64::from(n)),
            actor: Actor::Key(KeyId::from_bytes([7; 16])),
            client_address: Some("127.0.0.1".to_owned()),
            action: "keys.create".to_owned(),
            target: "t".to_owned(),
            before: None,
            after: Some("{}".to_owned()),
            outcome: Outcome::Done,
        }
    }

    #[test]
    fn each_record_follows_the_one_before_it() {
        let first = AuditRecord::behind(AuditHead::default(), entry(1));
        let second = AuditRecord::behind(first.head(), entry(2));
        assert!(first.follows(AuditHead::default()) && second.follows(first.head()));
        assert!(!second.follows(AuditHead::default()), "one was taken out");
        assert!(!first.follows(second.head()), "they were swapped");
        let moved = AuditRecord { seq: 7, ..second };
        assert!(moved.was_written_at(2) && !moved.was_written_at(7));
        assert!(!moved.follows(AuditHead { seq: u64::MAX, ..AuditHead::default() }));
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = AuditRecord::behind(AuditHead::default(), entry(1)).hash;
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for bad in ["", "ab", &"g".repeat(64), &"é".repeat(32), &"a".repeat(63), &"a".repeat(65)] {
            assert!(bad.parse::<AuditHash>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_change_of_any_field_shows() {
        let good = AuditRecord::behind(AuditHead::default(), entry(1));
        let changes: [fn(&mut AuditEntry); 10] = [
            |it| it.id = AuditId::from_bytes([9; 16]),
            |it| it.tenant = None,
            |it| it.at = Timestamp::from_unix_us(9),
            |it| it.actor = Actor::System,
            |it| it.client_address = None,
            |it| it.action.push('x'),
            |it| it.target.clear(),
            |it| it.before = Some(String::new()),
            |it| it.after = None,
            |it| it.outcome = Outcome::Failed,
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let mut bad = good.clone();
            change(&mut bad.entry);
            assert!(!bad.follows(AuditHead::default()), "change {n}");
        }
        // What moves from one field into the next.
        let mut moved = good.clone();
        moved.entry.action = "keys.creat".to_owned();
        moved.entry.target = "et".to_owned();
        assert_ne!(AuditRecord::behind(AuditHead::default(), moved.entry).hash, good.hash);
    }

    #[test]
    fn an_actor_is_read_as_it_is_written() {
        let id = [3; 16];
        for actor in [
            Actor::Key(KeyId::from_bytes(id)),
            Actor::User(UserId::from_bytes(id)),
            Actor::CommandLine,
            Actor::System,
            Actor::Anonymous,
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        for bad in ["", "key", "key:", "key:x", "user:1", "group:1", "root"] {
            assert!(bad.parse::<Actor>().is_err(), "{bad}");
        }
    }
}
