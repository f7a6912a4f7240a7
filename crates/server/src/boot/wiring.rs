//! From settings to rooms: the one place that knows both the configuration and each room's own options.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use arc_swap::ArcSwap;
use hyper_util::client::proxy::matcher::Matcher;
use llmtrace_detect::Engine;
use llmtrace_model::Retention;
use llmtrace_store::{MetaStore, Migrate, Secret, ServerOptions, SpanStore};
use llmtrace_wire::PriceBook;
use tokio::net::TcpListener;

use super::keys;
use crate::{
    analysis::Analysts,
    api::{Installation, ProxyAddress},
    clock::Clock,
    config::{
        AwsOptions, CaptureContent, CaptureRaw, ClickhouseOptions, Config, Credential, Fsync, Http2, JournalMode,
        Password, PostgresOptions, Profile, ProxyUrl, RedisOptions, ServerAddress, UnknownModel, UpstreamTls,
    },
    journal::{self, Deliveries, Journal},
    listen::{self, OWN},
    pipeline::{self, Analysis, Batch, Capture, RulingOf, TokenKey},
    proxy::{self, AwsSigner, Client, Connection, Guard, PlainVersion, Streaming, Unpriced, Upstream, Upstreams},
    tasks::Tasks,
    telemetry::Events,
    upkeep::PriceFile,
};

pub(crate) async fn spans(config: &Config) -> anyhow::Result<Arc<dyn SpanStore>> {
    make_folder("storage.path", &config.storage.path)?;
    Ok(llmtrace_store::open_spans("storage.spans", config.storage.spans.as_str(), &store_options(config)?).await?)
}

pub(crate) async fn meta(config: &Config) -> anyhow::Result<Arc<dyn MetaStore>> {
    Ok(llmtrace_store::open_meta("storage.meta", config.storage.meta.as_str(), &store_options(config)?).await?)
}

/// What the stores are told.
pub(crate) fn store_options(config: &Config) -> anyhow::Result<llmtrace_store::Options> {
    let migrate = if config.storage.auto_migrate { Migrate::Auto } else { Migrate::Refuse };
    Ok(llmtrace_store::Options {
        migrate,
        clickhouse: clickhouse(&config.clickhouse)?,
        postgres: postgres(&config.postgres)?,
        redis: redis(&config.redis)?,
        ..Default::default()
    })
}

fn clickhouse(from: &ClickhouseOptions) -> anyhow::Result<llmtrace_store::ClickhouseOptions> {
    Ok(llmtrace_store::ClickhouseOptions {
        server: server(
            "clickhouse.ca_bundle",
            from.url.as_ref(),
            from.password.as_ref(),
            from.ca_bundle.as_deref(),
            0,
        )?,
        database: from.database.clone(),
        cluster: from.cluster.clone(),
    })
}

fn postgres(from: &PostgresOptions) -> anyhow::Result<ServerOptions> {
    let ca_bundle = from.ca_bundle.as_deref();
    server("postgres.ca_bundle", from.url.as_ref(), from.password.as_ref(), ca_bundle, from.max_connections)
}

fn redis(from: &RedisOptions) -> anyhow::Result<ServerOptions> {
    server("redis.ca_bundle", from.url.as_ref(), from.password.as_ref(), from.ca_bundle.as_deref(), 0)
}

/// `setting` is that of the bundle.
fn server(
    setting: &'static str,
    url: Option<&ServerAddress>,
    password: Option<&Password>,
    ca_bundle: Option<&Path>,
    max_connections: u32,
) -> anyhow::Result<ServerOptions> {
    let ca_pem = match ca_bundle {
        Some(path) => {
            // Read as certificates first, so that a wrong file is named here and not by an engine.
            listen::chain(setting, path)?;
            Some(std::fs::read(path).with_context(|| format!("{setting}: reading {}", path.display()))?)
        }
        None => None,
    };
    let secret = |text: &str| Secret::new(text);
    Ok(ServerOptions {
        url: url.map(|url| secret(url.expose())),
        password: password.map(|password| secret(password.expose())),
        ca_pem,
        max_connections,
    })
}

