//! How much memory a span takes, about: lengths of text plus the sizes of the structs around it.

use std::mem::size_of;

use llmtrace_model::{Content, Message, Part, Raw, Span, SpanRecord};
use serde_json::Value;

/// Index entries and allocator overhead of one row, measured once and rounded up.
const ROW_OVERHEAD: usize = 512;

/// The bytes of memory a record keeps alive, estimated from below within a few percent for text-heavy content.
pub fn record_bytes(record: &SpanRecord) -> usize {
    let content = record.content.as_ref().map_or(0, content_bytes);
    let raw = record.raw.as_ref().map_or(0, raw_bytes);
    size_of::<SpanRecord>() + ROW_OVERHEAD + span_bytes(&record.span) + content + raw
}

fn raw_bytes(raw: &Raw) -> usize {
    [&raw.request, &raw.response].into_iter().map(|body| body.head.len() + body.tail.len()).sum()
}

fn span_bytes(span: &Span) -> usize {
    let optional = [
        &span.agent_id,
        &span.session_id,
        &span.user_id,
        &span.environment,
        &span.release,
        &span.client_address,
        &span.request_model,
        &span.response_model,
        &span.price_version,
        &span.response_id,
        &span.provider_request_id,
    ];
    let plain = [&span.operation, &span.provider, &span.dialect, &span.upstream, &span.method, &span.path];
    let coverage = span.coverage.not_read.iter().chain(&span.coverage.unknown);
    optional.iter().filter_map(|text| text.as_ref()).chain(plain).chain(coverage).map(|text| text.len()).sum::<usize>()
        + strings(&span.tags)
        + strings(&span.finish_reasons)
        + span.params.iter().map(|(name, value)| 64 + name.len() + value_bytes(value)).sum::<usize>()
        + span.rate_limits.iter().map(|(name, value)| 64 + name.len() + value.len()).sum::<usize>()
        + span.error.as_ref().map_or(0, |error| error.kind.len() + error.message.len())
        + span.findings.iter().map(|f| 64 + f.rule.len() + f.reason.len()).sum::<usize>()
}

fn strings(list: &[String]) -> usize {
    list.iter().map(|text| size_of::<String>() + text.len()).sum()
}

fn content_bytes(content: &Content) -> usize {
    content.system_instructions.iter().map(part_bytes).sum::<usize>()
        + content.input_messages.iter().chain(&content.output_messages).map(message_bytes).sum::<usize>()
        + content.tool_definitions.iter().map(value_bytes).sum::<usize>()
}

fn message_bytes(message: &Message) -> usize {
    let names = [&message.name, &message.finish_reason];
    size_of::<Message>()
        + names.iter().filter_map(|text| text.as_ref()).map(String::len).sum::<usize>()
        + message.parts.iter().map(part_bytes).sum::<usize>()
}

fn part_bytes(part: &Part) -> usize {
    size_of::<Part>()
        + match part {
            Part::Text { content } | Part::Reasoning { content } | Part::Refusal { content } => content.len(),
            Part::ToolCall { id, name, arguments } => {
                id.as_ref().map_or(0, String::len) + name.len() + value_bytes(arguments)
            }
            Part::ToolCallResponse { id, result } => id.as_ref().map_or(0, String::len) + value_bytes(result),
            Part::Blob { modality, mime_type, size_bytes: _ } => {
                modality.len() + mime_type.as_ref().map_or(0, String::len)
            }
            Part::Uri { modality, uri } => modality.len() + uri.len(),
            Part::File { modality, file_id } => modality.len() + file_id.len(),
            Part::Raw { value } => value_bytes(value),
        }
}

fn value_bytes(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(value_bytes).sum(),
            Value::Object(members) => members.iter().map(|(name, v)| 64 + name.len() + value_bytes(v)).sum(),
        }
}
