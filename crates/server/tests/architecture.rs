//! Holds the edges between the rooms of this crate, and between the crates of the workspace.
//!
//! The tables below are the document: who may name whom. A new edge is a decision, so it is made here, in a commit of
//! its own with an ADR. Test code (`tests.rs`, `mod tests`) may reach further, since it drives the real wiring.
#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// One room: what it may use besides [`EVERYWHERE`] and `llmtrace_model`.
struct Room {
    name: &'static str,
    rooms: &'static [&'static str],
    crates: &'static [&'static str],
}

const fn room(name: &'static str, rooms: &'static [&'static str], crates: &'static [&'static str]) -> Room {
    Room { name, rooms, crates }
}

/// The rooms every other room may use: time, tasks, the functions that count and log, the value types of settings.
const EVERYWHERE: &[&str] = &["clock", "tasks", "telemetry", "config"];

/// The rooms that may take the whole `Config`; the others read its value types only.
const WHOLE_CONFIG: &[&str] = &["boot", "cli", "config", "demo"];

/// May use every room and crate: it does the wiring.
const BOOT: &str = "boot";

const ROOMS: &[Room] = &[
    //   room         rooms                                             crates
    // what stands below all others
    room("clock", &[], &[]),
    room("tasks", &[], &[]),
    room("telemetry", &[], &["store"]),
    // front lane: never sees a store, the back lane or the API
    room("listen", &["proxy"], &[]),
    room("analysis", &[], &["detect"]),
    room("proxy", &["tenancy", "limits", "journal", "listen", "analysis"], &["wire", "detect"]),
    room("ingest", &["tenancy", "limits", "journal"], &[]),
    // the door
    room("journal", &[], &[]),
    // back lane: never sees the front lane
    room("pipeline", &["limits", "alerts", "journal"], &["wire", "detect", "store"]),
    // side door: reads stores, follows the pipeline's tail
    room("api", &["tenancy", "limits", "alerts", "upkeep", "pipeline", "analysis"], &["detect", "store"]),
    room("web", &[], &[]),
    // what the lanes share
    room("tenancy", &[], &["store"]),
    room("limits", &[], &["store"]),
    room("alerts", &[], &[]),
    room("upkeep", &["listen"], &["wire", "store"]),
    room("config", &[], &["wire", "store", "detect"]),
    // above all others
    room("shutdown", &["listen", "proxy", "journal", "pipeline", "ingest"], &["store"]),
    room("demo", &["boot", "api", "shutdown"], &[]),
    room("cli", &["boot", "api", "demo", "tenancy", "upkeep", "shutdown", "analysis"], &["store", "detect"]),
];

/// What a crate may depend on, of the workspace and of the world it must not know.
struct Crate {
    name: &'static str,
    workspace: &'static [&'static str],
    never: &'static [&'static str],
}

const PURE: &[&str] =
    &["tokio", "hyper", "hyper-util", "axum", "reqwest", "rusqlite", "sqlx", "tracing", "async-trait"];

const CRATES: &[Crate] = &[
    Crate { name: "model", workspace: &[], never: PURE },
    Crate { name: "wire", workspace: &["model"], never: PURE },
    Crate { name: "detect", workspace: &["model"], never: PURE },
    // hyper below the driver of ClickHouse (ADR 0029), no server and no second client.
    Crate { name: "store", workspace: &["model"], never: &["axum", "http", "reqwest"] },
    Crate { name: "testkit", workspace: &["model", "wire"], never: &["axum", "rusqlite", "sqlx"] },
];

#[test]
fn rooms_use_only_the_rooms_and_crates_the_table_allows() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut broken = Vec::new();
    let mut files = 0;
    for path in rust_files(&src) {
        let relative = path.strip_prefix(&src).unwrap();
        if ["lib.rs", "main.rs"].iter().any(|root| relative == Path::new(root)) {
            continue;
        }
        files += 1;
        broken.extend(violations(relative, &fs::read_to_string(&path).unwrap()));
    }
    assert!(files > 3, "the sources were not found under {}", src.display());
    assert!(broken.is_empty(), "edges that the table does not allow:\n{}", broken.join("\n"));
}

