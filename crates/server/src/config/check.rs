//! What no single key can say: keys that need each other, bounds of sizes, what this build does not have.

use std::net::SocketAddr;

use llmtrace_model::is_api_key;
use llmtrace_store::{Keeps, Secret, Server, ServerOptions, ServerUrl};

use super::{
    error::Fault,
    options::{AuthMode, Config, Credential, JournalMode, Profile, Upstream},
    schema::nearest,
    values::ByteSize,
};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Reports what is wrong with a configuration whose keys are each well formed.
pub(super) fn check(config: &Config, report: &mut impl FnMut(&str, Fault)) {
    check_sizes(config, report);
    check_addresses(config, report);
    check_pairs(config, report);
    check_upstreams(&config.upstreams, report);
    super::guard::check(&config.guard, report);
    if config.storage.path.as_os_str().is_empty() {
        report("storage.path", other("found \"\", expected the path of a folder"));
    }
    check_stores(config, report);
    check_auth(config, report);
}

/// Nothing is open to others by accident, and the administrator's key is one.
fn check_auth(config: &Config, report: &mut impl FnMut(&str, Fault)) {
    if config.auth.mode == Some(AuthMode::Open)
        && !config.auth.allow_open
        && let Some((key, address)) = config.reachable()
    {
        report("auth.mode", Fault::Value {
            found: "open".to_owned(),
            expected: format!("required, since {key} is {address}"),
            reason: Some(
                "whoever reaches it could read and change everything; if that is meant, set auth.allow_open to true".to_owned(),
            ),
        });
    }
    if let Some(oidc) = &config.auth.oidc {
        super::oidc::check(oidc, report);
    }
    let malformed = config.auth.admin_key.as_ref().filter(|key| !is_api_key(key.expose()));
    if let Some(key) = malformed {
        report(
            "auth.admin_key",
            Fault::Value {
                found: format!("{} characters", key.expose().chars().count()),
                expected: "llmt_ and 43 of A-Z a-z 0-9 - _, as `llmtrace-proxy keys generate` makes them".to_owned(),
                reason: None,
            },
        );
    }
}

/// Each store keeps what its key is about, and the server it is on is known.
fn check_stores(config: &Config, report: &mut impl FnMut(&str, Fault)) {
    let storage = &config.storage;
    let stores = [
        ("storage.spans", &storage.spans, Keeps::Spans),
        ("storage.meta", &storage.meta, Keeps::Meta),
        ("storage.counters", &storage.counters, Keeps::Counters),
    ];
    for (setting, store, keeps) in stores {
        let server = match llmtrace_store::check_url(setting, store.as_str(), keeps) {
            Ok(Some(server)) => server,
            Ok(None) => continue,
            Err(error) => {
                let sentence = error.to_string();
                report(
                    setting,
                    other(sentence.strip_prefix(setting).map_or(&*sentence, |s| s.trim_start_matches(": "))),
                );
                continue;
            }
        };
        let (key, variable, url) = match server {
            Server::Clickhouse => ("clickhouse.url", "LLMTRACE_CLICKHOUSE_URL", &config.clickhouse.url),
            Server::Postgres => ("postgres.url", "LLMTRACE_POSTGRES_URL", &config.postgres.url),
            Server::Redis => ("redis.url", "LLMTRACE_REDIS_URL", &config.redis.url),
        };
        let Some(url) = url else {
            let sentence = format!(
                "found nothing, expected a URL such as {}, here or in {variable}, since {setting} is {store}",
                server.example(),
            );
            report(key, Fault::Other(sentence));
            continue;
        };
        let options = ServerOptions { url: Some(Secret::new(url.expose())), ..ServerOptions::default() };
        if let Err(error) = ServerUrl::of(server, &options) {
            report(key, Fault::Other(error.to_string()));
        }
    }
}

fn other(sentence: &str) -> Fault {
    Fault::Other(sentence.to_owned())
}

fn check_sizes(config: &Config, report: &mut impl FnMut(&str, Fault)) {
    let bounds = [
        ("max_request_size_bytes", config.max_request_size_bytes, KIB, 4 * GIB),
        ("buffer.max_bytes", config.buffer.max_bytes, MIB, 1024 * GIB),
        ("journal.max_bytes", config.journal.max_bytes, MIB, 1024 * GIB),
        ("pipeline.queue_max_bytes", config.pipeline.queue_max_bytes, 64 * KIB, 64 * GIB),
        ("capture.max_bytes", config.capture.max_bytes, 0, 64 * MIB),
    ];
    for (key, size, min, max) in bounds {
        if !(min..=max).contains(&size.bytes()) {
            let expected = format!("a size from {} to {}", ByteSize(min), ByteSize(max));
            report(key, Fault::Value { found: size.to_string(), expected, reason: None });
        }
    }
    if config.buffer.max_bytes < config.max_request_size_bytes {
        let expected = format!("at least max_request_size_bytes, which is {}", config.max_request_size_bytes);
        report("buffer.max_bytes", Fault::Value { found: config.buffer.max_bytes.to_string(), expected, reason: None });
    }
}

fn check_addresses(config: &Config, report: &mut impl FnMut(&str, Fault)) {
    if config.admin.listen_addr.is_some_and(|admin| overlap(admin, config.listen_addr)) {
        let sentence = format!("found the address of the listener, {}, expected another one", config.listen_addr);
        report("admin.listen_addr", Fault::Other(sentence));
    }
}

/// Says whether two listeners could not both be bound. Port 0 asks for any free port.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() != 0 && a.port() == b.port() && (a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified())
}

