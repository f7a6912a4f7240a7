//! The documents that are generated: what we promise in them changes only on purpose.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod kept;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::Arc,
    time::Duration,
};

use llmtrace_model::{EndReason, Money, Usage};
use llmtrace_server::{
    api,
    telemetry::{Events, Metrics, Rejected, Shed, Step},
};
use llmtrace_store::{Backend, Backlog, CacheEvent, Error, ErrorKind};

#[test]
fn the_openapi_document_is_the_one_in_the_reference() {
    kept::compare("docs/reference/openapi.json", &api::openapi());
}

#[test]
fn the_reference_names_every_route_and_parameter() {
    let reference = include_str!("../../../docs/reference/api.md");
    let document: serde_json::Value = serde_json::from_str(&api::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(reference.contains(&format!("`{path}`")), "docs/reference/api.md has no {path}");
        for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let named = reference.contains(&format!("`{name}`")) || reference.contains(&format!("{{{name}}}"));
            assert!(named, "docs/reference/api.md has no {name}");
        }
    }
}

#[test]
fn the_metrics_are_the_ones_in_the_reference() {
    kept::compare("docs/reference/metrics.md", &page(&everything_happened()));
}

#[test]
fn every_metric_has_a_value_in_the_reference() {
    let page = page(&everything_happened());
    let source = include_str!("../src/telemetry/metrics.rs");
    let registered = source.matches("add!(").count() + source.matches("r.register(\"build\"").count();
    let rows = page.lines().filter(|line| line.starts_with("| `llmtrace_")).count();
    let process = page.lines().filter(|line| line.starts_with("| `process_")).count();
    assert!(process >= 6, "the figures of the process are missing");
    assert_eq!(rows, registered, "a metric that nothing sets is not in the page; make it happen below");
}

#[test]
fn every_label_value_is_bounded() {
    let metrics = everything_happened();
    let before = metrics.render().lines().count();
    let events = Events::new(Arc::clone(&metrics));
    for route in ["/api/v1/spans", "none"] {
        for status in 100..600 {
            events.api_answered(route, status, Duration::ZERO);
        }
    }
    let added = metrics.render().lines().count() - before;
    assert!(added < 60, "{added} new lines");
}

/// Metrics in which each thing that is counted has happened, with each bounded label value.
fn everything_happened() -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new());
    let events = Events::new(Arc::clone(&metrics));
    let ms = Duration::from_millis(1);
    for end in EndReason::ALL {
        for status in [None, Some(101), Some(200), Some(304), Some(404), Some(500)] {
            events.exchange_finished("openai", "openai_chat", status, *end, ms, Some(ms));
        }
    }
    let one = Usage::from_buckets([1; Usage::BUCKETS.len()]);
    events.used("openai", &one, Some(Money::from_nanos(1)));
    events.used("openai", &one, None);
    events.usage_estimated("openai");
    Step::ALL.into_iter().for_each(|step| events.overhead(step, ms));
    Rejected::ALL.into_iter().for_each(|why| events.connection_rejected(why));
    Shed::ALL.into_iter().for_each(|why| events.shed(why, 1));
    for kind in ErrorKind::ALL {
        events.store_failed(&Error { kind, backend: Backend::Memory, op: "write", source: "why".into() });
    }
    let reads = [CacheEvent::Hit, CacheEvent::Miss, CacheEvent::Joined, CacheEvent::Bypassed];
    let causes = [CacheEvent::TooLarge, CacheEvent::TooSlow, CacheEvent::Untold];
    reads.into_iter().chain(causes).for_each(|event| events.cache(event));
    ErrorKind::ALL.into_iter().for_each(|kind| events.cache(CacheEvent::Failed(kind)));
    events.notice("usage_event_compressed");
    events.store_done("write", ms);
    events.store_tended(Backlog::default(), ms);
    events.api_answered("/api/v1/spans", 200, ms);
    for status in [101, 304, 404, 503] {
        events.api_answered("/api/v1/spans", status, ms);
    }
    metrics
}

/// The reference page of what is rendered.
fn page(metrics: &Metrics) -> String {
    let text = metrics.render();
    let mut rows = String::new();
    let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut help = "";
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("# HELP ") {
            help = line.split_once(' ').map_or("", |(_, help)| help).trim_end_matches('.');
        } else if let Some(line) = line.strip_prefix("# TYPE ") {
            let (name, kind) = line.split_once(' ').unwrap();
            let asked = match kind {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.to_owned(),
            };
            let own: BTreeSet<&str> = samples(&text, name).map(|(label, _)| label).filter(|l| *l != "le").collect();
            for (label, value) in samples(&text, name).filter(|(label, _)| *label != "le") {
                labels.entry(label).or_default().insert(value);
            }
            let own: Vec<String> = own.into_iter().map(|label| format!("`{label}`")).collect();
            writeln!(rows, "| `{asked}` | {kind} | {} | {help} |", own.join(", ")).unwrap();
        }
    }
    let mut values = String::new();
    for (label, seen) in labels {
        let all: Vec<String> = seen.into_iter().map(|value| format!("`{value}`")).collect();
        let meaning = open_label(label).map_or_else(|| all.join(", "), str::to_owned);
        writeln!(values, "| `{label}` | {meaning} |").unwrap();
    }
    format!(
        "# Metrics\n\n`GET /metrics` answers in the OpenMetrics text format, without a key. A test generates this page from the \
         registry.\n\nA metric with labels appears once something happened that it counts. A histogram has the series `_bucket`, \
         `_sum` and `_count`. No label ever holds a tenant, a user, an id or a model's name.\n\n| Metric | Type | Labels | Meaning \
         |\n|---|---|---|---|\n{rows}\n## Labels\n\n| Label | Values |\n|---|---|\n{values}"
    )
}

/// Labels whose values come from a table elsewhere.
fn open_label(label: &str) -> Option<&'static str> {
    match label {
        "provider" => Some("a name of the provider table, `unknown` for any other"),
        "dialect" => Some("a wire format we read, `opaque` for any other"),
        "event" => Some("a fixed word per kind of event"),
        "op" => Some("a fixed word per store operation"),
        "route" => Some("a path pattern of the OpenAPI document, `none` for any other path"),
        "version" => Some("the running version"),
        _ => None,
    }
}

/// The labels and values of one metric's samples.
fn samples<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    text.lines()
        .filter_map(move |line| line.strip_prefix(name))
        .filter_map(|rest| {
            let (suffix, rest) = rest.split_once('{')?;
            matches!(suffix, "" | "_total" | "_bucket" | "_sum" | "_count" | "_info").then_some(rest)
        })
        .filter_map(|rest| rest.split_once("\"} ").map(|(labels, _)| labels))
        .flat_map(|labels| labels.split("\",").filter_map(|pair| pair.split_once("=\"")))
}
