//! The connection to Redis: one server, a cluster, or the master of a Sentinel group; made when it is needed, and made again.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind as Kind, IntoConnectionInfo, RedisConnectionInfo,
    RedisError, RedisFuture, ServerErrorKind, TlsCertificates, TlsMode, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClientBuilder, SentinelServerType},
};

use crate::{Backend, Error, ErrorKind, Server, ServerOptions, ServerUrl};

/// How long connecting may take, with the handshake.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take: a caller may hold a request meanwhile.
const ANSWER: Duration = Duration::from_secs(2);
/// A failed attempt is not repeated sooner.
const PAUSE: Duration = Duration::from_secs(1);
/// The oldest version that does all that is asked of it.
const OLDEST: (u32, u32) = (6, 2);
/// What keys begin with where the URL does not say.
const PREFIX: &str = "llmtrace";

/// What was asked for, and the connection while there is one.
pub(super) struct Link {
    url: ServerUrl,
    kind: Deployment,
    ca_pem: Option<Vec<u8>>,
    pub(super) prefix: String,
    state: Mutex<State>,
    /// Held while connecting.
    attempt: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    closed: bool,
    connection: Option<(u64, Connection)>,
    attempts: u64,
    failed: Option<(Instant, ErrorKind, String)>,
    complaint: Option<String>,
}

/// How the servers stand to each other.
enum Deployment {
    One { database: i64 },
    Cluster,
    Sentinel { master: String, database: i64 },
}

#[derive(Clone)]
enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    fn send<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }
}

