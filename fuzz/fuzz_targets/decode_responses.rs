//! A decode of OpenAI's Responses and what is beside them never panics, is the same for a copy in two pieces, and keeps its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::{Billed, BodyCopy, Decoded, Exchange, Limits, decode};

const TARGETS: &[(&str, &str)] = &[
    ("POST", "/v1/responses"),
    ("POST", "/openai/responses?api-version=2025-04-01-preview"),
    ("GET", "/v1/responses/resp_1?stream=true"),
    ("POST", "/v1/responses/resp_1/cancel"),
    ("DELETE", "/v1/responses/resp_1"),
    ("GET", "/v1/responses/resp_1/input_items"),
    ("POST", "/v1/responses/input_tokens"),
    ("POST", "/v1/responses/compact"),
];

fuzz_target!(|input: (u8, u8, u16, &[u8], &[u8])| {
    let (path, media, cut, request, answer) = input;
    let (method, target) = TARGETS[usize::from(path) % TARGETS.len()];
    let media = ["text/event-stream", "application/json"][usize::from(media) % 2];
    let headers = [("content-type".to_owned(), media.to_owned())];
    let read = |head, tail, total_bytes| -> Decoded {
        let exchange = Exchange {
            host: "api.openai.com",
            method,
            target,
            request_headers: &headers,
            request: BodyCopy { head: request, tail: &[], total_bytes: request.len() as u64 },
            status: Some(200),
            answer_headers: &headers,
            response: BodyCopy { head, tail, total_bytes },
            scanned: None,
        };
        decode(&exchange, &Limits::default())
    };
    let size = answer.len() as u64;
    let whole = read(answer, &[], size);
    let (head, tail) = answer.split_at(usize::from(cut) % (answer.len() + 1));
    assert_eq!(read(head, tail, size), whole, "a copy in two pieces");
    read(head, tail, size + 1);
    assert!(whole.coverage.unknown.len() <= 32);
    assert_eq!(whole.usage.is_some(), whole.usage_source == llmtrace_model::UsageSource::Provider);
    assert!(whole.billed != Billed::Elsewhere || (whole.usage.is_none() && whole.units.is_empty()));
    if let Some(usage) = whole.usage {
        assert_eq!(usage.total(), usage.input_inclusive().saturating_add(usage.output_inclusive()));
    }
});
