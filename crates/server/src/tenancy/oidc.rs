//! Logging in through an OpenID provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, section 3.1).
//!
//! What has to be remembered between leaving for the provider and coming back is in a sealed cookie, so that any replica can
//! go on. What somebody may do follows from the groups that the provider names, anew with each login.

mod claims;
mod sealed;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use llmtrace_model::{Grant, Identity, Timestamp};
use openidconnect::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
    core::{
        CoreAuthenticationFlow, CoreClientAuthMethod, CoreGenderClaim, CoreJwsSigningAlgorithm as Algorithm,
        CoreProviderMetadata,
    },
};
use tokio::sync::Mutex;

use self::{
    claims::{Claims, OidcClient, Told},
    sealed::{Seal, Sealed},
};
use crate::config::OidcOptions;

/// How long what a provider says of itself and its keys is believed.
const KEPT: Duration = Duration::from_secs(3600);
/// The least time between two questions for that, so that a provider that is away is not asked by everybody.
const PAUSE: Duration = Duration::from_secs(5);
/// How long somebody may take at the provider.
const PATIENCE_US: i64 = 10 * 60 * 1_000_000;

/// What a token may be signed with: never with a secret that we share, and never with nothing.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// Asks a server over HTTP.
pub type Fetch = Arc<
    dyn Fn(http::Request<Vec<u8>>) -> BoxFuture<'static, Result<http::Response<Vec<u8>>, FetchError>> + Send + Sync,
>;

/// Says why there was no answer.
#[derive(Debug, thiserror::Error)]
#[error("asking the provider failed")]
pub struct FetchError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The same as the protocol's crate wants it.
struct Http(Fetch);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = FetchError;
    type Future = BoxFuture<'static, Result<http::Response<Vec<u8>>, FetchError>>;

    fn call(&'c self, request: http::Request<Vec<u8>>) -> Self::Future {
        (self.0)(request)
    }
}

/// Why nobody logged in through the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OidcRefused {
    /// The provider, or the person there, said no.
    Denied,
    /// The provider knows them, and no group of theirs has a role here; or their name is somebody else's here.
    Unknown,
    /// Somebody disabled them here.
    Disabled,
    /// They took too long, came twice, or did not begin here.
    Expired,
    /// The provider or a store is away.
    Unavailable,
    /// What the provider says does not hold.
    Failed,
}

impl OidcRefused {
    /// Its stable word, for the address of the login page.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Unavailable => "unavailable",
            Self::Failed => "failed",
        }
    }

    /// Its word for the audit log and the metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Denied => "oidc_denied",
            Self::Unknown => "oidc_unknown",
            Self::Disabled => "oidc_disabled",
            Self::Expired => "oidc_expired",
            Self::Unavailable => "oidc_unavailable",
            Self::Failed => "oidc_failed",
        }
    }
}

/// Somebody leaves for the provider.
pub struct Leaving {
    /// Where to.
    pub url: String,
    /// What their cookie holds meanwhile.
    pub sealed: String,
}

/// What somebody comes back with.
#[derive(Debug, Default)]
pub struct Return {
    /// The code that the provider gave.
    pub code: Option<String>,
    /// What we gave them on the way.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Somebody whom the provider knows.
pub(super) struct Person {
    pub(super) identity: Identity,
    pub(super) name: String,
    pub(super) display: String,
    pub(super) grants: Vec<Grant>,
    /// The page they wanted.
    pub(super) next: String,
}

/// A provider, and what it said of itself.
pub struct Provider {
    options: OidcOptions,
    http: Http,
    seal: Seal,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<CoreProviderMetadata>,
    asked: Option<Instant>,
}

impl Provider {
    /// A provider; nothing is asked of it yet. `key` seals cookies.
    pub fn new(options: OidcOptions, fetch: Fetch, key: [u8; 32]) -> Self {
        Self { options, http: Http(fetch), seal: Seal::new(&key), known: Mutex::default() }
    }

    /// What people call it.
    pub(super) fn name(&self) -> &str {
        &self.options.name
    }

    /// Sends somebody there, who is to come back to `redirect` and wants to see `next` then.
    pub(super) async fn leave(&self, redirect: String, next: String, now: Timestamp) -> Result<Leaving, OidcRefused> {
        let client = self.client(&redirect, KEPT).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let asked = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random).set_pkce_challenge(challenge);
        let scopes = self.options.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let (url, state, nonce) = asked.add_scopes(scopes).url();
        let sealed = Sealed {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            redirect,
            next,
            until_us: now.unix_us().saturating_add(PATIENCE_US),
        };
        let sealed = self.seal.close(&sealed).ok_or(OidcRefused::Failed)?;
        Ok(Leaving { url: url.into(), sealed })
    }

