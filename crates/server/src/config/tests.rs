//! Loading: precedence, every key from the environment, and each kind of message.

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::*;

fn env(pairs: &[(&str, &str)]) -> Sources {
    let env = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { env, ..Sources::default() }
}

/// Loads a file with this content; the folder lives as long as the test needs the file.
fn file(yaml: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("llmtrace.yaml");
    fs::write(&path, yaml).unwrap();
    (folder, Sources { file: Some(path), ..Sources::default() })
}

fn load_yaml(yaml: &str) -> Result<Config, ConfigErrors> {
    let (_folder, sources) = file(yaml);
    Config::load(&sources)
}

/// The messages of a file that is refused, without the path of the file.
fn refused(yaml: &str) -> Vec<String> {
    let (folder, sources) = file(yaml);
    let path = folder.path().join("llmtrace.yaml").display().to_string();
    messages(Config::load(&sources)).into_iter().map(|m| m.replace(&path, "FILE")).collect()
}

fn messages(result: Result<Config, ConfigErrors>) -> Vec<String> {
    result.expect_err("the configuration is refused").0.iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(load_yaml("").unwrap(), Config::default());
    assert_eq!(load_yaml("# nothing set\njournal:\n  # fsync: each\n").unwrap(), Config::default());
}

#[test]
fn later_layers_win() {
    let (_folder, mut sources) = file("timeout_ms: 1\nidle_timeout_ms: 1\nconnect_timeout_ms: 1\n");
    sources.env = env(&[("LLMTRACE_IDLE_TIMEOUT_MS", "2"), ("LLMTRACE_CONNECT_TIMEOUT_MS", "2")]).env;
    sources.flags = vec![Flag { name: "--connect-timeout-ms", key: "connect_timeout_ms", value: "3".to_owned() }];
    let config = Config::load(&sources).unwrap();
    assert_eq!((config.timeout_ms, config.idle_timeout_ms, config.connect_timeout_ms), (1, 2, 3));
    assert_eq!(config.response_timeout_ms, 600_000);
}

#[test]
fn the_file_flag_wins_over_the_variable() {
    let (_a, by_flag) = file("timeout_ms: 1");
    let (_b, by_variable) = file("timeout_ms: 2");
    let mut sources = env(&[("LLMTRACE_CONFIG", by_variable.file.unwrap().to_str().unwrap())]);
    assert_eq!(Config::load(&sources).unwrap().timeout_ms, 2);
    sources.file = by_flag.file;
    assert_eq!(Config::load(&sources).unwrap().timeout_ms, 1);
}

#[test]
fn a_single_key_wins_over_its_section() {
    let sources = env(&[("LLMTRACE_JOURNAL__FSYNC", "each"), ("LLMTRACE_JOURNAL", "{fsync: never, max_bytes: 2MiB}")]);
    let journal = Config::load(&sources).unwrap().journal;
    assert_eq!((journal.fsync, journal.max_bytes), (Fsync::Each, ByteSize(2 << 20)));
}

