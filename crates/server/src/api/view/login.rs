//! Logging in, and changing one's own password, in JSON.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{api::error::Problem, tenancy::Way};

/// Which ways there are to log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LoginWays)]
pub struct LoginWaysView {
    /// Whether a key or a login is needed here.
    pub auth_required: bool,
    /// Whether anybody has a password.
    pub password: bool,
    /// The OpenID provider; `null` where there is none.
    #[schema(required)]
    pub oidc: Option<LoginProvider>,
}

/// An OpenID provider to log in through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginProvider {
    /// What people call it.
    pub name: String,
}

/// Who logs in: `key`, or `name` and `password`; nothing else is taken.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    /// An API key.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    key: Option<Hidden>,
    /// A name.
    #[serde(default)]
    name: Option<String>,
    /// Its password.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Option<Hidden>,
}

impl LoginBody {
    /// How they log in.
    pub(in crate::api) fn way(self) -> Result<Way, Problem> {
        match (self.key, self.name, self.password) {
            (Some(key), None, None) => Ok(Way::Key(key.0)),
            (None, Some(name), Some(password)) => Ok(Way::Password { name, password: password.0 }),
            (key, name, password) => {
                let given = [("key", key.is_some()), ("name", name.is_some()), ("password", password.is_some())];
                let given: Vec<&str> = given.into_iter().filter_map(|(name, is)| is.then_some(name)).collect();
                let found = if given.is_empty() { "nothing".to_owned() } else { given.join(" and ") };
                let why = format!("found {found}, expected key, or name and password");
                Err(Problem::BadBody { field: String::new(), why })
            }
        }
    }
}

/// A change of one's own password.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The password as it is.
    #[schema(value_type = String)]
    pub(in crate::api) old: Hidden,
    /// The new one, of at least 12 characters and at most 256 bytes.
    #[schema(value_type = String, min_length = 12)]
    pub(in crate::api) new: Hidden,
}

/// A text that shows in no log.
#[derive(PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(in crate::api) struct Hidden(pub(in crate::api) String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
