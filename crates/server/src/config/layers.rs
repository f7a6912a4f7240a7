//! The layers of a configuration, lowest first: `default.yaml`, a file, the environment, flags.

use std::{collections::BTreeMap, fs, io::Read as _, path::Path};

use serde_json::{Map, Value};

use super::{
    error::{Fault, Problem},
    schema,
    source::{Origin, Sources},
};

/// The defaults, and with their comments the reference of every key.
pub const DEFAULT_YAML: &str = include_str!("default.yaml");

/// A configuration file is a page or two; this bounds what a wrong path costs.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Names that begin like ours and are read at other places.
const FOREIGN: [&str; 2] = ["LLMTRACE_CONFIG", "LLMTRACE_BIN_DIR"];

/// Names that a Secret of Kubernetes holds, and the keys they set. The name that follows from the key wins where both are set.
const SHORT_NAMES: [(&str, &str); 7] = [
    ("LLMTRACE_CLICKHOUSE_URL", "clickhouse.url"),
    ("LLMTRACE_CLICKHOUSE_DATABASE", "clickhouse.database"),
    ("LLMTRACE_CLICKHOUSE_PASSWORD", "clickhouse.password"),
    ("LLMTRACE_POSTGRES_URL", "postgres.url"),
    ("LLMTRACE_POSTGRES_PASSWORD", "postgres.password"),
    ("LLMTRACE_REDIS_URL", "redis.url"),
    ("LLMTRACE_REDIS_PASSWORD", "redis.password"),
];

/// A tree of settings that knows who set what.
pub(super) struct Layers {
    pub(super) value: Value,
    origins: BTreeMap<String, Origin>,
    pub(super) problems: Vec<Problem>,
}

impl Layers {
    /// Lays all layers over the defaults; what cannot be read becomes a problem.
    pub(super) fn read(sources: &Sources, schema: &Value) -> Self {
        let mut layers = Self { value: Value::Object(Map::new()), origins: BTreeMap::new(), problems: Vec::new() };
        match defaults() {
            Ok(defaults) => layers.overlay(defaults, "", &Origin::Default),
            Err(fault) => layers.problem("", Origin::Default, fault),
        }
        if let Some(path) = sources.config_file() {
            let origin = Origin::File(path.clone());
            match read_file(&path) {
                Ok(value) => layers.overlay(value, "", &origin),
                Err(fault) => layers.problem("", origin, fault),
            }
        }
        layers.read_env(sources, schema);
        for flag in &sources.flags {
            layers.set_text(flag.key, &flag.value, Origin::Flag(flag.name), schema);
        }
        layers
    }

    /// Who set a key.
    pub(super) fn origin(&self, key: &str) -> Origin {
        let mut key = key;
        loop {
            if let Some(origin) = self.origins.get(key) {
                return origin.clone();
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return Origin::Default,
            }
        }
    }

    /// Notes a problem.
    pub(super) fn problem(&mut self, key: &str, origin: Origin, fault: Fault) {
        self.problems.push(Problem { key: key.to_owned(), origin, fault });
    }

    /// Lays `layer` over the key: sections merge, everything else replaces.
    pub(super) fn overlay(&mut self, layer: Value, key: &str, origin: &Origin) {
        match layer {
            Value::Object(map) if self.get(key).is_some_and(Value::is_object) => {
                for (name, value) in map {
                    self.overlay(value, &schema::join(key, &name), origin);
                }
            }
            // A section whose keys are all commented out reads as null: it sets nothing.
            Value::Null if self.get(key).is_some_and(Value::is_object) => {}
            value => self.replace(key, value, origin),
        }
    }

