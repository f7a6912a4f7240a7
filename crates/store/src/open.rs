//! Opening a store: the scheme of its URL chooses the engine. A new engine is one arm here.

use std::{path::PathBuf, sync::Arc};

use crate::{CounterStore, Error, MetaStore, Options, Server, SpanStore, clickhouse, memory, postgres, redis, sqlite};

/// The schemes that URLs of stores have; each keeps what [`check_url`] says.
const SCHEMES: &str = "sqlite, memory, clickhouse, postgres, redis";

/// Opens the store of spans that `url` names: `sqlite:PATH`, `memory:` or `clickhouse:`.
///
/// `setting` is the configuration key the URL comes from; it begins every message.
pub async fn open_spans(setting: &str, url: &str, options: &Options) -> Result<Arc<dyn SpanStore>, OpenError> {
    match Target::parse(setting, url)? {
        Target::Memory => {
            let opened = memory::Memory::open(options.memory);
            Ok(Arc::new(opened.map_err(|why| why.under(setting))?))
        }
        Target::Sqlite(path) => {
            let opened = sqlite::Sqlite::open(path, options).await;
            Ok(Arc::new(opened.map_err(|why| why.under(setting))?))
        }
        Target::Clickhouse => {
            let opened = clickhouse::Clickhouse::open(options).await;
            Ok(Arc::new(opened.map_err(|why| why.under(setting))?))
        }
        other @ (Target::Postgres | Target::Redis) => Err(other.keeps_no(setting, "spans")),
    }
}

/// Opens the store of everything that is not a span: `sqlite:PATH`, which may be the file of the spans, `memory:` or
/// `postgres:`.
pub async fn open_meta(setting: &str, url: &str, options: &Options) -> Result<Arc<dyn MetaStore>, OpenError> {
    match Target::parse(setting, url)? {
        Target::Memory => Ok(Arc::new(memory::MemoryMeta::default())),
        Target::Sqlite(path) => {
            let opened = sqlite::SqliteMeta::open(path, options).await;
            Ok(Arc::new(opened.map_err(|why| why.under(setting))?))
        }
        Target::Postgres => Ok(Arc::new(postgres::PostgresMeta::open(setting, options).await?)),
        other @ (Target::Clickhouse | Target::Redis) => Err(other.keeps_no(setting, "tenants")),
    }
}

/// Opens the store of counters: `sqlite:PATH`, which may be the file of the others, `memory:` or `redis:`.
pub async fn open_counters(setting: &str, url: &str, options: &Options) -> Result<Arc<dyn CounterStore>, OpenError> {
    match Target::parse(setting, url)? {
        Target::Memory => Ok(Arc::new(memory::MemoryCounters::default())),
        Target::Sqlite(path) => {
            let opened = sqlite::SqliteCounters::open(path, options).await;
            Ok(Arc::new(opened.map_err(|why| why.under(setting))?))
        }
        Target::Redis => {
            let opened = redis::RedisCounters::open(&options.redis, redis::Clock::Server);
            Ok(Arc::new(opened.map_err(|why| why.under(setting))?))
        }
        other @ (Target::Clickhouse | Target::Postgres) => Err(other.keeps_no(setting, "counters")),
    }
}

/// Brings the schema at `url` up to date, creating it where there is none. Engines without a schema have nothing to do.
///
/// Returns the schema as it was found.
pub async fn migrate(setting: &str, url: &str, options: &Options) -> Result<Schema, OpenError> {
    match Target::parse(setting, url)? {
        Target::Memory => Ok(Schema::NONE),
        Target::Sqlite(path) => sqlite::migrate(path, options).await.map_err(|why| why.under(setting)),
        Target::Clickhouse => clickhouse::migrate(options).await.map_err(|why| why.under(setting)),
        Target::Postgres => postgres::migrate(setting, options).await,
        Target::Redis => Ok(Schema::NONE),
    }
}

/// Reads the version of the schema at `url` and changes nothing; a file that does not exist has version 0.
pub async fn schema(setting: &str, url: &str, options: &Options) -> Result<Schema, OpenError> {
    match Target::parse(setting, url)? {
        Target::Memory => Ok(Schema::NONE),
        Target::Sqlite(path) => sqlite::schema(path, options).await.map_err(|why| why.under(setting)),
        Target::Clickhouse => clickhouse::schema(options).await.map_err(|why| why.under(setting)),
        Target::Postgres => postgres::schema(setting, options).await,
        Target::Redis => Ok(Schema::NONE),
    }
}

/// What a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// Spans: [`open_spans`].
    Spans,
    /// Everything else: [`open_meta`].
    Meta,
    /// Counters: [`open_counters`].
    Counters,
}

/// Checks that a URL names an engine that keeps such things; touches neither file nor network. Returns the server it is on,
/// where that has settings of its own.
pub fn check_url(setting: &str, url: &str, keeps: Keeps) -> Result<Option<Server>, OpenError> {
    let target = Target::parse(setting, url)?;
    match (&target, keeps) {
        (Target::Memory | Target::Sqlite(_), _) => Ok(None),
        (Target::Clickhouse, Keeps::Spans) => Ok(Some(Server::Clickhouse)),
        (Target::Postgres, Keeps::Meta) => Ok(Some(Server::Postgres)),
        (Target::Redis, Keeps::Counters) => Ok(Some(Server::Redis)),
        (Target::Postgres | Target::Redis, Keeps::Spans) => Err(target.keeps_no(setting, "spans")),
        (Target::Clickhouse | Target::Redis, Keeps::Meta) => Err(target.keeps_no(setting, "tenants")),
        (Target::Clickhouse | Target::Postgres, Keeps::Counters) => Err(target.keeps_no(setting, "counters")),
    }
}

