//! The audit log in JSON: for people, and as lines that hold all that their hashes cover.

use llmtrace_model::{Actor, AuditEntry, AuditHash, AuditId, AuditRecord, Outcome, TenantId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;
use utoipa::ToSchema;

use super::shapes;

/// A page of the audit log, the latest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditList {
    /// The rows.
    pub items: Vec<AuditView>,
    /// Opens the next page; `null` on the last one.
    #[schema(required)]
    pub next: Option<String>,
}

/// One thing that somebody did, or tried to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditRecord)]
pub struct AuditView {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    pub id: AuditId,
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// In whose chain it stands; `null` for that of the installation.
    #[schema(value_type = Option<String>, required)]
    pub tenant_id: Option<TenantId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who.
    pub actor: ActorView,
    /// From where; `null` where there was no connection, or many.
    #[schema(required)]
    pub client_address: Option<String>,
    /// What was done.
    #[schema(example = "retention.change")]
    pub action: String,
    /// What it was done to; empty where the action says it all.
    pub target: String,
    /// What it was before; `null` where nothing was, or nothing changed.
    #[schema(required)]
    pub before: Option<Value>,
    /// What it is since; `null` where nothing is, or nothing changed.
    #[schema(required)]
    pub after: Option<Value>,
    /// How it went.
    #[schema(value_type = shapes::Outcome)]
    pub outcome: Outcome,
    /// The hash of the record before it in its chain, zeros at the first.
    pub previous: String,
    /// The hash of this one.
    pub hash: String,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Actor)]
pub struct ActorView {
    /// What they are.
    pub kind: ActorKind,
    /// Which one; `null` where there is only one. The key of the settings has the UUID of zeros.
    #[schema(required)]
    pub id: Option<String>,
}

/// What somebody is who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// Who holds an API key.
    Key,
    /// A person who logged in.
    User,
    /// The command line, on a machine of the installation.
    Cli,
    /// The program itself.
    System,
    /// Somebody whom nothing identified.
    Anonymous,
}

impl From<Actor> for ActorView {
    fn from(actor: Actor) -> Self {
        let (kind, id) = match actor {
            Actor::Key(id) => (ActorKind::Key, Some(id.to_string())),
            Actor::User(id) => (ActorKind::User, Some(id.to_string())),
            Actor::CommandLine => (ActorKind::Cli, None),
            Actor::System => (ActorKind::System, None),
            Actor::Anonymous => (ActorKind::Anonymous, None),
        };
        Self { kind, id }
    }
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { entry, seq, previous, hash } = record;
        // What is no JSON was put there by somebody else: it is shown as the text that it is.
        let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Self {
            id: entry.id,
            seq,
            tenant_id: entry.tenant,
            at: entry.at,
            actor: entry.actor.into(),
            client_address: entry.client_address,
            action: entry.action,
            target: entry.target,
            before: json(entry.before),
            after: json(entry.after),
            outcome: entry.outcome,
            previous: previous.to_string(),
            hash: hash.to_string(),
        }
    }
}

/// A record with all that its hash covers, exactly as it covers it: a line of an exported chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditLine {
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    pub id: AuditId,
    /// In whose chain it stands; `null` for that of the installation.
    #[schema(value_type = Option<String>, required)]
    #[serde(deserialize_with = "said")]
    pub tenant_id: Option<TenantId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who: `key:` or `user:` with a UUID, `cli`, `system` or `anonymous`.
    pub actor: String,
    /// From where.
    #[schema(required)]
    #[serde(deserialize_with = "said")]
    pub client_address: Option<String>,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// What it was before: the text of a JSON value.
    #[schema(required)]
    #[serde(deserialize_with = "said")]
    pub before: Option<String>,
    /// What it is since: the text of a JSON value.
    #[schema(required)]
    #[serde(deserialize_with = "said")]
    pub after: Option<String>,
    /// How it went.
    #[schema(value_type = shapes::Outcome)]
    pub outcome: Outcome,
    /// The hash of the record before it, zeros at the first: 64 hex digits.
    pub previous: String,
    /// The hash of this one: 64 hex digits.
    pub hash: String,
}

