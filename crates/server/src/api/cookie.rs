//! The cookie of a login: read, set, and taken away.
//!
//! Where the browser speaks TLS it is `Secure`, and its name begins with `__Host-`: then no other host, and nobody on the way,
//! can have set it (RFC 6265bis, section 4.1.3.2). `SameSite=Lax` keeps it from being sent with what another site's page does,
//! but following a link.

use std::{convert::Infallible, net::SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
};

use super::{Access, Api};
use crate::tenancy::{LOGIN_COOKIE, LOGIN_COOKIE_TLS, LOGIN_TRIP, LOGIN_TRIP_TLS, Ticket};

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whether the browser speaks TLS, to us or to a proxy that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carriage {
    /// It does.
    Tls,
    /// It does not, or nobody says so.
    Plain,
}

impl Carriage {
    /// How a request came.
    pub(super) fn of(access: &Access, parts: &Parts) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let is_believed = peer.is_some_and(|peer| access.trusted_proxies.iter().any(|block| block.contains(peer)));
        // The first of several is what the browser spoke.
        let said = parts.headers.get(FORWARDED_PROTO).and_then(|value| value.to_str().ok()?.split(',').next());
        let is_said = said.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"));
        if access.is_tls || (is_believed && is_said) { Self::Tls } else { Self::Plain }
    }

    /// How addresses begin there.
    pub(super) fn scheme(self) -> &'static str {
        match self {
            Self::Tls => "https",
            Self::Plain => "http",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tls => LOGIN_COOKIE_TLS,
            Self::Plain => LOGIN_COOKIE,
        }
    }

    /// The header that sets the cookie; it goes with the browser, and before that with its session.
    pub(super) fn set(self, ticket: &Ticket) -> HeaderValue {
        self.header(self.name(), ticket.expose(), "")
    }

    /// The header that takes the cookie away.
    pub(super) fn clear(self) -> HeaderValue {
        self.header(self.name(), "", "; Max-Age=0")
    }

    /// The header that sets what is sealed while somebody is at the OpenID provider.
    pub(super) fn set_trip(self, sealed: &str) -> HeaderValue {
        self.header(self.trip_name(), sealed, "; Max-Age=600")
    }

    /// The header that takes that away.
    pub(super) fn clear_trip(self) -> HeaderValue {
        self.header(self.trip_name(), "", "; Max-Age=0")
    }

    /// What was sealed.
    pub(super) fn trip(self, headers: &HeaderMap) -> Option<String> {
        Self::value(self.trip_name(), headers)
    }

    fn trip_name(self) -> &'static str {
        match self {
            Self::Tls => LOGIN_TRIP_TLS,
            Self::Plain => LOGIN_TRIP,
        }
    }

    fn header(self, name: &str, value: &str, life: &str) -> HeaderValue {
        let secure = match self {
            Self::Tls => "; Secure",
            Self::Plain => "",
        };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{life}");
        let mut header = HeaderValue::try_from(text).expect("tickets and seals are made of what a header may hold");
        header.set_sensitive(true);
        header
    }

    /// What the cookie holds; nothing where it is there twice with different values, since then somebody else set one.
    pub(super) fn ticket(self, headers: &HeaderMap) -> Option<Ticket> {
        Ticket::of(&Self::value(self.name(), headers)?)
    }

    fn value(name: &str, headers: &HeaderMap) -> Option<String> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';').filter_map(|pair| pair.trim().split_once('=')));
        let mut values = pairs.filter(|(of, _)| *of == name).map(|(_, value)| value);
        let first = values.next()?;
        values.all(|other| other == first).then(|| first.to_owned())
    }
}

impl FromRequestParts<Api> for Carriage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        Ok(Self::of(&api.access, parts))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(peer: &str, proto: Option<&str>) -> Parts {
        let mut request = Request::builder().extension(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        if let Some(proto) = proto {
            request = request.header(FORWARDED_PROTO, proto);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn tls_is_ours_or_said_by_a_proxy_that_is_believed() {
        let behind = Access { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Access::default() };
        for (peer, proto, is) in [
            ("10.0.0.1", Some("https"), Carriage::Tls),
            ("10.0.0.1", Some("HTTPS, http"), Carriage::Tls),
            ("10.0.0.1", Some("http"), Carriage::Plain),
            ("10.0.0.1", None, Carriage::Plain),
            ("192.0.2.1", Some("https"), Carriage::Plain),
        ] {
            assert_eq!(Carriage::of(&behind, &parts(peer, proto)), is, "{peer} {proto:?}");
        }
        let own = Access { is_tls: true, ..Access::default() };
        assert_eq!(Carriage::of(&own, &parts("192.0.2.1", None)), Carriage::Tls);
    }

    #[test]
    fn a_cookie_is_found_by_its_name_and_only_once() {
        let ticket = format!("s{}", "x".repeat(43));
        let of = |carriage: Carriage, lines: &[String]| {
            let lines = lines.iter().map(|line| (header::COOKIE, line.parse().unwrap()));
            carriage.ticket(&lines.collect::<HeaderMap>()).map(|ticket| ticket.expose().to_owned())
        };
        let plain = format!("llmtrace_session={ticket}");
        let tls = format!("__Host-llmtrace_session={ticket}");
        assert_eq!(of(Carriage::Plain, &[format!("a=b; {plain}; c")]), Some(ticket.clone()));
        assert_eq!(of(Carriage::Tls, &[tls.clone(), tls.clone()]), Some(ticket.clone()));
        assert_eq!(of(Carriage::Tls, std::slice::from_ref(&plain)), None, "anybody on the way may have set it");
        assert_eq!(of(Carriage::Plain, &[tls]), None);
        let other = format!("llmtrace_session=s{}", "y".repeat(43));
        assert_eq!(of(Carriage::Plain, &[format!("{plain}; {other}")]), None);
        assert_eq!(of(Carriage::Plain, &["llmtrace_session=x".to_owned()]), None);
    }

    #[test]
    fn the_header_says_all_that_keeps_the_cookie_in() {
        let ticket = Ticket::of(&format!("s{}", "x".repeat(43))).unwrap();
        let set = Carriage::Tls.set(&ticket);
        let wanted = format!("__Host-llmtrace_session={}; Path=/; HttpOnly; SameSite=Lax; Secure", ticket.expose());
        assert_eq!(set, wanted.as_str());
        assert!(!format!("{set:?}").contains(ticket.expose()), "it shows in no log");
        assert_eq!(Carriage::Plain.clear(), "llmtrace_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
