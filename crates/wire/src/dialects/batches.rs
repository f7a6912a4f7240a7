//! Batches of OpenAI and Anthropic: created, watched, read. A batch is billed once, at half the price, by the exchange that
//! first reports its usage.
//!
//! Source: OpenAI API reference, "Batch"; Anthropic API reference, "Message Batches" (2026-10).

use llmtrace_model::Usage;
use memchr::memmem;
use serde_json::Value;

use super::{
    Assemble, Format,
    openai::{take_error, take_usage},
};
use crate::{
    Billed, Dialect, Family,
    decode::{Draft, Exchange, path_of},
    json::Json,
    scanner::{self, Vital, read},
    usage::{AnthropicUsage, openai_usage},
};

/// The tier under which a batch is priced.
const TIER: &str = "batch";

/// OpenAI `…/batches`, `…/batches/{id}`, `…/batches/{id}/cancel`.
pub(crate) const OPENAI: Format = Format {
    dialect: Dialect::OpenaiBatches,
    name: "openai_batches",
    operation: "batch",
    family: Family::OpenAi,
    speaks: |method, path| matches!(method, "GET" | "POST") && below(path, "/batches", &["", "v1", "openai"]),
    request,
    answer: openai_answer,
    scan: || Box::new(OpenaiScan),
    ..Format::JSON
};

/// Anthropic `…/messages/batches`, `…/{id}`, `…/{id}/cancel`, `…/{id}/results`.
pub(crate) const ANTHROPIC: Format = Format {
    dialect: Dialect::AnthropicBatches,
    name: "anthropic_batches",
    operation: "batch",
    family: Family::Anthropic,
    speaks: |method, path| {
        matches!(method, "GET" | "POST" | "DELETE") && memmem::find(path.as_bytes(), b"/messages/batches").is_some()
    },
    head: anthropic_head,
    request,
    answer: anthropic_answer,
    stream: Some(|| Box::new(Results::default())),
    scan: || Box::new(ResultsScan::default()),
    ..Format::JSON
};

/// Says whether a path is `PREFIX{end}` or below it, where the segment before is one of these.
fn below(path: &str, end: &str, before: &[&str]) -> bool {
    let Some(at) = memmem::find(path.as_bytes(), end.as_bytes()) else { return false };
    let (head, after) = (&path[..at], &path[at + end.len()..]);
    before.contains(&head.rsplit('/').next().unwrap_or("")) && (after.is_empty() || after.starts_with('/'))
}

fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "input_file_id" | "endpoint" | "completion_window" | "output_expires_after" => {
                draft.param(&format!("batch.{key}"), &value);
            }
            "metadata" => draft.tag_all(value.into_members()),
            "requests" => {
                let requests = value.into_items();
                draft.params.insert("batch.requests".to_owned(), Value::from(requests.len()));
                draft.request_model =
                    requests.first().and_then(|r| r.get("params")).and_then(|p| p.str_at("model")).map(str::to_owned);
                draft.not_read("batch request");
            }
            other => draft.unknown("request", other),
        }
    }
}

fn openai_answer(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "id" => draft.response_id = value.into_string(),
            "model" => draft.response_model = value.into_string(),
            "status" => draft.param("batch.status", &value),
            "request_counts" => counts(value, draft),
            // Zeros until it is done.
            "usage" if openai_usage(&value).is_some_and(|usage| usage.total() > 0) => {
                take_usage(&value, draft);
                draft.service_tier = Some(TIER.to_owned());
            }
            "error" => take_error(&Json::Object(vec![("error".into(), value)]), draft),
            _ => {}
        }
    }
    draft.billed = Billed::IfUnseen;
}

/// How many requests a batch has, and how they ended.
fn counts(value: Json<'_>, draft: &mut Draft) {
    for (key, value) in value.into_members() {
        draft.param(&format!("batch.{key}"), &value);
    }
}

fn anthropic_head(x: &Exchange<'_>, draft: &mut Draft) {
    let path = path_of(x.target);
    if let Some(id) = path.strip_suffix("/results").and_then(|rest| rest.rsplit('/').next()) {
        // Results do not repeat the id of their batch.
        draft.response_id = Some(id.to_owned());
        draft.billed = Billed::IfUnseen;
    }
}

fn anthropic_answer(body: Json<'_>, draft: &mut Draft) {
    if body.get("custom_id").is_some() {
        // A file of one result is one JSON document.
        let mut results = Box::new(Results::default());
        results.event(b"", body, draft);
        return results.finish(draft);
    }
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "id" => draft.response_id = value.into_string(),
            "processing_status" => draft.param("batch.status", &value),
            "request_counts" => counts(value, draft),
            "error" => take_error(&Json::Object(vec![("error".into(), value)]), draft),
            _ => {}
        }
    }
}

/// What the results of a batch add up to.
#[derive(Default)]
struct Sum {
    usage: Option<Usage>,
    requests: u64,
    model: Option<String>,
    models: u64,
}

impl Sum {
    fn take(&mut self, line: &Json<'_>) {
        self.requests += 1;
        let Some(message) = line.get("result").and_then(|result| result.get("message")) else { return };
        let mut counted = AnthropicUsage::default();
        if let Some(usage) = message.get("usage") {
            counted.take(usage);
        }
        if let Some(one) = counted.usage() {
            let sum = self.usage.unwrap_or_default().buckets();
            let sum: [u64; Usage::BUCKETS.len()] = std::array::from_fn(|at| sum[at].saturating_add(one.buckets()[at]));
            self.usage = Some(Usage::from_buckets(sum));
        }
        let model = message.str_at("model");
        if model.is_some() && model != self.model.as_deref() {
            self.models += 1;
            self.model = model.map(str::to_owned);
        }
    }
}

/// Lines of results: usage is added up, what was said is not kept here.
#[derive(Default)]
struct Results(Sum);

impl Assemble for Results {
    fn event(&mut self, _name: &[u8], event: Json<'_>, draft: &mut Draft) {
        self.0.take(&event);
        if event.get("result").is_none() {
            take_error(&event, draft);
        }
    }

    fn finish(self: Box<Self>, draft: &mut Draft) {
        let Sum { usage, requests, model, models } = self.0;
        draft.not_read("batch result");
        draft.params.insert("batch.requests".to_owned(), Value::from(requests));
        if models > 1 {
            // Priced as the last one; whoever reads the cost must know.
            draft.unknown("batch", "several models");
        }
        draft.response_model = model;
        draft.usage = usage;
        draft.service_tier = usage.map(|_| TIER.to_owned());
    }
}

#[derive(Default)]
struct ResultsScan(Sum);

impl scanner::Scan for ResultsScan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        let Some(line) = read(data) else { return };
        vital.first_token = true;
        self.0.take(&line);
        if line.get("result").is_none() {
            vital.note_error(name, &line);
        }
        vital.meter.usage = self.0.usage;
        vital.meter.service_tier = self.0.usage.map(|_| TIER.to_owned());
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        if key == "error" {
            vital.note_error_member(value);
        }
    }
}

struct OpenaiScan;

impl scanner::Scan for OpenaiScan {
    fn event(&mut self, _name: &[u8], _data: &[u8], _vital: &mut Vital) {}

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "usage" => {
                vital.meter.usage = openai_usage(&value).filter(|usage| usage.total() > 0);
                vital.meter.service_tier = vital.meter.usage.map(|_| TIER.to_owned());
            }
            _ => vital.note_error_member(value),
        }
    }
}
