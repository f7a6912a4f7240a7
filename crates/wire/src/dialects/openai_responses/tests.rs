//! What the fixtures cannot show: costs by hand, units beside the relay, and cutting at random.

use llmtrace_model::{BodyCoverage, Meter, Unit, Units, Usage};
use proptest::prelude::*;

use crate::{
    Billed, BodyCopy, Decoded, Dialect, Exchange, Limits, PriceBook, PriceQuery, Priced, REPEATED_USAGE, Scanner,
    decode,
};

/// 2026-11-26.
const AT: i64 = 1_795_651_200;
const SSE: &str = "text/event-stream";

fn fixture(path: &str) -> Vec<u8> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    std::fs::read(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn read(method: &str, target: &str, media: &str, answer: BodyCopy<'_>, scanned: Option<&Meter>) -> Decoded {
    let headers = [("content-type".to_owned(), media.to_owned())];
    let exchange = Exchange {
        host: "api.openai.com",
        method,
        target,
        request_headers: &[],
        request: BodyCopy::default(),
        status: Some(200),
        answer_headers: &headers,
        response: answer,
        scanned,
    };
    decode(&exchange, &Limits::default())
}

fn whole(bytes: &[u8]) -> BodyCopy<'_> {
    BodyCopy { head: bytes, tail: &[], total_bytes: bytes.len() as u64 }
}

fn metered(dialect: Dialect, media: &str, answer: &[u8]) -> Meter {
    let mut scanner = Scanner::new(Some(dialect), Some(media), None);
    scanner.feed(answer);
    scanner.meter()
}

fn nanos(provider: &str, decoded: &Decoded) -> Option<i64> {
    let usage = decoded.usage?;
    let none = llmtrace_model::Units::default();
    let query = PriceQuery {
        provider,
        response_model: decoded.response_model.as_deref(),
        request_model: Some("my-deployment"),
        usage: &usage,
        units: &none,
        at_unix_seconds: AT,
        service_tier: decoded.service_tier.as_deref(),
        processing: crate::Processing::Live,
    };
    match PriceBook::bundled().price_query(&query) {
        Priced::Known { cost, .. } => Some(cost.nanos()),
        Priced::Unknown => None,
    }
}

#[test]
fn a_response_costs_what_the_price_list_says() {
    // GPT-5, standard tier: 1.25 in, 0.125 cached, 10 out (reasoning too) dollars per million
    // (https://developers.openai.com/api/docs/pricing, 2026-10): 20 × 1250 + 100 × 125 + (8 + 32) × 10000 nano-dollars.
    let mut decoded =
        read("POST", "/v1/responses", "application/json", whole(&fixture("openai_responses/plain/answer.json")), None);
    decoded.service_tier = Some("default".to_owned());
    assert_eq!(nanos("openai", &decoded), Some(25_000 + 12_500 + 400_000));
}

#[test]
fn an_azure_deployment_is_priced_by_the_model_that_answered() {
    // GPT-4.1, global: 2 in, 8 out dollars per million (Azure OpenAI pricing, 2026-10): 10 × 2000 + 2 × 8000.
    let decoded = read(
        "POST",
        "/openai/responses",
        "application/json",
        whole(&fixture("openai_responses/azure/answer.json")),
        None,
    );
    assert_eq!(nanos("azure.ai.openai", &decoded), Some(20_000 + 16_000));
}

#[test]
fn what_is_billed_by_the_piece_is_counted_beside_the_relay_too() {
    for (case, media) in [
        ("hosted_tools/answer.json", "application/json"),
        ("stream_tools/stream.sse", SSE),
        ("stream_hosted/stream.sse", SSE),
        ("stream_xai/stream.sse", SSE),
    ] {
        let answer = fixture(&format!("openai_responses/{case}"));
        let decoded = read("POST", "/v1/responses", media, whole(&answer), None);
        let meter = metered(Dialect::OpenaiResponses, media, &answer);
        assert!(!decoded.units.is_empty(), "{case}");
        assert_eq!((meter.usage, meter.units), (decoded.usage, decoded.units), "{case}");
        assert_eq!(meter.service_tier, decoded.service_tier, "{case}");
    }
}

#[test]
fn searches_count_and_the_pages_opened_after_them_do_not() {
    let answer = br#"{"id":"r","status":"completed","output":[
        {"type":"web_search_call","status":"completed","action":{"type":"search"}},
        {"type":"web_search_call","status":"completed","action":{"type":"open_page"}},
        {"type":"web_search_call","status":"failed","action":{"type":"search"}},
        {"type":"web_search_call","status":"completed"},
        {"type":"code_interpreter_call","container_id":"a"},
        {"type":"code_interpreter_call","container_id":"b"},
        {"type":"code_interpreter_call","container_id":"a"}]}"#;
    let decoded = read("POST", "/v1/responses", "application/json", whole(answer), None);
    let mut expected = Units::default();
    expected.set(Unit::WebSearches, 2);
    expected.set(Unit::CodeExecutions, 2);
    assert_eq!(decoded.units, expected);
}

