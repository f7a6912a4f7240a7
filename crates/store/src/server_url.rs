//! The URL of a store's server, taken apart once for all engines.
//!
//! Passwords are what people make them: a URL is read from its ends, so that `@ : / ? # %` in a password do no harm where it is
//! not percent-encoded. Nothing here repeats a URL in a message.

use percent_encoding::percent_decode_str;

use crate::{Secret, ServerOptions};

/// A server and what to say to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// What stands before `://`.
    pub scheme: String,
    /// Its addresses, at least one: several for a cluster or a group of sentinels.
    pub hosts: Vec<Host>,
    /// The user, where the URL names one.
    pub user: Option<String>,
    /// The password: that of the options, else that of the URL.
    pub password: Option<Secret>,
    /// What stands behind the first `/`, without it; empty where there is nothing.
    pub path: String,
    /// What stands behind the `?`, decoded, in order.
    pub params: Vec<(String, String)>,
}

/// An address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Name or address; an IPv6 address without its brackets.
    pub name: String,
    /// The port, else the engine's.
    pub port: Option<u16>,
}

/// An engine that runs as a server of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// ClickHouse, over HTTP.
    Clickhouse,
    /// PostgreSQL.
    Postgres,
    /// Redis, or what speaks like it.
    Redis,
}

impl Server {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Clickhouse, Self::Postgres, Self::Redis];

    /// The schemes of its URLs.
    pub const fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Clickhouse => &["http", "https"],
            Self::Postgres => &["postgres", "postgresql"],
            Self::Redis => &["redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel"],
        }
    }

    /// A URL that it could have.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Clickhouse => "http://clickhouse:8123",
            Self::Postgres => "postgres://USER@postgresql:5432/DATABASE",
            Self::Redis => "redis://redis:6379",
        }
    }
}

/// Says what is wrong with a URL, and never repeats it: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UrlError(String);

impl ServerUrl {
    /// Takes the URL of an engine's server apart.
    pub fn of(server: Server, options: &ServerOptions) -> Result<Self, UrlError> {
        Self::parse(options, server.schemes(), server.example())
    }

    /// Takes the URL of a server apart; `schemes` are those its engine speaks, `example` is shown when it is none.
    pub fn parse(options: &ServerOptions, schemes: &[&str], example: &str) -> Result<Self, UrlError> {
        let wrong = |what: &str| Err(UrlError(format!("{what}, expected a URL such as {example}")));
        let Some(url) = options.url.as_ref().map(|url| url.expose().trim()).filter(|url| !url.is_empty()) else {
            return wrong("nothing is set");
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            return wrong("found a text without a scheme");
        };
        let scheme = scheme.to_ascii_lowercase();
        if !schemes.contains(&scheme.as_str()) {
            let found: String = scheme.chars().take(32).collect();
            let schemes = schemes.join("://, ");
            return Err(UrlError(format!(
                "scheme {found:?} is none of {schemes}://, expected a URL such as {example}"
            )));
        }
        let (before, query) = parts(rest);
        let (credentials, place) = match before.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, before),
        };
        let (hosts, path) = place.split_once('/').unwrap_or((place, ""));
        let hosts = hosts.split(',').map(host).collect::<Option<Vec<_>>>();
        let Some(hosts) = hosts else {
            return wrong(
                "found no HOST or HOST:PORT behind the scheme; a password with / ? # or @ in it is written \
                          percent-encoded, or given apart from the URL",
            );
        };
        let (user, in_url) =
            match credentials.map(|text| text.split_once(':').map_or((text, None), |(u, p)| (u, Some(p)))) {
                Some((user, password)) => (Some(decoded(user)), password.map(decoded)),
                None => (None, None),
            };
        let params = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Ok(Self {
            scheme,
            hosts,
            user: user.filter(|user| !user.is_empty()),
            password: options.password.clone().or(in_url.map(Secret::new)),
            path: decoded(path.trim_end_matches('/')),
            params: params.collect(),
        })
    }

    /// The value of a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The server without user, password and parameters: for messages.
    pub fn place(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        let path = if self.path.is_empty() { String::new() } else { format!("/{}", self.path) };
        format!("{}://{}{path}", self.scheme, hosts.join(","))
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]", self.name)?
        } else {
            f.write_str(&self.name)?
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn host(text: &str) -> Option<Host> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']')?;
            (name, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_') || (text.starts_with('[') && c == ':');
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    let port = match port {
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    Some(Host { name: name.to_owned(), port })
}

/// What stands before the query, and the query. The last @ of the former ends the credentials: hosts and paths have none,
/// passwords may.
fn parts(rest: &str) -> (&str, &str) {
    // A query may hold an @ as it is, and a password an unencoded ?: only what reads as parameters behind a host is one.
    if let Some((before, query)) = rest.split_once('?') {
        let place = before.rsplit_once('@').map_or(before, |(_, place)| place);
        let hosts = place.split_once('/').map_or(place, |(hosts, _)| hosts);
        let named = |pair: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            pair.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(plain))
        };
        if hosts.split(',').all(|text| host(text).is_some()) && query.split('&').all(named) {
            return (before, query);
        }
    }
    let start = rest.rfind('@').map_or(0, |at| at + 1);
    match rest[start..].find('?') {
        Some(mark) => (&rest[..start + mark], &rest[start + mark + 1..]),
        None => (rest, ""),
    }
}

