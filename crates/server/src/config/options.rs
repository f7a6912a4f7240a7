//! Every setting as plain data. What a setting means is said in `default.yaml`; its type, bounds and words are said here, and
//! the JSON schema, the checks and the error messages follow from them.
//!
//! What `default.yaml` leaves `null` for the storage profile to fill in (`storage.spans`, `journal.mode`, …) is filled in by
//! the time a [`Config`] exists.

use std::{net::SocketAddr, path::PathBuf};

use llmtrace_model::{CaptureContent, CaptureRaw};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    guard::GuardOptions,
    master_key::MasterKey,
    net::{BaseUrl, Cidr, HostName, ProxyUrl},
    oidc::OidcOptions,
    secret::Secret,
    servers::{ClickhouseOptions, PostgresOptions, RedisOptions},
    values::{ByteSize, Days, LogLevel, StoreUrl, UnknownModel},
};
use crate::telemetry::logs::LogFormat;

/// The whole configuration, checked: what exists as this type is fit to start with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "LLMTrace configuration")]
pub struct Config {
    /// Address and port of the listener.
    #[schemars(extend("x-expected" = "ADDRESS:PORT such as 127.0.0.1:8080 or [::]:8080"))]
    pub listen_addr: SocketAddr,
    /// Base URL of the provider that requests go to.
    pub upstream_url: BaseUrl,
    /// TLS towards `upstream_url`.
    pub upstream_tls: UpstreamTls,
    /// Further upstreams, reached under `/up/{name}/…` or by the header `X-LLMTrace-Upstream`.
    pub upstreams: Vec<Upstream>,
    /// Outgoing HTTP proxy.
    pub proxy: ProxyOptions,
    /// Milliseconds for sending a request and for the head of a streamed answer.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub timeout_ms: u64,
    /// Milliseconds until the head of an answer that is not streamed.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub response_timeout_ms: u64,
    /// Milliseconds between two pieces of a body.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub idle_timeout_ms: u64,
    /// Milliseconds to connect to an upstream, TLS included.
    #[schemars(range(min = 1, max = 600_000))]
    pub connect_timeout_ms: u64,
    /// Open client connections.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_connections: u32,
    /// Size of one JSON request body.
    pub max_request_size_bytes: ByteSize,
    /// Memory for held bodies.
    pub buffer: BufferOptions,
    /// Whether streamed answers are forwarded piece by piece.
    pub enable_streaming: bool,
    /// Whether stored exchanges are analysed.
    pub enable_security_analysis: bool,
    /// How detection works.
    pub guard: GuardOptions,
    /// Whether exchanges are journaled and stored.
    pub enable_trace_storage: bool,
    /// What happens with the usage event of an OpenAI-style stream that the client did not ask for.
    pub stream_usage: StreamUsage,
    /// What happens with the upstream when the client hangs up inside a stream.
    pub on_client_gone: OnClientGone,
    /// W3C Trace Context.
    pub trace: TraceOptions,
    /// Where spans are kept.
    pub storage: StorageOptions,
    /// How long what is stored is kept.
    pub retention: RetentionOptions,
    /// The ClickHouse server.
    pub clickhouse: ClickhouseOptions,
    /// The PostgreSQL server.
    pub postgres: PostgresOptions,
    /// The Redis server.
    pub redis: RedisOptions,
    /// The journal in front of the store.
    pub journal: JournalOptions,
    /// The lane behind the journal.
    pub pipeline: PipelineOptions,
    /// The log.
    pub logging: LoggingOptions,
    /// What of an exchange is kept.
    pub capture: CaptureOptions,
    /// What tokens cost.
    pub prices: PriceOptions,
    /// TLS of the listener.
    pub tls: TlsOptions,
    /// The second listener.
    pub admin: AdminOptions,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Cidr>,
    /// Host names, beside the listener's own, under which API and dashboard answer.
    pub allowed_hosts: Vec<HostName>,
    /// Who may use this.
    pub auth: AuthOptions,
    /// Secrets of this instance.
    pub secrets: SecretOptions,
    /// The end of the process.
    pub shutdown: ShutdownOptions,
    /// What the operator should know though it is no error; whoever starts the process logs them.
    #[serde(skip)]
    #[schemars(skip)]
    pub notes: Vec<String>,
}

