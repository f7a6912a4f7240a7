//! What a provider says of somebody, and what they may do for it.

use std::collections::BTreeMap;

use llmtrace_model::{AccessRole, Grant, TenantId, User};
use openidconnect::{
    AdditionalClaims, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims,
    IdTokenFields, StandardErrorResponse, StandardTokenResponse, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::{OidcRole, OidcRoleWord};

/// The most groups that are looked at.
const MAX_GROUPS: usize = 1_000;

/// What a token says beside what every token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    #[serde(flatten)]
    all: BTreeMap<String, Value>,
}

impl AdditionalClaims for Claims {}

type Fields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// A client that reads [`Claims`], with the endpoints that a provider's own document gives it.
pub(super) type OidcClient = openidconnect::Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What was said of somebody.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) subject: String,
    email: Option<String>,
    login: Option<String>,
    full_name: Option<String>,
    more: BTreeMap<String, Value>,
}

impl Told {
    /// What a token says.
    pub(super) fn of(claims: &IdTokenClaims<Claims, CoreGenderClaim>) -> Self {
        Self {
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            login: claims.preferred_username().map(|name| name.to_string()),
            full_name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
            more: claims.additional_claims().all.clone(),
        }
    }

    /// Adds what the provider says when it is asked; what the token said stays.
    pub(super) fn add(&mut self, claims: &UserInfoClaims<Claims, CoreGenderClaim>) {
        let or = |own: &mut Option<String>, other: Option<String>| *own = own.take().or(other);
        or(&mut self.email, claims.email().map(|email| email.to_string()));
        or(&mut self.login, claims.preferred_username().map(|name| name.to_string()));
        or(&mut self.full_name, claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()));
        for (name, value) in &claims.additional_claims().all {
            self.more.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    pub(super) fn has(&self, claim: &str) -> bool {
        self.more.contains_key(claim)
    }

    /// What they are called in lists: their address, else their name there.
    pub(super) fn name(&self) -> String {
        self.email.clone().or_else(|| self.login.clone()).unwrap_or_else(|| self.subject.clone())
    }

    /// What others read.
    pub(super) fn display(&self) -> String {
        let full = self.full_name.as_deref().unwrap_or_default();
        full.chars().filter(|c| !c.is_control()).take(User::MAX_DISPLAY_CHARS).collect()
    }

    /// The groups that a claim names: a list of texts, or one.
    pub(super) fn groups(&self, claim: &str) -> Vec<&str> {
        match self.more.get(claim) {
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).take(MAX_GROUPS).collect(),
            Some(Value::String(group)) => vec![group],
            _ => Vec::new(),
        }
    }

    /// What they may do: in each tenant the highest role of their groups; all of it where one reaches everything.
    pub(super) fn grants(&self, claim: &str, rules: &[OidcRole]) -> Vec<Grant> {
        let groups = self.groups(claim);
        let mut roles: BTreeMap<TenantId, AccessRole> = BTreeMap::new();
        for rule in rules.iter().filter(|rule| groups.contains(&rule.group.as_str())) {
            let role = match rule.role {
                OidcRoleWord::Platform => return vec![Grant::Platform],
                OidcRoleWord::Viewer => AccessRole::Viewer,
                OidcRoleWord::Operator => AccessRole::Operator,
                OidcRoleWord::Admin => AccessRole::Admin,
            };
            // That it is one was checked with the settings.
            if let Some(tenant) = rule.tenant.as_deref().and_then(|tenant| tenant.parse().ok()) {
                let has = roles.entry(tenant).or_insert(role);
                *has = (*has).max(role);
            }
        }
        roles.into_iter().take(User::MAX_GRANTS).map(|(tenant, role)| Grant::Tenant(tenant, role)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(groups: Value) -> Told {
        Told { more: BTreeMap::from([("groups".to_owned(), groups)]), ..Told::default() }
    }

    fn rules() -> Vec<OidcRole> {
        let rules = json!([
            {"group": "a-read", "tenant": "a", "role": "viewer"},
            {"group": "a-run", "tenant": "a", "role": "admin"},
            {"group": "b", "tenant": "b", "role": "operator"},
            {"group": "root", "role": "platform"},
        ]);
        serde_json::from_value(rules).unwrap()
    }

    #[test]
    fn the_highest_role_of_the_groups_counts() {
        let shown = |groups: Value| {
            let grants = told(groups).grants("groups", &rules());
            grants.iter().map(|grant| format!("{grant:?}")).collect::<Vec<_>>().join(" ")
        };
        for (groups, grants) in [
            (json!([]), ""),
            (json!("b"), "b"),
            (json!(["a-run", "a-read", "x", 7]), "Admin"),
            (json!(["a-read", "b"]), "Viewer"),
            (json!(["b", "root"]), "Platform"),
            (json!({"b": true}), ""),
        ] {
            let found = shown(groups.clone());
            assert!(found.contains(grants) && found.is_empty() == grants.is_empty(), "{groups}: {found}");
        }
        assert!(told(json!(["b"])).grants("roles", &rules()).is_empty());
    }
}