/// A value other than the default for every key, as the environment writes it, and as the effective configuration shows it.
const EVERY_KEY: [(&str, &str, &str); 87] = [
    ("listen_addr", "127.0.0.2:9000", r#""127.0.0.2:9000""#),
    ("upstream_url", "http://10.0.0.1:81/api/", r#""http://10.0.0.1:81/api""#),
    ("upstream_tls.ca_bundle", "ca.pem", r#""ca.pem""#),
    ("upstream_tls.client_cert", "c.pem", r#""c.pem""#),
    ("upstream_tls.client_key", "k.pem", r#""k.pem""#),
    (
        "upstreams",
        "[{name: a, url: 'http://a', provider: openai, http2: prior_knowledge, ca_bundle: b, proxy: 'u:p@x:1', credential: aws, aws: {region: r-1, access_key_id: i, secret_access_key: s}}]",
        r#"[{"name":"a","url":"http://a","provider":"openai","credential":"aws","aws":{"region":"r-1","service":"bedrock","access_key_id":"***","secret_access_key":"***","session_token":null},"http2":"prior_knowledge","ca_bundle":"b","client_cert":null,"client_key":null,"proxy":"http://***@x:1"}]"#,
    ),
    ("proxy.http", "proxy:3128", r#""http://proxy:3128""#),
    ("proxy.https", "http://u:p@proxy:3128", r#""http://***@proxy:3128""#),
    ("proxy.no_proxy", "localhost,10.0.0.0/8", r#""localhost,10.0.0.0/8""#),
    ("timeout_ms", "11", "11"),
    ("response_timeout_ms", "12", "12"),
    ("idle_timeout_ms", "13", "13"),
    ("connect_timeout_ms", "14", "14"),
    ("max_connections", "15", "15"),
    ("max_request_size_bytes", "1048576", r#""1MiB""#),
    ("buffer.max_bytes", "100MB", r#""100000000""#),
    ("enable_streaming", "false", "false"),
    ("enable_security_analysis", "false", "false"),
    ("guard.preset", "strict", r#""strict""#),
    ("guard.mode", "shadow", r#""shadow""#),
    (
        "guard.rules",
        "[{kinds: [secret], subtypes: [aws_*], channels: [user], min_severity: high, min_score: 0.5, action: block}]",
        r#"[{"kinds":["secret"],"subtypes":["aws_*"],"channels":["user"],"min_severity":"high","min_score":0.5,"action":"block"}]"#,
    ),
    (
        "guard.allow",
        "[{rule: pii.*, text: ada@example.org}]",
        r#"[{"rule":"pii.*","text":"ada@example.org","sha256":null}]"#,
    ),
    ("guard.answers", "hold", r#""hold""#),
    ("guard.restore", "false", "false"),
    ("guard.tools", "[{agents: [a*], deny: [shell]}]", r#"[{"agents":["a*"],"allow":null,"deny":["shell"]}]"#),
    ("guard.tenant_policies", "own", r#""own""#),
    ("guard.timeout_ms", "22", "22"),
    ("guard.on_timeout", "deny", r#""deny""#),
    ("guard.opaque", "block", r#""block""#),
    ("guard.analysis_timeout_ms", "21", "21"),
    ("enable_trace_storage", "false", "false"),
    ("stream_usage", "off", r#""off""#),
    ("on_client_gone", "drain", r#""drain""#),
    ("trace.propagate", "child", r#""child""#),
    ("storage.profile", "memory", r#""memory""#),
    ("storage.path", "/data", r#""/data""#),
    ("storage.spans", "sqlite:/x.db", r#""sqlite:/x.db""#),
    ("storage.meta", "sqlite:/y.db", r#""sqlite:/y.db""#),
    ("storage.counters", "memory:", r#""memory:""#),
    ("storage.auto_migrate", "false", "false"),
    ("retention.content_days", "7", "7"),
    ("retention.span_days", "forever", r#""forever""#),
    ("clickhouse.url", "http://u:p@ch:8123/", r#""http://***@ch:8123""#),
    ("clickhouse.database", "traces", r#""traces""#),
    ("clickhouse.password", "two words", r#""***""#),
    ("clickhouse.cluster", "main", r#""main""#),
    ("clickhouse.ca_bundle", "ch.pem", r#""ch.pem""#),
    ("postgres.url", "postgres://pg/db?sslmode=require", r#""postgres://pg/db""#),
    ("postgres.password", "p", r#""***""#),
    ("postgres.max_connections", "3", "3"),
    ("postgres.ca_bundle", "pg.pem", r#""pg.pem""#),
    ("redis.url", "rediss://:p@r:6380", r#""rediss://***@r:6380""#),
    ("redis.password", "p", r#""***""#),
    ("redis.ca_bundle", "r.pem", r#""r.pem""#),
    ("redis.cache_seconds", "5", "5"),
    ("journal.mode", "memory", r#""memory""#),
    ("journal.max_bytes", "2GiB", r#""2GiB""#),
    ("journal.fsync", "never", r#""never""#),
    ("journal.fsync_interval_ms", "50", "50"),
    ("journal.path", "/journal", r#""/journal""#),
    ("pipeline.workers", "2", "2"),
    ("pipeline.queue_max_bytes", "1MiB", r#""1MiB""#),
    ("pipeline.batch_rows", "7", "7"),
    ("pipeline.batch_ms", "8", "8"),
    ("logging.level", "warn,hyper=debug", r#""warn,hyper=debug""#),
    ("logging.format", "json", r#""json""#),
    ("capture.content", "metadata", r#""metadata""#),
    ("capture.raw", "errors", r#""errors""#),
    ("capture.max_bytes", "0", r#""0""#),
    ("prices.overrides", "prices.yaml", r#""prices.yaml""#),
    ("prices.on_unknown_model", "price_as:gpt-4o", r#""price_as:gpt-4o""#),
    ("tls.cert", "cert.pem", r#""cert.pem""#),
    ("tls.key", "key.pem", r#""key.pem""#),
    ("admin.listen_addr", "127.0.0.1:8081", r#""127.0.0.1:8081""#),
    ("trusted_proxies", "[10.0.0.0/8, '::1']", r#"["10.0.0.0/8","::1/128"]"#),
    ("allowed_hosts", "[Traces.Example]", r#"["traces.example"]"#),
    ("auth.mode", "required", r#""required""#),
    ("auth.allow_open", "true", "true"),
    ("auth.admin_key", "llmt_0000000000000000000000000000000000000000000", r#""***""#),
    ("auth.session_idle_minutes", "30", "30"),
    ("auth.session_hours", "8", "8"),
    (
        "auth.oidc",
        "{issuer: 'https://id.example/', client_id: c, client_secret: s, roles: [{group: g, tenant: a, role: viewer}]}",
        r#"{"issuer":"https://id.example/","client_id":"c","client_secret":"***","name":"single sign-on","scopes":["openid","email","profile"],"groups_claim":"groups","roles":[{"group":"g","tenant":"a","role":"viewer"}],"ca_bundle":null}"#,
    ),
    ("secrets.master_key", "0707070707070707070707070707070707070707070707070707070707070707", r#""***""#),
    (
        "secrets.previous_master_keys",
        "['0909090909090909090909090909090909090909090909090909090909090909']",
        r#"["***"]"#,
    ),
    ("shutdown.delay_seconds", "5", "5"),
    ("shutdown.timeout_seconds", "9", "9"),
    ("pipeline", "{workers: 2, batch_rows: 7, batch_ms: 8, queue_max_bytes: 1MiB}", ""),
];

#[test]
fn every_key_is_set_by_its_variable() {
    let mut leaves = schema::leaves(&schema::bare_schema());
    let variables: Vec<_> = EVERY_KEY.iter().map(|(key, text, _)| (layers::variable_of(key), *text)).collect();
    let pairs: Vec<_> = variables.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let shown = serde_json::to_value(Config::load(&env(&pairs)).unwrap()).unwrap();
    for (key, _, expected) in EVERY_KEY.iter().filter(|(.., expected)| !expected.is_empty()) {
        let value = key.split('.').fold(&shown, |node, part| &node[part]);
        assert_eq!(*value, serde_json::from_str::<Value>(expected).unwrap(), "{key}");
        leaves.retain(|leaf| leaf != key);
    }
    assert_eq!(leaves, Vec::<String>::new(), "keys without a line above");
}

#[test]
fn a_profile_fills_in_what_is_null() {
    let lite = Config::default();
    assert_eq!(lite.storage.spans.as_str(), "sqlite:./llmtrace-data/llmtrace.db");
    assert_eq!(lite.storage.meta, lite.storage.spans);
    assert_eq!(lite.storage.counters.as_str(), "memory:");
    assert_eq!((lite.journal.mode, lite.journal.path), (JournalMode::Disk, PathBuf::from("./llmtrace-data/journal")));

    let memory = load_yaml("storage: {profile: memory, meta: 'sqlite:/m.db'}").unwrap();
    assert_eq!((memory.storage.spans.as_str(), memory.storage.meta.as_str()), ("memory:", "sqlite:/m.db"));
    assert_eq!(memory.journal.mode, JournalMode::Memory);
    assert_eq!((memory.retention.content_days.0, memory.retention.span_days.0), (None, None));
    assert_eq!((lite.retention.content_days.0, lite.retention.span_days.0), (Some(30), Some(90)));

    let servers = "clickhouse: {url: 'http://c'}\npostgres: {url: 'postgres://u@p'}\nredis: {url: 'redis://r'}\n";
    let production = load_yaml(&format!("{servers}storage: {{profile: production}}")).unwrap();
    for (config, batch) in [(&Config::default(), (500, 100)), (&memory, (500, 100)), (&production, (10_000, 1000))] {
        assert_eq!((config.pipeline.batch_rows, config.pipeline.batch_ms), batch);
    }
}

#[test]
fn the_usual_proxy_variables_stand_behind_the_keys() {
    let mut sources = env(&[("HTTPS_PROXY", "http://u:p@upper:1"), ("https_proxy", "lower:1"), ("NO_PROXY", "a.b")]);
    let proxy = Config::load(&sources).unwrap().proxy;
    assert_eq!(proxy.https.as_ref().map(ProxyUrl::expose), Some("http://lower:1"));
    assert_eq!((proxy.http, proxy.no_proxy.as_deref()), (None, Some("a.b")));
    sources.env.push(("LLMTRACE_PROXY__HTTPS".to_owned(), "own:1".to_owned()));
    assert_eq!(Config::load(&sources).unwrap().proxy.https.as_ref().map(ProxyUrl::expose), Some("http://own:1"));
}

#[test]
fn an_unknown_model_may_be_priced_as_another_in_both_forms() {
    for yaml in ["prices: {on_unknown_model: 'price_as: gpt-4o'}", "prices: {on_unknown_model: {price_as: gpt-4o}}"] {
        assert_eq!(load_yaml(yaml).unwrap().prices.on_unknown_model, UnknownModel::PriceAs("gpt-4o".to_owned()));
    }
}

#[test]
fn an_unknown_key_names_the_nearest_one() {
    assert_eq!(refused("listenAdr: 1"), ["listenAdr (FILE): there is no such key, did you mean listen_addr?"]);
    assert_eq!(
        refused("journal: {fsinc: each}"),
        ["journal.fsinc (FILE): there is no such key, did you mean journal.fsync?"]
    );
    assert_eq!(refused("fsync: each"), ["fsync (FILE): there is no such key, did you mean journal.fsync?"]);
    assert_eq!(refused("zebra: 1"), ["zebra (FILE): there is no such key; docs/reference/config.md lists them all"]);
    assert_eq!(
        refused("upstreams: [{name: a, url: 'http://a', htp2: auto}]"),
        ["upstreams[0].htp2 (FILE): there is no such key, did you mean upstreams[0].http2?"]
    );
}

#[test]
fn an_unknown_variable_names_the_nearest_one() {
    assert_eq!(
        messages(Config::load(&env(&[("LLMTRACE_STORAGE_PATH", "/data")]))),
        ["storage_path (LLMTRACE_STORAGE_PATH): there is no such key, did you mean LLMTRACE_STORAGE__PATH?"]
    );
}

#[test]
fn variables_of_others_are_left_alone() {
    let sources = env(&[
        ("LLMTRACE_SERVICE_HOST", "10.0.0.1"),
        ("LLMTRACE_SERVICE_PORT_HTTP", "8080"),
        ("LLMTRACE_PORT", "tcp://10.0.0.1:8080"),
        ("LLMTRACE_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("LLMTRACE_REDIS_MASTER_PORT_6379_TCP", "tcp://10.0.0.2:6379"),
        ("LLMTRACE_TEST_CLICKHOUSE_URL", "http://x"),
        ("LLMTRACE_BIN_DIR", "/x"),
        ("LLMTRACE_CONFIG", ""),
    ]);
    assert_eq!(Config::load(&sources).unwrap(), Config::default());
}

#[test]
fn servers_that_no_store_is_on_are_noted() {
    let notes = Config::load(&env(&[("LLMTRACE_REDIS_URL", "redis://x")])).unwrap().notes;
    assert_eq!(
        notes,
        [
            "redis.url is set and not used: with this storage.profile the store is memory:; set storage.profile to production"
        ]
    );
}

#[test]
fn the_production_profile_takes_its_servers_from_the_names_of_a_secret() {
    let sources = env(&[
        ("LLMTRACE_STORAGE__PROFILE", "production"),
        ("LLMTRACE_CLICKHOUSE_URL", "http://me:s3cret@clickhouse:8123"),
        ("LLMTRACE_CLICKHOUSE_DATABASE", "traces"),
        ("LLMTRACE_POSTGRES_URL", "postgres://llmtrace@pg:5432/llmtrace"),
        ("LLMTRACE_POSTGRES_PASSWORD", "p@:/%?# w"),
        ("LLMTRACE_REDIS_URL", "redis://redis:6379"),
        ("LLMTRACE_REDIS_PASSWORD", ""),
    ]);
    let config = Config::load(&sources).unwrap();
    let stores = [&config.storage.spans, &config.storage.meta, &config.storage.counters].map(StoreUrl::as_str);
    assert_eq!((stores, config.journal.mode), (["clickhouse:", "postgres:", "redis:"], JournalMode::Disk));
    assert_eq!((config.clickhouse.database.as_str(), config.redis.password.as_ref()), ("traces", None));
    assert_eq!(config.postgres.password.as_ref().unwrap().expose(), "p@:/%?# w");
    let url = config.clickhouse.url.as_ref().unwrap();
    assert_eq!(
        (url.expose(), url.to_string().as_str()),
        ("http://me:s3cret@clickhouse:8123", "http://***@clickhouse:8123")
    );
    let printed = format!("{config:?}{}", serde_saphyr::to_string(&config).unwrap());
    assert!(!printed.contains("s3cret") && !printed.contains("p@:/"), "{printed}");
}

#[test]
fn the_longer_name_of_a_variable_wins() {
    let sources = env(&[("LLMTRACE_REDIS__URL", "redis://long"), ("LLMTRACE_REDIS_URL", "redis://short")]);
    assert_eq!(Config::load(&sources).unwrap().redis.url.unwrap().expose(), "redis://long");
}

#[test]
fn nobody_is_let_in_without_a_key_from_elsewhere_unless_that_is_said() {
    let loaded = |yaml: &str| load_yaml(yaml).unwrap();
    assert_eq!(Config::default().auth_mode(), AuthMode::Open);
    assert_eq!(loaded("auth: {mode: required}").auth_mode(), AuthMode::Required);
    for elsewhere in ["listen_addr: 0.0.0.0:8080", "admin: {listen_addr: '[::]:8081'}"] {
        let closed = loaded(elsewhere);
        assert_eq!((closed.auth_mode(), closed.notes), (AuthMode::Required, vec![]), "{elsewhere}");
        let open = loaded(&format!("{elsewhere}\nauth: {{allow_open: true}}"));
        assert_eq!((open.auth_mode(), open.notes.len()), (AuthMode::Open, 1), "{elsewhere}");
        assert!(open.notes[0].contains("listen_addr is ") && open.notes[0].contains("allow_open"), "{:?}", open.notes);
        let error = load_yaml(&format!("{elsewhere}\nauth: {{mode: open}}")).unwrap_err().to_string();
        assert!(error.contains("auth.mode (") && error.contains("found open, expected required, since "), "{error}");
    }
}

#[test]
fn an_administrators_key_has_the_form_of_one_and_is_not_said_back() {
    let error = load_yaml("auth: {admin_key: too-short}").unwrap_err().to_string();
    assert!(error.contains("found 9 characters, expected llmt_ and 43 of"), "{error}");
    assert!(!error.contains("too-short"), "{error}");
}

#[test]
fn a_wrong_value_says_what_was_found_and_what_was_expected() {
    for (yaml, message) in [
        ("timeout_ms: soon", "timeout_ms (FILE): found \"soon\", expected a whole number from 1 to 86400000"),
        ("timeout_ms: 0", "timeout_ms (FILE): found 0, expected a whole number from 1 to 86400000"),
        ("timeout_ms: 1.5", "timeout_ms (FILE): found 1.5, expected a whole number from 1 to 86400000"),
        ("timeout_ms:", "timeout_ms (FILE): found nothing, expected a whole number from 1 to 86400000"),
        ("enable_streaming: yes", "enable_streaming (FILE): found \"yes\", expected true or false"),
        (
            "journal: {fsync: internal}",
            "journal.fsync (FILE): found \"internal\", expected one of never, interval, each (did you mean interval?)",
        ),
        ("journal: each", "journal (FILE): found \"each\", expected a section with keys of its own"),
        ("trusted_proxies: 10.0.0.0/8", "trusted_proxies (FILE): found \"10.0.0.0/8\", expected a list"),
        (
            "trusted_proxies: [10.0.0.1/8]",
            "trusted_proxies[0] (FILE): found \"10.0.0.1/8\", expected an IP address or a network such as 10.0.0.0/8 \
             (bits are set behind the prefix, 10.0.0.0/8 would be the network)",
        ),
        (
            "listen_addr: 8080",
            "listen_addr (FILE): found 8080, expected ADDRESS:PORT such as 127.0.0.1:8080 or [::]:8080",
        ),
        (
            "upstream_url: api.openai.com",
            "upstream_url (FILE): found \"api.openai.com\", expected an http:// or https:// URL such as \
             https://api.openai.com (there is no http:// or https://)",
        ),
        (
            "storage: {spans: 'clickhous:x'}",
            "storage.spans (FILE): found ***, expected sqlite:PATH, memory:, clickhouse:, postgres: or redis:, or null \
             (scheme \"clickhous\" is unknown, expected one of sqlite, memory, clickhouse, postgres, redis)",
        ),
        (
            "upstreams: [{name: a}]",
            "upstreams[0].url (FILE): found nothing, expected an http:// or https:// URL such as https://api.openai.com",
        ),
        ("capture: {max_bytes: 1 GB}", "capture.max_bytes (FILE): found 1000000000, expected a size from 0 to 64MiB"),
        (
            "capture: {max_bytes: 1 parsec}",
            "capture.max_bytes (FILE): found \"1 parsec\", expected a number of bytes, or a size such as 64MiB \
             (unknown unit \"parsec\")",
        ),
        (
            "buffer: {max_bytes: 1MiB}",
            "buffer.max_bytes (FILE): found 1MiB, expected at least max_request_size_bytes, which is 50MiB",
        ),
        (
            "tls: {cert: c.pem}",
            "tls.key (default): found nothing, expected the path of a PEM file, since tls.cert is set",
        ),
        (
            "storage: {spans: 'clickhouse:'}",
            "clickhouse.url (default): found nothing, expected a URL such as http://clickhouse:8123, here or in \
             LLMTRACE_CLICKHOUSE_URL, since storage.spans is clickhouse:",
        ),
        (
            "{storage: {meta: 'postgres:'}, postgres: {url: 'mysql://u:hunter2@h/db'}}",
            "postgres.url (FILE): scheme \"mysql\" is none of postgres://, postgresql://, expected a URL such as \
             postgres://USER@postgresql:5432/DATABASE",
        ),
        ("storage: {spans: 'postgres:'}", "storage.spans (FILE): postgres: keeps no spans"),
        (
            "storage: {meta: 'clickhouse://u:hunter2@h'}",
            "storage.meta (FILE): found ***, expected sqlite:PATH, memory:, clickhouse:, postgres: or redis:, or null \
             (clickhouse: is followed by something, expected nothing: the server is clickhouse.url)",
        ),
        (
            "logging: {level: inf0}",
            "logging.level (FILE): found \"inf0\", expected off, error, warn, info, debug or trace, or such levels by \
             module: info,llmtrace_server::proxy=debug (a word in it is no level)",
        ),
        (
            "admin: {listen_addr: '127.0.0.1:8080'}",
            "admin.listen_addr (FILE): found the address of the listener, 127.0.0.1:8080, expected another one",
        ),
    ] {
        assert_eq!(refused(yaml), [message]);
    }
}

#[test]
fn an_unknown_provider_names_the_nearest_one() {
    let message = refused("upstreams: [{name: a, url: 'http://a', provider: anthropics}]").join("\n");
    assert!(message.starts_with("upstreams[0].provider (FILE): found \"anthropics\", expected one of "), "{message}");
    assert!(message.ends_with("(did you mean anthropic?)"), "{message}");
}

#[test]
fn names_of_upstreams_are_their_own() {
    let of = |name| refused(&format!("upstreams: [{{name: b, url: 'http://b'}}, {{name: {name}, url: 'http://a'}}]"));
    assert_eq!(of("b"), ["upstreams[1].name (FILE): found \"b\" a second time, expected a name of its own"]);
    assert_eq!(
        of("default"),
        ["upstreams[1].name (FILE): found \"default\", which is the name of upstream_url, expected another one"]
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    let keys =
        |yaml| -> Vec<String> { load_yaml(yaml).unwrap_err().0.into_iter().map(|problem| problem.key).collect() };
    let yaml = "zebra: 1\ntimeout_ms: 0\nlisten_addr: nowhere\nupstream_url: ftp://x\n\
                capture: {max_bytes: 1GiB}\nupstreams: [{name: a b, url: 'http://a'}, {name: c, url: 'http://c'}]\n";
    assert_eq!(
        keys(yaml),
        ["timeout_ms", "zebra", "listen_addr", "upstream_url", "capture.max_bytes", "upstreams[0].name"]
    );
}

#[test]
fn a_variable_is_named_in_its_message() {
    assert_eq!(
        messages(Config::load(&env(&[("LLMTRACE_JOURNAL__FSYNC", "sometimes")]))),
        ["journal.fsync (LLMTRACE_JOURNAL__FSYNC): found \"sometimes\", expected one of never, interval, each"]
    );
    assert_eq!(
        messages(Config::load(&env(&[("LLMTRACE_UPSTREAM_URL", "")]))),
        ["upstream_url (LLMTRACE_UPSTREAM_URL): found \"\", expected an http:// or https:// URL such as \
          https://api.openai.com (not a URL: empty string)"]
    );
}

#[test]
fn broken_yaml_is_refused_with_its_place() {
    let one = |yaml| refused(yaml).join("\n");
    assert!(one("a: [1").starts_with("FILE: "), "{}", one("a: [1"));
    assert!(one("timeout_ms: 1\ntimeout_ms: 2").contains("line 2"), "{}", one("timeout_ms: 1\ntimeout_ms: 2"));
    assert!(one("journal:\n\tfsync: each").contains("line 2"), "{}", one("journal:\n\tfsync: each"));
    assert!(one("timeout_ms: 1\n---\ntimeout_ms: 2").starts_with("FILE: "));
    assert_eq!(one("[1, 2]"), "FILE: found a list of 2, expected keys with values");
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (this, last) in ["b", "c", "d", "e", "f", "g"].iter().zip(["a", "b", "c", "d", "e", "f"]) {
        bomb += &format!("{this}: &{this} [*{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}]\n");
    }
    assert!(one(&bomb).starts_with("FILE: "), "{}", one(&bomb));
    assert!(one(&format!("a: {}", "[".repeat(5000))).starts_with("FILE: "));
}

#[test]
fn a_missing_or_huge_file_is_refused() {
    let sources = Sources { file: Some("/nonexistent/llmtrace.yaml".into()), ..Sources::default() };
    assert!(messages(Config::load(&sources))[0].starts_with("/nonexistent/llmtrace.yaml: the file cannot be read"));
    assert_eq!(refused(&"#\n".repeat(600_000)), ["FILE: the file is larger than 1 MiB"]);
}

#[test]
fn secrets_are_looked_up_and_never_shown() {
    let (folder, _) = file("");
    let path = folder.path().join("key");
    fs::write(&path, format!("{}\n", "ab".repeat(32))).unwrap();
    for (variable, extra) in [(format!("file:{}", path.display()), ""), ("env:MY_KEY".to_owned(), &*"ab".repeat(32))] {
        let config = Config::load(&env(&[("LLMTRACE_SECRETS__MASTER_KEY", &variable), ("MY_KEY", extra)])).unwrap();
        assert_eq!(config.secrets.master_key, Some(MasterKey::new([0xab; 32])));
        assert!(!format!("{config:?}").contains("171"), "the debug form hides it");
        assert!(!serde_json::to_string(&config).unwrap().contains("abab"), "the printed form hides it");
        let listed = format!("[{variable}, '{}']", "cd".repeat(32));
        let listed = [("LLMTRACE_SECRETS__PREVIOUS_MASTER_KEYS", &*listed), ("MY_KEY", extra)];
        let secrets = Config::load(&env(&listed)).unwrap().secrets;
        assert_eq!(secrets.previous_master_keys, [MasterKey::new([0xab; 32]), MasterKey::new([0xcd; 32])]);
        assert_eq!(serde_json::to_value(secrets).unwrap()["previous_master_keys"], serde_json::json!(["***", "***"]));
    }
}

#[test]
fn a_wrong_secret_is_refused_without_showing_it() {
    let wrong = |value| messages(Config::load(&env(&[("LLMTRACE_SECRETS__MASTER_KEY", value)])));
    assert_eq!(
        wrong("hunter2hunter2hunter2"),
        [
            "secrets.master_key (LLMTRACE_SECRETS__MASTER_KEY): found ***, expected 32 bytes in hex or base64, literally, as \
          env:NAME or as file:PATH, or null (neither hex nor base64)"
        ]
    );
    assert_eq!(
        wrong("env:NOBODY"),
        ["secrets.master_key (LLMTRACE_SECRETS__MASTER_KEY): the environment variable NOBODY is not set"]
    );
    for (value, found) in [("hunter2", "found ***, expected a list"), ("[hunter2]", "[0]"), ("[5]", "found ***")] {
        let one = messages(Config::load(&env(&[("LLMTRACE_SECRETS__PREVIOUS_MASTER_KEYS", value)])));
        assert!(one[0].contains(found) && !one[0].contains("hunter2"), "{one:?}");
    }
    let url = messages(Config::load(&env(&[("LLMTRACE_UPSTREAM_URL", "https://me:hunter2@x")])));
    assert!(url[0].contains("found a URL with credentials") && !url[0].contains("hunter2"), "{url:?}");
    let proxy = messages(Config::load(&env(&[("LLMTRACE_PROXY__HTTPS", "socks5://me:hunter2@x:1")])));
    assert!(proxy[0].contains("found ***") && !proxy[0].contains("hunter2"), "{proxy:?}");
}

#[test]
fn sizes_are_read_in_all_their_forms() {
    for (text, bytes) in
        [("0", 0), ("17", 17), ("64MiB", 64 << 20), ("1 GiB", 1 << 30), ("10kB", 10_000), ("5Mi", 5 << 20), ("3 B", 3)]
    {
        assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
    }
    for text in ["", "MiB", "-1", "1.5MiB", "1 mib", "99999999999999TiB", "99999999999999999999"] {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
}

#[test]
fn networks_hold_their_addresses() {
    let holds = |network: &str, address: &str| network.parse::<Cidr>().unwrap().contains(address.parse().unwrap());
    assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
    assert!(holds("0.0.0.0/0", "8.8.8.8") && holds("::/0", "fe80::1") && !holds("0.0.0.0/0", "fe80::1"));
    assert!(holds("192.168.1.7", "192.168.1.7") && !holds("192.168.1.7", "192.168.1.6"));
    assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
    for wrong in ["10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "x"] {
        assert!(wrong.parse::<Cidr>().is_err(), "{wrong}");
    }
}

#[test]
fn base_urls_are_split_for_the_proxy() {
    let url: BaseUrl = "https://openrouter.ai/api/".parse().unwrap();
    assert_eq!((url.host(), url.port(), url.path_prefix(), url.is_tls()), ("openrouter.ai", 443, "/api", true));
    let url: BaseUrl = "http://[::1]:8000".parse().unwrap();
    assert_eq!((url.host(), url.port(), url.path_prefix(), url.is_tls()), ("[::1]", 8000, "", false));
    for wrong in ["https://u:p@x", "https://x/?a=b", "https://x/#f", "https://", "/v1", "http://x:0", "http://x y"] {
        assert!(wrong.parse::<BaseUrl>().is_err(), "{wrong}");
    }
}

#[test]
fn an_upstream_of_aws_takes_what_it_lacks_from_its_host_and_the_usual_variables() {
    let aws = |file: &str, env: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("llmtrace.yaml");
        std::fs::write(&path, file).unwrap();
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let config = Config::load(&Sources { file: Some(path), env, ..Sources::default() }).unwrap();
        config.upstreams[0].aws.clone().unwrap()
    };
    let usual = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_DEFAULT_REGION", "us-west-2"),
        ("MY_SECRET", "mine"),
    ];
    let shown = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
    let bare =
        aws("upstreams: [{name: a, url: 'https://bedrock-runtime.eu-north-1.amazonaws.com', credential: aws}]", &usual);
    assert_eq!((bare.region.as_deref(), bare.service.as_str()), (Some("eu-north-1"), "bedrock"));
    let keys = [bare.access_key_id, bare.secret_access_key, bare.session_token].map(shown);
    assert_eq!(keys, [Some("id"), Some("secret"), Some("token")].map(|key| key.map(str::to_owned)));

    let own = "{access_key_id: own, secret_access_key: 'env:MY_SECRET'}";
    let own = aws(&format!("upstreams: [{{name: a, url: 'http://h', credential: aws, aws: {own}}}]"), &usual);
    assert_eq!(own.region.as_deref(), Some("us-west-2"), "the host names none");
    let keys = [own.access_key_id, own.secret_access_key, own.session_token].map(shown);
    assert_eq!(keys, [Some("own".to_owned()), Some("mine".to_owned()), None], "a token belongs to its key");
}

#[test]
fn an_upstream_of_aws_without_keys_is_refused_and_keys_are_never_shown() {
    assert_eq!(
        refused("upstreams: [{name: a, url: 'http://h', credential: aws}]"),
        [
            "upstreams[0].aws.region (FILE): found nothing, expected a region such as us-east-1, here or in AWS_REGION (credential is aws)",
            "upstreams[0].aws.access_key_id (FILE): found nothing, expected an access key, here or in AWS_ACCESS_KEY_ID (credential is aws)",
            "upstreams[0].aws.secret_access_key (FILE): found nothing, expected its secret, here or in AWS_SECRET_ACCESS_KEY (credential is aws)",
        ]
    );
    let keys = "{access_key_id: id, secret_access_key: 'hush hush', region: us-east-1}";
    let with = |credential: &str| {
        refused(&format!("upstreams: [{{name: a, url: 'http://h', credential: {credential}, aws: {keys}}}]")).join("\n")
    };
    let message = with("aws");
    assert!(message.contains("upstreams[0].aws.secret_access_key") && !message.contains("hush"), "{message}");
    let keys_alone = refused("upstreams: [{name: a, url: 'http://h', aws: {region: us-east-1}}]");
    assert_eq!(
        keys_alone,
        ["upstreams[0].aws (FILE): found keys to sign with, expected none unless credential is aws"]
    );
}