/// The version of a schema, as found and as this program makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The version found; 0 where there is no schema yet.
    pub found: u32,
    /// The version this program writes.
    pub known: u32,
}

impl Schema {
    /// The schema of an engine that has none.
    const NONE: Self = Self { found: 0, known: 0 };

    /// Says whether the program can use it as it is.
    pub fn is_current(self) -> bool {
        self.found == self.known
    }
}

/// Says why a store did not open; every message begins with the setting.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is wrong: correct the setting.
    #[error("{setting}: {problem}")]
    Url {
        /// The configuration key.
        setting: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// The schema is not the one this program writes: migrate, or take the program that wrote it.
    #[error("{setting}: {problem}")]
    Schema {
        /// The configuration key.
        setting: String,
        /// What was found, what was expected and what to do.
        problem: String,
    },
    /// The engine failed: [`ErrorKind`](crate::ErrorKind) says whether to try again.
    #[error("{setting}: opening {place} failed")]
    Engine {
        /// The configuration key.
        setting: String,
        /// The file or the server, without credentials.
        place: String,
        /// The engine's error.
        #[source]
        source: Error,
    },
}

/// Why an engine did not open, before the setting is known.
#[derive(Debug)]
pub(crate) enum Refused {
    Schema(String),
    Engine { place: String, source: Error },
}

impl Refused {
    pub(crate) fn under(self, setting: &str) -> OpenError {
        let setting = setting.to_owned();
        match self {
            Self::Schema(problem) => OpenError::Schema { setting, problem },
            Self::Engine { place, source } => OpenError::Engine { setting, place, source },
        }
    }
}

/// What a store URL names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Memory,
    Sqlite(PathBuf),
    /// The server of [`Options::clickhouse`].
    Clickhouse,
    /// The server of [`Options::postgres`].
    Postgres,
    /// The server of [`Options::redis`].
    Redis,
}

impl Target {
    /// The refusal of an engine that does not keep such things.
    fn keeps_no(&self, setting: &str, what: &str) -> OpenError {
        let name = match self {
            Self::Memory => "memory:",
            Self::Sqlite(_) => "sqlite:",
            Self::Clickhouse => "clickhouse:",
            Self::Postgres => "postgres:",
            Self::Redis => "redis:",
        };
        OpenError::Url { setting: setting.to_owned(), problem: format!("{name} keeps no {what}") }
    }

    pub(crate) fn parse(setting: &str, url: &str) -> Result<Self, OpenError> {
        let wrong = |problem: String| OpenError::Url { setting: setting.to_owned(), problem };
        let Some((scheme, rest)) = url.split_once(':') else {
            // Only the length is told: what was meant as a URL may hold a password.
            let found = url.chars().count();
            return Err(wrong(format!("{found} characters without a scheme, expected sqlite:PATH or memory:")));
        };
        match scheme {
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "memory" => Err(wrong(format!("memory: is followed by {rest:?}, expected nothing"))),
            // Where these are is said in sections of their own, so that this text never holds a password.
            "clickhouse" if rest.is_empty() => Ok(Self::Clickhouse),
            "postgres" if rest.is_empty() => Ok(Self::Postgres),
            "redis" if rest.is_empty() => Ok(Self::Redis),
            known @ ("clickhouse" | "postgres" | "redis") => {
                Err(wrong(format!("{known}: is followed by something, expected nothing: the server is {known}.url")))
            }
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path.starts_with(':') || path.starts_with("file:") || path.contains(['\0', '?']) {
                    return Err(wrong(format!("sqlite: is followed by {rest:?}, expected the path of a file")));
                }
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            other => {
                let other: String = other.chars().take(32).collect();
                Err(wrong(format!("scheme {other:?} is unknown, expected one of {SCHEMES}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scheme_is_refused_by_name() {
        let error = check_url("storage.spans", "clickhous://host/db", Keeps::Spans).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"storage.spans: scheme "clickhous" is unknown, expected one of sqlite, memory, clickhouse, postgres, redis"#
        );
    }

    #[test]
    fn a_password_in_a_broken_url_is_not_repeated() {
        let error = check_url("storage.spans", "hunter2", Keeps::Spans).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let error = check_url("storage.spans", "postgres://u:hunter2@h/db", Keeps::Meta).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn paths_are_taken_with_and_without_slashes() {
        for (url, path) in [
            ("sqlite:a/b.db", "a/b.db"),
            ("sqlite:/a/b.db", "/a/b.db"),
            ("sqlite:///a/b.db", "/a/b.db"),
            ("sqlite://a/b.db", "a/b.db"),
        ] {
            assert_eq!(Target::parse("s", url).unwrap(), Target::Sqlite(PathBuf::from(path)), "{url}");
        }
        for url in ["sqlite:", "sqlite://", "sqlite::memory:", "memory:x", "sqlite:a?mode=ro", "sqlite:file:a"] {
            assert!(Target::parse("s", url).is_err(), "{url}");
        }
    }
}