/// Decodes percent-encoding where all of it is sound; a text with a lone `%` is meant as it stands.
fn decoded(text: &str) -> String {
    let sound = text
        .split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    if !sound {
        return text.to_owned();
    }
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(url: &str) -> Result<ServerUrl, UrlError> {
        let options = ServerOptions { url: Some(Secret::new(url)), ..ServerOptions::default() };
        ServerUrl::parse(&options, &["http", "https"], "http://clickhouse:8123")
    }

    #[test]
    fn a_url_is_taken_apart() {
        let url = parse("HTTP://me:secret@[::1]:81,b/some%20db/?a=1&b=%26").unwrap();
        assert_eq!((url.scheme.as_str(), url.path.as_str(), url.user.as_deref()), ("http", "some db", Some("me")));
        assert_eq!(url.place(), "http://[::1]:81,b/some db");
        assert_eq!((url.param("a"), url.param("b"), url.param("c")), (Some("1"), Some("&"), None));
        assert_eq!(url.password, Some(Secret::new("secret")));
    }

    #[test]
    fn odd_passwords_are_read_encoded_or_not() {
        for (url, password) in [
            ("http://u:p@ss:w/o?r#d@h:1/db", "p@ss:w/o?r#d"),
            ("http://u:100%@h", "100%"),
            ("http://u:p%40s%2Fs%25@h", "p@s/s%"),
            ("http://:only@h", "only"),
        ] {
            let parsed = parse(url).unwrap();
            assert_eq!(parsed.password, Some(Secret::new(password)), "{url}");
            assert_eq!(parsed.hosts[0].name, "h", "{url}");
        }
    }

    #[test]
    fn urls_as_providers_give_them_are_read() {
        for (url, host, path, param) in [
            (
                "http://u:p@db.abc.eu-west-1.rds.amazonaws.com:5432/app?sslmode=verify-full",
                "db.abc.eu-west-1.rds.amazonaws.com:5432",
                "app",
                ("sslmode", "verify-full"),
            ),
            (
                "http://u:p@ep-a-1-pooler.aws.neon.tech/db?sslmode=require&options=endpoint%3Dep-a-1",
                "ep-a-1-pooler.aws.neon.tech",
                "db",
                ("options", "endpoint=ep-a-1"),
            ),
            (
                "http://u%40server:p@s.postgres.database.azure.com/db?application_name=me@here",
                "s.postgres.database.azure.com",
                "db",
                ("application_name", "me@here"),
            ),
            ("http://u:p@h?a=b@other", "h", "", ("a", "b@other")),
            ("http://h/db?a=b@other:1/x?y", "h", "db", ("a", "b@other:1/x?y")),
            ("http://u:p?w@h/db?a=b", "h", "db", ("a", "b")),
            ("http://u:p?a@w@h:1/db?a=b", "h:1", "db", ("a", "b")),
        ] {
            let parsed = parse(url).unwrap();
            assert_eq!((parsed.hosts[0].to_string().as_str(), parsed.path.as_str()), (host, path), "{url}");
            assert_eq!(parsed.param(param.0), Some(param.1), "{url}");
        }
    }

    #[test]
    fn a_password_apart_from_the_url_wins() {
        let options = ServerOptions {
            url: Some(Secret::new("http://u:old@h")),
            password: Some(Secret::new("new")),
            ..ServerOptions::default()
        };
        let url = ServerUrl::parse(&options, &["http"], "http://h").unwrap();
        assert_eq!((url.user.as_deref(), url.password), (Some("u"), Some(Secret::new("new"))));
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        for wrong in
            ["", " ", "hunter2", "ftp://u:hunter2@h", "http://", "http://u:hunter2@", "http://h:99999", "http://a b"]
        {
            let error = parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains("http://clickhouse:8123"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            drop(parse(&text));
            drop(parse(&format!("http://{text}")));
        }

        #[test]
        fn an_encoded_password_comes_back(password in "\\PC{0,20}") {
            let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC);
            let url = parse(&format!("http://u:{encoded}@h:1")).unwrap();
            prop_assert_eq!(url.password, Some(Secret::new(password)));
        }
    }
}
