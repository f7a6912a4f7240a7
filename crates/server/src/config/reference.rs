//! The generated pages: `docs/reference/config.md` and `config.schema.json`, and the proof that `default.yaml` is complete.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p llmtrace-server config::reference` writes the pages anew.

use std::{fmt::Write as _, fs, path::Path};

use serde_json::Value;

use super::{DEFAULT_YAML, json_schema, layers, schema};

/// A key of `default.yaml` with the comment above it.
struct Entry {
    key: String,
    comment: Vec<String>,
    is_section: bool,
}

/// Reads keys and comments of `default.yaml`, whose form is plain: two spaces a level, comments above their key.
fn entries() -> Vec<Entry> {
    let (mut out, mut comment, mut parents) = (Vec::new(), Vec::new(), Vec::<String>::new());
    for line in DEFAULT_YAML.lines() {
        let text = line.trim_start();
        if let Some(said) = text.strip_prefix('#') {
            comment.push(said.strip_prefix(' ').unwrap_or(said).to_owned());
        } else if let Some((name, value)) = text.split_once(':') {
            parents.truncate((line.len() - text.len()) / 2);
            parents.push(name.to_owned());
            let comment = std::mem::take(&mut comment);
            out.push(Entry { key: parents.join("."), comment, is_section: value.is_empty() });
        } else {
            // A blank line ends the head of the file, which belongs to no key.
            comment.clear();
        }
    }
    out
}

fn page() -> String {
    let (schema, defaults) = (json_schema(), layers::defaults().unwrap());
    let mut out = "# Configuration\n\n<!-- Generated from crates/server/src/config/default.yaml. -->\n\n".to_owned();
    let head = DEFAULT_YAML.lines().take_while(|line| line.starts_with('#'));
    for line in head {
        writeln!(out, "{}", line.trim_start_matches('#').trim_start()).unwrap();
    }
    for Entry { key, comment, is_section } in entries() {
        let level = if is_section || !key.contains('.') { "##" } else { "###" };
        write!(out, "\n{level} `{key}`\n\n").unwrap();
        if !is_section {
            let default = key.split('.').fold(&defaults, |node, part| &node[part]);
            let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            let takes = schema::expected(schema::at(&schema, &key).unwrap());
            writeln!(out, "Default `{default}` · takes {takes} · `{}`\n", layers::variable_of(&key)).unwrap();
        }
        let (mut in_block, mut lines) = (false, comment.iter().peekable());
        while let Some(line) = lines.next() {
            // Indented lines are an example: a code block in the page.
            let is_code = line.starts_with("  ");
            if is_code != in_block {
                out.push_str(if is_code { "\n```yaml\n" } else { "```\n\n" });
                in_block = is_code;
            }
            writeln!(out, "{}", if is_code { line.trim_start_matches("  ") } else { line }).unwrap();
            if in_block && lines.peek().is_none() {
                out.push_str("```\n");
            }
        }
    }
    out
}

/// Compares a page with what it should be; with `UPDATE_SNAPSHOTS` set, writes it.
#[expect(clippy::disallowed_methods, reason = "only config/ reads the environment, and this is config/")]
fn assert_page(name: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, content).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == content,
        "docs/reference/{name} is out of date: run UPDATE_SNAPSHOTS=1 cargo test config::reference"
    );
}

#[test]
fn the_page_is_what_default_yaml_says() {
    assert_page("config.md", &page());
}

#[test]
fn the_json_schema_is_what_the_types_say() {
    assert_page("config.schema.json", &(serde_json::to_string_pretty(&json_schema()).unwrap() + "\n"));
}

#[test]
fn default_yaml_has_every_key_and_a_comment_for_each() {
    let schema = schema::bare_schema();
    let mut missing = schema::leaves(&schema);
    for Entry { key, comment, is_section } in entries() {
        assert!(!comment.is_empty(), "{key} has no comment");
        let node = schema::at(&schema, &key).unwrap_or_else(|| panic!("{key} is no key of the types"));
        assert_eq!(is_section, schema::is_section(node), "{key}");
        missing.retain(|leaf| *leaf != key);
    }
    assert_eq!(missing, Vec::<String>::new(), "keys of the types that default.yaml does not have");
}

#[test]
fn default_yaml_describes_every_key_of_a_list_item() {
    let schema = schema::bare_schema();
    let item = &schema["properties"]["upstreams"]["items"]["properties"];
    let entries = entries();
    let text = entries.iter().find(|entry| entry.key == "upstreams").unwrap().comment.join("\n");
    for name in item.as_object().unwrap().keys() {
        assert!(text.contains(name), "upstreams[].{name} is not described");
    }
}

#[test]
fn every_type_says_what_it_expects() {
    fn walk(key: &str, node: &Value) {
        if schema::is_section(node) {
            for (name, below) in node["properties"].as_object().unwrap() {
                walk(&schema::join(key, name), below);
            }
        } else if schema::takes(node, "integer") && !schema::takes(node, "string") {
            assert!(schema::expected(node).contains("from"), "{key} has no bounds");
        }
    }
    walk("", &schema::bare_schema());
}