/// A field that may be `null` and must be there: a hash tells the two apart.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

impl From<AuditRecord> for AuditLine {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { entry, seq, previous, hash } = record;
        Self {
            seq,
            id: entry.id,
            tenant_id: entry.tenant,
            at: entry.at,
            actor: entry.actor.to_string(),
            client_address: entry.client_address,
            action: entry.action,
            target: entry.target,
            before: entry.before,
            after: entry.after,
            outcome: entry.outcome,
            previous: previous.to_string(),
            hash: hash.to_string(),
        }
    }
}

impl AuditLine {
    /// Reads a line as it was exported.
    pub fn read(line: &str) -> serde_json::Result<AuditRecord> {
        let line: Self = serde_json::from_str(line)?;
        let hash = |text: &str| text.parse::<AuditHash>().map_err(serde_json::Error::custom);
        Ok(AuditRecord {
            previous: hash(&line.previous)?,
            hash: hash(&line.hash)?,
            seq: line.seq,
            entry: AuditEntry {
                id: line.id,
                tenant: line.tenant_id,
                at: line.at,
                actor: line.actor.parse().map_err(serde_json::Error::custom)?,
                client_address: line.client_address,
                action: line.action,
                target: line.target,
                before: line.before,
                after: line.after,
                outcome: line.outcome,
            },
        })
    }

    /// Appends a record and a line feed.
    pub fn write(record: AuditRecord, out: &mut Vec<u8>) {
        serde_json::to_writer(&mut *out, &Self::from(record)).expect("a line holds only strings, numbers and null");
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::AuditHead;
    use serde_json::json;

    use super::*;

    fn record() -> AuditRecord {
        let entry = AuditEntry {
            id: AuditId::from_bytes([7; 16]),
            tenant: Some("a".parse().unwrap()),
            at: Timestamp::from_unix_us(1_760_000_000_123_456),
            actor: Actor::Key(llmtrace_model::KeyId::from_bytes([3; 16])),
            client_address: None,
            action: "views.change".to_owned(),
            target: "\u{202e}\0\n\"ü".to_owned(),
            before: Some(r#"{"b": 1.0, "a":"x"}"#.to_owned()),
            after: Some("no JSON".to_owned()),
            outcome: Outcome::Done,
        };
        AuditRecord::behind(AuditHead::default(), entry)
    }

    #[test]
    fn a_record_is_the_same_after_its_line() {
        let mut out = Vec::new();
        AuditLine::write(record(), &mut out);
        let line = String::from_utf8(out).unwrap();
        assert_eq!(line.lines().count(), 1);
        let read = AuditLine::read(&line).unwrap();
        assert_eq!(read, record());
        assert!(read.follows(AuditHead::default()));
    }

    #[test]
    fn a_line_that_lacks_a_field_or_has_another_is_refused() {
        let line = serde_json::to_value(AuditLine::from(record())).unwrap();
        for name in line.as_object().unwrap().keys() {
            let mut less = line.clone();
            less.as_object_mut().unwrap().remove(name);
            assert!(AuditLine::read(&less.to_string()).is_err(), "without {name}");
        }
        for (name, value) in [("more", json!(1)), ("hash", json!("ab")), ("actor", json!("root")), ("seq", json!(-1))] {
            let mut other = line.clone();
            other[name] = value;
            assert!(AuditLine::read(&other.to_string()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_view_shows_what_changed_as_json_where_it_is() {
        let view = AuditView::from(record());
        assert_eq!(view.before, Some(json!({ "a": "x", "b": 1.0 })));
        assert_eq!(view.after, Some(json!("no JSON")));
        assert_eq!(
            view.actor,
            ActorView { kind: ActorKind::Key, id: Some("03030303-0303-0303-0303-030303030303".into()) }
        );
    }
}
