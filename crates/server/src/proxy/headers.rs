//! Header hygiene: what belongs to one connection, and what belongs to us, does not travel on.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, COOKIE, EXPECT, TE, TRANSFER_ENCODING, UPGRADE},
};

use crate::tenancy::{LOGIN_COOKIE, LOGIN_COOKIE_TLS, LOGIN_TRIP, LOGIN_TRIP_TLS};

/// The prefix of our own headers.
pub(super) const OURS: &str = "x-llmtrace-";

/// Headers of one connection besides those that `Connection` names (RFC 9110, section 7.6.1).
///
/// `Trailer` stays: the trailer fields themselves are forwarded. `TE` stays as `trailers`.
fn is_connection_level(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection" | "keep-alive" | "proxy-connection" | "proxy-authorization" | "transfer-encoding" | "upgrade"
    )
}

/// Says whether a connection is to be switched to another protocol, and keeps what asks for it.
pub(super) fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let protocol = headers.get(UPGRADE)?;
    let asks = headers.get_all(CONNECTION).iter().any(|v| tokens(v).any(|t| t.eq_ignore_ascii_case("upgrade")));
    asks.then(|| protocol.clone())
}

/// The request headers that go upstream, in their order.
///
/// `Expect` ends here: polling the body already sent the client its `100 Continue`. So does the cookie of a login, which a
/// browser sends to whatever is at our address.
pub(super) fn to_upstream(headers: HeaderMap) -> HeaderMap {
    let mut kept = rebuild(headers, |name, value| {
        !name.as_str().starts_with(OURS)
            && *name != EXPECT
            && (*name != TE || value == "trailers")
            && (*name != COOKIE || without_login(value).is_none_or(|rest| !rest.is_empty()))
    });
    if kept.contains_key(COOKIE) {
        for (_, value) in kept.iter_mut().filter(|(name, _)| **name == COOKIE) {
            if let Some(rest) = without_login(value).and_then(|rest| HeaderValue::from_bytes(&rest).ok()) {
                *value = rest;
            }
        }
    }
    kept
}

/// The cookies of a line without that of a login, each as it was; `None` where it has none.
fn without_login(line: &HeaderValue) -> Option<Vec<u8>> {
    let is_login = |pair: &&[u8]| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        [LOGIN_COOKIE, LOGIN_COOKIE_TLS, LOGIN_TRIP, LOGIN_TRIP_TLS].iter().any(|login| name == login.as_bytes())
    };
    let pairs = || line.as_bytes().split(|byte| *byte == b';');
    if !pairs().any(|pair| is_login(&pair)) {
        return None;
    }
    let rest: Vec<&[u8]> = pairs().filter(|pair| !is_login(pair)).collect();
    Some(rest.join(&b';').trim_ascii().to_vec())
}

/// The answer headers that go to the client, in their order.
pub(super) fn to_client(headers: HeaderMap) -> HeaderMap {
    let only_chunked = |h: &HeaderMap| h.len() == 1 && h.contains_key(TRANSFER_ENCODING);
    if headers.is_empty() || only_chunked(&headers) {
        return HeaderMap::new();
    }
    rebuild(headers, |_, _| true)
}

/// The same fields in the same order, without one of them.
pub(super) fn without(headers: HeaderMap, name: &HeaderName) -> HeaderMap {
    if !headers.contains_key(name) {
        return headers;
    }
    rebuild(headers, |n, _| n != name)
}

/// Copies the map in order without connection-level fields; `HeaderMap::remove` would move the last field forward.
fn rebuild(headers: HeaderMap, keep: impl Fn(&HeaderName, &HeaderValue) -> bool) -> HeaderMap {
    // `Connection` is one of them, so nothing can be nominated here.
    if headers.iter().all(|(name, value)| !is_connection_level(name) && *name != TE && keep(name, value)) {
        return headers;
    }
    let nominated: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(tokens)
        .filter(|t| !t.eq_ignore_ascii_case("close") && !t.eq_ignore_ascii_case("keep-alive"))
        .filter_map(|t| t.parse().ok())
        .collect();
    let te_is_trailers = headers.get_all(TE).iter().flat_map(tokens).any(|t| t.eq_ignore_ascii_case("trailers"));
    let mut kept = HeaderMap::with_capacity(headers.len() + 2);
    let mut last = None;
    for (name, value) in headers {
        // A name comes once, with the first of its values.
        if name.is_some() {
            last = name;
        }
        let Some(name) = &last else { continue };
        if *name == TE {
            if te_is_trailers && !kept.contains_key(TE) {
                kept.insert(TE, HeaderValue::from_static("trailers"));
            }
            continue;
        }
        if !is_connection_level(name) && !nominated.contains(name) && keep(name, &value) {
            kept.append(name.clone(), value);
        }
    }
    kept
}

/// The comma-separated tokens of a field value.
fn tokens(value: &HeaderValue) -> impl Iterator<Item = &str> {
    value.to_str().unwrap_or_default().split(',').map(str::trim).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    fn names(map: &HeaderMap) -> Vec<&str> {
        map.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn order_and_duplicates_survive_what_is_taken_out() {
        let sent = map(&[
            ("a", "1"),
            ("connection", "keep-alive, x-hop"),
            ("x-hop", "gone"),
            ("b", "2"),
            ("x-llmtrace-tags", "t"),
            ("a", "3"),
            ("te", "gzip, trailers"),
            ("expect", "100-continue"),
            ("trailer", "x-sum"),
            ("c", "4"),
        ]);
        let kept = to_upstream(sent);
        assert_eq!(names(&kept), ["a", "a", "b", "te", "trailer", "c"]);
        assert_eq!(kept.get_all("a").iter().collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(kept["te"], "trailers");
    }

    #[test]
    fn the_cookie_of_a_login_ends_here_and_every_other_stays_as_it_is() {
        for (sent, kept) in [
            ("a=b;  c=\"d\" ;e", vec!["a=b;  c=\"d\" ;e"]),
            ("", vec![""]),
            ("llmtrace_session=s1", vec![]),
            ("llmtrace_session=s1; __Host-llmtrace_session=s2", vec![]),
            ("a=b; llmtrace_session=s1; c=d", vec!["a=b; c=d"]),
            ("__Host-llmtrace_session=s1; a=llmtrace_session=", vec!["a=llmtrace_session="]),
            ("xllmtrace_session=s1", vec!["xllmtrace_session=s1"]),
        ] {
            let headers = to_upstream(map(&[("x", "1"), ("cookie", sent), ("y", "2")]));
            assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), kept, "{sent}");
            assert_eq!(names(&headers).len(), 2 + kept.len());
        }
    }

    #[test]
    fn te_without_trailers_is_dropped() {
        assert!(to_upstream(map(&[("te", "gzip")])).is_empty());
    }

    #[test]
    fn an_upgrade_needs_both_headers() {
        assert!(upgrade_of(&map(&[("upgrade", "websocket")])).is_none());
        assert!(upgrade_of(&map(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")])).is_some());
    }
}
