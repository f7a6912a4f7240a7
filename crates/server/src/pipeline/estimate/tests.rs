//! What is counted, and above all what is not.

use llmtrace_model::{Coverage, Role};
use llmtrace_store::conformance::builders::span;

use super::*;

/// An exchange about which the provider said nothing of tokens.
fn silent(question: &str, answer: &str) -> SpanRecord {
    let built = span().model("gpt-4o").said(question, answer).with(|span| {
        (span.method, span.operation, span.http_status) = ("POST".to_owned(), "chat".to_owned(), Some(200));
        (span.usage, span.usage_source) = (None, UsageSource::None);
        span.coverage = Coverage { request: BodyCoverage::Whole, response: BodyCoverage::Whole, ..Coverage::default() };
    });
    (*built.record()).clone()
}

fn counted(mut record: SpanRecord) -> Option<(u64, u64, u64)> {
    usage(&mut record);
    let expected = if record.span.usage.is_some() { UsageSource::Estimated } else { UsageSource::None };
    assert_eq!(record.span.usage_source, expected);
    record.span.usage.map(|usage| (usage.input, usage.output, usage.reasoning))
}

fn changed(change: impl FnOnce(&mut Span)) -> SpanRecord {
    let mut record = silent("tiktoken is great!", "tiktoken is great!");
    change(&mut record.span);
    record
}

#[test]
fn an_answer_without_usage_is_counted_with_its_framing() {
    // 6 tokens each way; 3 for the message, 3 to begin the answer.
    assert_eq!(counted(silent("tiktoken is great!", "tiktoken is great!")), Some((12, 6, 0)));
    // By bytes there is no framing: 18 bytes are 5 tokens.
    assert_eq!(counted(changed(|span| span.response_model = Some("llama-3".to_owned()))), Some((5, 5, 0)));
}

#[test]
fn instructions_tools_and_reasoning_are_counted() {
    let mut record = silent("12345678", "1234");
    record.span.response_model = Some("other".to_owned());
    let content = record.content.as_mut().unwrap();
    content.system_instructions.push(Part::Text { content: "1234".to_owned() });
    content.tool_definitions.push(serde_json::json!({"n": 1}));
    content.input_messages.push(Message {
        role: Role::Tool,
        name: None,
        parts: vec![Part::ToolCallResponse { id: None, result: "1234".into() }],
        finish_reason: None,
    });
    content.output_messages[0].parts.push(Part::Reasoning { content: "12345".to_owned() });
    content.output_messages[0].parts.push(Part::ToolCall { id: None, name: "tool".to_owned(), arguments: "".into() });
    // 4 + 8 + 4 bytes and the 7 of the tool's definition.
    assert_eq!(counted(record), Some((23u64.div_ceil(4), 2, 2)));
}

#[test]
fn what_was_reported_stays_even_where_it_is_zero() {
    let mut record = changed(|span| {
        span.usage = Some(Usage::default());
        span.usage_source = UsageSource::Provider;
    });
    usage(&mut record);
    assert_eq!((record.span.usage, record.span.usage_source), (Some(Usage::default()), UsageSource::Provider));
}

#[test]
fn what_no_model_answered_is_not_counted() {
    assert_eq!(counted(changed(|span| span.http_status = Some(400))), None);
    assert_eq!(counted(changed(|span| span.http_status = None)), None);
    assert_eq!(counted(changed(|span| span.method = "GET".to_owned())), None);
    for operation in ["count_tokens", "list_models", "rerank", "POST"] {
        assert_eq!(counted(changed(|span| span.operation = operation.to_owned())), None, "{operation}");
    }
    for end in [EndReason::Interrupted, EndReason::Refused, EndReason::Blocked] {
        assert_eq!(counted(changed(|span| span.end_reason = end)), None, "{end}");
    }
    let unread = |span: &mut Span| span.coverage.response = BodyCoverage::Opaque("encoding".to_owned());
    assert_eq!(counted(changed(unread)), None);
    let by_the_piece = |span: &mut Span| span.units.add(llmtrace_model::Unit::AudioInMs, 1);
    assert_eq!(counted(changed(by_the_piece)), None);
    let mut accepted = changed(|_| {});
    accepted.content.as_mut().unwrap().output_messages.clear();
    assert_eq!(counted(accepted), None, "a request that runs in the background has not been answered");
}

#[test]
fn of_embeddings_only_the_input_counts() {
    let mut record = changed(|span| {
        span.operation = "embeddings".to_owned();
        span.response_model = Some("text-embedding-3-small".to_owned());
    });
    record.content.as_mut().unwrap().output_messages.clear();
    assert_eq!(counted(record), Some((6, 0, 0)));
}

#[test]
fn a_stream_that_ended_early_is_counted_by_what_was_seen() {
    for end in [EndReason::ClientGone, EndReason::Cut, EndReason::UpstreamFailed, EndReason::TimedOut] {
        let cut = |span: &mut Span| {
            (span.end_reason, span.stream, span.status) = (end, true, Status::Error);
            span.finish_reasons.clear();
        };
        assert_eq!(counted(changed(cut)), Some((12, 6, 0)), "{end}");
        let mut silent = changed(cut);
        silent.content.as_mut().unwrap().output_messages.clear();
        assert_eq!(counted(silent), None, "{end}");
    }
}

#[test]
fn a_cut_anthropic_stream_keeps_its_input_and_counts_its_output() {
    let cut = |reported: u64, finished: bool| {
        let mut record = changed(|span| {
            (span.dialect, span.stream, span.end_reason) =
                ("anthropic_messages".to_owned(), true, EndReason::ClientGone);
            span.response_model = Some("claude-sonnet-4-5".to_owned());
            span.usage = Some(Usage { input: 70, cache_read: 9, output: reported, ..Usage::default() });
            span.usage_source = UsageSource::Provider;
            span.finish_reasons = if finished { vec!["end_turn".to_owned()] } else { Vec::new() };
        });
        usage(&mut record);
        let usage = record.span.usage.unwrap();
        assert_eq!((usage.input, usage.cache_read), (70, 9));
        (usage.output, record.span.usage_source)
    };
    assert_eq!(cut(1, false), (5, UsageSource::Estimated));
    assert_eq!(cut(8, false), (8, UsageSource::Provider), "the events said more than was seen");
    assert_eq!(cut(3, true), (3, UsageSource::Provider), "the last event said it");
}

#[test]
fn a_stream_of_another_format_keeps_what_its_events_said() {
    let mut record = changed(|span| {
        (span.dialect, span.stream, span.end_reason) = ("openai_chat".to_owned(), true, EndReason::ClientGone);
        span.usage = Some(Usage { input: 1, output: 1, ..Usage::default() });
        span.usage_source = UsageSource::Provider;
        span.finish_reasons.clear();
    });
    usage(&mut record);
    assert_eq!(record.span.usage_source, UsageSource::Provider);
}
