//! People who log in, in JSON; and what of them a caller may send.

use llmtrace_model::{Grant, TenantScope, Timestamp, User, UserId, UserName};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use utoipa::ToSchema;

use super::{MeTenant, Role, login::Hidden};

/// People, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountList {
    /// The rows.
    pub items: Vec<AccountView>,
}

/// Whether somebody may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// They may.
    Active,
    /// Somebody disabled them.
    Disabled,
}

/// A person who logs in, as far as the caller reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    pub user_id: UserId,
    /// What they log in with.
    pub name: String,
    /// What others read; may be empty.
    pub display: String,
    /// Whether they administer the whole installation.
    pub platform: bool,
    /// Their role in each tenant that is shown: in the one that is named, else in all.
    pub tenants: Vec<MeTenant>,
    /// Whether they have a password.
    pub has_password: bool,
    /// Whether they are known to an OpenID provider.
    pub has_oidc: bool,
    /// Whether they may log in.
    pub state: AccountState,
    /// When they were added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When they logged in last.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub last_login_at: Option<Timestamp>,
}

impl AccountView {
    /// A person, with their roles in what is shown.
    pub(crate) fn of(user: &User, shown: &TenantScope) -> Self {
        Self {
            user_id: user.id,
            name: user.name.as_ref().map_or(String::new(), UserName::to_string),
            display: user.display.clone(),
            platform: user.grants.contains(&Grant::Platform),
            tenants: tenants(user, shown),
            has_password: user.password.is_some(),
            has_oidc: user.identity.is_some(),
            state: state(user),
            created_at: user.created_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// What the audit log is told of a person: nothing that says who they are, since it outlives them.
#[derive(Debug, Serialize)]
pub(crate) struct AuditedAccount {
    user_id: UserId,
    platform: bool,
    tenants: Vec<MeTenant>,
    has_password: bool,
    has_oidc: bool,
    state: AccountState,
    version: u32,
}

impl AuditedAccount {
    /// A person, with all their roles.
    pub(crate) fn of(user: &User) -> Self {
        Self {
            user_id: user.id,
            platform: user.grants.contains(&Grant::Platform),
            tenants: tenants(user, &TenantScope::All),
            has_password: user.password.is_some(),
            has_oidc: user.identity.is_some(),
            state: state(user),
            version: user.version,
        }
    }
}

fn tenants(user: &User, shown: &TenantScope) -> Vec<MeTenant> {
    let of = |grant: &Grant| {
        let tenant = grant.tenant().filter(|tenant| shown.allows(tenant))?;
        Some(MeTenant { tenant_id: tenant.clone(), role: Role::of(grant) })
    };
    user.grants.iter().filter_map(of).collect()
}

fn state(user: &User) -> AccountState {
    if user.disabled_at.is_some() { AccountState::Disabled } else { AccountState::Active }
}

/// What a caller says of a new person; nothing else is taken.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountBody {
    /// What they log in with, typically an e-mail address.
    #[serde(deserialize_with = "name")]
    #[schema(value_type = String, min_length = 1, max_length = 254)]
    pub(in crate::api) name: UserName,
    /// What others read; may be empty.
    #[serde(deserialize_with = "display")]
    #[schema(max_length = 254)]
    pub(in crate::api) display: String,
    /// A password, of at least 12 characters and at most 256 bytes; left out, they log in through an OpenID provider only.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 12)]
    pub(in crate::api) password: Option<Hidden>,
    /// What they may do in the tenant that is named; `platform` with none.
    pub(in crate::api) role: Role,
}

/// What a caller changes of a person; all but the password must be said.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountBody {
    /// What others read; may be empty.
    #[serde(deserialize_with = "display")]
    #[schema(max_length = 254)]
    pub(in crate::api) display: String,
    /// Whether they may not log in; it ends what logins they have.
    pub(in crate::api) disabled: bool,
    /// A new password, which ends what logins they have; left out or `null`, it stays.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 12)]
    pub(in crate::api) password: Option<Hidden>,
    /// What they may do in the tenant that is named, or with none `platform`; `null` takes that role away.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<Role>, required)]
    pub(in crate::api) role: Option<Role>,
}

fn name<'de, D: Deserializer<'de>>(from: D) -> Result<UserName, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

fn display<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.chars().count() > User::MAX_DISPLAY_CHARS || text.contains(char::is_control) {
        let expected = User::MAX_DISPLAY_CHARS;
        return Err(D::Error::custom(format!(
            "expected at most {expected} characters, none of them a control character"
        )));
    }
    Ok(text)
}

/// A member that may be `null` and must be there.
fn said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Role>, D::Error> {
    Option::deserialize(from)
}
