//! A decode of Gemini's formats never panics, is the same for a copy in two pieces, and keeps its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::{BodyCopy, Decoded, Exchange, Limits, decode};

const TARGETS: &[(&str, &str)] = &[
    ("POST", "/v1beta/models/gemini-2.5-pro:generateContent"),
    ("POST", "/v1beta/models/gemini-2.5-pro:streamGenerateContent"),
    ("POST", "/v1beta/models/gemini-2.5-pro:countTokens"),
    ("POST", "/v1beta/models/gemini-embedding-001:batchEmbedContents"),
    ("POST", "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict"),
    ("POST", "/v1/projects/p/locations/l/publishers/google/models/imagen-4.0-generate-001:predict"),
    ("POST", "/v1beta/cachedContents"),
    ("GET", "/v1beta/models"),
];

fuzz_target!(|input: (u8, u8, u16, &[u8], &[u8])| {
    let (target, media, cut, request, answer) = input;
    let (method, target) = TARGETS[usize::from(target) % TARGETS.len()];
    let media = ["text/event-stream", "application/json"][usize::from(media) % 2];
    let headers = [("content-type".to_owned(), media.to_owned())];
    let read = |head, tail, total_bytes| -> Decoded {
        let exchange = Exchange {
            host: "generativelanguage.googleapis.com",
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
    if let Some(usage) = whole.usage {
        assert_eq!(usage.total(), usage.input_inclusive().saturating_add(usage.output_inclusive()));
    }
});