pub(super) fn prices(config: &Config) -> anyhow::Result<(Arc<ArcSwap<PriceBook>>, Option<PriceFile>)> {
    match &config.prices.overrides {
        None => Ok((Arc::new(ArcSwap::from_pointee(PriceBook::bundled())), None)),
        Some(path) => {
            let (file, prices) = PriceFile::load(path.clone())?;
            Ok((prices, Some(file)))
        }
    }
}

pub(super) fn journal(
    config: &Config,
    events: &Events,
    tasks: &Tasks,
    clock: &Clock,
) -> anyhow::Result<(Journal, Deliveries)> {
    Ok(journal::open(journal_options(config), keys::of_journal(config)?, events.clone(), tasks, clock)?)
}

/// Connects to a server that is no upstream, through the same forward proxies.
pub(super) fn plain_client(setting: &str, config: &Config, tls: &UpstreamTls) -> anyhow::Result<Client> {
    let via = proxy_of(config.proxy.http.as_ref(), config.proxy.https.as_ref(), config.proxy.no_proxy.as_deref());
    connect(setting, config, tls, via, Http2::Auto)
}

fn journal_options(config: &Config) -> journal::Options {
    let queue_bytes = config.pipeline.queue_max_bytes.len();
    journal::Options {
        mode: match config.journal.mode {
            JournalMode::Disk => journal::Mode::Disk,
            JournalMode::Memory => journal::Mode::Memory,
        },
        max_bytes: config.journal.max_bytes.0,
        fsync: match config.journal.fsync {
            Fsync::Never => journal::Fsync::Never,
            Fsync::Interval => journal::Fsync::Interval(Duration::from_millis(config.journal.fsync_interval_ms)),
            Fsync::Each => journal::Fsync::Each,
        },
        path: config.journal.path.clone(),
        queue_bytes,
        delivery_bytes: queue_bytes,
    }
}

pub(super) fn pipeline(
    config: &Config,
    engine: &Arc<Engine>,
    ruling_of: RulingOf,
) -> anyhow::Result<pipeline::Options> {
    let timeout = Duration::from_millis(config.guard.analysis_timeout_ms);
    // Also where nothing is hidden now: a tenant may want it at any time.
    let tokens = if config.enable_security_analysis { keys::tokens(config)? } else { None };
    let analysis = Analysis::Enabled { engine: Arc::clone(engine), ruling_of, timeout };
    Ok(pipeline::Options {
        workers: usize::try_from(config.pipeline.workers).unwrap_or(1),
        batch: Batch {
            rows: usize::try_from(config.pipeline.batch_rows).unwrap_or(1),
            wait: Duration::from_millis(config.pipeline.batch_ms),
        },
        // The other half waits in the journal's queue: together they are what the setting says. What is on no disk may fill
        // the whole setting there (`journal.mode: memory`, or a disk that refuses).
        memory_bytes: config.pipeline.queue_max_bytes.len() / 2,
        capture: Capture { content: config.capture.content, raw: config.capture.raw },
        analysis: if config.enable_security_analysis { analysis } else { Analysis::Disabled },
        tokens: TokenKey::new(tokens),
        on_unknown_model: config.prices.on_unknown_model.clone(),
    })
}

pub(super) fn guard(config: &Config, analysts: &Analysts, events: &Events) -> Guard {
    Guard {
        analysts: analysts.clone(),
        timeout: Duration::from_millis(config.guard.timeout_ms),
        events: events.clone(),
    }
}

