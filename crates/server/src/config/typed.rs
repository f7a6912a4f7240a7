//! From the merged tree to the typed configuration, without stopping at the first problem.

use serde_json::Value;

use super::{
    check,
    error::{ConfigErrors, Fault},
    layers::{Layers, defaults},
    options::Config,
    schema,
    secret::resolve,
    source::{Origin, Sources},
};

/// Checks names, types, words and bounds; what fails is set back to its default, so that the rest can be checked too.
pub(super) fn check_tree(layers: &mut Layers, schema: &Value) {
    let mut faults = Vec::new();
    let mut tree = layers.value.take();
    schema::check(&mut tree, schema, "", &mut |key, fault| faults.push((key.to_owned(), fault)));
    layers.value = tree;
    for (key, fault) in faults {
        let fault = match fault {
            Fault::Unknown { nearest: None } => Fault::Unknown { nearest: elsewhere(&key, schema) },
            fault => {
                if !matches!(fault, Fault::Unknown { .. }) {
                    set_back(layers, &key);
                }
                fault
            }
        };
        let origin = layers.origin(&key);
        layers.problem(&key, origin, fault);
    }
}

/// The key that an unknown one may mean though it stands in another section: `fsync` at the top, `storage.journal_path`.
fn elsewhere(key: &str, schema: &Value) -> Option<String> {
    let leaves = schema::leaves(schema);
    let last = key.rsplit('.').next().unwrap_or(key);
    let mut same_name = leaves.iter().filter(|leaf| leaf.rsplit('.').next() == Some(last));
    match (same_name.next(), same_name.next()) {
        (Some(one), None) => Some(one.clone()),
        _ => schema::nearest(key, leaves.iter().map(String::as_str)).map(str::to_owned),
    }
}

/// Puts the default back in place of a value that failed, for lists in place of the whole list.
fn set_back(layers: &mut Layers, key: &str) {
    let key = key.split('[').next().unwrap_or(key);
    let default = defaults().ok().and_then(|tree| key.split('.').try_fold(tree, |node, part| node.get(part).cloned()));
    if let Some(default) = default {
        let origin = layers.origin(key);
        layers.replace(key, default, &origin);
    }
}

/// Replaces `env:NAME` and `file:PATH` by what they name.
pub(super) fn look_up_secrets(layers: &mut Layers, sources: &Sources, schema: &Value) {
    let mut failed = Vec::new();
    let mut tree = layers.value.take();
    look_up(&mut tree, schema, "", &mut |key, text| match resolve(text, sources) {
        Ok(secret) => Some(secret),
        Err(sentence) => {
            failed.push((key.to_owned(), sentence));
            None
        }
    });
    layers.value = tree;
    for (key, sentence) in failed {
        let origin = layers.origin(&key);
        layers.problem(&key, origin, Fault::Other(sentence));
        set_back(layers, &key);
    }
}