/// TLS towards an upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTls {
    /// PEM file of authorities trusted beside the built-in ones.
    pub ca_bundle: Option<PathBuf>,
    /// PEM file of the certificate shown to the upstream; needs `client_key`.
    pub client_cert: Option<PathBuf>,
    /// PEM file of its private key; needs `client_cert`.
    pub client_key: Option<PathBuf>,
}

/// One named upstream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Name in the path and in the header: 1 to 63 of `a-z 0-9 - _`, starting with a letter or digit.
    #[schemars(extend("x-expected" = "1 to 63 of a-z 0-9 - _, starting with a letter or digit"))]
    pub name: String,
    /// Base URL.
    pub url: BaseUrl,
    /// Id of the provider where the host does not tell it (table of providers).
    #[serde(default)]
    pub provider: Option<String>,
    /// Whose credential requests to it carry.
    #[serde(default)]
    pub credential: Credential,
    /// What `credential: aws` signs with; what is left out comes from the host and the usual variables (`AWS_REGION`, …).
    #[serde(default)]
    pub aws: Option<AwsOptions>,
    /// How HTTP/2 is chosen.
    #[serde(default)]
    pub http2: Http2,
    /// PEM file of authorities trusted beside the built-in ones.
    #[serde(default)]
    pub ca_bundle: Option<PathBuf>,
    /// PEM file of the certificate shown to this upstream; needs `client_key`.
    #[serde(default)]
    pub client_cert: Option<PathBuf>,
    /// PEM file of its private key; needs `client_cert`.
    #[serde(default)]
    pub client_key: Option<PathBuf>,
    /// HTTP proxy for this upstream, in place of `proxy.http` and `proxy.https`; `proxy.no_proxy` does not apply to it.
    #[serde(default)]
    pub proxy: Option<ProxyUrl>,
}

impl Upstream {
    /// The TLS settings as one value.
    pub fn tls(&self) -> UpstreamTls {
        UpstreamTls {
            ca_bundle: self.ca_bundle.clone(),
            client_cert: self.client_cert.clone(),
            client_key: self.client_key.clone(),
        }
    }
}

/// Whose credential the requests to an upstream carry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// The client's, as it was sent.
    #[default]
    Client,
    /// Ours: requests are signed for AWS after everything that changes them. Another credential of the client passes.
    Aws,
}

/// What requests to AWS are signed with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsOptions {
    /// The region, as in `us-east-1`; else the one in the upstream's host, `AWS_REGION` or `AWS_DEFAULT_REGION`.
    #[serde(default)]
    pub region: Option<String>,
    /// The service that is signed for.
    #[serde(default = "bedrock")]
    pub service: String,
    /// The id of the access key; else `AWS_ACCESS_KEY_ID`, with the other two from the same place.
    #[serde(default)]
    pub access_key_id: Option<Secret>,
    /// The secret of the access key; else `AWS_SECRET_ACCESS_KEY`.
    #[serde(default)]
    pub secret_access_key: Option<Secret>,
    /// The token of temporary keys; else `AWS_SESSION_TOKEN`.
    #[serde(default)]
    pub session_token: Option<Secret>,
}

fn bedrock() -> String {
    "bedrock".to_owned()
}

/// How HTTP/2 is chosen towards an upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Http2 {
    /// By ALPN on `https://`, never on `http://`.
    #[default]
    Auto,
    /// Always: h2c on `http://`, ALPN offers `h2` only on `https://`.
    PriorKnowledge,
}

/// Outgoing HTTP proxy. The file wins over the usual variables (`HTTPS_PROXY`, …), which stand behind each key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyOptions {
    /// Proxy for `http://` upstreams; else `http_proxy`, `HTTP_PROXY`.
    pub http: Option<ProxyUrl>,
    /// Proxy for `https://` upstreams; else `https_proxy`, `HTTPS_PROXY`.
    pub https: Option<ProxyUrl>,
    /// Hosts reached directly, separated by commas; else `no_proxy`, `NO_PROXY`.
    pub no_proxy: Option<String>,
}

