//! What the servers compatible with OpenAI cost, by hand, and what their documents say that no fixture shows.

use crate::{BodyCopy, Decoded, Exchange, Limits, PriceBook, PriceQuery, Priced, decode};

/// 2026-11-26.
const AT: i64 = 1_795_651_200;

fn read(host: &str, target: &str, answer: &[u8]) -> Decoded {
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let exchange = Exchange {
        host,
        method: "POST",
        target,
        request_headers: &[],
        request: BodyCopy::default(),
        status: Some(200),
        answer_headers: &headers,
        response: BodyCopy { head: answer, tail: &[], total_bytes: answer.len() as u64 },
        scanned: None,
    };
    decode(&exchange, &Limits::default())
}

fn fixture(case: &str) -> Vec<u8> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/openai_chat");
    std::fs::read(root.join(case).join("answer.json")).unwrap_or_else(|error| panic!("{case}: {error}"))
}

fn nanos(decoded: &Decoded) -> Option<i64> {
    let usage = decoded.usage?;
    let none = llmtrace_model::Units::default();
    let query = PriceQuery {
        provider: decoded.provider,
        response_model: decoded.response_model.as_deref(),
        request_model: decoded.request_model.as_deref(),
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
fn reasoning_beside_the_completion_is_paid_for() {
    // xAI, Grok 4: 3 in, 0.75 cached, 15 out dollars per million (xAI, "Models and pricing"):
    // 26 × 3000 + 6 × 750 + (9 + 94) × 15000 nano-dollars.
    let decoded = read("api.x.ai", "/v1/chat/completions", &fixture("xai"));
    assert_eq!(nanos(&decoded), Some(78_000 + 4_500 + 1_545_000));
}

#[test]
fn research_is_paid_for_by_its_four_kinds_of_tokens() {
    // Perplexity, Sonar Deep Research: 2 in, 8 out, 2 for pages read, 3 for reasoning, dollars per million (Perplexity,
    // "Pricing", 2026-09): 33 × 2000 + 7163 × 8000 + 19028 × 2000 + 203193 × 3000 nano-dollars; searches are units.
    let decoded = read("api.perplexity.ai", "/chat/completions", &fixture("perplexity_research"));
    assert_eq!(nanos(&decoded), Some(66_000 + 57_304_000 + 38_056_000 + 609_579_000));
}

#[test]
fn a_deployment_with_a_name_of_its_own_is_priced_by_the_model_that_answered() {
    // Azure, GPT-4o global: 2.50 in, 10 out dollars per million (Azure OpenAI pricing): 7 × 2500 + 2 × 10000.
    let target = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21";
    let decoded = read("me.openai.azure.com", target, &fixture("azure_filtered"));
    assert_eq!(decoded.request_model.as_deref(), Some("my-gpt"));
    assert_eq!(nanos(&decoded), Some(17_500 + 20_000));
}

#[test]
fn an_error_in_a_choice_is_an_error_of_the_answer() {
    let answer = br#"{"id":"gen-1","choices":[{"index":0,"message":{"role":"assistant","content":"Half"},
        "finish_reason":"error","error":{"code":502,"message":"Provider disconnected"}}]}"#;
    let decoded = read("openrouter.ai", "/api/v1/chat/completions", answer);
    assert_eq!(decoded.error.map(|error| error.kind).as_deref(), Some("502"));
    assert_eq!(decoded.content.output_messages.len(), 1);
}

#[test]
fn the_seconds_of_a_transcription_and_the_searches_of_a_search_model_are_units() {
    use llmtrace_model::Unit;
    let mistral = read("api.mistral.ai", "/v1/chat/completions", &fixture("mistral"));
    assert_eq!(mistral.units.get(Unit::AudioInMs), 12_000);
    let search = read("api.openai.com", "/v1/chat/completions", &fixture("web_search"));
    assert_eq!(search.units.get(Unit::WebSearches), 1);
}
