//! Walks `fixtures/`: what the decoder tells of each exchange, and that no way of cutting its bytes changes it.

mod editing;
mod readable_events;

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use llmtrace_wire::{BodyCopy, DIALECTS, Decoded, Dialect, Exchange, Limits, Scanner, UsageFilter, decode, dialect_of};
use serde_json::{Value, json};

type Headers = Vec<(String, String)>;

/// The files a streamed answer may be in, and the media type each stands for.
const STREAMS: [(&str, &str); 3] = [
    ("stream.sse", "text/event-stream; charset=utf-8"),
    ("stream.ndjson", "application/x-ndjson"),
    // A JSON array, element by element.
    ("stream.json", "application/json; charset=UTF-8"),
];

/// One exchange from its folder.
struct Case {
    folder: PathBuf,
    host: String,
    method: String,
    target: String,
    status: u16,
    request_headers: Headers,
    answer_headers: Headers,
    request: Vec<u8>,
    answer: Vec<u8>,
    streamed: bool,
}

impl Case {
    fn load(folder: &Path, dialect: &str) -> Self {
        let read = |name: &str| fs::read(folder.join(name)).ok();
        let own: Value =
            read("exchange.json").map_or(json!({}), |b| serde_json::from_slice(&b).expect("exchange.json"));
        let text = |key: &str, default: &str| own[key].as_str().unwrap_or(default).to_owned();
        let stream = STREAMS.into_iter().find_map(|(file, media)| Some((read(file)?, media))).or_else(|| {
            Some((readable_events::encode(&read("stream.events.json")?), "application/vnd.amazon.eventstream"))
        });
        let streamed = stream.is_some();
        let media = text("media", stream.as_ref().map_or("application/json", |(_, media)| media));
        let mut answer_headers = vec![("content-type".to_owned(), media)];
        if let Some(more) = own["answer_headers"].as_object() {
            answer_headers.extend(more.iter().map(|(k, v)| (k.clone(), v.as_str().expect("text").to_owned())));
        }
        let path = match dialect {
            "openai_chat" => "/v1/chat/completions",
            "openai_completions" => "/v1/completions",
            "openai_embeddings" => "/v1/embeddings",
            "openai_models" => "/v1/models",
            "anthropic_messages" => "/v1/messages",
            "anthropic_count_tokens" => "/v1/messages/count_tokens",
            // Where a path tells more than its dialect, each case names its own.
            _ => own["target"].as_str().unwrap_or_else(|| panic!("{}: no target in exchange.json", folder.display())),
        };
        // A form, with the boundary `form`.
        let form = read("request.form");
        let asked = if form.is_some() { "multipart/form-data; boundary=form" } else { "application/json" };
        let answer =
            stream.map(|(bytes, _)| bytes).or_else(|| ["answer.json", "answer.txt"].into_iter().find_map(read));
        Self {
            folder: folder.to_owned(),
            host: text("host", "api.openai.com"),
            method: text("method", "POST"),
            target: text("target", path),
            status: u16::try_from(own["status"].as_u64().unwrap_or(200)).expect("a status"),
            request_headers: vec![("content-type".to_owned(), asked.to_owned())],
            answer_headers,
            request: form.or_else(|| read("request.json")).or_else(|| read("request.ndjson")).unwrap_or_default(),
            answer: answer.expect("answer.json, answer.txt or a stream"),
            streamed,
        }
    }

    fn decode(&self, request: BodyCopy<'_>, response: BodyCopy<'_>) -> Decoded {
        let exchange = Exchange {
            host: &self.host,
            method: &self.method,
            target: &self.target,
            request_headers: &self.request_headers,
            request,
            status: Some(self.status),
            answer_headers: &self.answer_headers,
            response,
            scanned: None,
        };
        decode(&exchange, &Limits::default())
    }

    fn scanner(&self) -> Scanner {
        let path = self.target.split('?').next().expect("a path");
        Scanner::new(dialect_of(&self.method, path), Some(&self.answer_headers[0].1), None)
    }
}

fn whole(bytes: &[u8]) -> BodyCopy<'_> {
    BodyCopy { head: bytes, tail: &[], total_bytes: bytes.len() as u64 }
}

