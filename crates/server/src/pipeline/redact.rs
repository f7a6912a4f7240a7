//! From here on nobody sees text that the policy hides: not the store, nor whoever follows the live tail.
//!
//! What is hidden is hidden by its value, wherever it stands in the record: a secret that was found in a message may stand in a
//! label, too. In its place stands a token that is the same for the same text of a tenant, so that what belongs together can still
//! be told ([0037](../../../../docs/adr/0037-what-is-hidden-in-the-stored-copy.md)).

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use llmtrace_detect::masks::{Replaced, Replacer, SHORTEST_HIDDEN, stable};
use llmtrace_model::{Content, Finding, Span, SpanRecord};
use percent_encoding::percent_decode_str;
use ring::hmac;
use serde_json::Value;

use crate::telemetry::Events;

/// What stands in the place of a text that was not looked at in full, where the policy redacts.
const NOT_ANALYSED: &str = "[not stored: not analysed]";

/// What tokens are made with.
#[derive(Clone)]
pub struct TokenKey(Option<hmac::Key>);

impl TokenKey {
    /// Of 32 bytes; without them tokens say no more than what they stand for.
    pub fn new(key: Option<[u8; 32]>) -> Self {
        Self(key.map(|key| hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }
}

/// What of an exchange is not stored as it was said.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// Texts, each with its sort.
    pub(super) texts: BTreeMap<String, String>,
    /// Where texts stand that were not looked at in full, as JSON Pointers into the content; all of it where one is empty.
    pub(super) unread: BTreeSet<String>,
    /// Whether the policy hides anything at all.
    pub(super) redacts: bool,
}

/// Takes out of a record what is hidden.
pub(super) fn apply(record: &mut SpanRecord, hidden: &Hidden, key: &TokenKey, events: &Events) {
    if !hidden.redacts {
        return;
    }
    if record.raw.take().is_some() {
        // Bytes hold what no reader understands, in encodings that hide it from a search.
        record.span.coverage.withheld.push("raw bytes: the policy redacts".to_owned());
    }
    withhold_unread(record, hidden, events);
    if hidden.texts.is_empty() {
        return;
    }
    events.notice("redacted");
    let (tenant, mut too_short) = (record.span.tenant_id.as_str().to_owned(), 0);
    let pairs: Vec<_> = hidden
        .texts
        .iter()
        .filter(|(text, _)| {
            let is_long = text.len() >= SHORTEST_HIDDEN;
            too_short += usize::from(!is_long);
            is_long
        })
        .map(|(text, subtype)| (text.clone(), stable(key.0.as_ref(), &tenant, subtype, text)))
        .collect();
    let replacer = Replacer::new(&pairs);
    let mut moved = HashMap::new();
    if let Some(content) = record.content.take() {
        record.content = edited(&content, &mut |path, text| {
            let replaced = replacer.replaced(text)?;
            moved.insert(path.to_owned(), replaced.clone());
            Some(replaced)
        });
        if record.content.is_none() {
            // A hidden text was a word by which messages are read.
            record.span.coverage.withheld.push("messages: they could not be redacted".to_owned());
        }
    }
    of_span(&mut record.span, &replacer);
    record.span.findings.iter_mut().for_each(|finding| move_place(finding, &moved));
    record.span.coverage.withheld.push(format!("{} texts: redacted", pairs.len()));
    if too_short > 0 {
        record
            .span
            .coverage
            .withheld
            .push(format!("{too_short} texts: too short to be told from other text, and kept"));
    }
}

/// Takes out of a record that nobody could look at whatever others had a word in.
pub(super) fn unread(record: &mut SpanRecord) {
    let span = &mut record.span;
    for label in [&mut span.agent_id, &mut span.session_id, &mut span.user_id, &mut span.environment, &mut span.release]
    {
        *label = None;
    }
    span.tags.clear();
    if let Some((before, _)) = span.path.split_once('?') {
        span.path = format!("{before}?[redacted]");
    }
    span.coverage.withheld.push("raw bytes, labels and query: not analysed, and the policy redacts".to_owned());
}

/// What was not looked at may hold what has to be hidden.
fn withhold_unread(record: &mut SpanRecord, hidden: &Hidden, events: &Events) {
    if hidden.unread.is_empty() {
        return;
    }
    events.notice("redaction_withheld");
    let Some(content) = record.content.take() else { return };
    let is_unread = |path: &str| hidden.unread.contains("") || hidden.unread.contains(path);
    let unread: BTreeSet<_> =
        content.segments().into_iter().map(|segment| segment.path).filter(|path| is_unread(path)).collect();
    record.content = edited(&content, &mut |path, text| {
        let changes = vec![(0..text.len(), NOT_ANALYSED.len())];
        unread.contains(path).then(|| Replaced { text: NOT_ANALYSED.to_owned(), changes })
    });
    let withheld = &mut record.span.coverage.withheld;
    withheld.push(format!("{} texts: not analysed in full, and the policy redacts", unread.len()));
}

/// The content with its strings changed, each by its JSON Pointer; `None` where it is none any more.
fn edited(content: &Content, change: &mut dyn FnMut(&str, &str) -> Option<Replaced>) -> Option<Content> {
    let mut value = serde_json::to_value(content).expect("messages are JSON");
    in_value(&mut value, &mut String::new(), change);
    serde_json::from_value(value).ok()
}

fn in_value(value: &mut Value, path: &mut String, change: &mut dyn FnMut(&str, &str) -> Option<Replaced>) {
    let length = path.len();
    match value {
        Value::String(text) => {
            if let Some(replaced) = change(path, text) {
                *text = replaced.text;
            }
        }
        Value::Array(values) => {
            for (n, value) in values.iter_mut().enumerate() {
                path.push_str(&format!("/{n}"));
                in_value(value, path, change);
                path.truncate(length);
            }
        }
        Value::Object(members) => {
            let names: Vec<_> = members.keys().cloned().collect();
            for name in names {
                // Names of our own are left alone: no text stands in them.
                let renamed = change("", &name).map(|replaced| replaced.text);
                path.push('/');
                path.push_str(&name.replace('~', "~0").replace('/', "~1"));
                if let Some(value) = members.get_mut(&name) {
                    in_value(value, path, change);
                }
                path.truncate(length);
                if let Some(renamed) = renamed
                    && let Some(value) = members.remove(&name)
                {
                    members.insert(renamed, value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every field of a span that somebody else had a word in.
fn of_span(span: &mut Span, replacer: &Replacer) {
    let Span {
        exchange_id: _,
        version: _,
        trace_id: _,
        span_id: _,
        parent_span_id: _,
        tenant_id: _,
        agent_id,
        session_id,
        user_id,
        tags,
        environment,
        release,
        client_address,
        source: _,
        operation: _,
        provider: _,
        dialect: _,
        upstream: _,
        method: _,
        path,
        request_model,
        response_model,
        params,
        stream: _,
        status: _,
        http_status: _,
        end_reason: _,
        error,
        usage: _,
        usage_source: _,
        units: _,
        cost: _,
        price_version: _,
        started_at: _,
        timing: _,
        request_bytes: _,
        response_bytes: _,
        finish_reasons,
        response_id,
        provider_request_id,
        rate_limits,
        findings,
        coverage,
    } = span;
    let change = |text: &mut String| {
        if let Some(replaced) = replacer.replaced(text) {
            *text = replaced.text;
        }
    };
    let labels = [agent_id, session_id, user_id, environment, release, client_address];
    let others = [request_model, response_model, response_id, provider_request_id];
    labels.into_iter().chain(others).flatten().for_each(change);
    tags.iter_mut().chain(finish_reasons).chain(rate_limits.values_mut()).for_each(change);
    findings.iter_mut().map(|finding| &mut finding.reason).for_each(change);
    coverage.unknown.iter_mut().chain(&mut coverage.not_read).chain(&mut coverage.not_analysed).for_each(change);
    if let Some(error) = error {
        change(&mut error.message);
    }
    for value in params.values_mut() {
        in_value(value, &mut String::new(), &mut |_, text| replacer.replaced(text));
    }
    of_path(path, replacer);
}

/// In an address a text may be written in percent signs: then nothing of the part that holds it is kept.
fn of_path(path: &mut String, replacer: &Replacer) {
    let hides = |text: &str| {
        let spaced = text.replace('+', " ");
        [text, &spaced].into_iter().any(|text| {
            let read = percent_decode_str(text).decode_utf8_lossy();
            replacer.replaced(&read).is_some()
        })
    };
    if let Some((before, query)) = path.split_once('?')
        && hides(query)
    {
        *path = format!("{before}?[redacted]");
    }
    if hides(path.split('?').next().unwrap_or_default()) {
        "/[redacted]".clone_into(path);
    }
}

/// A finding points at what stands there now.
fn move_place(finding: &mut Finding, moved: &HashMap<String, Replaced>) {
    let Some(place) = &mut finding.place else { return };
    let Some(replaced) = moved.get(&place.path) else { return };
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let Range { start, end } = replaced.moved(at(place.start)..at(place.end));
    (place.start, place.end) = (start as u64, end as u64);
}

#[cfg(test)]
mod tests;
