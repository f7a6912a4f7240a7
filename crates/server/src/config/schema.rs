//! The JSON schema of the configuration, and the check of a value tree against it: unknown keys, types, words and bounds.
//!
//! The schema comes from the types in `options.rs`, so what a message expects is what the type takes.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::{error::Fault, options::Config};

/// The JSON schema of a configuration file, with the defaults of `default.yaml`.
pub fn json_schema() -> Value {
    let mut schema = bare_schema();
    if let Ok(defaults) = super::layers::defaults() {
        add_defaults(&mut schema, &defaults);
    }
    schema
}

/// The schema as the types say it. Every key of a file is optional, since `default.yaml` stands behind it; list items are not.
pub(super) fn bare_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Config>().to_value();
    make_optional(&mut schema);
    schema
}

fn make_optional(schema: &mut Value) {
    let Some(object) = schema.as_object_mut().filter(|o| o.get("type").is_some_and(|t| t == "object")) else { return };
    object.remove("required");
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(make_optional);
    }
}

fn add_defaults(schema: &mut Value, defaults: &Value) {
    match defaults {
        Value::Object(map) => {
            for (key, value) in map {
                if let Some(property) = schema.pointer_mut(&format!("/properties/{key}")) {
                    add_defaults(property, value);
                }
            }
        }
        leaf => {
            if let Some(object) = schema.as_object_mut() {
                object.insert("default".to_owned(), leaf.clone());
            }
        }
    }
}

/// The schema of a dotted key; `None` where there is no such key.
pub(super) fn at<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(schema, |node, part| node.get("properties")?.get(part))
}

/// Every key that is not a section, dotted.
pub(super) fn leaves(schema: &Value) -> Vec<String> {
    let mut out = Vec::new();
    collect_leaves(schema, "", &mut out);
    out
}

fn collect_leaves(schema: &Value, prefix: &str, out: &mut Vec<String>) {
    for (key, node) in properties(schema).into_iter().flatten() {
        let path = join(prefix, key);
        if is_section(node) { collect_leaves(node, &path, out) } else { out.push(path) }
    }
}

/// Says whether a key holds further keys.
pub(super) fn is_section(schema: &Value) -> bool {
    schema.get("type").is_some_and(|t| t == "object") && properties(schema).is_some()
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

/// Says whether the schema takes a JSON type, by the schema's name of it.
pub(super) fn takes(schema: &Value, kind: &str) -> bool {
    let of_type = match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(many)) => many.iter().any(|t| t == kind),
        _ => false,
    };
    of_type || branches(schema).any(|branch| takes(branch, kind))
}

fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf"].into_iter().filter_map(|k| schema.get(k)?.as_array()).flatten()
}

/// Says whether the value of a key is a secret.
pub(super) fn is_secret(schema: &Value) -> bool {
    let is_list_of_secrets = || schema.get("items").is_some_and(|items| items.get("x-secret").is_some());
    schema.get("x-secret").is_some() || branches(schema).any(is_secret) || is_list_of_secrets()
}

/// The words a key takes, where it takes only words.
fn words(schema: &Value) -> Vec<&str> {
    let own = schema.get("const").and_then(Value::as_str);
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    own.into_iter().chain(listed).chain(branches(schema).flat_map(words)).collect()
}

/// What a key takes, in words.
pub(super) fn expected(schema: &Value) -> String {
    let words = words(schema);
    let text = if !words.is_empty() {
        format!("one of {}", words.join(", "))
    } else if let Some(said) = find(schema, "x-expected").and_then(Value::as_str) {
        said.to_owned()
    } else if takes(schema, "boolean") {
        "true or false".to_owned()
    } else if takes(schema, "integer") {
        match (find(schema, "minimum"), find(schema, "maximum")) {
            (Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
            _ => "a whole number".to_owned(),
        }
    } else if takes(schema, "number") {
        match (find(schema, "minimum"), find(schema, "maximum")) {
            (Some(min), Some(max)) => format!("a number from {min} to {max}"),
            _ => "a number".to_owned(),
        }
    } else if takes(schema, "array") {
        "a list".to_owned()
    } else if takes(schema, "object") {
        "a section with keys of its own".to_owned()
    } else {
        "a text".to_owned()
    };
    if takes(schema, "null") { format!("{text}, or null") } else { text }
}

fn find<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    schema.get(key).or_else(|| branches(schema).find_map(|branch| find(branch, key)))
}

