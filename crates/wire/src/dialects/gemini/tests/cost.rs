//! What Gemini's usage costs, by hand. Prices per million tokens from ai.google.dev/gemini-api/docs/pricing (2026-11),
//! which are Vertex AI's, too: one dollar per million is 1000 nano-dollars a token.

use super::usage;
use crate::{PriceBook, Priced};

/// 2026-11-01.
const AT: i64 = 1_793_491_200;

/// What a `usageMetadata` of this model costs, in nano-dollars.
fn cost(provider: &str, model: &str, metadata: &str) -> i64 {
    let usage = usage(metadata).expect("counters");
    match PriceBook::bundled().price(provider, model, &usage, AT) {
        Priced::Known { cost, .. } => cost.nanos(),
        Priced::Unknown => panic!("no price for {model}"),
    }
}

#[test]
fn a_long_prompt_moves_everything_into_the_dearer_tier() {
    // Gemini 2.5 Pro, prompts up to 200,000 tokens: 1.25, cached 0.125, output 10; longer ones: 2.50, 0.25, 15.
    let up_to =
        r#"{"promptTokenCount":200000,"candidatesTokenCount":900,"thoughtsTokenCount":100,"totalTokenCount":201000}"#;
    assert_eq!(cost("gcp.gemini", "gemini-2.5-pro", up_to), 200_000 * 1250 + 1000 * 10_000);
    let above =
        r#"{"promptTokenCount":200001,"candidatesTokenCount":900,"thoughtsTokenCount":100,"totalTokenCount":201001}"#;
    assert_eq!(cost("gcp.gemini", "gemini-2.5-pro", above), 200_001 * 2500 + 1000 * 15_000);
    // The cached part counts towards the length.
    let cached = r#"{"promptTokenCount":250000,"cachedContentTokenCount":240000,"candidatesTokenCount":1000,"totalTokenCount":251000}"#;
    assert_eq!(cost("gcp.gemini", "gemini-2.5-pro", cached), 10_000 * 2500 + 240_000 * 250 + 1000 * 15_000);
    // Gemini 3 Pro: 2, cached 0.20, output 12; longer ones 4, 0.40, 18.
    assert_eq!(cost("gcp.vertex_ai", "gemini-3-pro-preview", cached), 10_000 * 4000 + 240_000 * 400 + 1000 * 18_000);
}

#[test]
fn a_picture_costs_its_tokens_at_the_price_of_pictures() {
    // Gemini 2.5 Flash Image: input 0.30, text out 2.50, a picture of 1290 tokens 30.
    let metadata = r#"{"promptTokenCount":6,"candidatesTokenCount":1300,"totalTokenCount":1306,
        "candidatesTokensDetails":[{"modality":"TEXT","tokenCount":10},{"modality":"IMAGE","tokenCount":1290}]}"#;
    assert_eq!(cost("gcp.gemini", "gemini-2.5-flash-image", metadata), 6 * 300 + 10 * 2500 + 1290 * 30_000);
}

#[test]
fn what_tools_found_costs_input_and_a_cut_stream_what_its_events_said() {
    let metadata =
        r#"{"promptTokenCount":8,"toolUsePromptTokenCount":40,"thoughtsTokenCount":12,"totalTokenCount":60}"#;
    assert_eq!(cost("gcp.gemini", "gemini-2.5-flash", metadata), (8 + 40) * 300 + 12 * 2500);
}

#[test]
fn claude_on_vertex_ai_has_its_price() {
    // Claude Sonnet 4.5: 3 and 15, under the name of the answer and under the name of the path.
    let tokens = llmtrace_model::Usage { input: 8, output: 3, ..llmtrace_model::Usage::default() };
    for model in ["claude-sonnet-4-5-20250929", "claude-sonnet-4-5@20250929"] {
        let priced = PriceBook::bundled().price("gcp.vertex_ai", model, &tokens, AT);
        assert!(matches!(priced, Priced::Known { cost, .. } if cost.nanos() == 8 * 3000 + 3 * 15_000), "{model}");
    }
}
