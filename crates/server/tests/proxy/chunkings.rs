//! Byte for byte in both directions, however the bytes were cut: recorded exchanges of both dialects, through the proxy.

use std::{fmt::Write, time::Duration};

use llmtrace_model::{BodyCoverage, EndReason, PageRequest, Span, SpanFilter, TenantScope};
use llmtrace_testkit::{Answer, Chunking, FakeProvider, Framing, Options, tcp::RawClient};

use crate::app::TestApp;

/// One exchange, and what each side is to see of it.
struct Case {
    path: &'static str,
    request: &'static [u8],
    media: &'static str,
    answer: &'static [u8],
    /// What the upstream sees where it is not `request`.
    spliced: Option<String>,
    /// What the client sees where it is not `answer`.
    filtered: Option<String>,
    tokens: u64,
}

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../../wire/fixtures/", $path))
    };
}

impl Case {
    fn of(path: &'static str, request: &'static [u8], media: &'static str, answer: &'static [u8], tokens: u64) -> Self {
        Self { path, request, media, answer, spliced: None, filtered: None, tokens }
    }

    /// Sends it once for every place the answer can be cut at, then in pieces of every small size; the request is cut, too.
    async fn holds(&self) {
        let provider = FakeProvider::start_with(Options { keep: 16, ..Options::default() }).await.unwrap();
        let url = provider.url();
        let app = TestApp::in_front_of(provider, &url, &[]).await;
        let mut client = app.client().await;
        let cuts = (1..self.answer.len()).map(|at| Chunking::At(vec![at]));
        let ways: Vec<Chunking> = cuts.chain((1..=48).map(Chunking::Bytes)).collect();
        for (n, way) in ways.iter().enumerate() {
            let piece = 1 + n % self.request.len();
            self.once(&app, &mut client, way, piece).await;
        }
        for span in all(&app, ways.len()).await {
            assert_eq!((span.end_reason, &span.coverage.response), (EndReason::Complete, &BodyCoverage::Whole));
            assert_eq!(span.usage.map(|u| u.total()), Some(self.tokens), "{}", self.path);
        }
    }

    async fn once(&self, app: &TestApp, client: &mut RawClient, way: &Chunking, piece: usize) {
        let answer = Answer::bytes(self.media, self.answer).framing(Framing::Chunked).chunked(way.clone());
        app.provider.script(answer);
        let head = "HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        client.send(format!("POST {} {head}", self.path)).await.unwrap();
        for part in self.request.chunks(piece) {
            client.send([format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat()).await.unwrap();
        }
        client.send("0\r\n\r\n").await.unwrap();
        let got = client.answer().await.unwrap();
        let expected = self.filtered.as_ref().map_or(self.answer, |text| text.as_bytes());
        assert!(got.body == expected, "{} {way:?}: {}", self.path, String::from_utf8_lossy(&got.body));
        let expected = self.spliced.as_ref().map_or(self.request, |text| text.as_bytes());
        let received = app.provider.next_received().await.body;
        assert!(received == expected, "{} in {piece}: {}", self.path, String::from_utf8_lossy(&received));
    }
}

/// All `n` spans, once they are stored.
async fn all(app: &TestApp, n: usize) -> Vec<Span> {
    let (scope, filter) = (TenantScope::All, SpanFilter::default());
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let stored = async {
        while app.running.spans.count(&scope, &filter).await.unwrap() < n as u64 {
            tick.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), stored).await.expect("the spans were not stored in time");
    let (mut spans, mut page) = (Vec::new(), PageRequest::first(PageRequest::MAX));
    loop {
        let found = app.running.spans.list(&scope, &filter, &page).await.unwrap();
        spans.extend(found.items);
        let Some(after) = found.next else { break };
        page.after = Some(after);
    }
    assert_eq!(spans.len(), n, "one span per exchange");
    spans
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openai_stream_is_the_same_on_both_sides() {
    let (request, answer) = (fixture!("openai_chat/stream/request.json"), fixture!("openai_chat/stream/stream.sse"));
    Case::of("/v1/chat/completions", request, "text/event-stream", answer, 15).holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anthropic_stream_is_the_same_on_both_sides() {
    let request = fixture!("anthropic_messages/stream/request.json");
    let answer = fixture!("anthropic_messages/stream/stream.sse");
    Case::of("/v1/messages", request, "text/event-stream", answer, 140).holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_answers_of_both_dialects_are_the_same_on_both_sides() {
    let (request, answer) = (fixture!("openai_chat/plain/request.json"), fixture!("openai_chat/plain/answer.json"));
    Case::of("/v1/chat/completions", request, "application/json", answer, 22).holds().await;
    let request = fixture!("anthropic_messages/plain/request.json");
    let answer = fixture!("anthropic_messages/plain/answer.json");
    Case::of("/v1/messages", request, "application/json", answer, 18).holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_asked_for_its_usage_loses_that_event_and_no_other_byte() {
    let answer = std::str::from_utf8(fixture!("openai_chat/stream/stream.sse")).unwrap();
    let request = r#"{ "stream": true ,"model":"gpt-4o", "messages":[{"role":"user","content":"Gr\u00fc\u00dfe"}] }"#;
    let option = r#","stream_options":{"include_usage":true}"#;
    let mut filtered = String::new();
    for event in answer.split_inclusive("\n\n").filter(|event| !event.contains("\"choices\":[]")) {
        filtered.write_str(event).unwrap();
    }
    assert_ne!(filtered, answer, "the fixture has a usage event");
    let case = Case::of("/v1/chat/completions", request.as_bytes(), "text/event-stream", answer.as_bytes(), 15);
    let spliced = Some(request.replacen("true ", &format!("true{option} "), 1));
    Case { spliced, filtered: Some(filtered), ..case }.holds().await;
}
