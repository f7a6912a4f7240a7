//! Prints what reading costs on this machine: `cargo run --release -p llmtrace-wire --example decode_cost`.

use std::{hint::black_box, time::Instant};

use bytes::Bytes;
use llmtrace_model::Usage;
use llmtrace_wire::{
    BodyCopy, Dialect, Exchange, Head, Limits, PriceBook, Scanner, Signed, UsageFilter, decode, inspect,
};

/// Microseconds of one call: the best of many rounds of some 100 µs each, short enough to fall between interruptions.
fn cost(mut call: impl FnMut()) -> f64 {
    let mut round = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
    };
    let calls = [100_000, 10_000, 1000, 100, 10].into_iter().find(|n| round(10) * f64::from(*n) < 200.0).unwrap_or(1);
    (0..4000).map(|_| round(calls)).fold(f64::INFINITY, f64::min)
}

/// A chat request of about `size` bytes, in messages of some 400 characters.
fn request(size: usize, stream: &str) -> String {
    let text = "The quick brown fox jumps over the lazy dog, and \\\"says\\\" so.\\n";
    let mut body = String::from(r#"{"model":"gpt-4o","temperature":0.2,"max_tokens":256,"messages":["#);
    let mut role = "system";
    while body.len() + 500 < size {
        body.push_str(&format!("{{\"role\":\"{role}\",\"content\":\"{}\"}},", text.repeat(6)));
        role = if role == "user" { "assistant" } else { "user" };
    }
    body.push_str(&format!("{{\"role\":\"user\",\"content\":\"{}\"}}]{stream}}}", text.repeat(4)));
    body
}

const ANSWER: &str = r#"{"id":"chatcmpl-A1","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there, how can I help you today with the lazy dog?","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":119,"completion_tokens":13,"total_tokens":132,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_1"}"#;

const DELTA: &str = "data: {\"id\":\"chatcmpl-A1\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-2024-08-06\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"abcdefgh\"}\n\n";

fn whole(bytes: &[u8]) -> BodyCopy<'_> {
    BodyCopy { head: bytes, tail: &[], total_bytes: bytes.len() as u64 }
}

fn exchange<'a>(
    request: &'a str,
    response: &'a str,
    request_headers: &'a [(String, String)],
    answer_headers: &'a [(String, String)],
) -> Exchange<'a> {
    Exchange {
        host: "api.openai.com",
        method: "POST",
        target: "/v1/chat/completions",
        request_headers,
        request: whole(request.as_bytes()),
        status: Some(200),
        answer_headers,
        response: whole(response.as_bytes()),
        scanned: None,
    }
}

fn main() {
    let headers = |media: &str| vec![("content-type".to_owned(), media.to_owned())];
    let (json, events) = (headers("application/json"), headers("text/event-stream"));
    let head = Head {
        method: "POST",
        provider: None,
        host: "api.openai.com",
        path: "/v1/chat/completions",
        query: None,
        content_type: Some("application/json"),
        content_encoding: None,
        signed: Signed::No,
    };
    let stream = format!("{}data: [DONE]\n\n", DELTA.repeat(100));
    for size in [1024, 8 * 1024, 100 * 1024] {
        let body = request(size, ",\"stream\":true");
        let us = cost(|| drop(black_box(inspect(&head, black_box(body.as_bytes())))));
        println!("inspect       {:>7} B  {us:8.2} us", body.len());
        let x = exchange(&body, ANSWER, &json, &json);
        let us = cost(|| drop(black_box(decode(black_box(&x), &Limits::default()))));
        println!("decode        {:>7} B  {us:8.2} us", body.len() + ANSWER.len());
    }
    let body = request(1024, ",\"stream\":true");
    let x = exchange(&body, &stream, &json, &events);
    let us = cost(|| drop(black_box(decode(black_box(&x), &Limits::default()))));
    println!("decode stream {:>7} B  {us:8.2} us (100 chunks)", stream.len());

    let mut scanner = Scanner::new(Some(Dialect::OpenaiChat), Some("text/event-stream"), None);
    let us = cost(|| scanner.feed(black_box(DELTA.as_bytes())));
    println!("scan chunk    {:>7} B  {us:8.3} us", DELTA.len());
    let mut filter = UsageFilter::new(1 << 20);
    let chunk = Bytes::from(DELTA);
    let mut out = Vec::new();
    let us = cost(|| {
        filter.push(black_box(chunk.clone()), &mut out);
        out.clear();
    });
    println!("filter chunk  {:>7} B  {us:8.3} us", DELTA.len());
    let us = cost(|| {
        let mut scanner = Scanner::new(Some(Dialect::OpenaiChat), Some("application/json"), None);
        scanner.feed(black_box(ANSWER.as_bytes()));
        black_box(scanner.usage());
    });
    println!("scan document {:>7} B  {us:8.2} us", ANSWER.len());
    let book = PriceBook::bundled();
    let usage = Usage { input: 119, output: 13, ..Usage::default() };
    let us = cost(|| drop(black_box(book.price("openai", black_box("gpt-4o-2024-08-06"), &usage, 1_793_491_200))));
    println!("price                    {us:8.2} us");
}