fn look_up(node: &mut Value, schema: &Value, key: &str, find: &mut impl FnMut(&str, &str) -> Option<String>) {
    match node {
        Value::String(text) if schema::is_secret(schema) => {
            if let Some(secret) = find(key, text) {
                *text = secret;
            }
        }
        Value::Object(map) => {
            for (name, value) in map.iter_mut() {
                let below = schema.get("properties").and_then(|p| p.get(name)).unwrap_or(&Value::Null);
                look_up(value, below, &schema::join(key, name), find);
            }
        }
        Value::Array(items) => {
            let below = schema.get("items").unwrap_or(&Value::Null);
            for (index, item) in items.iter_mut().enumerate() {
                look_up(item, below, &format!("{key}[{index}]"), find);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Fills in what is left null: stores and journal by the profile, the outgoing proxy by the usual variables.
pub(super) fn fill_in(layers: &mut Layers, sources: &Sources) {
    let text = |layers: &Layers, key: &str| layers.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let path = text(layers, "storage.path");
    let file = format!("sqlite:{}", below(&path, "llmtrace.db"));
    let [spans, meta, counters, mode] = match text(layers, "storage.profile").as_str() {
        "memory" => ["memory:", "memory:", "memory:", "memory"],
        "production" => ["clickhouse:", "postgres:", "redis:", "disk"],
        _ => [file.as_str(), file.as_str(), "memory:", "disk"],
    };
    let preset = [
        ("storage.spans", spans.to_owned()),
        ("storage.meta", meta.to_owned()),
        ("storage.counters", counters.to_owned()),
        ("journal.mode", mode.to_owned()),
        ("journal.path", below(&path, "journal")),
    ];
    for (key, value) in preset {
        if layers.get(key).is_some_and(Value::is_null) {
            layers.replace(key, Value::String(value), &Origin::Profile);
        }
    }
    let by_profile = match text(layers, "storage.profile").as_str() {
        "memory" => ["forever".into(), "forever".into(), Value::from(500), Value::from(100)],
        "production" => [Value::from(30), Value::from(395), Value::from(10_000), Value::from(1000)],
        _ => [Value::from(30), Value::from(90), Value::from(500), Value::from(100)],
    };
    let keys = ["retention.content_days", "retention.span_days", "pipeline.batch_rows", "pipeline.batch_ms"];
    for (key, value) in keys.into_iter().zip(by_profile) {
        if layers.get(key).is_some_and(Value::is_null) {
            layers.replace(key, value, &Origin::Profile);
        }
    }
    fill_in_aws(layers, sources);
    for (key, names) in [
        ("proxy.http", ["http_proxy", "HTTP_PROXY"]),
        ("proxy.https", ["https_proxy", "HTTPS_PROXY"]),
        ("proxy.no_proxy", ["no_proxy", "NO_PROXY"]),
    ] {
        let set = names.into_iter().find_map(|name| Some((name, sources.variable(name).filter(|v| !v.is_empty())?)));
        if let Some((name, value)) = set.filter(|_| layers.get(key).is_some_and(Value::is_null)) {
            layers.replace(key, Value::String(value.to_owned()), &Origin::Env(name.to_owned()));
        }
    }
}

/// Fills in what upstreams with `credential: aws` leave out: the region by their host, the rest by AWS's usual variables.
fn fill_in_aws(layers: &mut Layers, sources: &Sources) {
    let Some(Value::Array(mut upstreams)) = layers.get("upstreams").cloned() else { return };
    let variable = |name: &str| sources.variable(name).filter(|value| !value.is_empty()).map(Value::from);
    let mut changed = false;
    for upstream in upstreams.iter_mut().filter(|upstream| upstream["credential"] == "aws") {
        let region = upstream["url"].as_str().and_then(region_of_host).map(Value::from);
        let region = region.or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
        let Some(upstream) = upstream.as_object_mut() else { continue };
        let aws = upstream.entry("aws").or_insert(Value::Null);
        if aws.is_null() {
            *aws = Value::Object(serde_json::Map::new());
        }
        let Some(aws) = aws.as_object_mut() else { continue };
        let unset = |aws: &serde_json::Map<String, Value>, key: &str| aws.get(key).is_none_or(Value::is_null);
        let mut found = Vec::new();
        if unset(aws, "region") {
            found.extend(region.map(|region| ("region", region)));
        }
        // Keys of one place belong together: a token of the environment is none of a key in the file.
        if unset(aws, "access_key_id") && unset(aws, "secret_access_key") && unset(aws, "session_token") {
            for (key, name) in [
                ("access_key_id", "AWS_ACCESS_KEY_ID"),
                ("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
                ("session_token", "AWS_SESSION_TOKEN"),
            ] {
                found.extend(variable(name).map(|value| (key, value)));
            }
        }
        aws.extend(found.into_iter().map(|(key, value)| (key.to_owned(), value)));
        changed = true;
    }
    if changed {
        let origin = layers.origin("upstreams");
        layers.replace("upstreams", Value::Array(upstreams), &origin);
    }
}

/// The region in a host such as `bedrock-runtime.us-east-1.amazonaws.com`.
fn region_of_host(url: &str) -> Option<&str> {
    let host = url.split("://").nth(1)?.split(['/', ':']).next()?;
    let named = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let named = named.strip_suffix(".vpce").unwrap_or(named);
    let region = named.rsplit('.').next()?;
    (region.matches('-').count() >= 2 && named.contains('.')).then_some(region)
}

fn below(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// Builds the typed value and checks what keys say together.
pub(super) fn build(mut layers: Layers, schema: &Value) -> Result<Config, ConfigErrors> {
    let Some(mut config) = read_types(&mut layers, schema) else {
        return Err(ConfigErrors(layers.problems));
    };
    let mut faults = Vec::new();
    check::check(&config, &mut |key, fault| faults.push((key.to_owned(), fault)));
    for (key, fault) in faults {
        // A key that failed already holds its default, about which there is nothing to say.
        if layers.problems.iter().all(|problem| problem.key != key) {
            let origin = layers.origin(&key);
            layers.problem(&key, origin, fault);
        }
    }
    if !layers.problems.is_empty() {
        return Err(ConfigErrors(layers.problems));
    }
    config.notes = check::notes(&config);
    Ok(config)
}

/// Reads the tree into the types. Each failure is noted and its key set back, until all the rest is read.
fn read_types(layers: &mut Layers, schema: &Value) -> Option<Config> {
    loop {
        let error = match serde_path_to_error::deserialize::<_, Config>(&layers.value) {
            Ok(config) => return Some(config),
            Err(error) => error,
        };
        let key = error.path().to_string();
        let fault = match (find(&layers.value, &key), schema_of(schema, &key)) {
            (Some(value), Some(node)) => schema::wrong_value(value, node, Some(error.inner().to_string())),
            _ => Fault::Other(error.inner().to_string()),
        };
        let again = layers.problems.iter().any(|problem| problem.key == key);
        let origin = layers.origin(&key);
        layers.problem(&key, origin, fault);
        if again {
            return None;
        }
        set_back(layers, &key);
        fill_in(layers, &Sources::default());
    }
}

/// The parts of a key such as `upstreams[0].url`: `upstreams`, `0`, `url`.
fn parts(key: &str) -> impl Iterator<Item = &str> {
    key.split(['.', '[']).map(|part| part.trim_end_matches(']')).filter(|part| !part.is_empty())
}

fn find<'a>(tree: &'a Value, key: &str) -> Option<&'a Value> {
    parts(key).try_fold(tree, |node, part| match node {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        node => node.get(part),
    })
}

fn schema_of<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    parts(key).try_fold(schema, |node, part| node.get("items").or_else(|| node.get("properties")?.get(part)))
}