pub(super) fn proxy(config: &Config, prices: &Arc<ArcSwap<PriceBook>>) -> proxy::Options {
    proxy::Options {
        timeout: Duration::from_millis(config.timeout_ms),
        response_timeout: Duration::from_millis(config.response_timeout_ms),
        idle_timeout: Duration::from_millis(config.idle_timeout_ms),
        max_request_size_bytes: config.max_request_size_bytes.len(),
        buffer_max_bytes: config.buffer.max_bytes.len(),
        capture_max_bytes: config.capture.max_bytes.len(),
        streaming: if config.enable_streaming { Streaming::Forward } else { Streaming::Hold },
        stream_usage: config.stream_usage,
        on_client_gone: config.on_client_gone,
        propagate: config.trace.propagate,
        trusted_proxies: config.trusted_proxies.clone(),
        unpriced: match config.prices.on_unknown_model {
            UnknownModel::Deny => Unpriced::Deny(Arc::clone(prices)),
            UnknownModel::Warn | UnknownModel::PriceAs(_) => Unpriced::Allow,
        },
    }
}

/// Every upstream with its connection; also what `check --connect` tries.
pub(super) fn upstreams(config: &Config) -> anyhow::Result<Upstreams> {
    let shared = proxy_of(config.proxy.http.as_ref(), config.proxy.https.as_ref(), config.proxy.no_proxy.as_deref());
    let client = connect("upstream_tls", config, &config.upstream_tls, shared.clone(), Http2::Auto)?;
    let default = Upstream::new(proxy::DEFAULT, &config.upstream_url, None, client);
    let mut named = Vec::new();
    for (n, upstream) in config.upstreams.iter().enumerate() {
        let own = upstream.proxy.as_ref().map(|p| proxy_of(Some(p), Some(p), None));
        let via = own.unwrap_or_else(|| shared.clone());
        let client = connect(&format!("upstreams[{n}]"), config, &upstream.tls(), via, upstream.http2)?;
        let made = Upstream::new(&upstream.name, &upstream.url, upstream.provider.clone(), client);
        named.push(match (upstream.credential, &upstream.aws) {
            (Credential::Aws, Some(aws)) => made.signed_by(signer(aws).with_context(|| format!("upstreams[{n}].aws"))?),
            (Credential::Aws | Credential::Client, _) => made,
        });
    }
    Ok(Upstreams::new(default, named))
}

/// The keys of an upstream, which the configuration has checked.
fn signer(aws: &AwsOptions) -> anyhow::Result<AwsSigner> {
    Ok(AwsSigner {
        region: aws.region.clone().context("there is no region")?,
        service: aws.service.clone(),
        access_key_id: aws.access_key_id.clone().context("there is no access_key_id")?,
        secret_access_key: aws.secret_access_key.clone().context("there is no secret_access_key")?,
        session_token: aws.session_token.clone(),
    })
}

/// What the API says of this process; `addr` is where the proxy listens.
pub(super) fn installation(config: &Config, addr: SocketAddr) -> Installation {
    let profile = match config.storage.profile {
        Profile::Lite => "lite",
        Profile::Memory => "memory",
        Profile::Production => "production",
    };
    let capture_raw = match (config.capture.content, config.capture.raw) {
        (CaptureContent::Metadata, _) => CaptureRaw::Off,
        (CaptureContent::Full, raw) => raw,
    };
    let scheme = if config.tls.files().is_some() { "https" } else { "http" };
    Installation {
        profile: profile.to_owned(),
        capture_content: config.capture.content,
        capture_raw,
        upstreams: upstream_names(config),
        proxy: config.admin.listen_addr.map(|_| ProxyAddress { scheme, addr }),
    }
}

/// The names of the upstreams.
pub(crate) fn upstream_names(config: &Config) -> Vec<String> {
    let named = config.upstreams.iter().map(|upstream| upstream.name.as_str());
    [proxy::DEFAULT].into_iter().chain(named).map(str::to_owned).collect()
}

fn proxy_of(http: Option<&ProxyUrl>, https: Option<&ProxyUrl>, no_proxy: Option<&str>) -> Option<Arc<Matcher>> {
    if http.is_none() && https.is_none() {
        return None;
    }
    let url = |p: Option<&ProxyUrl>| p.map(ProxyUrl::expose).unwrap_or_default().to_owned();
    let matcher = Matcher::builder().http(url(http)).https(url(https)).no(no_proxy.unwrap_or_default().to_owned());
    Some(Arc::new(matcher.build()))
}

