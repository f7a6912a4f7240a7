//! Service tiers, batches, long prompts: each against its published price, in nano-dollars a token.
//!
//! Prices as published by OpenAI (developers.openai.com/api/docs/pricing), Anthropic
//! (platform.claude.com/docs/en/about-claude/pricing) and Google (ai.google.dev/gemini-api/docs/pricing), October 2026.

use super::*;

static NONE: Units = Units::new();

#[test]
fn openai_flex_costs_its_own_rates() {
    // o3, flex: 1 and 4 dollars a million, cached 0.25.
    let usage = Usage { input: 1000, cache_read: 400, output: 30, reasoning: 70, ..Usage::default() };
    let query = PriceQuery { service_tier: Some("flex"), ..query("openai", "o3", &usage, &NONE) };
    let priced = PriceBook::bundled().price_query(&query);
    assert_eq!(nanos(&priced), 1000 * 1000 + 400 * 250 + 100 * 4000);
    assert!(not_priced(&priced).is_empty());
}

#[test]
fn openai_priority_costs_its_own_rates_and_default_the_ordinary_ones() {
    // GPT-5, priority: 2.50, cached 0.25, output 20; ordinary: 1.25, 0.125, 10.
    let usage = Usage { input: 1000, cache_read: 400, output: 100, ..Usage::default() };
    let at = |tier| PriceQuery { service_tier: Some(tier), ..query("openai", "gpt-5", &usage, &NONE) };
    let book = PriceBook::bundled();
    assert_eq!(nanos(&book.price_query(&at("priority"))), 1000 * 2500 + 400 * 250 + 100 * 20_000);
    assert_eq!(nanos(&book.price_query(&at("default"))), 1000 * 1250 + 400 * 125 + 100 * 10_000);
}

#[test]
fn an_openai_batch_costs_half() {
    // GPT-5, batch: 0.625, cached 0.0625, output 5.
    let usage = Usage { input: 1001, cache_read: 400, output: 100, ..Usage::default() };
    let query = PriceQuery { processing: Processing::Batch, ..query("openai", "gpt-5", &usage, &NONE) };
    let priced = PriceBook::bundled().price_query(&query);
    assert_eq!(nanos(&priced), 1001 * 625 + 400 * 625 / 10 + 100 * 5000);
    assert!(not_priced(&priced).is_empty());
    let counted = units([(Unit::BatchRequests, 3)]);
    let by_units = PriceQuery { units: &counted, processing: Processing::Live, ..query };
    assert_eq!(PriceBook::bundled().price_query(&by_units), priced);
}

#[test]
fn an_anthropic_batch_is_known_by_its_tier() {
    // Claude Sonnet 4.5, batch: 1.50 and 7.50; cache writes 1.875 and 3, reads 0.15.
    let usage = Usage {
        input: 100,
        cache_read: 1000,
        cache_write_5m: 200,
        cache_write_1h: 300,
        output: 10,
        ..Usage::default()
    };
    let query =
        PriceQuery { service_tier: Some("batch"), ..query("anthropic", "claude-sonnet-4-5-20250929", &usage, &NONE) };
    let priced = PriceBook::bundled().price_query(&query);
    assert_eq!(nanos(&priced), 100 * 1500 + 1000 * 150 + 200 * 1875 + 300 * 3000 + 10 * 7500);
    assert!(not_priced(&priced).is_empty());
}

#[test]
fn a_long_prompt_moves_all_of_claude_sonnet_to_the_higher_rates() {
    // Claude Sonnet 4.5: above 200,000 input tokens, cached ones counted, 6 and 22.50; cache writes 7.50 and 12, reads 0.60.
    let book = PriceBook::bundled();
    let at_the_border = Usage { input: 50_000, cache_read: 150_000, output: 10, ..Usage::default() };
    let priced = book.price("anthropic", "claude-sonnet-4-5", &at_the_border, AT);
    assert_eq!(nanos(&priced), 50_000 * 3000 + 150_000 * 300 + 10 * 15_000);
    let above = Usage { cache_write_5m: 1, cache_write_1h: 2, ..at_the_border };
    let priced = book.price("anthropic", "claude-sonnet-4-5", &above, AT);
    assert_eq!(nanos(&priced), 50_000 * 6000 + 150_000 * 600 + 7500 + 2 * 12_000 + 10 * 22_500);
}