fn split(bytes: &[u8], at: usize) -> BodyCopy<'_> {
    BodyCopy { head: &bytes[..at], tail: &bytes[at..], total_bytes: bytes.len() as u64 }
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = |path: &Path| {
        let mut found: Vec<PathBuf> = fs::read_dir(path).expect("a folder").map(|e| e.expect("entry").path()).collect();
        found.retain(|p| p.is_dir());
        found.sort();
        found
    };
    let mut cases = Vec::new();
    for dialect in folders(&root) {
        let name = dialect.file_name().and_then(|n| n.to_str()).expect("a name").to_owned();
        cases.extend(folders(&dialect).iter().map(|folder| Case::load(folder, &name)));
    }
    cases
}

/// Everything a decode tells, as JSON; what is empty is left out.
fn told(d: &Decoded) -> Value {
    let mut all = json!({
        "provider": d.provider,
        "dialect": d.dialect.map(|x| x.as_str()),
        "operation": d.operation,
        "request_model": d.request_model,
        "response_model": d.response_model,
        "params": d.params,
        "stream": d.stream,
        "content": d.content,
        "usage": d.usage.map(|usage| {
            let buckets = llmtrace_model::Usage::BUCKETS.into_iter().zip(usage.buckets());
            buckets.filter(|(_, tokens)| *tokens > 0).collect::<std::collections::BTreeMap<_, _>>()
        }),
        "units": d.units,
        "usage_source": d.usage_source,
        "finish_reasons": d.finish_reasons,
        "response_id": d.response_id,
        "provider_request_id": d.provider_request_id,
        "rate_limits": d.rate_limits,
        "error": d.error,
        "coverage": d.coverage,
        "user_id": d.user_id,
        "tags": d.tags,
        "service_tier": d.service_tier,
        "opaque": d.opaque,
    });
    let empty = [json!(null), json!([]), json!({}), json!("")];
    // A usage of nothing but zeros was reported all the same.
    all.as_object_mut()
        .expect("an object")
        .retain(|key, value| !empty.contains(value) || (key == "usage" && value.is_object()));
    all
}

#[test]
fn every_fixture_tells_what_is_expected_of_it() {
    let mut wrong = Vec::new();
    for case in cases() {
        let decoded = told(&case.decode(whole(&case.request), whole(&case.answer)));
        let expected: Option<Value> = fs::read(case.folder.join("expected.json"))
            .ok()
            .map(|b| serde_json::from_slice(&b).expect("expected.json"));
        if expected.as_ref() != Some(&decoded) {
            println!("ACTUAL {} {decoded}", case.folder.display());
            wrong.push(case.folder);
        }
    }
    assert!(wrong.is_empty(), "differ from expected.json: {wrong:#?}");
}

#[test]
fn every_dialect_has_fixtures_and_every_case_a_source() {
    let cases = cases();
    for dialect in DIALECTS {
        let has = cases.iter().any(|case| case.folder.parent().is_some_and(|p| p.ends_with(dialect.as_str())));
        assert!(has, "{} has no fixture", dialect.as_str());
    }
    for case in cases {
        let about = fs::read_to_string(case.folder.join("README.md")).unwrap_or_default();
        for line in ["source: ", "date: ", "synthetic: "] {
            assert!(about.contains(line), "{}: README.md lacks {line:?}", case.folder.display());
        }
    }
}

#[test]
fn a_copy_in_two_pieces_without_a_gap_is_the_same_exchange() {
    for case in cases() {
        let expected = case.decode(whole(&case.request), whole(&case.answer));
        for at in 0..=case.answer.len() {
            let found = case.decode(whole(&case.request), split(&case.answer, at));
            assert_eq!(found, expected, "{} cut at {at}", case.folder.display());
        }
    }
}

