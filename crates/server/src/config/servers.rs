//! The servers of the production profile: where they are, and what is said to them.

use std::{fmt, path::PathBuf, str::FromStr};

use llmtrace_store::{Server, ServerOptions, ServerUrl};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{secret::Secret, values::written_as_text};

/// The ClickHouse server that stores named `clickhouse:` are on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClickhouseOptions {
    /// Its HTTP interface.
    pub url: Option<ServerAddress>,
    /// The database; made where it is missing.
    #[schemars(length(min = 1, max = 64))]
    pub database: String,
    /// The password, in place of one in the URL.
    pub password: Option<Password>,
    /// The cluster on which tables are made; `None` for one server.
    #[schemars(length(min = 1, max = 64))]
    pub cluster: Option<String>,
    /// PEM file of authorities trusted beside the built-in ones.
    pub ca_bundle: Option<PathBuf>,
}

/// The PostgreSQL server that stores named `postgres:` are on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresOptions {
    /// The server and its database.
    pub url: Option<ServerAddress>,
    /// The password, in place of one in the URL.
    pub password: Option<Password>,
    /// Connections of this process at most.
    #[schemars(range(min = 1, max = 1000))]
    pub max_connections: u32,
    /// PEM file of authorities trusted beside the built-in ones.
    pub ca_bundle: Option<PathBuf>,
}

/// The Redis server that stores named `redis:` are on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedisOptions {
    /// The server, cluster or group of sentinels.
    pub url: Option<ServerAddress>,
    /// The password, in place of one in the URL.
    pub password: Option<Password>,
    /// PEM file of authorities trusted in place of the built-in ones.
    pub ca_bundle: Option<PathBuf>,
    /// How long answers of the API are kept in it at most; 0 keeps none.
    #[schemars(range(max = 15))]
    pub cache_seconds: u64,
}

/// The URL of a server, with or without `USER:PASSWORD@`; prints without them.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerAddress {
    url: Secret,
    shown: String,
}

impl ServerAddress {
    /// The URL with its credentials.
    pub fn expose(&self) -> &str {
        self.url.expose()
    }
}

impl FromStr for ServerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Whose server it is, and whether its engine speaks the scheme, is told by the key: see `check`.
        let options = ServerOptions { url: Some(llmtrace_store::Secret::new(text)), ..ServerOptions::default() };
        let read = Server::ALL.into_iter().find_map(|server| Some((server, ServerUrl::of(server, &options).ok()?)));
        let shown = match read {
            None => "***".to_owned(),
            Some((_, url)) if url.user.is_none() && url.password.is_none() => url.place(),
            Some((_, url)) => url.place().replacen("://", "://***@", 1),
        };
        Ok(Self { url: Secret::new(text), shown })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// A password: any text that is not empty; prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Secret);

impl Password {
    /// The password itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for Password {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("nothing".to_owned()) } else { Ok(Self(Secret::new(text))) }
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

written_as_text!(ServerAddress, "ServerAddress", {
    "type": "string",
    "x-secret": true,
    "x-expected": "the URL of a server, literally, as env:NAME or as file:PATH",
});
written_as_text!(Password, "Password", {
    "type": "string",
    "x-secret": true,
    "x-expected": "a password, literally, as env:NAME or as file:PATH",
});
