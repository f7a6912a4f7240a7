//! API keys and whoever holds one, in JSON; and what of them a caller may send.

use llmtrace_model::{AccessRole, Actor, ApiKey, Grant, KeyId, TenantId, Timestamp, Unfit};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::saved::Name;
use crate::tenancy::{Caller, Mode, Token};

/// API keys, the ones made last first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    /// The rows.
    pub items: Vec<KeyView>,
}

/// What somebody may do; each may what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
// Messages have a `Role` of their own in the document.
#[schema(as = AccessRole)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read: spans with what was said in them, statistics, saved views.
    Viewer,
    /// Send through the proxy, save views, export.
    Operator,
    /// Change the tenant: keys, users, settings, retention, erasures; read its audit log.
    Admin,
    /// Administer the whole installation: every tenant, and who is one.
    Platform,
}

impl Role {
    /// The role of a grant.
    pub(in crate::api) fn of(grant: &Grant) -> Self {
        match grant {
            Grant::Tenant(_, AccessRole::Viewer) => Self::Viewer,
            Grant::Tenant(_, AccessRole::Operator) => Self::Operator,
            Grant::Tenant(_, AccessRole::Admin) => Self::Admin,
            Grant::Platform => Self::Platform,
        }
    }

    /// The role within a tenant; `None` for the one that is in none.
    pub(in crate::api) fn within_tenant(self) -> Option<AccessRole> {
        match self {
            Self::Viewer => Some(AccessRole::Viewer),
            Self::Operator => Some(AccessRole::Operator),
            Self::Admin => Some(AccessRole::Admin),
            Self::Platform => None,
        }
    }
}

/// Whether a key opens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

/// An API key, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyView {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    pub key_id: KeyId,
    /// Into which tenant it reaches; `null` where it reaches everything.
    #[schema(value_type = Option<String>, required)]
    pub tenant_id: Option<TenantId>,
    /// What it may do there.
    pub role: Role,
    /// What its owner calls it.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// Whether it opens anything.
    pub state: KeyState,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// From when on it opens nothing; `null` where it does not expire.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub last_used_at: Option<Timestamp>,
}

impl KeyView {
    /// A key as it is at `now`.
    pub(crate) fn of(key: ApiKey, now: Timestamp) -> Self {
        let state = match key.opens(now) {
            Ok(()) => KeyState::Active,
            Err(Unfit::Expired) => KeyState::Expired,
            Err(Unfit::Revoked) => KeyState::Revoked,
        };
        Self {
            key_id: key.id,
            tenant_id: key.grant.tenant().cloned(),
            role: Role::of(&key.grant),
            name: key.name,
            prefix: key.prefix,
            state,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// A key that was just made: the only answer that holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NewKey)]
pub struct NewKeyView {
    /// The key itself. It is stored nowhere: whoever loses it makes another.
    pub key: String,
    /// Everything else about it.
    #[serde(flatten)]
    pub about: KeyView,
}

impl NewKeyView {
    /// The answer to whoever made it.
    pub(crate) fn of(token: &Token, about: KeyView) -> Self {
        Self { key: token.expose().to_owned(), about }
    }
}

/// What a caller says of a new key; nothing else is taken.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = NewKeyBody)]
#[serde(deny_unknown_fields)]
pub struct NewKeyBody {
    /// What its owner calls it.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    pub(in crate::api) name: Name,
    /// What it may do in the tenant that is named; `platform` with none.
    pub(in crate::api) role: Role,
    /// From when on it opens nothing; left out, it does not expire.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(in crate::api) expires_at: Option<Timestamp>,
}

/// What a caller changes of a key; both must be said.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = KeyBody)]
#[serde(deny_unknown_fields)]
pub struct KeyBody {
    /// What its owner calls it.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    pub(in crate::api) name: Name,
    /// From when on it opens nothing; `null` where it does not expire.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub(in crate::api) expires_at: Option<Timestamp>,
}

/// A member that may be `null` and must be there.
fn said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Option::deserialize(from)
}

/// How somebody was told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeKind {
    /// By an API key.
    Key,
    /// By a login.
    User,
    /// Not at all: nobody is asked.
    Anonymous,
}

/// Whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    /// How they were told apart.
    pub kind: MeKind,
    /// The key or the user; `null` where nobody is asked.
    #[schema(format = "uuid", required)]
    pub id: Option<String>,
    /// What to show of them; `null` where there is nothing.
    #[schema(required)]
    pub name: Option<String>,
    /// Whether they administer the whole installation.
    pub platform: bool,
    /// Their role in each tenant they reach; empty for who reaches all.
    pub tenants: Vec<MeTenant>,
    /// Whether a key or a login is needed here.
    pub auth_required: bool,
}

/// A role in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeTenant {
    /// The tenant.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// What they may do there.
    pub role: Role,
}

impl MeView {
    /// Somebody, as the API sees them.
    pub(in crate::api) fn of(caller: &Caller, mode: Mode) -> Self {
        let (kind, id) = match caller.actor {
            Actor::Key(id) => (MeKind::Key, Some(id.to_string())),
            Actor::User(id) => (MeKind::User, Some(id.to_string())),
            Actor::Anonymous | Actor::CommandLine | Actor::System => (MeKind::Anonymous, None),
        };
        let own =
            |grant: &Grant| grant.tenant().map(|tenant| MeTenant { tenant_id: tenant.clone(), role: Role::of(grant) });
        Self {
            kind,
            id,
            name: caller.name().map(str::to_owned),
            platform: caller.is_platform(),
            tenants: caller.grants().iter().filter_map(own).collect(),
            auth_required: mode == Mode::Required,
        }
    }
}
