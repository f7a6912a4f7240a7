//! Who sends a request, and how they label it.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use llmtrace_model::{AccessRole, Principal, SpanId, TenantId, TraceId};

use super::{credential::in_place, headers::OURS, refusal::Refusal};
use crate::{
    journal::Labels,
    tenancy::{Caller, Tenancy, holds_token},
};

const TOKEN: HeaderName = HeaderName::from_static("x-llmtrace-token");
const TENANT: HeaderName = HeaderName::from_static("x-llmtrace-tenant-id");
const AGENT: HeaderName = HeaderName::from_static("x-llmtrace-agent-id");
const SESSION: HeaderName = HeaderName::from_static("x-llmtrace-session-id");
const USER: HeaderName = HeaderName::from_static("x-llmtrace-user-id");
const TAGS: HeaderName = HeaderName::from_static("x-llmtrace-tags");
const ENVIRONMENT: HeaderName = HeaderName::from_static("x-llmtrace-environment");
const RELEASE: HeaderName = HeaderName::from_static("x-llmtrace-release");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A label longer than this is cut: it is the client's free text and goes into every row.
const LABEL_CHARS: usize = 256;
/// More tags than this are dropped.
const TAGS_MAX: usize = 32;

/// Who sends a request.
#[derive(Debug)]
pub(super) struct Identified {
    pub(super) principal: Principal,
    pub(super) place: Place,
}

/// Where our key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    /// Nowhere, or in a field of its own.
    #[default]
    Apart,
    /// In the place of the provider's, at least once.
    OfTheProviders,
}

/// Says who sends the request: whoever holds the key it shows, and in open mode everybody. Nothing that has the form of one
/// of our keys gets any further than here, but where a stored credential takes its place.
pub(super) async fn identify(
    tenancy: &Tenancy,
    uri: &Uri,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<Identified, Refusal> {
    let shown = shown(uri, headers)?;
    let caller = tenancy.who(shown.key, address).await.map_err(Refusal::Denied)?;
    let tenant = tenant(&caller, named_tenant(headers)?)?;
    Ok(Identified { principal: Principal { tenant }, place: shown.place })
}

/// A key of ours, as a request shows it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown<'a> {
    key: Option<&'a str>,
    place: Place,
}

fn shown<'a>(uri: &Uri, headers: &'a HeaderMap) -> Result<Shown<'a>, Refusal> {
    let mut shown = Shown::default();
    for (name, value) in headers {
        let key = if *name == TOKEN {
            // What is no text is no key, and is told so.
            value.to_str().unwrap_or("?").trim()
        } else if let Some(key) = in_place(name, value) {
            shown.place = Place::OfTheProviders;
            key
        } else if holds_token(value.as_bytes()) {
            return Err(Refusal::MisplacedKey(format!("the header {name}")));
        } else {
            continue;
        };
        if shown.key.is_some_and(|other| other != key) {
            return Err(Refusal::TwoKeys);
        }
        shown.key = Some(key);
    }
    // Addresses end up in logs everywhere.
    if uri.path_and_query().is_some_and(|target| holds_token(target.as_str().as_bytes())) {
        return Err(Refusal::MisplacedKey("the path or query".to_owned()));
    }
    Ok(shown)
}

/// Whom a caller sends for: the tenant of their key, and whom they name where it is none in particular.
fn tenant(caller: &Caller, named: Option<TenantId>) -> Result<TenantId, Refusal> {
    let tenant = named.or_else(|| caller.only_tenant().cloned()).unwrap_or_else(TenantId::default_tenant);
    match caller.role_in(&tenant) {
        Some(role) if role >= AccessRole::Operator => Ok(tenant),
        Some(_) => Err(Refusal::RoleTooLow(tenant)),
        None => Err(Refusal::ForeignTenant(tenant)),
    }
}

/// The tenant that is named. A name that is none is refused: guessing one would mix up two tenants' rows.
fn named_tenant(headers: &HeaderMap) -> Result<Option<TenantId>, Refusal> {
    let mut named = headers.get_all(TENANT).iter();
    let Some(first) = named.next() else { return Ok(None) };
    // A gateway that adds the header to one its client sent: whichever is taken, one of them is not believed.
    if named.any(|other| other != first) {
        return Err(Refusal::TwoTenants);
    }
    first.to_str().unwrap_or_default().trim().parse().map(Some).map_err(Refusal::BadTenant)
}

/// Reads the labels. They are free text: what is too long is cut, what is no text is dropped.
pub(super) fn labels(headers: &HeaderMap) -> Labels {
    if !headers.keys().any(|name| name.as_str().starts_with(OURS)) {
        return Labels::default();
    }
    let one = |name| headers.get(name).and_then(label);
    let tags = headers.get_all(TAGS).iter().filter_map(|v| std::str::from_utf8(v.as_bytes()).ok());
    Labels {
        agent_id: one(AGENT),
        session_id: one(SESSION),
        user_id: one(USER),
        tags: tags.flat_map(|t| t.split(',')).filter_map(cut).take(TAGS_MAX).collect(),
        environment: one(ENVIRONMENT),
        release: one(RELEASE),
    }
}

fn label(value: &HeaderValue) -> Option<String> {
    std::str::from_utf8(value.as_bytes()).ok().and_then(cut)
}

fn cut(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(LABEL_CHARS).collect())
}