/// Checks `value` against `schema`, takes unknown keys out of it, and reports each fault with its key.
pub(super) fn check(value: &mut Value, schema: &Value, key: &str, report: &mut impl FnMut(&str, Fault)) {
    let kind = type_of(value);
    // A whole number is a number, too.
    let fits = takes(schema, kind) || kind == "integer" && takes(schema, "number");
    if !fits {
        return report(key, wrong_value(value, schema, None));
    }
    // A nullable section or list has its keys in a branch.
    let node = branches(schema).find(|b| takes(b, type_of(value)) && b.get("properties").is_some()).unwrap_or(schema);
    match value {
        Value::Object(map) => check_map(map, node, key, report),
        Value::Array(items) => {
            let item_schema = node.get("items").unwrap_or(&Value::Null);
            for (index, item) in items.iter_mut().enumerate() {
                check(item, item_schema, &format!("{key}[{index}]"), report);
            }
        }
        Value::String(text) => {
            let words = words(schema);
            if !words.is_empty() && !words.contains(&text.as_str()) {
                let reason = nearest(text, words.iter().copied()).map(|word| format!("did you mean {word}?"));
                report(key, wrong_value(value, schema, reason));
            }
        }
        Value::Number(number) => {
            let beyond = |bound: &str, wrong: fn(f64, f64) -> bool| {
                number.as_f64().zip(find(schema, bound).and_then(Value::as_f64)).is_some_and(|(n, b)| wrong(n, b))
            };
            if beyond("minimum", |n, min| n < min) || beyond("maximum", |n, max| n > max) {
                report(key, wrong_value(value, schema, None));
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
}

fn check_map(map: &mut Map<String, Value>, schema: &Value, key: &str, report: &mut impl FnMut(&str, Fault)) {
    let Some(known) = properties(schema) else { return };
    let names: Vec<String> = map.keys().cloned().collect();
    for name in names {
        let path = join(key, &name);
        match (known.get(&name), map.get_mut(&name)) {
            (Some(node), Some(value)) => check(value, node, &path, report),
            _ => {
                let near = nearest(&name, known.keys().map(String::as_str)).map(|sibling| join(key, sibling));
                report(&path, Fault::Unknown { nearest: near });
                map.remove(&name);
            }
        }
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            let node = known.get(name).unwrap_or(&Value::Null);
            report(&join(key, name), wrong_value(&Value::Null, node, None));
        }
    }
}

/// The name of a value's type in a schema.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The fault of a value that its key cannot take.
pub(super) fn wrong_value(value: &Value, schema: &Value, reason: Option<String>) -> Fault {
    let found = if is_secret(schema) && !value.is_null() { "***".to_owned() } else { show(value) };
    Fault::Value { found, expected: expected(schema), reason }
}

/// A value as a message shows it: shortened, and nothing of what a list or section holds.
fn show(value: &Value) -> String {
    const SHOWN: usize = 80;
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a section".to_owned(),
        Value::String(text) if text.contains("://") && text.contains('@') => "a URL with credentials".to_owned(),
        Value::String(text) if text.chars().count() > SHOWN => {
            format!("{:?} and more", text.chars().take(SHOWN).collect::<String>())
        }
        Value::String(text) => format!("{text:?}"),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// The candidate a misspelt name most likely means: few letters apart, case, hyphens and underscores aside.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |s: &str| s.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    // A name of any length arrives here, and the distance costs the product of both lengths.
    let wanted: String = plain(name).chars().take(64).collect();
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &plain(candidate)), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .map(|(_, candidate)| candidate)
}

/// A key below another.
pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}