impl Link {
    /// Reads the URL; connects to nothing.
    pub(super) fn of(options: &ServerOptions) -> Result<Self, String> {
        let url = ServerUrl::of(Server::Redis, options).map_err(|error| format!("redis.url: {error}"))?;
        let number = |text: &str| match text {
            "" => Ok(0),
            text => text.parse().ok().filter(|number: &i64| (0..=65_535).contains(number)).ok_or_else(|| {
                format!("redis.url: {text:?} is no database, expected its number, such as in redis://redis:6379/0")
            }),
        };
        let kind = if url.scheme.ends_with("+sentinel") {
            let (master, database) = url.path.split_once('/').unwrap_or((&url.path, ""));
            if master.is_empty() {
                let example = "redis+sentinel://HOST,HOST/MASTER";
                return Err(format!("redis.url: found no name of the master, expected a URL such as {example}"));
            }
            Deployment::Sentinel { master: master.to_owned(), database: number(database)? }
        } else if url.scheme.ends_with("+cluster") {
            if !matches!(url.path.as_str(), "" | "0") {
                return Err("redis.url: a cluster has no databases, expected no path behind its hosts".to_owned());
            }
            Deployment::Cluster
        } else if url.hosts.len() > 1 {
            let several = "redis+cluster://HOST,HOST or redis+sentinel://HOST,HOST/MASTER";
            return Err(format!("redis.url: {} hosts, expected one, or {several}", url.hosts.len()));
        } else {
            Deployment::One { database: number(&url.path)? }
        };
        let known = ["prefix", "sentinel_user", "sentinel_password"];
        if let Some((name, _)) = url.params.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            return Err(format!("redis.url: parameter {name:?} is unknown, expected one of {}", known.join(", ")));
        }
        let prefix = url.param("prefix").unwrap_or(PREFIX).to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
        if prefix.is_empty() || prefix.len() > 64 || !prefix.chars().all(plain) {
            return Err("redis.url: prefix is expected to be 1 to 64 of A-Z a-z 0-9 . _ - :".to_owned());
        }
        let (state, attempt) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self { kind, ca_pem: options.ca_pem.clone(), prefix, state, attempt, url })
    }

    /// The server, for messages.
    pub(super) fn place(&self) -> String {
        self.url.place()
    }

    /// What an operator should change.
    pub(super) fn complaint(&self) -> Option<String> {
        self.state.lock().complaint.clone()
    }

    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.connection = None;
    }

    /// Sends a command, connecting first where that is needed. The inner error is an answer of the server.
    pub(super) async fn send(&self, op: &'static str, command: &Cmd) -> Result<Result<Value, RedisError>, Error> {
        let (number, mut connection) = self.ready(op).await?;
        let error = match connection.send(command).await.and_then(Value::extract_error) {
            Ok(value) => return Ok(Ok(value)),
            Err(error) => error,
        };
        if matches!(error.kind(), Kind::Server(ServerErrorKind::NoScript)) {
            return Ok(Err(error));
        }
        let moved = matches!(error.kind(), Kind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown));
        if moved || error.is_timeout() || error.is_io_error() || error.is_unrecoverable_error() {
            let mut state = self.state.lock();
            if state.connection.as_ref().is_some_and(|(known, _)| *known == number) {
                state.connection = None;
            }
        }
        Err(self.failed(op, &error))
    }

    /// The connection, made if there is none. One caller tries at a time; while the server is known to be away the others fail
    /// at once, and nobody tries more often than once a second.
    async fn ready(&self, op: &'static str) -> Result<(u64, Connection), Error> {
        if let Some(found) = self.current(op)? {
            return Ok(found);
        }
        let known_away = self.state.lock().failed.is_some();
        let _attempt = match self.attempt.try_lock() {
            Ok(attempt) => attempt,
            Err(_) if known_away => {
                return Err(Error::new(ErrorKind::Unavailable, Backend::Redis, op, "connecting again is under way"));
            }
            Err(_) => self.attempt.lock().await,
        };
        if let Some(found) = self.current(op)? {
            return Ok(found);
        }
        let connected = tokio::time::timeout(CONNECT, self.connect()).await.unwrap_or_else(|_| {
            let why = format!("{} did not answer within {CONNECT:?}", self.place());
            Err(Error::new(ErrorKind::Unavailable, Backend::Redis, "connect", why))
        });
        let mut state = self.state.lock();
        match connected {
            Ok((connection, complaint)) => {
                if let Some(complaint) = &complaint
                    && state.complaint.as_ref() != Some(complaint)
                {
                    tracing::warn!("{complaint}");
                }
                state.attempts += 1;
                let number = state.attempts;
                state.complaint = complaint;
                state.failed = None;
                state.connection = (!state.closed).then(|| (number, connection.clone()));
                Ok((number, connection))
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.kind, error.source.to_string()));
                Err(Error { op, ..error })
            }
        }
    }

    fn current(&self, op: &'static str) -> Result<Option<(u64, Connection)>, Error> {
        let state = self.state.lock();
        if state.closed {
            return Err(Error::closed(Backend::Redis, op));
        }
        if state.connection.is_none()
            && let Some((at, kind, why)) = &state.failed
            && at.elapsed() < PAUSE
        {
            return Err(Error::new(*kind, Backend::Redis, op, why.clone()));
        }
        Ok(state.connection.clone())
    }

    async fn connect(&self) -> Result<(Connection, Option<String>), Error> {
        let op = "connect";
        let failed = |error: RedisError| self.failed(op, &error);
        let mut connection = self.dial().await.map_err(failed)?;
        let info = match connection.send(redis::cmd("INFO").arg("everything")).await.and_then(Value::extract_error) {
            Ok(info) => info,
            // A user that may count may still not be allowed to ask this.
            Err(error) if matches!(error.kind(), Kind::Server(ServerErrorKind::NoPerm)) => {
                let why =
                    format!("{}: the user may not run INFO, so that maxmemory-policy is not checked", self.place());
                return Ok((connection, Some(why)));
            }
            Err(error) => return Err(failed(error)),
        };
        let mut texts = Vec::new();
        collect(&info, &mut texts);
        let mut complaint = None;
        for text in texts {
            let of = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let version = of("redis_version:").unwrap_or_default();
            let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
            if (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < OLDEST {
                let (major, minor) = OLDEST;
                let why = format!("{} is version {version:?}, expected {major}.{minor} or newer", self.place());
                return Err(Error::new(ErrorKind::Config, Backend::Redis, op, why));
            }
            if let Some(policy) = of("maxmemory_policy:").filter(|policy| *policy != "noeviction") {
                complaint = Some(format!(
                    "{} has maxmemory-policy {policy}, expected noeviction: counters may vanish when memory is short",
                    self.place()
                ));
            }
        }
        Ok((connection, complaint))
    }

    async fn dial(&self) -> Result<Connection, RedisError> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(ANSWER));
        let tls = self.url.scheme.starts_with("rediss");
        let certificates = TlsCertificates { client_tls: None, root_cert: self.ca_pem.clone() };
        let user = self.url.user.as_deref();
        let password = self.url.password.as_ref().map(|password| password.expose());
        let login = |database| {
            let mut login = RedisConnectionInfo::default().set_db(database);
            if let Some(user) = user {
                login = login.set_username(user);
            }
            if let Some(password) = password {
                login = login.set_password(password);
            }
            login
        };
        match &self.kind {
            Deployment::One { database } => {
                let info = self.addresses(6379).remove(0).into_connection_info()?.set_redis_settings(login(*database));
                let client = if tls { Client::build_with_tls(info, certificates)? } else { Client::open(info)? };
                client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::One)
            }
            Deployment::Cluster => {
                let mut builder = ClusterClient::builder(self.addresses(6379))
                    .retries(2)
                    .connection_timeout(CONNECT)
                    .response_timeout(ANSWER);
                if let Some(user) = user {
                    builder = builder.username(user);
                }
                if let Some(password) = password {
                    builder = builder.password(password);
                }
                if tls {
                    builder = builder.tls(TlsMode::Secure).certs(certificates);
                }
                builder.build()?.get_async_connection().await.map(Connection::Cluster)
            }
            Deployment::Sentinel { master, database } => {
                let mut builder =
                    SentinelClientBuilder::new(self.addresses(26379), master, SentinelServerType::Master)?
                        .set_client_to_redis_db(*database);
                if let Some(user) = user {
                    builder = builder.set_client_to_redis_username(user);
                }
                if let Some(password) = password {
                    builder = builder.set_client_to_redis_password(password);
                }
                if let Some(user) = self.url.param("sentinel_user") {
                    builder = builder.set_client_to_sentinel_username(user);
                }
                if let Some(password) = self.url.param("sentinel_password") {
                    builder = builder.set_client_to_sentinel_password(password);
                }
                if tls {
                    builder = builder
                        .set_client_to_redis_tls_mode(TlsMode::Secure)
                        .set_client_to_redis_certificates(certificates.clone())
                        .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                        .set_client_to_sentinel_certificates(certificates);
                }
                builder.build()?.get_async_connection_with_config(&config).await.map(Connection::One)
            }
        }
    }

    fn addresses(&self, port: u16) -> Vec<ConnectionAddr> {
        let tls = self.url.scheme.starts_with("rediss");
        let address = |host: &crate::Host| {
            let (host, port) = (host.name.clone(), host.port.unwrap_or(port));
            if tls {
                ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
            } else {
                ConnectionAddr::Tcp(host, port)
            }
        };
        self.url.hosts.iter().map(address).collect()
    }

    fn failed(&self, op: &'static str, error: &RedisError) -> Error {
        let place = self.place();
        let (kind, hint) = match error.kind() {
            _ if error.is_timeout() => (ErrorKind::Timeout, ""),
            Kind::AuthenticationFailed => {
                (ErrorKind::Unavailable, "; look at redis.password and the user in redis.url")
            }
            Kind::Server(ServerErrorKind::NoPerm) => {
                (ErrorKind::Unavailable, "; the user of redis.url needs the commands and keys named in the guide")
            }
            Kind::MasterNameNotFoundBySentinel => {
                (ErrorKind::Unavailable, "; look at the name of the master in redis.url")
            }
            Kind::InvalidClientConfig => (ErrorKind::Config, ""),
            Kind::Parse | Kind::UnexpectedReturnType => (ErrorKind::Corrupt, ""),
            _ if error.code() == Some("NOAUTH") => (ErrorKind::Unavailable, "; set redis.password"),
            _ => (ErrorKind::Unavailable, ""),
        };
        Error::new(kind, Backend::Redis, op, format!("{place}: {error}{hint}"))
    }
}

/// The texts of an answer; a cluster gives one for each node.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::BulkString(bytes) => texts.push(String::from_utf8_lossy(bytes).into_owned()),
        Value::VerbatimString { text, .. } => texts.push(text.clone()),
        Value::Map(pairs) => pairs.iter().for_each(|(_, value)| collect(value, texts)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        _ => {}
    }
}
