//! The log events of the product, gathered from its source: their words and fields change only on purpose.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod kept;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// An event as its call says it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    /// 0 wakes a person.
    level: usize,
    message: String,
    fields: Vec<String>,
}

const LEVELS: [&str; 3] = ["error", "warn", "info"];

#[test]
fn the_log_events_are_the_ones_in_the_reference() {
    kept::compare("docs/reference/logs.md", &page(&events()));
}

#[test]
fn a_call_is_read_whatever_its_shape() {
    let source = r#"
        tracing::warn!(store.op = op, error = &e as &dyn std::error::Error, path = %p.display(), why, "words (so)");
        tracing::info!(at = at.map(tracing::field::display), "only words");
        tracing::error!(
            error = cause,
            "words, too {n}",
        );
        tracing::debug!("nobody promises this");
    "#;
    let found: Vec<_> = calls(source).collect();
    let event = |level, message: &str, fields: &[&str]| Event {
        level,
        message: message.to_owned(),
        fields: fields.iter().map(|f| (*f).to_owned()).collect(),
    };
    let expected = [
        event(0, "words, too {n}", &["error"]),
        event(1, "words (so)", &["error", "path", "store.op", "why"]),
        event(2, "only words", &["at"]),
    ];
    assert_eq!(found, expected);
}

/// Every event of a level that is on by default, most urgent first.
fn events() -> BTreeSet<Event> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeSet::new();
    for room in ["server/src", "store/src", "wire/src"] {
        for file in sources(&crates.join(room)) {
            let source = fs::read_to_string(file).unwrap();
            // Tests stand last in a file.
            let product = source.split("#[cfg(test)]\nmod tests").next().unwrap();
            found.extend(calls(product));
        }
    }
    assert!(found.len() > 20, "the calls are not found any more: {found:?}");
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn calls(source: &str) -> impl Iterator<Item = Event> + '_ {
    let starts = LEVELS.iter().enumerate().flat_map(|(level, word)| {
        let call = format!("tracing::{word}!(");
        let ends: Vec<usize> = source.match_indices(&call).map(|(at, found)| at + found.len()).collect();
        ends.into_iter().map(move |end| (level, end))
    });
    starts.filter_map(|(level, end)| {
        let rest = &source[end..];
        let arguments = arguments(rest);
        let (message, fields) = arguments.split_last()?;
        let message = message.strip_prefix('"')?.strip_suffix('"')?.to_owned();
        let mut fields: Vec<String> = fields
            .iter()
            .map(|field| field.split_once(" = ").map_or(*field, |(name, _)| name).trim_matches(['%', '?']).to_owned())
            .collect();
        fields.sort();
        Some(Event { level, message, fields })
    })
}

/// The arguments of a call, up to its closing parenthesis.
fn arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut from, mut found) = (0, false, 0, Vec::new());
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ')' => {
                found.push(text[from..at].trim());
                break;
            }
            ',' if depth == 0 => {
                found.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    found.retain(|argument| !argument.is_empty());
    found
}

fn page(events: &BTreeSet<Event>) -> String {
    let mut rows = String::new();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for Event { level, message, fields } in events {
        for field in fields {
            *names.entry(field).or_default() += 1;
        }
        let fields: Vec<String> = fields.iter().map(|f| format!("`{f}`")).collect();
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ").replace("\\ ", "").replace("\\\"", "\"");
        writeln!(rows, "| {} | {message} | {} |", LEVELS[*level], fields.join(", ")).unwrap();
    }
    format!(
        "# Log events\n\n\
         One line each on standard error. With `logging.format: json` a line is one JSON object: `timestamp` (RFC 3339, UTC, \
         microseconds), `level` (`ERROR`, `WARN`, `INFO`), `target` (the module), `message`, and the event's own fields beside \
         them, named with dots. Words in braces stand for values. `error` wakes a person, `warn` says that something is \
         degraded, `info` tells rare facts; what happens with every request is `debug` and may change. A log holds no prompt, \
         no answer, no key and no address of a client. A test gathers this page from the source.\n\n\
         | Level | Message | Fields |\n|---|---|---|\n{rows}"
    )
}