fn connect(
    setting: &str,
    config: &Config,
    tls: &UpstreamTls,
    proxy: Option<Arc<Matcher>>,
    http2: Http2,
) -> anyhow::Result<Client> {
    let extra_roots = match &tls.ca_bundle {
        Some(path) => listen::chain("ca_bundle", path).with_context(|| setting.to_owned())?,
        None => Vec::new(),
    };
    let identity = match tls.client_cert.as_ref().zip(tls.client_key.as_ref()) {
        Some((cert, key)) => Some((
            listen::chain("client_cert", cert).with_context(|| setting.to_owned())?,
            listen::private_key("client_key", key).with_context(|| setting.to_owned())?,
        )),
        None => None,
    };
    let connection = Connection {
        timeout: Duration::from_millis(config.connect_timeout_ms),
        extra_roots,
        identity,
        proxy,
        plain: match http2 {
            Http2::Auto => PlainVersion::Http1,
            Http2::PriorKnowledge => PlainVersion::Http2,
        },
    };
    Client::new(&connection).with_context(|| format!("{setting}: certificates cannot be used"))
}

pub(super) async fn bind(setting: &str, addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.with_context(|| {
        format!(
            "{setting}: cannot listen on {addr}; another process may use the port, or the address is not this machine's"
        )
    })
}

fn make_folder(setting: &str, path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("{setting}: cannot create folder {}", path.display()))
}

/// Tells the log where things are, and which of our routes hide paths of a known upstream.
pub(super) fn say_where(config: &Config, addr: SocketAddr, admin: Option<SocketAddr>) {
    tracing::info!(
        listen = %addr,
        admin = admin.map(tracing::field::display),
        upstream = %config.upstream_url,
        storage = %config.storage.spans,
        "serving"
    );
    tracing::info!(routes = OWN.join(" "), "these paths are answered here and never forwarded");
}

/// How long spans are kept of tenants without a rule of their own.
pub(super) fn retention(config: &Config) -> Retention {
    let options = config.retention;
    Retention { content_days: options.content_days.0, span_days: options.span_days.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn config(pairs: &[(&str, &str)]) -> Config {
        let env = pairs.iter().map(|(key, value)| (format!("LLMTRACE_{key}"), (*value).to_owned())).collect();
        Config::load(&Sources { env, ..Sources::default() }).unwrap()
    }

    #[test]
    fn the_api_says_what_is_configured_and_where_clients_send_when_that_is_elsewhere() {
        let addr: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let plain = installation(&config(&[]), addr);
        let words = [plain.profile.as_str(), plain.capture_content.as_str()];
        assert_eq!((words, plain.upstreams, plain.proxy), (["lite", "full"], vec!["default".to_owned()], None));
        let pairs = [
            ("ADMIN__LISTEN_ADDR", "127.0.0.1:8081"),
            ("STORAGE__PROFILE", "memory"),
            ("CAPTURE__CONTENT", "metadata"),
            ("UPSTREAMS", "[{name: azure, url: 'http://127.0.0.1:1'}]"),
        ];
        let other = installation(&config(&pairs), addr);
        let words = [other.profile.as_str(), other.capture_content.as_str()];
        assert_eq!((words, other.upstreams), (["memory", "metadata"], vec!["default".to_owned(), "azure".to_owned()]));
        assert_eq!(other.proxy, Some(ProxyAddress { scheme: "http", addr }));
    }

    // What a sync does is the journal's to test; that it is told what the settings say can be seen from no other place.
    #[test]
    fn the_journal_is_told_when_to_sync() {
        let fsync = |word| {
            let pairs = [("JOURNAL__FSYNC", word), ("JOURNAL__FSYNC_INTERVAL_MS", "50")];
            journal_options(&config(&pairs)).fsync
        };
        assert_eq!(fsync("never"), journal::Fsync::Never);
        assert_eq!(fsync("interval"), journal::Fsync::Interval(Duration::from_millis(50)));
        assert_eq!(fsync("each"), journal::Fsync::Each);
    }
}
