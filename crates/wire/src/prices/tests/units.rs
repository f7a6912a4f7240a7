//! What is billed by the piece, each against its published price.

use super::*;

const NO_TOKENS: Usage = Usage::from_buckets([0; 12]);

fn priced(provider: &str, model: &str, usage: &Usage, units: &Units) -> Priced {
    PriceBook::bundled().price_query(&query(provider, model, usage, units))
}

#[test]
fn web_and_file_searches_are_paid_by_the_thousand() {
    // developers.openai.com/api/docs/pricing, "Built-in tools": web search 10 dollars, file search 2.50 per thousand calls.
    let usage = Usage { input: 1000, output: 10, ..Usage::default() };
    let tools = units([(Unit::WebSearches, 3), (Unit::FileSearches, 2)]);
    let got = priced("openai", "gpt-5", &usage, &tools);
    assert_eq!(nanos(&got), 1000 * 1250 + 10 * 10_000 + 3 * 10_000_000 + 2 * 2_500_000);
    assert!(not_priced(&got).is_empty());
    // platform.claude.com/docs/en/about-claude/pricing, "Web search tool": 10 dollars per thousand searches.
    let got = priced("anthropic", "claude-sonnet-4-5", &usage, &units([(Unit::WebSearches, 1)]));
    assert_eq!(nanos(&got), 1000 * 3000 + 10 * 15_000 + 10_000_000);
    // ai.google.dev/gemini-api/docs/pricing, "Grounding with Google Search": 35 dollars per thousand.
    let got = priced("gcp.gemini", "gemini-2.5-flash", &usage, &units([(Unit::WebSearches, 1)]));
    assert_eq!(nanos(&got), 1000 * 300 + 10 * 2500 + 35_000_000);
}

#[test]
fn a_code_interpreter_is_paid_by_the_session() {
    // developers.openai.com/api/docs/pricing: containers 0.03 dollars per session, which the list does not have.
    let usage = Usage { input: 1000, ..Usage::default() };
    let session = units([(Unit::CodeExecutions, 2)]);
    let got = priced("openai", "gpt-4.1", &usage, &session);
    assert_eq!((nanos(&got), not_priced(&got).len()), (1000 * 2000 + 60_000_000, 0));
    assert!(matches!(&got, Priced::Known { version, .. } if version == "genai-prices/0.2.1+more/1"), "{got:?}");
}

#[test]
fn a_tool_without_a_price_is_named_and_an_override_pays_it() {
    let usage = Usage { input: 1000, ..Usage::default() };
    let session = units([(Unit::CodeExecutions, 2)]);
    let got = priced("anthropic", "claude-sonnet-4-5", &usage, &session);
    assert_eq!((nanos(&got), not_priced(&got)), (1000 * 3000, ["code_executions".to_owned()].as_slice()));
    let book = PriceBook::with_overrides("models: [{model: claude-*, usd_per_unit: {code_executions: 0.05}}]");
    let got = book.expect("valid").price_query(&query("anthropic", "claude-sonnet-4-5", &usage, &session));
    assert_eq!((nanos(&got), not_priced(&got).len()), (1000 * 3000 + 100_000_000, 0));
    let Priced::Known { version, .. } = got else { panic!("no price") };
    assert!(version.starts_with("override:") && version.ends_with("+genai-prices/0.2.1"), "{version}");
}

#[test]
fn rerank_searches_are_paid_by_the_thousand() {
    // cohere.com/pricing: Rerank 3.5, 2 dollars per thousand searches.
    let got = priced("cohere", "rerank-v3.5", &NO_TOKENS, &units([(Unit::RerankSearches, 3)]));
    assert_eq!((nanos(&got), not_priced(&got).len()), (6_000_000, 0));
    assert!(matches!(&got, Priced::Known { version, .. } if version == "more/1"), "{got:?}");
    let card = PriceBook::bundled().card("cohere", "rerank-v3.5", AT).expect("it has a price");
    assert_eq!((card.units, card.tokens.len()), (vec![("rerank_searches", "0.002".to_owned())], 0));
    assert_eq!(PriceBook::bundled().card("openai", "no-such-model", AT), None);
}

#[test]
fn speech_is_paid_by_its_milliseconds() {
    // developers.openai.com/api/docs/pricing: Whisper 0.006 dollars a minute.
    let got = priced("openai", "whisper-1", &NO_TOKENS, &units([(Unit::AudioInMs, 61_500)]));
    assert_eq!((nanos(&got), not_priced(&got).len()), (6_150_000, 0));
    // 1 ms is 100 nano-dollars: nothing is rounded to seconds.
    assert_eq!(nanos(&priced("openai", "whisper-1", &NO_TOKENS, &units([(Unit::AudioInMs, 1)]))), 100);
}