/// Memory for held bodies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BufferOptions {
    /// Size of all held bodies together.
    pub max_bytes: ByteSize,
}

/// What happens with the usage event of an OpenAI-style stream that the client did not ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamUsage {
    /// Ask the upstream for it and take it out again.
    Inject,
    /// Leave the request as it is.
    Off,
}

/// What happens with the upstream when the client hangs up inside a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnClientGone {
    /// Hang up too.
    Cancel,
    /// Read the answer to its end.
    Drain,
}

/// W3C Trace Context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceOptions {
    /// What the upstream sees of `traceparent` and `tracestate`.
    pub propagate: Propagate,
}

/// What the upstream sees of `traceparent` and `tracestate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Propagate {
    /// What the client sent, unchanged.
    Pass,
    /// A `traceparent` that names our span as the parent.
    Child,
    /// Neither header.
    Off,
}

/// Where spans are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageOptions {
    /// Preset for what is left `null` below and in `journal`.
    pub profile: Profile,
    /// Folder of database and journal.
    pub path: PathBuf,
    /// Store of spans.
    #[schemars(with = "Option<StoreUrl>")]
    pub spans: StoreUrl,
    /// Store of tenants, keys and policies.
    #[schemars(with = "Option<StoreUrl>")]
    pub meta: StoreUrl,
    /// Store of counters.
    #[schemars(with = "Option<StoreUrl>")]
    pub counters: StoreUrl,
    /// Whether the start brings the schema up to date.
    pub auto_migrate: bool,
}

/// How long what is stored is kept, where a tenant has no rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionOptions {
    /// What was said, and the bytes as they passed.
    #[schemars(with = "Option<Days>")]
    pub content_days: Days,
    /// Spans.
    #[schemars(with = "Option<Days>")]
    pub span_days: Days,
}

/// A preset of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// One SQLite file, the journal on disk: one instance.
    Lite,
    /// Everything in memory, gone with the process.
    Memory,
    /// ClickHouse, PostgreSQL and Redis, the journal on disk: any number of instances.
    Production,
}

/// The journal in front of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournalOptions {
    /// Where records wait for the store.
    #[schemars(with = "Option<JournalMode>")]
    pub mode: JournalMode,
    /// Size at which the oldest records are shed.
    pub max_bytes: ByteSize,
    /// When records are forced to the device.
    pub fsync: Fsync,
    /// Milliseconds between two syncs with `fsync: interval`.
    #[schemars(range(min = 1, max = 60_000))]
    pub fsync_interval_ms: u64,
    /// Folder of the journal.
    #[schemars(with = "Option<PathBuf>")]
    pub path: PathBuf,
}

/// Where journal records wait for the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JournalMode {
    /// In files; they survive the process.
    Disk,
    /// In memory; they are gone with the process.
    Memory,
}

/// When journal records are forced to the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fsync {
    /// The kernel decides: a crash of the process loses nothing, loss of power up to half a minute.
    Never,
    /// Every `fsync_interval_ms`.
    Interval,
    /// After every batch.
    Each,
}

/// The lane behind the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineOptions {
    /// Threads that decode and analyse.
    #[schemars(range(min = 1, max = 256))]
    pub workers: u32,
    /// Size of what waits in memory, half before decoding and half on the way to the store; the rest waits in the journal.
    pub queue_max_bytes: ByteSize,
    /// Spans per write.
    #[schemars(with = "Option<u32>", range(min = 1, max = 10_000))]
    pub batch_rows: u32,
    /// Milliseconds after which a smaller batch is written.
    #[schemars(with = "Option<u64>", range(min = 1, max = 10_000))]
    pub batch_ms: u64,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoggingOptions {
    /// How much is logged.
    pub level: LogLevel,
    /// How a line looks.
    pub format: LogFormat,
}

