//! Where Redis is: what its URL names, taken apart once.

use redis::ConnectionAddr;

use crate::{Server, ServerOptions, ServerUrl};

/// What keys begin with where the URL does not say.
const PREFIX: &str = "llmtrace";

/// The servers of a URL, and how they are spoken to.
pub(super) struct Target {
    pub(super) url: ServerUrl,
    pub(super) kind: Deployment,
    pub(super) ca_pem: Option<Vec<u8>>,
    pub(super) prefix: String,
}

/// How the servers stand to each other.
pub(super) enum Deployment {
    One { database: i64 },
    Cluster,
    Sentinel { master: String, database: i64 },
}

impl Target {
    /// Reads the URL; the error names its setting.
    pub(super) fn of(options: &ServerOptions) -> Result<Self, String> {
        let url = ServerUrl::of(Server::Redis, options).map_err(|error| format!("redis.url: {error}"))?;
        let known = ["prefix", "sentinel_user", "sentinel_password"];
        if let Some((name, _)) = url.params.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            return Err(format!("redis.url: parameter {name:?} is unknown, expected one of {}", known.join(", ")));
        }
        let prefix = url.param("prefix").unwrap_or(PREFIX).to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
        if prefix.is_empty() || prefix.len() > 64 || !prefix.chars().all(plain) {
            return Err("redis.url: prefix is expected to be 1 to 64 of A-Z a-z 0-9 . _ - :".to_owned());
        }
        Ok(Self { kind: Deployment::of(&url)?, ca_pem: options.ca_pem.clone(), prefix, url })
    }

    /// The servers, for messages.
    pub(super) fn place(&self) -> String {
        self.url.place()
    }

    /// Whether they are spoken to over TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.url.scheme.starts_with("rediss")
    }

    /// Their addresses; `port` where the URL names none.
    pub(super) fn addresses(&self, port: u16) -> Vec<ConnectionAddr> {
        let address = |host: &crate::Host| {
            let (host, port) = (host.name.clone(), host.port.unwrap_or(port));
            if self.is_tls() {
                ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
            } else {
                ConnectionAddr::Tcp(host, port)
            }
        };
        self.url.hosts.iter().map(address).collect()
    }
}

impl Deployment {
    fn of(url: &ServerUrl) -> Result<Self, String> {
        let number = |text: &str| match text {
            "" => Ok(0),
            text => text.parse().ok().filter(|number: &i64| (0..=65_535).contains(number)).ok_or_else(|| {
                format!("redis.url: {text:?} is no database, expected its number, such as in redis://redis:6379/0")
            }),
        };
        if url.scheme.ends_with("+sentinel") {
            let (master, database) = url.path.split_once('/').unwrap_or((&url.path, ""));
            if master.is_empty() {
                let example = "redis+sentinel://HOST,HOST/MASTER";
                return Err(format!("redis.url: found no name of the master, expected a URL such as {example}"));
            }
            return Ok(Self::Sentinel { master: master.to_owned(), database: number(database)? });
        }
        if url.scheme.ends_with("+cluster") {
            if !matches!(url.path.as_str(), "" | "0") {
                return Err("redis.url: a cluster has no databases, expected no path behind its hosts".to_owned());
            }
            return Ok(Self::Cluster);
        }
        if url.hosts.len() > 1 {
            let several = "redis+cluster://HOST,HOST or redis+sentinel://HOST,HOST/MASTER";
            return Err(format!("redis.url: {} hosts, expected one, or {several}", url.hosts.len()));
        }
        Ok(Self::One { database: number(&url.path)? })
    }
}