/// The client's place in a trace, from `traceparent` (W3C Trace Context, section 3.2); `None` where it sent none that is valid.
pub(super) fn trace_parent(headers: &HeaderMap) -> Option<(TraceId, SpanId)> {
    let mut fields = headers.get(TRACEPARENT)?.to_str().ok()?.split('-');
    let (version, trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let later_version_may_add = version != "00" || fields.next().is_none();
    let well_formed = version.len() == 2 && version != "ff" && flags.len() == 2 && later_version_may_add;
    well_formed.then(|| Some((trace.parse().ok()?, span.parse().ok()?)))?
}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
    use llmtrace_model::{Actor, Grant};

    use super::*;
    use crate::tenancy::Token;

    fn one(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn caller(grants: &[Grant]) -> Caller {
        Caller::new(Actor::System, grants.into())
    }

    fn id(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    #[test]
    fn whoever_names_no_tenant_sends_for_their_own() {
        let anybody = Caller::anybody();
        assert_eq!(tenant(&anybody, None).unwrap(), TenantId::default_tenant());
        assert_eq!(tenant(&anybody, Some(id("b"))).unwrap(), id("b"));
        let own = caller(&[Grant::Tenant(id("a"), AccessRole::Operator)]);
        assert_eq!(tenant(&own, None).unwrap(), id("a"));
        assert_eq!(tenant(&own, Some(id("a"))).unwrap(), id("a"));
        assert!(matches!(tenant(&own, Some(id("b"))), Err(Refusal::ForeignTenant(_))));
        let viewer = caller(&[Grant::Tenant(id("a"), AccessRole::Viewer)]);
        assert!(matches!(tenant(&viewer, None), Err(Refusal::RoleTooLow(_))));
    }

    #[test]
    fn a_tenant_name_that_is_none_is_refused() {
        assert_eq!(named_tenant(&one(TENANT, " team-1 ")).unwrap(), Some(id("team-1")));
        assert_eq!(named_tenant(&HeaderMap::new()).unwrap(), None);
        for bad in ["", "a b", "../x", "a,b"] {
            assert!(named_tenant(&one(TENANT, bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_taken_from_where_it_may_stand() {
        let key = Token::mint().unwrap();
        let key = key.expose();
        let from = |name: HeaderName, value: &str| {
            let headers = one(name, value);
            let shown = shown(&Uri::from_static("/v1/x?y=z"), &headers).unwrap();
            (shown.key.map(str::to_owned), shown.place)
        };
        assert_eq!(from(TOKEN, &format!(" {key} ")), (Some(key.to_owned()), Place::Apart));
        assert_eq!(from(TOKEN, "anything"), (Some("anything".to_owned()), Place::Apart));
        for name in ["x-api-key", "api-key", "x-goog-api-key"] {
            assert_eq!(from(HeaderName::from_static(name), key), (Some(key.to_owned()), Place::OfTheProviders));
        }
        let cut = &key[..20];
        for (value, found) in [(format!("bearer  {key}"), key), (format!("Bearer {cut}"), cut)] {
            assert_eq!(from(AUTHORIZATION, &value), (Some(found.to_owned()), Place::OfTheProviders));
        }
        let protocols = format!("realtime, openai-insecure-api-key.{key}, x");
        assert_eq!(from(SEC_WEBSOCKET_PROTOCOL, &protocols), (Some(key.to_owned()), Place::OfTheProviders));
        for theirs in ["Bearer sk-1", "Basic abc", "Bearer"] {
            assert_eq!(from(AUTHORIZATION, theirs), (None, Place::Apart));
        }
    }

    #[test]
    fn a_key_anywhere_else_goes_no_further() {
        let (key, other) = (Token::mint().unwrap(), Token::mint().unwrap());
        let (key, other) = (key.expose(), other.expose());
        let refused = |uri: &str, headers: &HeaderMap| shown(&uri.parse().unwrap(), headers).unwrap_err();
        for value in [format!("k={key}; a=b"), key.to_owned()] {
            assert!(matches!(refused("/", &one(http::header::COOKIE, &value)), Refusal::MisplacedKey(_)));
        }
        for value in [format!("Basic {key}"), format!("Bearer x {key}")] {
            assert!(matches!(refused("/", &one(AUTHORIZATION, &value)), Refusal::MisplacedKey(_)), "{value}");
        }
        for uri in [format!("/v1?key={key}"), format!("/{key}/v1")] {
            let refusal = refused(&uri, &HeaderMap::new());
            assert!(matches!(refusal, Refusal::MisplacedKey(_)));
            assert!(!refusal.to_string().contains(key), "it is not said back");
        }
        let mut two = one(TOKEN, key);
        two.append(TOKEN, other.parse().unwrap());
        assert!(matches!(refused("/", &two), Refusal::TwoKeys));
        let mut two = one(TOKEN, key);
        two.append(AUTHORIZATION, format!("Bearer {other}").parse().unwrap());
        assert!(matches!(refused("/", &two), Refusal::TwoKeys));
    }

    #[test]
    fn labels_are_bounded() {
        let long = "x".repeat(5000);
        assert_eq!(labels(&one(AGENT, &long)).agent_id.unwrap().len(), LABEL_CHARS);
        let many = (0..100).map(|i| format!("t{i}, ")).collect::<String>();
        assert_eq!(labels(&one(TAGS, &many)).tags.len(), TAGS_MAX);
        assert_eq!(labels(&one(TAGS, "a, ,b")).tags, ["a", "b"]);
    }

    #[test]
    fn only_valid_trace_parents_count() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(trace_parent(&one(TRACEPARENT, good)).is_some());
        assert!(trace_parent(&one(TRACEPARENT, &format!("01{}-extra", &good[2..]))).is_some());
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert!(trace_parent(&one(TRACEPARENT, bad)).is_none(), "{bad}");
        }
    }
}
