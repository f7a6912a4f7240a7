//! Who sends a request, and how they label it.
//!
//! There are no keys yet: whoever reaches the proxy may use it, and the tenant is the one the client names.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue, header::HeaderName};
use llmtrace_model::{Principal, SpanId, TenantId, TraceId};

use super::{headers::OURS, refusal::Refusal};
use crate::{config::Cidr, journal::Labels};

const TENANT: HeaderName = HeaderName::from_static("x-llmtrace-tenant-id");
const AGENT: HeaderName = HeaderName::from_static("x-llmtrace-agent-id");
const SESSION: HeaderName = HeaderName::from_static("x-llmtrace-session-id");
const USER: HeaderName = HeaderName::from_static("x-llmtrace-user-id");
const TAGS: HeaderName = HeaderName::from_static("x-llmtrace-tags");
const ENVIRONMENT: HeaderName = HeaderName::from_static("x-llmtrace-environment");
const RELEASE: HeaderName = HeaderName::from_static("x-llmtrace-release");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A label longer than this is cut: it is the client's free text and goes into every row.
const LABEL_CHARS: usize = 256;
/// More tags than this are dropped.
const TAGS_MAX: usize = 32;

/// Says who sends the request. A tenant name that is none is refused: guessing one would mix up two tenants' rows.
pub(super) fn principal(headers: &HeaderMap) -> Result<Principal, Refusal> {
    let mut named = headers.get_all(TENANT).iter();
    let Some(first) = named.next() else { return Ok(Principal { tenant: TenantId::default_tenant() }) };
    // A gateway that adds the header to one its client sent: whichever is taken, one of them is not believed.
    if named.any(|other| other != first) {
        return Err(Refusal::TwoTenants);
    }
    let tenant = first.to_str().unwrap_or_default().trim().parse().map_err(Refusal::BadTenant)?;
    Ok(Principal { tenant })
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

/// The client's address: the peer, or behind trusted proxies the last address of `X-Forwarded-For` that is not one of them.
pub(super) fn client_address(headers: &HeaderMap, peer: SocketAddr, trusted: &[Cidr]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|block| block.contains(ip));
    let mut client = peer.ip().to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let forwarded: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).collect();
    for address in forwarded.into_iter().rev() {
        let Ok(ip) = address.trim().parse::<IpAddr>() else { break };
        client = ip.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_request_without_a_tenant_belongs_to_the_default_one() {
        assert_eq!(principal(&HeaderMap::new()).unwrap().tenant, TenantId::default_tenant());
        assert_eq!(principal(&one(TENANT, " team-1 ")).unwrap().tenant.as_str(), "team-1");
    }

    #[test]
    fn a_tenant_name_that_is_none_is_refused() {
        for bad in ["", "a b", "../x", "a,b"] {
            assert!(principal(&one(TENANT, bad)).is_err(), "{bad:?}");
        }
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

    #[test]
    fn forwarded_addresses_are_believed_only_behind_trusted_proxies() {
        let headers = one(FORWARDED_FOR, "9.9.9.9, 203.0.113.7, 10.0.0.2");
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let from = |peer: &str, trusted: &[Cidr]| {
            client_address(&headers, SocketAddr::new(peer.parse().unwrap(), 1), trusted).to_string()
        };
        assert_eq!(from("10.0.0.1", &trusted), "203.0.113.7");
        assert_eq!(from("198.51.100.1", &trusted), "198.51.100.1");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
    }
}
