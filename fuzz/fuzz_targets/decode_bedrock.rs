//! A decode of Bedrock's formats never panics, is the same for a copy in two pieces, and keeps its bounds; a scanner says the
//! same of usage however the bytes were cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::{BodyCopy, Decoded, Exchange, Limits, Scanner, decode, dialect_of, eventstream::encode};

const PATHS: &[&str] = &[
    "/model/anthropic.claude-x/converse",
    "/model/anthropic.claude-x/converse-stream",
    "/model/us.anthropic.claude-x/invoke",
    "/model/meta.llama/invoke-with-response-stream",
    "/model/amazon.titan-embed-text-v2%3A0/invoke",
    "/model/anthropic.claude-x/count-tokens",
    "/guardrail/g/version/1/apply",
];
const EVENTS: &[&str] =
    &["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "chunk"];

fuzz_target!(|input: (u8, bool, u16, &[u8], Vec<(u8, &[u8])>)| {
    let (path, streamed, cut, request, events) = input;
    let target = PATHS[usize::from(path) % PATHS.len()];
    let media = if streamed { "application/vnd.amazon.eventstream" } else { "application/json" };
    let headers = [("content-type".to_owned(), media.to_owned())];
    let answer: Vec<u8> = if streamed {
        let name = |at: u8| EVENTS[usize::from(at) % EVENTS.len()];
        events.iter().flat_map(|(at, payload)| encode(&[(":event-type", name(*at))], payload)).collect()
    } else {
        events.iter().flat_map(|(_, payload)| payload.iter().copied()).collect()
    };
    let read = |head, tail, total_bytes| -> Decoded {
        let exchange = Exchange {
            host: "bedrock-runtime.us-east-1.amazonaws.com",
            method: "POST",
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
    let whole = read(&answer, &[], size);
    let (head, tail) = answer.split_at(usize::from(cut) % (answer.len() + 1));
    assert_eq!(read(head, tail, size), whole, "a copy in two pieces");
    read(head, tail, size + 1);
    assert!(whole.coverage.unknown.len() <= 32);
    assert_eq!(whole.usage.is_some(), whole.usage_source == llmtrace_model::UsageSource::Provider);
    let mut scanner = Scanner::new(dialect_of("POST", target), Some(media), None);
    scanner.feed(head);
    scanner.feed(tail);
    let in_one = {
        let mut scanner = Scanner::new(dialect_of("POST", target), Some(media), None);
        scanner.feed(&answer);
        scanner.usage()
    };
    assert_eq!(scanner.usage(), in_one);
});
