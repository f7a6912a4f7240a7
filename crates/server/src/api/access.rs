//! Which hosts and origins are answered, and whose rows a question is about.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, Uri, header, uri::Authority},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use llmtrace_model::{AccessRole, TenantId, TenantScope};

use super::error::{Problem, shorten};
use crate::{config::Cidr, tenancy::Caller};

/// The header that narrows a question to one tenant.
pub(super) const TENANT_HEADER: &str = "X-LLMTrace-Tenant-ID";
/// What a tenant id looks like, for messages.
pub(super) const TENANT_EXPECTED: &str = "1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit";

/// Which hosts are served. In open mode a web page must not reach the API through a name that its owner points at us (DNS
/// rebinding), so the Host header is checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Whether every host is served: where keys are asked for, a page of somebody else's has none.
    pub any_host: bool,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<Cidr>,
    /// Whether the listener speaks TLS.
    pub is_tls: bool,
    /// Host names served beside `localhost` and IP addresses, without port; matched in any letter case.
    pub allowed_hosts: Vec<String>,
}

impl Access {
    /// Refuses a request unless every host it names is one we serve, and it names one.
    pub(super) fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        if self.any_host {
            return Ok(());
        }
        // HTTP/2 puts the host into the URI, HTTP/1.1 into the header; a request may carry both.
        let mut named = uri.authority().is_some();
        if let Some(authority) = uri.authority()
            && !self.serves(authority.host())
        {
            return Err(Problem::HostRefused { found: Some(shorten(authority.as_str())) });
        }
        for value in headers.get_all(header::HOST) {
            named = true;
            let host = value.to_str().ok().and_then(|v| v.parse::<Authority>().ok());
            // Credentials have no place in a Host header.
            if !host.is_some_and(|h| !h.as_str().contains('@') && self.serves(h.host())) {
                let found = String::from_utf8_lossy(value.as_bytes());
                return Err(Problem::HostRefused { found: Some(shorten(&found)) });
            }
        }
        if named { Ok(()) } else { Err(Problem::HostRefused { found: None }) }
    }

    fn serves(&self, host: &str) -> bool {
        let name = host.strip_suffix('.').unwrap_or(host);
        let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
        name.eq_ignore_ascii_case("localhost")
            || bare.parse::<IpAddr>().is_ok()
            || self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// The tenant that a question names, by header or parameter; both may, if they name the same.
pub(super) fn named(headers: &HeaderMap, asked: Option<TenantId>) -> Result<Option<TenantId>, Problem> {
    let mut one = asked;
    for value in headers.get_all(TENANT_HEADER) {
        let text = String::from_utf8_lossy(value.as_bytes());
        let tenant: TenantId = text.parse().map_err(|_| Problem::bad(TENANT_HEADER, &text, TENANT_EXPECTED))?;
        match &one {
            Some(other) if *other != tenant => {
                return Err(Problem::bad(TENANT_HEADER, &text, format!("one tenant, but {other} is named too")));
            }
            Some(_) => {}
            None => one = Some(tenant),
        }
    }
    Ok(one)
}

/// Whose rows a caller reaches with a question that takes a role: those of the tenant that is named, else of their own,
/// else all. A question that takes no role is about no tenant: what its route shows of one is the route's to decide.
pub(super) fn scope(
    caller: &Caller,
    named: Option<TenantId>,
    role: Option<AccessRole>,
) -> Result<TenantScope, Problem> {
    let Some(role) = role else { return Ok(named.map_or(TenantScope::All, TenantScope::One)) };
    if let Some(tenant) = named {
        return match caller.role_in(&tenant) {
            Some(has) if has >= role => Ok(TenantScope::One(tenant)),
            Some(has) => Err(Problem::RoleTooLow { has: has.as_str(), needed: role.as_str() }),
            None => Err(Problem::ForeignTenant { found: shorten(tenant.as_str()) }),
        };
    }
    if caller.is_platform() {
        return Ok(TenantScope::All);
    }
    let mut own = caller.tenants(role);
    match (own.next(), own.next()) {
        (Some(tenant), None) => Ok(TenantScope::One(tenant.clone())),
        (Some(_), Some(_)) => {
            Err(Problem::bad(TENANT_HEADER, "", "one of the tenants of the login, here or as tenant_id"))
        }
        (None, _) => {
            Err(Problem::RoleTooLow { has: caller.highest().map_or("none", AccessRole::as_str), needed: role.as_str() })
        }
    }
}

/// Puts the Host check around routes that are not the API's own: the dashboard's pages.
pub fn behind_host_check(routes: Router, access: Arc<Access>) -> Router {
    routes.layer(from_fn_with_state(access, only_served_hosts))
}

async fn only_served_hosts(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    match access.check_host(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Refuses a write that a web page of another origin makes: every browser says which with a write.
///
/// The scheme is not compared, since whoever ends TLS before us knows it and we do not; it only says which port is meant.
pub(super) fn check_origin(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).or(uri.authority().map(Authority::as_str));
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    for origin in headers.get_all(header::ORIGIN) {
        let from = origin.to_str().ok().and_then(|v| v.parse::<Uri>().ok());
        let is_same = from.as_ref().zip(host.as_ref()).is_some_and(|(from, host)| is_origin_of(from, host));
        if !is_same {
            return Err(Problem::OriginRefused { found: shorten(&String::from_utf8_lossy(origin.as_bytes())) });
        }
    }
    Ok(())
}

/// Likewise, and refuses one that does not say where it comes from.
pub(super) fn check_origin_said(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    if !headers.contains_key(header::ORIGIN) {
        return Err(Problem::OriginRefused { found: String::new() });
    }
    check_origin(uri, headers)
}

fn is_origin_of(from: &Uri, host: &Authority) -> bool {
    let default = match from.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        Some(_) | None => return false,
    };
    from.authority().is_some_and(|from| {
        from.host().eq_ignore_ascii_case(host.host())
            && from.port_u16().unwrap_or(default) == host.port_u16().unwrap_or(default)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(access: &Access, uri: &str, hosts: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        access.check_host(&uri.parse().unwrap(), &headers).is_ok()
    }

    #[test]
    fn local_names_addresses_and_listed_names_are_served() {
        let access = Access { allowed_hosts: vec!["llmtrace.team.svc".into()], ..Access::default() };
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "127.0.0.1:8080",
            "10.0.0.7",
            "[::1]:8080",
            "[fe80::1]",
            "LLMtrace.team.svc:80",
        ] {
            assert!(asks(&access, "/x", &[host]), "{host}");
        }
        assert!(asks(&access, "http://localhost:8080/x", &[]), "HTTP/2 names the host in the URI");
    }

    #[test]
    fn every_other_name_is_refused() {
        let access = Access { allowed_hosts: vec!["llmtrace.team.svc".into()], ..Access::default() };
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:8080",
            "user@localhost",
            "localhost@evil.example",
            "svc",
            "",
            "local host",
            "127.0.0.1, evil.example",
            "0x7f000001",
        ] {
            assert!(!asks(&access, "/x", &[host]), "{host}");
        }
        assert!(!asks(&access, "/x", &[]), "no host at all");
        assert!(!asks(&access, "/x", &["localhost", "evil.example"]), "a second host");
        assert!(!asks(&access, "http://evil.example/x", &["localhost"]), "the URI names another host");
    }

    fn writes(host: &str, origins: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for origin in origins {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        check_origin(&"/x".parse().unwrap(), &headers).is_ok()
    }

    #[test]
    fn the_origin_of_a_write_is_the_host_it_is_sent_to_or_not_said() {
        for (host, origin) in [
            ("localhost:8080", "http://localhost:8080"),
            ("LOCALHOST:8080", "http://localhost:8080"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("llm.example", "https://llm.example"),
            ("llm.example:443", "https://llm.example"),
            ("llm.example", "http://llm.example:80"),
        ] {
            assert!(writes(host, &[origin]), "{origin} to {host}");
        }
        assert!(writes("localhost:8080", &[]), "curl says none");
        let own = HeaderMap::from_iter([(header::ORIGIN, "http://localhost:8080".parse().unwrap())]);
        let uri: Uri = "http://localhost:8080/x".parse().unwrap();
        assert!(check_origin_said(&uri, &own).is_ok() && check_origin_said(&uri, &HeaderMap::new()).is_err());
    }

    #[test]
    fn a_write_of_another_origin_is_refused() {
        for origin in [
            "http://evil.example",
            "http://localhost",
            "http://localhost:8081",
            "http://localhost:8080.evil.example",
            "http://127.0.0.1:8080",
            "null",
            "localhost:8080",
            "file://localhost:8080",
            "chrome-extension://localhost:8080",
            "",
        ] {
            assert!(!writes("localhost:8080", &[origin]), "{origin}");
        }
        assert!(!writes("localhost:8080", &["http://localhost:8080", "http://evil.example"]), "a second one");
    }
}