    /// Says who came back.
    pub(super) async fn arrive(&self, back: Return, sealed: &str, now: Timestamp) -> Result<Person, OidcRefused> {
        let kept = self.seal.open(sealed).filter(|kept| kept.until_us > now.unix_us()).ok_or(OidcRefused::Expired)?;
        // Both are hashed before they are compared, so that the time it takes tells nothing.
        let is_ours = back.state.is_some_and(|state| CsrfToken::new(state) == CsrfToken::new(kept.state.clone()));
        if !is_ours {
            return Err(OidcRefused::Expired);
        }
        let Some(code) = back.code.filter(|_| back.error.is_none()) else { return Err(OidcRefused::Denied) };
        let told = self.exchange(code, &kept).await?;
        let grants = told.grants(&self.options.groups_claim, &self.options.roles);
        if grants.is_empty() {
            tracing::warn!(
                oidc.groups = told.groups(&self.options.groups_claim).len(),
                "somebody whom the provider knows has no group with a role here"
            );
            return Err(OidcRefused::Unknown);
        }
        let identity = Identity { issuer: self.options.issuer.to_string(), subject: told.subject.clone() };
        Ok(Person { identity, name: told.name(), display: told.display(), grants, next: kept.next })
    }

    async fn exchange(&self, code: String, kept: &Sealed) -> Result<Told, OidcRefused> {
        let client = self.client(&kept.redirect, KEPT).await?;
        let request = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| failed("token", &error))?;
        let verifier = PkceCodeVerifier::new(kept.verifier.clone());
        let tokens =
            request.set_pkce_verifier(verifier).request_async(&self.http).await.map_err(|error| match &error {
                openidconnect::RequestTokenError::Request(_) => away("token", &error),
                openidconnect::RequestTokenError::ServerResponse(_) => denied("token", &error),
                openidconnect::RequestTokenError::Parse(..) | openidconnect::RequestTokenError::Other(_) => {
                    failed("token", &error)
                }
            })?;
        let id_token = tokens.id_token().ok_or(OidcRefused::Failed)?;
        let nonce = Nonce::new(kept.nonce.clone());
        let read = |client: &OidcClient| {
            let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
            id_token.claims(&verifier, &nonce).cloned()
        };
        let (client, claims) = match read(&client) {
            Ok(claims) => (client, claims),
            // The provider may have changed its keys.
            Err(_) => {
                let client = self.client(&kept.redirect, PAUSE).await?;
                let claims = read(&client).map_err(|error| failed("id_token", &error))?;
                (client, claims)
            }
        };
        let mut told = Told::of(&claims);
        if !told.has(&self.options.groups_claim)
            && let Ok(request) = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        {
            let more = request.request_async::<Claims, _, CoreGenderClaim>(&self.http).await;
            told.add(&more.map_err(|error| failed("userinfo", &error))?);
        }
        Ok(told)
    }

    /// A client by what the provider says of itself, which was heard at most so long ago.
    async fn client(&self, redirect: &str, age: Duration) -> Result<OidcClient, OidcRefused> {
        let metadata = self.metadata(age).await?;
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|error| failed("redirect", &error))?;
        let secret = self.options.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let methods = metadata.token_endpoint_auth_methods_supported().cloned().unwrap_or_default();
        let in_body = methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic);
        let id = ClientId::new(self.options.client_id.clone());
        let client = OidcClient::from_provider_metadata(metadata, id, secret).set_redirect_uri(redirect);
        Ok(if in_body { client.set_auth_type(AuthType::RequestBody) } else { client })
    }

    async fn metadata(&self, age: Duration) -> Result<CoreProviderMetadata, OidcRefused> {
        let mut known = self.known.lock().await;
        let since = known.asked.map(|asked| asked.elapsed());
        if let Some(metadata) = known.metadata.as_ref().filter(|_| since.is_some_and(|since| since < age)) {
            return Ok(metadata.clone());
        }
        if since.is_some_and(|since| since < PAUSE) {
            return known.metadata.clone().ok_or(OidcRefused::Unavailable);
        }
        known.asked = Some(Instant::now());
        let issuer = IssuerUrl::new(self.options.issuer.to_string()).map_err(|error| failed("issuer", &error))?;
        match CoreProviderMetadata::discover_async(issuer, &self.http).await {
            Ok(metadata) => {
                known.metadata = Some(metadata.clone());
                Ok(metadata)
            }
            // What was known goes on while the provider is away.
            Err(error) => known.metadata.clone().ok_or_else(|| away("discovery", &error)),
        }
    }
}

fn failed(step: &'static str, error: &(dyn std::error::Error + 'static)) -> OidcRefused {
    refuse(OidcRefused::Failed, step, error)
}

fn away(step: &'static str, error: &(dyn std::error::Error + 'static)) -> OidcRefused {
    refuse(OidcRefused::Unavailable, step, error)
}

fn denied(step: &'static str, error: &(dyn std::error::Error + 'static)) -> OidcRefused {
    refuse(OidcRefused::Denied, step, error)
}

/// Tells the log why; what the provider sent is in no such text, but its own error.
fn refuse(why: OidcRefused, step: &'static str, error: &(dyn std::error::Error + 'static)) -> OidcRefused {
    tracing::warn!(oidc.step = step, error = error, "a login through the OpenID provider failed");
    why
}

#[cfg(test)]
mod tests;
