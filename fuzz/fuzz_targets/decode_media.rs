//! A decode of media, file and batch formats, forms included, never panics, is the same for a copy in two pieces, and keeps its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::{BodyCopy, Decoded, Exchange, Limits, decode};

const MEDIA: &[&str] = &[
    "text/event-stream",
    "application/json",
    "application/x-jsonl",
    "text/plain",
    "audio/mpeg",
    "multipart/form-data; boundary=x",
];
const PATHS: &[&str] = &[
    "/v1/images/edits",
    "/v1/audio/speech",
    "/v1/audio/transcriptions",
    "/v1/moderations",
    "/v1/files",
    "/v1/batches",
    "/v1/messages/batches/b/results",
];

fuzz_target!(|input: (u8, u8, u16, &[u8], &[u8])| {
    let (path, media, cut, request, answer) = input;
    let media = MEDIA[usize::from(media) % MEDIA.len()];
    let headers = [("content-type".to_owned(), media.to_owned())];
    let read = |head, tail, total_bytes| -> Decoded {
        let exchange = Exchange {
            host: "api.openai.com",
            method: "POST",
            target: PATHS[usize::from(path) % PATHS.len()],
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