/// What of an exchange is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureOptions {
    /// Whether messages are stored.
    #[schemars(schema_with = "contents")]
    pub content: CaptureContent,
    /// Of which exchanges the bytes are stored.
    #[schemars(schema_with = "raws")]
    pub raw: CaptureRaw,
    /// Size of the copy of a body, each way.
    pub max_bytes: ByteSize,
}

/// Words in the order that the reference names them: what keeps most first.
fn contents(_: &mut SchemaGenerator) -> Schema {
    let words = CaptureContent::ALL.iter().rev().map(|word| word.as_str());
    json_schema!({ "type": "string", "enum": words.collect::<Vec<_>>() })
}

fn raws(_: &mut SchemaGenerator) -> Schema {
    let words = CaptureRaw::ALL.iter().rev().map(|word| word.as_str());
    json_schema!({ "type": "string", "enum": words.collect::<Vec<_>>() })
}

/// What tokens cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceOptions {
    /// YAML file of prices that win over the built-in table; reloaded when it changes.
    pub overrides: Option<PathBuf>,
    /// What a model without a price costs.
    pub on_unknown_model: UnknownModel,
}

/// TLS of the listener.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// PEM file of the certificate chain; needs `key`; reloaded when it changes.
    pub cert: Option<PathBuf>,
    /// PEM file of the private key; needs `cert`.
    pub key: Option<PathBuf>,
}

impl TlsOptions {
    /// Certificate and key where TLS is on.
    pub fn files(&self) -> Option<(&PathBuf, &PathBuf)> {
        self.cert.as_ref().zip(self.key.as_ref())
    }
}

/// The second listener.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminOptions {
    /// Address and port that API and dashboard move to.
    #[schemars(extend("x-expected" = "ADDRESS:PORT such as 127.0.0.1:8081"))]
    pub listen_addr: Option<SocketAddr>,
}

/// Who may use this.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthOptions {
    /// Whether a key is asked for.
    pub mode: Option<AuthMode>,
    /// Whether nobody may be asked for a key where others than this machine reach a listener.
    pub allow_open: bool,
    /// The API key that opens everything; without it boot keeps one in `<storage.path>/admin.key`.
    pub admin_key: Option<Secret>,
    /// Minutes that a login lasts without being used.
    #[schemars(range(min = 1, max = 10_080))]
    pub session_idle_minutes: u64,
    /// Hours that a login lasts in all.
    #[schemars(range(min = 1, max = 720))]
    pub session_hours: u64,
    /// The OpenID provider that people may log in through.
    pub oidc: Option<OidcOptions>,
}

/// Whether a key is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// Nothing goes without a key.
    Required,
    /// Whoever reaches a listener may do everything.
    Open,
}

impl Config {
    /// Whether a key is asked for: as `auth.mode` says, else only where others than this machine reach a listener.
    pub fn auth_mode(&self) -> AuthMode {
        let is_open = self.auth.allow_open || self.reachable().is_none();
        self.auth.mode.unwrap_or(if is_open { AuthMode::Open } else { AuthMode::Required })
    }

    /// The first listener that others than this machine reach.
    pub(super) fn reachable(&self) -> Option<(&'static str, SocketAddr)> {
        let listeners = [("listen_addr", Some(self.listen_addr)), ("admin.listen_addr", self.admin.listen_addr)];
        listeners
            .into_iter()
            .find_map(|(key, addr)| addr.filter(|addr| !addr.ip().is_loopback()).map(|addr| (key, addr)))
    }
}

/// Secrets of this instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretOptions {
    /// Key that journal records and stored credentials are sealed with; without it boot keeps one in
    /// `<storage.path>/master.key`.
    pub master_key: Option<MasterKey>,
    /// Keys that only open what was sealed with them.
    pub previous_master_keys: Vec<MasterKey>,
}

/// The end of the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShutdownOptions {
    /// Seconds that everything goes on after SIGTERM while `/readyz` already sends traffic elsewhere.
    #[schemars(range(min = 0, max = 600))]
    pub delay_seconds: u64,
    /// Seconds that open streams may take to finish.
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: u64,
}