    /// The value of a dotted key.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        if key.is_empty() {
            return Some(&self.value);
        }
        key.split('.').try_fold(&self.value, |node, part| node.get(part))
    }

    /// Sets a key whatever it held.
    pub(super) fn replace(&mut self, key: &str, value: Value, origin: &Origin) {
        self.origins.insert(key.to_owned(), origin.clone());
        self.put(key, value);
    }

    fn put(&mut self, key: &str, value: Value) {
        let mut node = &mut self.value;
        for part in key.split('.').filter(|part| !part.is_empty()) {
            let Some(map) = node.as_object_mut() else { return };
            node = map.entry(part).or_insert(Value::Null);
        }
        *node = value;
    }

    fn read_env(&mut self, sources: &Sources, schema: &Value) {
        let mut ours: Vec<_> = sources.env.iter().filter(|(name, _)| name.starts_with("LLMTRACE_")).collect();
        // Sections first, so that LLMTRACE_JOURNAL__FSYNC wins over LLMTRACE_JOURNAL, whatever order they arrive in.
        ours.sort_by_key(|(name, _)| (name.matches("__").count(), name.as_str()));
        for (name, text) in ours {
            if is_foreign(name, text) {
                continue;
            }
            if let Some((_, key)) = SHORT_NAMES.iter().find(|(short, _)| short == name) {
                // A Secret with an empty entry sets nothing.
                if !text.is_empty() {
                    self.set_text(key, text, Origin::Env(name.clone()), schema);
                }
                continue;
            }
            let key = name["LLMTRACE_".len()..].to_ascii_lowercase().replace("__", ".");
            self.set_text(&key, text, Origin::Env(name.clone()), schema);
        }
    }

    /// Sets a key from a text, read by what the key takes.
    fn set_text(&mut self, key: &str, text: &str, origin: Origin, schema: &Value) {
        let Some(node) = schema::at(schema, key) else {
            let variables: Vec<String> = schema::leaves(schema).iter().map(|leaf| variable_of(leaf)).collect();
            let nearest = schema::nearest(&variable_of(key), variables.iter().map(String::as_str)).map(str::to_owned);
            return self.problem(key, origin, Fault::Unknown { nearest });
        };
        match value_of_text(text, node) {
            Ok(value) => self.overlay(value, key, &origin),
            Err(reason) => {
                let found = Value::String(text.to_owned());
                self.problem(key, origin, schema::wrong_value(&found, node, Some(reason)));
            }
        }
    }
}

/// The variable that sets a key.
pub(super) fn variable_of(key: &str) -> String {
    format!("LLMTRACE_{}", key.replace('.', "__").to_ascii_uppercase())
}

/// The tree of `default.yaml`.
pub(super) fn defaults() -> Result<Value, Fault> {
    parse_yaml(DEFAULT_YAML).map_err(Fault::Other)
}

fn value_of_text(text: &str, schema: &Value) -> Result<Value, String> {
    let structured = text.trim_start().starts_with(['{', '[']);
    if text.is_empty() && schema::takes(schema, "null") {
        return Ok(Value::Null);
    }
    if schema::takes(schema, "string") && !(structured && schema::takes(schema, "object")) {
        return Ok(Value::String(text.to_owned()));
    }
    parse_yaml(text)
}

fn read_file(path: &Path) -> Result<Value, Fault> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text));
    read.map_err(|e| Fault::Other(format!("the file cannot be read: {e}")))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(Fault::Other("the file is larger than 1 MiB".to_owned()));
    }
    match parse_yaml(&text).map_err(Fault::Other)? {
        Value::Null => Ok(Value::Object(Map::new())),
        map @ Value::Object(_) => Ok(map),
        other => Err(schema::wrong_value(&other, &serde_json::json!({ "x-expected": "keys with values" }), None)),
    }
}

/// Reads YAML: one document, no key twice, `true` and `false` the only booleans, aliases bounded.
fn parse_yaml(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 50_000,
            max_nodes: 20_000,
            max_aliases: 200,
            max_anchors: 200,
            max_depth: 16,
            max_documents: 1,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 10_000 },
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|e| e.to_string())
}

/// Says whether a variable only looks like ours: a reserved name, a test's, or one of those that Kubernetes sets in every
/// container for each Service, here for a Service whose name begins with `llmtrace`.
fn is_foreign(name: &str, value: &str) -> bool {
    let ends_in_port = |name: &str| {
        let mut parts = name.rsplit('_').skip_while(|part| ["PROTO", "PORT", "ADDR"].contains(part));
        parts.next().is_some_and(|protocol| ["TCP", "UDP", "SCTP"].contains(&protocol))
            && parts.next().is_some_and(|port| port.parse::<u16>().is_ok())
            && parts.next() == Some("PORT")
    };
    FOREIGN.contains(&name)
        || name.starts_with("LLMTRACE_TEST_")
        || name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && value.contains("://"))
        || ends_in_port(name)
}
