//! Where a page ended, sealed with the question it belongs to.
//!
//! A cursor is a place in one list. Taken to another list, another tenant or another filter it would skip rows without a word,
//! so it carries a digest of its question and is refused anywhere else. The digest needs no key, so that every replica makes
//! the same: whoever makes one by hand only skips rows of what they may read anyway.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use llmtrace_model::{Cursor, ExchangeId, TenantScope, Timestamp};
use ring::digest::{Context, SHA256};

use super::Query;

/// Bytes of the digest that a cursor carries.
const SEAL: usize = 8;
/// Separates this use of the digest from every other, and this form of a cursor from later ones.
const FORM: &str = "llmtrace cursor 1";
/// Parameters that may differ from page to page.
const FREE: [&str; 2] = ["limit", "after"];

/// The digest of a question: a list, whose rows, which of them.
pub(in crate::api) struct Question(Context);

impl Question {
    /// A question about `list`, a name of it that never changes.
    pub(in crate::api) fn new(list: &str, scope: &TenantScope, query: &Query) -> Self {
        let mut digest = Context::new(&SHA256);
        let mut say = |text: &str| {
            digest.update(&(text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        };
        say(FORM);
        say(list);
        match scope {
            TenantScope::All => say(""),
            TenantScope::One(tenant) => say(tenant.as_str()),
        }
        // A tenant is the same by header and by parameter, and filters are the same in any order.
        let mut pairs: Vec<(&str, &str)> =
            query.pairs.iter().map(|(param, value)| (param.name, value.as_str())).collect();
        pairs.retain(|(name, _)| !FREE.contains(name) && *name != "tenant_id");
        pairs.sort_unstable();
        for (name, value) in pairs {
            say(name);
            say(value);
        }
        Self(digest)
    }

    /// The text form of a place in its list.
    pub(in crate::api) fn next(&self, place: Option<Cursor>) -> Option<String> {
        let Cursor { started_at, id } = place?;
        let mut bytes = Vec::with_capacity(Sealed::BYTES);
        bytes.extend(started_at.unix_us().to_be_bytes());
        bytes.extend(id.as_bytes());
        bytes.extend(self.seal(&bytes));
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The place in its list; `None` where the cursor belongs to another question, or somebody changed it.
    pub(super) fn opens(&self, sealed: &Sealed) -> Option<Cursor> {
        let (place, seal) = sealed.0.split_at(Sealed::BYTES - SEAL);
        if self.seal(place) != seal {
            return None;
        }
        let (started_at, id) = place.split_first_chunk()?;
        let started_at = Timestamp::from_unix_us(i64::from_be_bytes(*started_at));
        Some(Cursor { started_at, id: ExchangeId::from_bytes(id.try_into().ok()?) })
    }

    fn seal(&self, place: &[u8]) -> [u8; SEAL] {
        let mut digest = self.0.clone();
        digest.update(place);
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&digest.finish().as_ref()[..SEAL]);
        seal
    }
}

/// A cursor as it came: a time, an id, a seal.
pub(super) struct Sealed([u8; Sealed::BYTES]);

impl Sealed {
    const BYTES: usize = 8 + 16 + SEAL;
}

/// Reads a cursor, whatever question it belongs to.
pub(super) fn parse(text: &str) -> Option<Sealed> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Sealed)
}
