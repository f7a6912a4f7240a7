use std::io::Write;

use llmtrace_model::Meter;
use proptest::prelude::*;

use super::*;
use crate::DIALECTS;

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn whole(bytes: &[u8]) -> BodyCopy<'_> {
    BodyCopy { head: bytes, tail: &[], total_bytes: bytes.len() as u64 }
}

/// An exchange with OpenAI's chat path and these bodies.
fn chat<'a>(request: BodyCopy<'a>, response: BodyCopy<'a>, answer_headers: &'a [(String, String)]) -> Exchange<'a> {
    Exchange {
        host: "api.openai.com",
        method: "POST",
        target: "/v1/chat/completions?api_key=x",
        request_headers: &[],
        request,
        status: Some(200),
        answer_headers,
        response,
        scanned: None,
    }
}

const REQUEST: &[u8] = br#"{"model":"m","messages":[{"role":"user","content":"q"}]}"#;
const ANSWER: &[u8] = br#"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("compresses")
}

#[test]
fn a_compressed_answer_is_read_like_a_plain_one() {
    let json = [pair("content-type", "application/json")];
    let packed_headers = [json[0].clone(), pair("content-encoding", "gzip")];
    let packed = gzip(ANSWER);
    let plain = decode(&chat(whole(REQUEST), whole(ANSWER), &json), &Limits::default());
    let expanded = decode(&chat(whole(REQUEST), whole(&packed), &packed_headers), &Limits::default());
    assert_eq!(plain, expanded);
    assert_eq!(plain.usage.map(|u| u.total()), Some(3));
}

#[test]
fn a_compression_bomb_is_cut_at_the_bound() {
    let headers = [pair("content-type", "application/json"), pair("content-encoding", "gzip")];
    let mut bomb = ANSWER.to_vec();
    bomb.pop();
    bomb.extend_from_slice(br#","x":""#);
    bomb.resize(8 << 20, b'x');
    let packed = gzip(&bomb);
    let limits = Limits { max_inflated_bytes: 1 << 20, ..Limits::default() };
    let decoded = decode(&chat(whole(REQUEST), whole(&packed), &headers), &limits);
    assert_eq!(decoded.coverage.response, BodyCoverage::Truncated);
    assert_eq!(decoded.response_id.as_deref(), Some("c"));
}

#[test]
fn a_brotli_window_beyond_the_standard_is_refused() {
    let headers = [pair("content-type", "application/json"), pair("content-encoding", "br")];
    let decoded = decode(&chat(whole(REQUEST), whole(&[0x11, 0x1e, 3, 0, 0, 0, 0]), &headers), &Limits::default());
    assert_eq!(decoded.opaque.as_deref(), Some("answer: broken compression"));
}

#[test]
fn the_scanners_usage_counts_where_the_copy_lacks_the_end() {
    let headers = [pair("content-type", "application/json")];
    let scanned = Usage { input: 7, ..Usage::default() };
    let cut = BodyCopy { head: &ANSWER[..60], tail: &ANSWER[150..], total_bytes: 9000 };
    let meter = Meter { usage: Some(scanned), ..Meter::default() };
    let exchange = Exchange { scanned: Some(&meter), ..chat(whole(REQUEST), cut, &headers) };
    let decoded = decode(&exchange, &Limits::default());
    assert_eq!(decoded.usage, meter.usage);
    assert_eq!(decoded.usage_source, UsageSource::Provider);
    assert_eq!(decoded.coverage.response, BodyCoverage::Truncated);
}

#[test]
fn a_stream_with_a_gap_keeps_both_ends() {
    let headers = [pair("content-type", "text/event-stream")];
    let delta =
        |text: &str| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let head = format!("{}data: {{\"choi", delta("start "));
    let tail = format!(
        "ces\":[]}}\n\n{}data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":4}}}}\n\ndata: [DONE]\n\n",
        delta("end")
    );
    let copy = BodyCopy { head: head.as_bytes(), tail: tail.as_bytes(), total_bytes: 1 << 30 };
    let decoded = decode(&chat(whole(REQUEST), copy, &headers), &Limits::default());
    let said = serde_json::to_string(&decoded.content.output_messages).expect("prints");
    assert!(said.contains("start end"), "{said}");
    assert_eq!(decoded.usage.map(|u| u.input), Some(4));
    assert_eq!(decoded.coverage.response, BodyCoverage::Truncated);
}

