//! Stored credentials in JSON, without the credentials; and what of one a caller may send.

use std::fmt;

use llmtrace_model::{ProviderCredential, TenantId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use utoipa::ToSchema;

use crate::{
    config::Secret,
    tenancy::{
        holds_token,
        vault::{MAX_SECRET_BYTES, Vault},
    },
};

/// The credentials of a tenant, by upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialList {
    /// The rows.
    pub items: Vec<CredentialView>,
}

/// Whether a stored credential is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// It is, with requests that show an API key in its place.
    Usable,
    /// No upstream of that name is configured.
    Unused,
    /// It cannot be opened here, because its master key is not; requests that need it are refused. It can be stored again.
    Unreadable,
}

/// A credential that a tenant has stored for an upstream, without the credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Credential)]
pub struct CredentialView {
    /// Owner.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// The name of the upstream that it is sent to.
    pub upstream: String,
    /// How it ends; `null` where it has less than 20 characters.
    #[schema(required)]
    pub hint: Option<String>,
    /// Whether it is sent.
    pub state: CredentialState,
    /// When it was stored first.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When another took its place last.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl CredentialView {
    /// A credential, as far as it is shown where this opens it and these are the upstreams.
    pub(crate) fn of(credential: &ProviderCredential, vault: Option<&Vault>, upstreams: &[String]) -> Self {
        let opens = vault.is_some_and(|vault| vault.open(credential).is_ok());
        let state = match (opens, upstreams.contains(&credential.upstream)) {
            (false, _) => CredentialState::Unreadable,
            (true, false) => CredentialState::Unused,
            (true, true) => CredentialState::Usable,
        };
        Self {
            tenant_id: credential.tenant.clone(),
            upstream: credential.upstream.clone(),
            hint: credential.hint.clone(),
            state,
            created_at: credential.created_at,
            updated_at: credential.updated_at,
        }
    }
}

/// A credential that is to be stored; nothing else is taken.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = CredentialBody)]
#[serde(deny_unknown_fields)]
pub struct CredentialBody {
    /// The credential itself: visible ASCII without spaces, as it stands behind `Bearer` or in the provider's own header.
    #[schema(value_type = String, min_length = 1, max_length = 8192, pattern = "^[!-~]+$")]
    pub(in crate::api) secret: ProviderSecret,
}

/// What can be stored as a credential; prints as `***`.
#[derive(PartialEq, Eq)]
pub struct ProviderSecret(Secret);

/// Says that a text is no credential, without saying the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitSecret {
    /// It could not stand in a header.
    #[error("expected 1 to {MAX_SECRET_BYTES} visible ASCII characters without spaces")]
    Text,
    /// It is one of ours.
    #[error("an API key of LLMTrace stands there, expected the provider's: one of ours is never sent to a provider")]
    OurKey,
}

impl ProviderSecret {
    /// Takes a text that can stand in a header and is no key of ours.
    pub(crate) fn new(text: String) -> Result<Self, UnfitSecret> {
        let secret = Secret::new(text);
        let text = secret.expose();
        if text.is_empty() || text.len() > MAX_SECRET_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UnfitSecret::Text);
        }
        if holds_token(text.as_bytes()) { Err(UnfitSecret::OurKey) } else { Ok(Self(secret)) }
    }

    /// The secret, for who seals it.
    pub(crate) fn secret(&self) -> &Secret {
        &self.0
    }
}

impl fmt::Debug for ProviderSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de> Deserialize<'de> for ProviderSecret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(from)?).map_err(Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenancy::Token;

    #[test]
    fn what_could_stand_in_no_header_or_is_a_key_of_ours_is_refused_without_saying_it() {
        for fit in ["x", "of-a-provider", "~!/=,", &"x".repeat(MAX_SECRET_BYTES)] {
            let secret = ProviderSecret::new(fit.to_owned()).unwrap();
            assert_eq!((secret.secret().expose(), format!("{secret:?}")), (fit, "***".to_owned()));
        }
        for unfit in ["", "two words", "new\nline", "tab\t", "ü", "\u{7f}", &"x".repeat(MAX_SECRET_BYTES + 1)] {
            assert_eq!(ProviderSecret::new(unfit.to_owned()), Err(UnfitSecret::Text), "{unfit:?}");
        }
        let ours = format!("Bearer={}", Token::mint().unwrap().expose());
        assert_eq!(ProviderSecret::new(ours), Err(UnfitSecret::OurKey));
    }
}
