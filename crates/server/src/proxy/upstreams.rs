//! The upstreams by name, and which of them a request goes to.
//!
//! A request names an upstream by path (`/up/{name}/…`) or header (`X-LLMTrace-Upstream`); it never names a host.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, StatusCode,
    header::{self, HeaderName},
    uri::{Authority, PathAndQuery},
};
use parking_lot::Mutex;
use tower::BoxError;

use super::{
    body::Outbound,
    connect::Client,
    pool::{Pool, SendError},
    refusal::Refusal,
    sign::AwsSigner,
};
use crate::config::BaseUrl;

/// The name of the upstream that `upstream_url` sets.
pub const DEFAULT: &str = "default";
const UPSTREAM: HeaderName = HeaderName::from_static("x-llmtrace-upstream");
/// How long an upstream may take to answer [`Upstream::reach`].
const REACHED_WITHIN: Duration = Duration::from_secs(10);

/// One place that requests are forwarded to.
pub struct Upstream {
    name: String,
    authority: Authority,
    host_header: HeaderValue,
    /// What stands before every path, without a slash at its end.
    base_path: String,
    provider: Option<String>,
    pool: Pool,
    signer: Option<AwsSigner>,
    /// The path that was last counted, and under which provider: most requests of a client have the same.
    last_counted: Mutex<Option<(Box<str>, &'static str)>>,
}

/// Every configured upstream.
pub struct Upstreams {
    default: Arc<Upstream>,
    named: BTreeMap<String, Arc<Upstream>>,
}

impl Upstream {
    /// An upstream at `url`, reached by `client`; `provider` overrides what its host says.
    pub fn new(name: &str, url: &BaseUrl, provider: Option<String>, client: Client) -> Self {
        let authority = url.authority().clone();
        let host_header = HeaderValue::from_str(authority.as_str()).expect("an authority is visible ASCII");
        let pool = Pool::new(url.scheme().clone(), authority.clone(), client);
        let base_path = url.path_prefix().to_owned();
        let last_counted = Mutex::default();
        let signer = None;
        Self { name: name.to_owned(), authority, host_header, base_path, provider, pool, signer, last_counted }
    }

    /// The same upstream, whose requests are signed for AWS.
    pub fn signed_by(self, signer: AwsSigner) -> Self {
        Self { signer: Some(signer), ..self }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its host and port, as in the `Host` header.
    pub fn host(&self) -> &str {
        self.authority.as_str()
    }

    /// Asks for the head of its root, to see whether name, connection, TLS and a proxy in between work: any answer will do.
    pub async fn reach(&self) -> Result<StatusCode, BoxError> {
        let request = Request::head("/").header(header::HOST, self.host_header.clone());
        let request = request.body(Outbound::held(Bytes::new(), None))?;
        match self.pool.send(request, Some(Instant::now() + REACHED_WITHIN)).await {
            Ok(answered) => Ok(answered.response.status()),
            Err(SendError::Late) => Err(format!("no answer within {} s", REACHED_WITHIN.as_secs()).into()),
            Err(error) => Err(error.into()),
        }
    }

    /// The provider, where the operator names it.
    pub(super) fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The provider that requests for `path` are counted under.
    pub(super) fn counted_as(&self, path: &str) -> &'static str {
        if let Some(named) = self.provider().and_then(llmtrace_wire::provider_by_id) {
            return named.id;
        }
        let mut last = self.last_counted.lock();
        match &*last {
            Some((same, provider)) if **same == *path => provider,
            Some(_) | None => {
                let provider = llmtrace_wire::provider_of(self.host(), path).id;
                *last = Some((path.into(), provider));
                provider
            }
        }
    }

    pub(super) fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// What its requests are signed with, where they are.
    pub(super) fn signer(&self) -> Option<&AwsSigner> {
        self.signer.as_ref()
    }