#[test]
fn every_room_is_in_the_table() {
    let root = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared = root.lines().filter_map(|line| {
        let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    let unknown: Vec<&str> = declared.filter(|name| *name != BOOT && find(name).is_none()).collect();
    assert!(unknown.is_empty(), "rooms without a row in the table: {unknown:?}");
}

#[test]
fn crates_depend_only_on_what_the_table_allows() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut broken = Vec::new();
    for it in CRATES {
        // Not every crate of the plan has been built yet.
        let Ok(manifest) = fs::read_to_string(crates.join(it.name).join("Cargo.toml")) else { continue };
        broken.extend(manifest_violations(it, &manifest));
    }
    assert!(broken.is_empty(), "dependencies that the table does not allow:\n{}", broken.join("\n"));
}

#[test]
fn the_checker_sees_a_forbidden_edge_however_it_is_written() {
    let cases = [
        ("proxy.rs", "use crate::api::Router;", "proxy → api"),
        ("proxy/relay.rs", "use crate::{\n    journal::Slot,\n    pipeline::{self, Queue},\n};", "proxy → pipeline"),
        ("proxy/relay.rs", "fn f() { crate::boot::start() }", "proxy → boot"),
        ("proxy/relay.rs", "use super::super::api::Router;", "proxy → api"),
        ("api.rs", "use super::proxy::Proxy;", "api → proxy"),
        ("proxy.rs", "use llmtrace_store::SpanRead;", "proxy → llmtrace_store"),
        ("journal/read.rs", "let x = llmtrace_wire::inspect(b);", "journal → llmtrace_wire"),
        ("proxy/send.rs", "use crate::config::{Cidr, Config};", "proxy → the whole Config"),
        ("api.rs", "use crate::{config::Config, clock::Clock};", "api → the whole Config"),
        ("attic.rs", "use crate::clock::Clock;", "attic is not in the table"),
    ];
    for (file, code, expected) in cases {
        let found = violations(Path::new(file), code);
        assert_eq!(found.len(), 1, "{file}: {code}: {found:?}");
        assert!(found[0].contains(expected), "{found:?} does not name {expected}");
    }
}

#[test]
fn the_checker_lets_allowed_edges_comments_and_tests_pass() {
    let code = "//! See [`crate::api`].\nuse crate::{clock::Clock, journal::{Slot, Labels}, telemetry::Events};\n\
                // crate::api is another room\npub(in crate::proxy) fn f() { super::relay::go() }\n\
                use llmtrace_model::Span;\n\
                #[cfg(test)]\nmod tests {\n    use crate::api::Router;\n}\n";
    assert_eq!(violations(Path::new("proxy/send.rs"), code), [""; 0]);
    assert_eq!(violations(Path::new("proxy/tests.rs"), "use crate::api::Router;"), [""; 0]);
    assert_eq!(violations(Path::new("boot.rs"), "use crate::api::Router; use llmtrace_store::open;"), [""; 0]);
}

#[test]
fn the_checker_sees_a_forbidden_dependency() {
    let wire = CRATES.iter().find(|c| c.name == "wire").unwrap();
    let manifest = "[package]\nname = \"x\"\n[dependencies]\nllmtrace-model.workspace = true\n\
                    llmtrace-store.workspace = true\ntokio = { workspace = true }\n[dev-dependencies]\nhyper = \"1\"\n";
    let found = manifest_violations(wire, manifest);
    assert_eq!(found, ["wire → llmtrace-store", "wire → tokio"]);
}

fn find(name: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|r| r.name == name)
}

/// The edges of one file that the table does not allow, as `room → room (file)`.
fn violations(file: &Path, code: &str) -> Vec<String> {
    let shown = file.display();
    let depth = file.components().count();
    let name = file.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
    let is_test = file.components().any(|c| matches!(c.as_os_str().to_str(), Some("tests.rs" | "tests")));
    if name == BOOT || is_test {
        return Vec::new();
    }
    let Some(room) = find(name) else { return vec![format!("{name} is not in the table ({shown})")] };
    let code = product_code(code);
    let mut used = names_after(&code, "crate::");
    let to_root = "super::".repeat(depth);
    used.extend(names_after(&code, &to_root));
    let known = |n: &String| n.as_str() == BOOT || find(n).is_some();
    let allowed =
        |n: &String| n.as_str() == name || EVERYWHERE.contains(&n.as_str()) || room.rooms.contains(&n.as_str());
    let rooms = used.into_iter().filter(known).filter(|n| !allowed(n)).map(|n| format!("{name} → {n} ({shown})"));
    let crates = ["wire", "detect", "store", "testkit"].into_iter().filter(|c| !room.crates.contains(c));
    let crates = crates.map(|c| format!("llmtrace_{c}")).filter(|c| mentions(&code, c));
    let config = ["config::", "crate::config::"].iter().any(|p| names_after(&code, p).contains("Config"));
    let config = (config && !WHOLE_CONFIG.contains(&name)).then(|| format!("{name} → the whole Config ({shown})"));
    rooms.chain(crates.map(|c| format!("{name} → {c} ({shown})"))).chain(config).collect()
}

/// The code without comment lines and without the inline test module, which our style puts last.
fn product_code(code: &str) -> String {
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The first path segments that follow `prefix`, those in a `{…}` group included.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ':')) {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(group_heads(group)),
            None => names.extend([identifier(rest)]),
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first names of a use group's entries, up to the brace that closes it.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = vec![identifier(group)];
    let mut depth = 0;
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(identifier(&group[i + 1..])),
            _ => {}
        }
    }
    heads
}

fn mentions(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (code[..at].chars().next_back(), code[at + name.len()..].chars().next());
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part(before) && !part(after)
    })
}

fn manifest_violations(it: &Crate, manifest: &str) -> Vec<String> {
    let mut section = "";
    let mut broken = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            continue;
        }
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        if section != "dependencies" || name.is_empty() || name.starts_with('#') {
            continue;
        }
        let ours = name.strip_prefix("llmtrace-");
        if ours.is_some_and(|n| !it.workspace.contains(&n)) || it.never.contains(&name) {
            broken.push(format!("{} → {name}", it.name));
        }
    }
    broken
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}