fn check_pairs(config: &Config, report: &mut impl FnMut(&str, Fault)) {
    let mut pair = |section: &str, names: [&str; 2], set: [bool; 2]| {
        let (missing, given) = match set {
            [true, false] => (names[1], names[0]),
            [false, true] => (names[0], names[1]),
            [true, true] | [false, false] => return,
        };
        let fault = Fault::Value {
            found: "nothing".to_owned(),
            expected: format!("the path of a PEM file, since {section}.{given} is set"),
            reason: None,
        };
        report(&format!("{section}.{missing}"), fault);
    };
    let client = ["client_cert", "client_key"];
    pair("tls", ["cert", "key"], [config.tls.cert.is_some(), config.tls.key.is_some()]);
    let default = &config.upstream_tls;
    pair("upstream_tls", client, [default.client_cert.is_some(), default.client_key.is_some()]);
    for (index, upstream) in config.upstreams.iter().enumerate() {
        let set = [upstream.client_cert.is_some(), upstream.client_key.is_some()];
        pair(&format!("upstreams[{index}]"), client, set);
    }
}

fn check_upstreams(upstreams: &[Upstream], report: &mut impl FnMut(&str, Fault)) {
    for (index, upstream) in upstreams.iter().enumerate() {
        if let Some(id) = upstream.provider.as_deref().filter(|id| llmtrace_wire::provider_by_id(id).is_none()) {
            let known = || llmtrace_wire::PROVIDERS.iter().map(|provider| provider.id);
            let expected = format!("one of {}", known().collect::<Vec<_>>().join(", "));
            let reason = nearest(id, known()).map(|near| format!("did you mean {near}?"));
            report(
                &format!("upstreams[{index}].provider"),
                Fault::Value { found: format!("{id:?}"), expected, reason },
            );
        }
        check_aws(index, upstream, report);
        let key = format!("upstreams[{index}].name");
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let name = upstream.name.as_bytes();
        let first_is_fine = name.first().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !first_is_fine || name.len() > 63 || !name.iter().copied().all(allowed) {
            let expected = "1 to 63 of a-z 0-9 - _, starting with a letter or digit".to_owned();
            report(&key, Fault::Value { found: format!("{:?}", upstream.name), expected, reason: None });
        }
        if upstream.name == "default" {
            report(&key, other("found \"default\", which is the name of upstream_url, expected another one"));
        }
        if upstreams[..index].iter().any(|earlier| earlier.name == upstream.name) {
            report(&key, Fault::Other(format!("found {:?} a second time, expected a name of its own", upstream.name)));
        }
    }
}

/// What `credential: aws` needs was looked for in the file, the host and the environment.
fn check_aws(index: usize, upstream: &Upstream, report: &mut impl FnMut(&str, Fault)) {
    let key = |name: &str| format!("upstreams[{index}].{name}");
    let missing = |expected: &str| Fault::Value {
        found: "nothing".to_owned(),
        expected: expected.to_owned(),
        reason: Some("credential is aws".to_owned()),
    };
    let aws = match (upstream.credential, &upstream.aws) {
        (Credential::Client, None) => return,
        (Credential::Client, Some(_)) => {
            return report(&key("aws"), other("found keys to sign with, expected none unless credential is aws"));
        }
        (Credential::Aws, aws) => aws.as_ref(),
    };
    let word = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    match aws.and_then(|aws| aws.region.as_deref()) {
        None => report(&key("aws.region"), missing("a region such as us-east-1, here or in AWS_REGION")),
        Some(region) if region.is_empty() || !word(region) => {
            let expected = "a region such as us-east-1".to_owned();
            report(&key("aws.region"), Fault::Value { found: format!("{region:?}"), expected, reason: None });
        }
        Some(_) => {}
    }
    if aws.is_some_and(|aws| aws.service.is_empty() || !word(&aws.service)) {
        report(&key("aws.service"), other("found no name of a service, expected one such as bedrock"));
    }
    if aws.is_none_or(|aws| aws.access_key_id.is_none()) {
        report(&key("aws.access_key_id"), missing("an access key, here or in AWS_ACCESS_KEY_ID"));
    }
    if aws.is_none_or(|aws| aws.secret_access_key.is_none()) {
        report(&key("aws.secret_access_key"), missing("its secret, here or in AWS_SECRET_ACCESS_KEY"));
    }
}

/// What the operator should know though it is no error.
pub(super) fn notes(config: &Config) -> Vec<String> {
    let mut notes = Vec::new();
    let servers = [
        ("clickhouse.url", config.clickhouse.url.is_some(), &config.storage.spans, "clickhouse:"),
        ("postgres.url", config.postgres.url.is_some(), &config.storage.meta, "postgres:"),
        ("redis.url", config.redis.url.is_some(), &config.storage.counters, "redis:"),
    ];
    for (key, is_set, store, name) in servers {
        if is_set && store.as_str() != name {
            notes.push(format!(
                "{key} is set and not used: with this storage.profile the store is {store}; set storage.profile to production"
            ));
        }
    }
    if let (AuthMode::Open, Some((key, address))) = (config.auth_mode(), config.reachable()) {
        notes.push(format!(
            "{key} is {address} and auth.allow_open is true: whoever reaches it uses the proxy and reads and changes \
             everything, no key is asked for"
        ));
    }
    if config.journal.mode == JournalMode::Memory && config.storage.profile != Profile::Memory {
        notes
            .push("journal.mode is memory: exchanges the store has not taken yet are lost with the process".to_owned());
    }
    notes
}
