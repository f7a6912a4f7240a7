//! Settings of logins through an OpenID provider.

use std::{net::IpAddr, path::PathBuf};

use llmtrace_model::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{error::Fault, net::BaseUrl, secret::Secret};

/// An OpenID provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcOptions {
    /// Its URL, to the letter as it names itself; below it lies `.well-known/openid-configuration`.
    pub issuer: String,
    /// What it calls this installation.
    pub client_id: String,
    /// The secret it gave for that; a client without one has PKCE alone.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// What people call it: "Log in with …".
    #[serde(default = "single_sign_on")]
    pub name: String,
    /// What is asked of it.
    #[serde(default = "usual_scopes")]
    pub scopes: Vec<String>,
    /// The claim that names somebody's groups.
    #[serde(default = "groups")]
    pub groups_claim: String,
    /// What a group may do; who is in none of them is not let in.
    #[serde(default)]
    pub roles: Vec<OidcRole>,
    /// PEM file of authorities trusted beside the built-in ones.
    #[serde(default)]
    pub ca_bundle: Option<PathBuf>,
}

/// What a group may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcRole {
    /// The group, as the provider names it.
    pub group: String,
    /// In which tenant; left out with the role `platform`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// What.
    pub role: OidcRoleWord,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OidcRoleWord {
    /// Read.
    Viewer,
    /// Send, save, export.
    Operator,
    /// Change the tenant.
    Admin,
    /// Administer the whole installation.
    Platform,
}

fn single_sign_on() -> String {
    "single sign-on".to_owned()
}

fn usual_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

fn groups() -> String {
    "groups".to_owned()
}

/// Reports what is wrong with a provider's settings.
pub(super) fn check(oidc: &OidcOptions, report: &mut impl FnMut(&str, Fault)) {
    let value = |found: &str, expected: &str| Fault::Value {
        found: format!("{found:?}"),
        expected: expected.to_owned(),
        reason: None,
    };
    match oidc.issuer.parse::<BaseUrl>() {
        Err(why) => report("auth.oidc.issuer", Fault::Other(why)),
        Ok(url) if !is_private(&url) => {
            report("auth.oidc.issuer", value(&oidc.issuer, "https://, since logins go there"));
        }
        Ok(_) => {}
    }
    if oidc.client_id.is_empty() {
        report("auth.oidc.client_id", value("", "what the provider calls this installation"));
    }
    if oidc.roles.is_empty() {
        let expected = "at least one group with a role, since who is in none is not let in";
        report("auth.oidc.roles", Fault::Other(format!("found none, expected {expected}")));
    }
    for (n, rule) in oidc.roles.iter().enumerate() {
        let key = format!("auth.oidc.roles[{n}].tenant");
        match (&rule.tenant, rule.role) {
            (None, OidcRoleWord::Platform) => {}
            (Some(tenant), OidcRoleWord::Platform) => {
                report(&key, value(tenant, "none with the role platform, which is in none"))
            }
            (None, _) => report(&key, Fault::Other("found none, expected the tenant that the role is in".to_owned())),
            (Some(tenant), _) if tenant.parse::<TenantId>().is_err() => {
                report(&key, value(tenant, "1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit"));
            }
            (Some(_), _) => {}
        }
    }
}

/// Whether nobody on the way reads what is sent there: TLS, or this machine.
fn is_private(url: &BaseUrl) -> bool {
    let host = url.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_here = host == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    url.is_tls() || is_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_go_over_tls_or_stay_on_this_machine() {
        let is_private = |url: &str| is_private(&url.parse().unwrap());
        for here in ["https://id.example", "http://localhost:8080", "http://127.0.0.1:1/realm", "http://[::1]:9000"] {
            assert!(is_private(here), "{here}");
        }
        for elsewhere in ["http://id.example", "http://127.evil.example", "http://10.0.0.1", "http://[2001:db8::1]"] {
            assert!(!is_private(elsewhere), "{elsewhere}");
        }
    }
}