#[test]
fn a_copy_that_was_cut_off_is_read_as_far_as_it_goes() {
    use llmtrace_model::BodyCoverage;
    for case in cases() {
        let missing = |bytes: &[u8]| bytes.len() as u64 + 1000;
        for at in 1..case.request.len() {
            let head = BodyCopy { head: &case.request[..at], tail: &[], total_bytes: missing(&case.request) };
            let found = case.decode(head, whole(&case.answer));
            assert_eq!(found.coverage.request, BodyCoverage::Truncated, "{} at {at}", case.folder.display());
        }
        for at in 1..case.answer.len() {
            let (head, tail) = (&case.answer[..at], &case.answer[at..]);
            let found = case.decode(whole(&case.request), BodyCopy { head, tail, total_bytes: missing(&case.answer) });
            assert_ne!(found.coverage.response, BodyCoverage::Whole, "{} at {at}", case.folder.display());
        }
    }
}

/// Whether the answer's headers hold its usage.
fn counted_in_headers(case: &Case) -> bool {
    case.answer_headers.iter().any(|(name, _)| name.ends_with("-token-count"))
}

/// What a scanner says after a stream that was cut at these places.
fn scanned(
    case: &Case,
    cuts: impl IntoIterator<Item = usize>,
) -> (bool, bool, Option<llmtrace_model::Usage>, Option<llmtrace_model::ErrorInfo>) {
    let mut scanner = case.scanner();
    let mut from = 0;
    for cut in cuts {
        scanner.feed(&case.answer[from..cut]);
        from = cut;
    }
    scanner.feed(&case.answer[from..]);
    (scanner.first_token(), scanner.finished(), scanner.usage(), scanner.error().cloned())
}

#[test]
fn the_scanner_agrees_with_the_decoder_however_the_bytes_were_cut() {
    for case in cases() {
        let name = case.folder.display();
        let decoded = case.decode(whole(&case.request), whole(&case.answer));
        let expected = scanned(&case, []);
        // What only Bedrock's headers tell does not pass the scanner.
        if !(expected.2.is_none() && counted_in_headers(&case)) {
            assert_eq!(expected.2, decoded.usage, "{name}");
        }
        if case.status == 200 {
            assert_eq!(expected.3, decoded.error, "{name}");
        }
        if case.streamed {
            assert!(expected.0, "{name}: a token passed");
            // After an error a stream may end properly, or just stop.
            // The results of a batch have no last line of their own.
            let ends = decoded.dialect != Some(Dialect::AnthropicBatches);
            if decoded.error.is_none() && ends {
                assert_eq!(expected.1, !name.to_string().contains("stream_cut"), "{name}: the end passed");
            }
        }
        for cut in 0..=case.answer.len() {
            assert_eq!(scanned(&case, [cut]), expected, "{name} cut at {cut}");
        }
        assert_eq!(scanned(&case, 1..case.answer.len()), expected, "{name} byte by byte");
    }
}

/// What a filter lets pass of a stream that was cut at these places.
fn filtered(stream: &[u8], cuts: impl IntoIterator<Item = usize>) -> (Vec<u8>, u64) {
    let mut filter = UsageFilter::new(1 << 16);
    let mut out = Vec::new();
    let mut from = 0;
    for cut in cuts.into_iter().chain([stream.len()]) {
        filter.push(Bytes::copy_from_slice(&stream[from..cut]), &mut out);
        from = cut;
    }
    filter.finish(&mut out);
    (out.concat(), filter.removed())
}

#[test]
fn the_filter_takes_out_the_usage_event_and_nothing_else() {
    let is_sse = |case: &Case| case.answer_headers[0].1.starts_with("text/event-stream");
    for case in cases().into_iter().filter(is_sse) {
        let name = case.folder.display();
        let expected = filtered(&case.answer, []);
        let text = String::from_utf8(case.answer.clone()).expect("text");
        let keep: String = text
            .split_inclusive("\n\n")
            .filter(|event| !(event.contains("\"choices\":[]") && event.contains("\"usage\":{")))
            .collect();
        assert_eq!(String::from_utf8(expected.0.clone()).expect("text"), keep, "{name}");
        for cut in 0..=case.answer.len() {
            assert_eq!(filtered(&case.answer, [cut]), expected, "{name} cut at {cut}");
        }
        assert_eq!(filtered(&case.answer, 1..case.answer.len()), expected, "{name} byte by byte");
    }
}