#[test]
fn only_a_background_response_may_be_billed_when_it_is_read_again() {
    let cases = [
        ("plain/answer.json", "application/json", Billed::Elsewhere),
        ("background/answer.json", "application/json", Billed::IfUnseen),
        ("in_progress/answer.json", "application/json", Billed::IfUnseen),
        ("stream_resumed/stream.sse", SSE, Billed::IfUnseen),
        ("stream_repeated/stream.sse", SSE, Billed::Elsewhere),
    ];
    for (case, media, billed) in cases {
        let answer = fixture(&format!("openai_responses_retrieve/{case}"));
        let meter = metered(Dialect::OpenaiResponsesRetrieve, media, &answer);
        let decoded = read("GET", "/v1/responses/resp_A1", media, whole(&answer), Some(&meter));
        assert_eq!(decoded.billed, billed, "{case}");
        assert_eq!(decoded.params.contains_key(REPEATED_USAGE), billed == Billed::Elsewhere, "{case}");
        if billed == Billed::Elsewhere {
            assert_eq!((decoded.usage, decoded.units), (None, Units::default()), "{case}");
            assert_eq!(meter, Meter { service_tier: meter.service_tier.clone(), ..Meter::default() }, "{case}");
        }
    }
    let made = fixture("openai_responses/plain/answer.json");
    assert_eq!(read("POST", "/v1/responses", "application/json", whole(&made), None).billed, Billed::Here);
}

#[test]
fn a_background_response_that_is_not_done_counts_nothing_yet() {
    let answer = br#"{"id":"r","status":"in_progress","background":true,"usage":null,"output":[
        {"type":"web_search_call","status":"completed","action":{"type":"search"}}]}"#;
    for (method, target) in [("GET", "/v1/responses/r"), ("POST", "/v1/responses")] {
        let decoded = read(method, target, "application/json", whole(answer), None);
        assert_eq!((decoded.billed, decoded.usage, decoded.units), (Billed::IfUnseen, None, Units::default()));
    }
}

#[test]
fn a_background_response_whose_copy_is_cut_is_known_by_the_scanner() {
    let answer = fixture("openai_responses_retrieve/background/answer.json");
    let meter = metered(Dialect::OpenaiResponsesRetrieve, "application/json", &answer);
    let cut = BodyCopy { head: &answer[..40], tail: &[], total_bytes: answer.len() as u64 };
    let decoded = read("GET", "/v1/responses/resp_A1", "application/json", cut, Some(&meter));
    assert_eq!(decoded.coverage.response, BodyCoverage::Truncated);
    assert_eq!((decoded.billed, decoded.usage), (Billed::IfUnseen, meter.usage));
    assert!(meter.usage.is_some_and(|usage| usage.total() == 5900));
}

#[test]
fn a_stream_behind_a_gap_is_told_by_its_terminal_event() {
    let stream = fixture("openai_responses/stream/stream.sse");
    let text = String::from_utf8(stream.clone()).expect("text");
    let last = text.find("event: response.completed").expect("a terminal event");
    let cut = BodyCopy { head: &stream[..200], tail: &stream[last - 20..], total_bytes: stream.len() as u64 };
    let decoded = read("POST", "/v1/responses", SSE, cut, None);
    let all = read("POST", "/v1/responses", SSE, whole(&stream), None);
    assert_eq!(decoded.content.output_messages, all.content.output_messages);
    assert_eq!(decoded.usage, all.usage);
}

#[test]
fn the_last_of_several_usages_is_not_added_to_the_first() {
    let stream = b"event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"total_tokens\":2}}}\n\n\
        event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":3,\"output_tokens\":1,\"total_tokens\":4}}}\n\n";
    let expected = Some(Usage { input: 3, output: 1, ..Usage::default() });
    assert_eq!(read("POST", "/v1/responses", SSE, whole(stream), None).usage, expected);
    assert_eq!(metered(Dialect::OpenaiResponses, SSE, stream).usage, expected);
}

proptest! {
    #[test]
    fn a_response_does_not_depend_on_how_its_stream_was_cut(
        case in prop::sample::select(vec!["stream", "stream_tools", "stream_hosted", "stream_cut", "stream_unknown"]),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let stream = fixture(&format!("openai_responses/{case}/stream.sse"));
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.sort_unstable();
        let mut scanner = Scanner::new(Some(Dialect::OpenaiResponses), Some(SSE), None);
        let mut from = 0;
        for cut in cuts.into_iter().chain([stream.len()]) {
            scanner.feed(&stream[from..cut]);
            from = cut;
        }
        prop_assert_eq!(scanner.meter(), metered(Dialect::OpenaiResponses, SSE, &stream));
        let decoded = read("POST", "/v1/responses", SSE, whole(&stream), None);
        prop_assert_eq!(scanner.usage(), decoded.usage);
        prop_assert_eq!(scanner.meter().units, decoded.units);
    }
}