#[test]
fn a_long_prompt_costs_more_on_gemini_pro() {
    // Gemini 2.5 Pro: 1.25, cached 0.125, output 10 up to 200,000 tokens; 2.50, 0.25 and 15 above.
    let book = PriceBook::bundled();
    let short = Usage { input: 200_000, output: 5, reasoning: 5, ..Usage::default() };
    assert_eq!(nanos(&book.price("gcp.gemini", "gemini-2.5-pro", &short, AT)), 200_000 * 1250 + 10 * 10_000);
    let long = Usage { cache_read: 1000, ..short };
    let expected = 200_000 * 2500 + 1000 * 250 + 10 * 15_000;
    assert_eq!(nanos(&book.price("gcp.gemini", "gemini-2.5-pro", &long, AT)), expected);
}

#[test]
fn a_gemini_batch_halves_all_but_the_cache() {
    // Gemini 2.5 Flash, batch: text 0.15, audio 0.50, output 1.25; cached text stays at 0.03.
    let usage = Usage { input: 1000, audio_input: 100, cache_read: 500, output: 10, ..Usage::default() };
    let query = PriceQuery { processing: Processing::Batch, ..query("gcp.gemini", "gemini-2.5-flash", &usage, &NONE) };
    let priced = PriceBook::bundled().price_query(&query);
    assert_eq!(nanos(&priced), 1000 * 150 + 100 * 500 + 500 * 30 + 10 * 1250);
}

#[test]
fn terms_without_a_published_price_are_named() {
    let usage = Usage { input: 1000, ..Usage::default() };
    let book = PriceBook::bundled();
    let ordinary = query("anthropic", "claude-sonnet-4-5", &usage, &NONE);
    // Anthropic sells its priority tier by commitment: there is no list price.
    let priority = book.price_query(&PriceQuery { service_tier: Some("priority"), ..ordinary });
    assert_eq!((nanos(&priority), not_priced(&priority)), (3_000_000, ["service_tier priority".to_owned()].as_slice()));
    let standard = book.price_query(&PriceQuery { service_tier: Some("standard"), ..ordinary });
    assert!(not_priced(&standard).is_empty());
    // The list's batch rates begin on 2026-10-14.
    let before = PriceQuery { processing: Processing::Batch, at_unix_seconds: AT - 40 * 86_400, ..ordinary };
    let early = book.price_query(&before);
    assert_eq!((nanos(&early), not_priced(&early)), (3_000_000, ["batch".to_owned()].as_slice()));
}

#[test]
fn the_rates_are_those_of_the_day() {
    // o3 went from 10 and 40 dollars to 2 and 8 on 2025-06-10.
    let usage = Usage { input: 1000, output: 100, ..Usage::default() };
    let book = PriceBook::bundled();
    let day = 1_749_513_600;
    assert_eq!(nanos(&book.price("openai", "o3", &usage, day - 1)), 10_000_000 + 4_000_000);
    assert_eq!(nanos(&book.price("openai", "o3", &usage, day)), 2_000_000 + 800_000);
}

const OWN: &str = "
models:
  - model: m
    usd_per_million_tokens: { input: 2, cache_read: 0.2, output: 8 }
    above_input_tokens:
      1000: { input: 3, output: 9 }
      2000: { input: 4, output: 10 }
    batch: 0.5
    tiers: { Flex: 0.25, priority: 2 }
";

#[test]
fn an_override_has_steps_batches_and_tiers_of_its_own() {
    let book = PriceBook::with_overrides(OWN).expect("valid");
    let cost = |input, tier, processing| {
        let usage = Usage { input, output: 1, ..Usage::default() };
        let query = PriceQuery { service_tier: tier, processing, ..query("openai", "m", &usage, &NONE) };
        let priced = book.price_query(&query);
        (nanos(&priced), not_priced(&priced).len())
    };
    assert_eq!(cost(1000, None, Processing::Live), (1000 * 2000 + 8000, 0));
    assert_eq!(cost(1001, None, Processing::Live), (1001 * 3000 + 9000, 0));
    assert_eq!(cost(2001, None, Processing::Live), (2001 * 4000 + 10_000, 0));
    assert_eq!(cost(1000, None, Processing::Batch), (1000 * 1000 + 4000, 0));
    assert_eq!(cost(1000, Some("flex"), Processing::Live), (1000 * 500 + 2000, 0));
    assert_eq!(cost(1000, Some("PRIORITY"), Processing::Batch), (1000 * 2000 + 8000, 0));
    assert_eq!(cost(1000, Some("fast"), Processing::Live), (1000 * 2000 + 8000, 1));
    // A long prompt's missing rates fall back inside its own step.
    let usage = Usage { cache_read: 1500, ..Usage::default() };
    assert_eq!(nanos(&book.price("openai", "m", &usage, AT)), 1500 * 3000);
}