    /// The path and query this upstream sees for `path`.
    pub(super) fn target(&self, path: &PathAndQuery) -> Result<PathAndQuery, Refusal> {
        if self.base_path.is_empty() {
            return Ok(path.clone());
        }
        let joined = format!("{}{path}", self.base_path);
        joined.parse().map_err(|_| Refusal::BadPath(path.path().to_owned()))
    }
}

impl Upstreams {
    /// The table; the configuration has already refused doubled names.
    pub fn new(default: Upstream, named: Vec<Upstream>) -> Self {
        let named = named.into_iter().map(|u| (u.name.clone(), Arc::new(u))).collect();
        Self { default: Arc::new(default), named }
    }

    /// Every upstream, the default one first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        std::iter::once(&self.default).chain(self.named.values())
    }

    /// The upstream a request names, and the path it is to see.
    pub(super) fn choose(
        &self,
        path: Option<&PathAndQuery>,
        headers: &HeaderMap,
    ) -> Result<(Arc<Upstream>, PathAndQuery), Refusal> {
        let root = PathAndQuery::from_static("/");
        let path = path.unwrap_or(&root);
        if let Some(rest) = path.as_str().strip_prefix("/up/") {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (name, rest) = rest.split_at(end);
            let upstream = self.by_name(name)?;
            let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
            let rest = rest.parse().map_err(|_| Refusal::BadPath(path.path().to_owned()))?;
            let target = upstream.target(&rest)?;
            return Ok((upstream, target));
        }
        let upstream = match headers.get(UPSTREAM) {
            None => Arc::clone(&self.default),
            Some(name) => self.by_name(name.to_str().unwrap_or_default())?,
        };
        let target = upstream.target(path)?;
        Ok((upstream, target))
    }

    fn by_name(&self, name: &str) -> Result<Arc<Upstream>, Refusal> {
        if name == DEFAULT {
            return Ok(Arc::clone(&self.default));
        }
        self.named.get(name).cloned().ok_or_else(|| Refusal::UnknownUpstream {
            name: name.chars().take(64).collect(),
            known: self.all().map(|u| u.name()).collect::<Vec<_>>().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::connect::{Client, Connection};

    fn upstreams() -> Upstreams {
        let at = |name, url: &str| {
            Upstream::new(name, &url.parse().unwrap(), None, Client::new(&Connection::default()).unwrap())
        };
        let named = vec![at("claude", "https://api.anthropic.com"), at("router", "https://openrouter.ai/api/")];
        Upstreams::new(at("default", "https://api.openai.com"), named)
    }

    fn chosen(path: &'static str, header: Option<&'static str>) -> Result<(String, String), Refusal> {
        let headers = header.map(|h| (UPSTREAM, HeaderValue::from_static(h))).into_iter().collect();
        let (upstream, target) = upstreams().choose(Some(&PathAndQuery::from_static(path)), &headers)?;
        Ok((upstream.host().to_owned(), target.to_string()))
    }

    #[test]
    fn path_or_header_name_the_upstream_and_never_the_host() {
        let own = |host: &str, target: &str| (host.to_owned(), target.to_owned());
        assert_eq!(chosen("/v1/x?a=1", None).unwrap(), own("api.openai.com", "/v1/x?a=1"));
        assert_eq!(chosen("/up/claude/v1/messages?b", None).unwrap(), own("api.anthropic.com", "/v1/messages?b"));
        assert_eq!(chosen("/v1/chat", Some("router")).unwrap(), own("openrouter.ai", "/api/v1/chat"));
        assert_eq!(chosen("/up/default?q", None).unwrap(), own("api.openai.com", "/?q"));
        assert_eq!(chosen("/up/claude/%2e%2e//x", None).unwrap(), own("api.anthropic.com", "/%2e%2e//x"));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let refused = chosen("/up/evil.example/x", None).unwrap_err().to_string();
        assert_eq!(refused, "upstream \"evil.example\" is unknown, expected one of default, claude, router");
        assert!(chosen("/v1/x", Some("http://evil.example")).is_err());
    }
}