#[test]
fn what_cannot_be_read_is_opaque_with_its_reason() {
    let json = [pair("content-type", "application/json")];
    let cases: [(&[u8], &str); 4] = [
        (b"{\"a\":", "malformed json"),
        (b"[1]", "malformed json"),
        (b"\xff\xfe", "invalid utf-8"),
        (&[b'['; 300], "too deep"),
    ];
    for (body, reason) in cases {
        let decoded = decode(&chat(whole(body), whole(ANSWER), &json), &Limits::default());
        assert_eq!(decoded.opaque.as_deref(), Some(&*format!("request: {reason}")));
        assert_eq!(decoded.coverage.request, BodyCoverage::Opaque(reason.to_owned()));
        assert_eq!(decoded.usage.map(|u| u.total()), Some(3), "the other side is still read");
    }
}

#[test]
fn an_exchange_in_no_known_format_still_tells_its_error() {
    let headers = [pair("content-type", "application/json"), pair("x-request-id", "r1")];
    let body = br#"{"error":{"message":"no such file","type":"invalid_request_error"}}"#;
    let exchange = Exchange {
        target: "/v1/vector_stores/x",
        method: "GET",
        status: Some(404),
        ..chat(whole(b""), whole(body), &headers)
    };
    let decoded = decode(&exchange, &Limits::default());
    assert_eq!((decoded.dialect, decoded.operation.as_str(), decoded.provider), (None, "GET", "openai"));
    assert_eq!(decoded.opaque.as_deref(), Some("unknown path"));
    assert_eq!(decoded.error.map(|e| e.kind), Some("invalid_request_error".to_owned()));
    assert_eq!(decoded.provider_request_id.as_deref(), Some("r1"));
    assert_eq!(decoded.coverage.request, BodyCoverage::Empty);
}

#[test]
fn a_failed_answer_without_json_tells_its_status() {
    let html = [pair("content-type", "text/html")];
    let exchange = Exchange { status: Some(502), ..chat(whole(REQUEST), whole(b"<html>"), &html) };
    let decoded = decode(&exchange, &Limits::default());
    assert_eq!(decoded.error.map(|e| (e.kind, e.message)), Some(("http_502".to_owned(), String::new())));
}

#[test]
fn names_of_unknown_members_are_bounded() {
    let json = [pair("content-type", "application/json")];
    let members: String = (0..500).map(|i| format!(",\"member_{i}_{}\":1", "y".repeat(200))).collect();
    let body = format!("{{\"model\":\"m\"{members}}}");
    let decoded = decode(&chat(whole(body.as_bytes()), whole(ANSWER), &json), &Limits::default());
    assert_eq!(decoded.coverage.unknown.len(), 32);
    assert!(decoded.coverage.unknown.iter().all(|name| name.len() < 100));
}

#[test]
fn parameters_hold_words_not_prompts() {
    let json = [pair("content-type", "application/json")];
    let long = "secret ".repeat(100);
    let body = format!(
        r#"{{"model":"m","stop":"{long}","prediction":{{"type":"content","content":"{long}"}},"temperature":1}}"#
    );
    let decoded = decode(&chat(whole(body.as_bytes()), whole(ANSWER), &json), &Limits::default());
    assert_eq!(decoded.params.keys().collect::<Vec<_>>(), ["temperature"]);
}

const PATHS: [&str; 7] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/models",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/else",
];

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        request in prop_oneof![prop::collection::vec(any::<u8>(), 0..80), "[\\[\\]{}\":,a-z0-9\\\\]{0,80}".prop_map(String::into_bytes)],
        response in prop::collection::vec(any::<u8>(), 0..80),
        tail in prop::collection::vec(any::<u8>(), 0..20),
        path in prop::sample::select(&PATHS[..]),
        media in prop::sample::select(&["application/json", "text/event-stream", "text/plain", ""][..]),
        coding in prop::sample::select(&["", "gzip", "deflate", "br", "zstd", "weird"][..]),
        status in prop::sample::select(&[200u16, 404][..]),
    ) {
        let headers = [pair("content-type", media), pair("content-encoding", coding)];
        let response = BodyCopy { head: &response, tail: &tail, total_bytes: 100 };
        let exchange = Exchange {
            target: path, request_headers: &headers, status: Some(status), ..chat(whole(&request), response, &headers)
        };
        let decoded = decode(&exchange, &Limits::default());
        prop_assert!(decoded.coverage.unknown.len() <= 32);
        prop_assert!(decoded.dialect.is_none_or(|d| DIALECTS.contains(&d)));
    }

    #[test]
    fn garbage_events_keep_what_good_ones_said(garbage in "[^\\r\\n]{0,40}") {
        let headers = [pair("content-type", "text/event-stream")];
        let good = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"kept\"}}]}\n\n";
        let body = format!("{good}data: x{garbage}\n\n{good}");
        let decoded = decode(&chat(whole(REQUEST), whole(body.as_bytes()), &headers), &Limits::default());
        let said = serde_json::to_string(&decoded.content.output_messages).expect("prints");
        prop_assert!(said.contains("keptkept"), "{}", said);
    }
}