#[test]
fn a_short_clip_is_billed_as_the_shortest_one_where_there_is_one() {
    // groq.com/pricing: Whisper V3 Large 0.111 dollars an hour, at least 10 seconds a request.
    let model = "whisper-large-v3";
    let shortest = 308_334; // 0.111 × 10 / 3600 dollars, rounded up.
    assert_eq!(nanos(&priced("groq", model, &NO_TOKENS, &units([(Unit::AudioInMs, 3000)]))), shortest);
    assert_eq!(nanos(&priced("groq", model, &NO_TOKENS, &units([(Unit::AudioInMs, 10_000)]))), shortest);
    assert_eq!(nanos(&priced("groq", model, &NO_TOKENS, &units([(Unit::AudioInMs, 36_000)]))), 1_110_000);
}

#[test]
fn pages_characters_and_requests_have_their_prices() {
    // mistral.ai/pricing: OCR 3 (2512) 2 dollars per thousand pages.
    assert_eq!(nanos(&priced("mistral_ai", "mistral-ocr-2512", &NO_TOKENS, &units([(Unit::Pages, 3)]))), 6_000_000);
    // groq.com/pricing: Orpheus English 22 dollars per million characters.
    let speech = units([(Unit::CharactersIn, 250)]);
    assert_eq!(nanos(&priced("groq", "canopylabs/orpheus-v1-english", &NO_TOKENS, &speech)), 5_500_000);
    // docs.perplexity.ai, Sonar: 1 dollar per million tokens each way, and 12 per thousand requests.
    let usage = Usage { input: 10, output: 20, ..Usage::default() };
    assert_eq!(nanos(&priced("perplexity", "sonar", &usage, &Units::default())), 12_000_000 + 30 * 1000);
}

#[test]
fn what_is_told_in_tokens_is_not_missed_by_the_piece() {
    // gpt-image-1 is billed by image tokens; the number of images tells no more.
    let usage = Usage { input: 10, image_output: 1000, ..Usage::default() };
    let got = priced("openai", "gpt-image-1", &usage, &units([(Unit::ImagesOut, 1)]));
    assert_eq!(not_priced(&got), [] as [String; 0]);
    assert_eq!(nanos(&got), 10 * 5000 + 1000 * 40_000);
}

#[test]
fn what_has_no_price_at_all_is_unknown_and_never_free() {
    assert_eq!(priced("openai", "whisper-1", &NO_TOKENS, &units([(Unit::ImagesOut, 1)])), Priced::Unknown);
    assert_eq!(priced("vllm", "my-reranker", &NO_TOKENS, &units([(Unit::RerankSearches, 1)])), Priced::Unknown);
    // Listed, without any price.
    let usage = Usage { input: 1, ..Usage::default() };
    assert_eq!(priced("openai", "omni-moderation-latest", &usage, &Units::default()), Priced::Unknown);
    assert_eq!(priced("cerebras", "qwen-3-coder-480b", &NO_TOKENS, &Units::default()), Priced::Unknown);
    // Tokens of a model that is only sold by the minute.
    let got = priced("openai", "whisper-1", &usage, &units([(Unit::AudioInMs, 1000)]));
    assert_eq!((nanos(&got), not_priced(&got)), (100_000, ["input".to_owned()].as_slice()));
    // A free variant says so in its name.
    assert_eq!(nanos(&priced("openrouter", "agentica-org/deepcoder-14b-preview:free", &usage, &Units::default())), 0);
}

#[test]
fn an_override_prices_every_unit() {
    let yaml = "
models:
  - model: m
    usd_per_unit: { web_searches: 1, file_searches: 2, code_executions: 4, images_out: 8, audio_in_minutes: 0.0043,
      audio_out_minutes: 6, characters_in: 0.000001, pages: 16, rerank_searches: 0.002, requests: 0.5 }
";
    let book = PriceBook::with_overrides(yaml).expect("valid");
    let cost = |units: &Units| nanos(&book.price_query(&query("vllm", "m", &NO_TOKENS, units)));
    let request = 500_000_000;
    let one = |unit, count| cost(&units([(unit, count)])) - request;
    assert_eq!(one(Unit::WebSearches, 1), 1_000_000_000);
    assert_eq!(one(Unit::FileSearches, 1), 2_000_000_000);
    assert_eq!(one(Unit::CodeExecutions, 1), 4_000_000_000);
    assert_eq!(one(Unit::ImagesOut, 1), 8_000_000_000);
    // A minute's price that a millisecond does not divide: a whole minute costs exactly that.
    assert_eq!(one(Unit::AudioInMs, 60_000), 4_300_000);
    assert_eq!(one(Unit::AudioOutMs, 1), 100_000);
    assert_eq!(one(Unit::CharactersIn, 3), 3_000);
    assert_eq!(one(Unit::Pages, 2), 32_000_000_000);
    assert_eq!(one(Unit::RerankSearches, 1), 2_000_000);
    assert_eq!(one(Unit::BatchRequests, 1), 0);
}
