use super::*;

mod exact;
mod names;
mod terms;
mod units;

/// 2026-11-01.
const AT: i64 = 1_793_491_200;

/// A question about one model.
fn query<'a>(provider: &'a str, model: &'a str, usage: &'a Usage, units: &'a Units) -> PriceQuery<'a> {
    PriceQuery {
        provider,
        response_model: Some(model),
        request_model: None,
        usage,
        units,
        at_unix_seconds: AT,
        service_tier: None,
        processing: Processing::Live,
    }
}

fn units<const N: usize>(counts: [(Unit, u64); N]) -> Units {
    let mut units = Units::default();
    counts.into_iter().for_each(|(unit, count)| units.add(unit, count));
    units
}

fn not_priced(priced: &Priced) -> &[String] {
    match priced {
        Priced::Known { not_priced, .. } => not_priced,
        Priced::Unknown => panic!("no price"),
    }
}

fn nanos(priced: &Priced) -> i64 {
    match priced {
        Priced::Known { cost, .. } => cost.nanos(),
        Priced::Unknown => panic!("no price"),
    }
}

#[test]
fn gpt_4o_costs_what_its_price_list_says() {
    // 2.50, 1.25 and 10 dollars per million: 700 × 2500 + 300 × 1250 + 50 × 10000 nano-dollars.
    let usage = Usage { input: 700, cache_read: 300, output: 50, ..Usage::default() };
    let priced = PriceBook::bundled().price("openai", "gpt-4o-2024-08-06", &usage, AT);
    assert_eq!(nanos(&priced), 1_750_000 + 375_000 + 500_000);
    assert!(matches!(priced, Priced::Known { version, .. } if version == BUNDLED_VERSION));
}

#[test]
fn reasoning_is_priced_as_output_and_counted_once() {
    let book = PriceBook::bundled();
    let all = Usage { output: 100, ..Usage::default() };
    let split = Usage { output: 20, reasoning: 80, ..Usage::default() };
    assert_eq!(book.price("openai", "o3", &all, AT), book.price("openai", "o3", &split, AT));
}

#[test]
fn claude_costs_its_cache_by_lifetime() {
    // Claude Sonnet 4.5: 3, 0.30, 3.75 (5 minutes), 6 (1 hour), 15 dollars per million.
    let usage =
        Usage { input: 10, cache_read: 1000, cache_write_5m: 300, cache_write_1h: 200, output: 20, ..Usage::default() };
    let priced = PriceBook::bundled().price("anthropic", "claude-sonnet-4-5-20250929", &usage, AT);
    assert_eq!(nanos(&priced), 30_000 + 300_000 + 1_125_000 + 1_200_000 + 300_000);
}

#[test]
fn nothing_used_costs_nothing_and_unknown_models_have_no_price() {
    let book = PriceBook::bundled();
    assert_eq!(nanos(&book.price("openai", "gpt-4o", &Usage::default(), AT)), 0);
    assert_eq!(book.price("openai", "no-such-model", &Usage::default(), AT), Priced::Unknown);
    assert_eq!(book.price("vllm", "gpt-4o", &Usage::default(), AT), Priced::Unknown);
    assert_eq!(book.price("no-such-provider", "gpt-4o", &Usage::default(), AT), Priced::Unknown);
}

#[test]
fn every_mixture_of_buckets_has_a_price() {
    let book = PriceBook::bundled();
    for mask in 0u32..1 << Usage::BUCKETS.len() {
        let usage = Usage::from_buckets(std::array::from_fn(|n| u64::from(mask >> n & 1) * 10));
        for (provider, model) in [
            ("openai", "gpt-4o"),
            ("openai", "gpt-realtime"),
            ("openai", "gpt-4o-audio-preview"),
            ("anthropic", "claude-sonnet-4-5"),
            ("gcp.gemini", "gemini-2.5-flash"),
        ] {
            assert_ne!(book.price(provider, model, &usage, AT), Priced::Unknown, "{model} {usage:?}");
        }
    }
}

#[test]
fn the_model_that_answered_goes_before_the_one_asked_for() {
    let usage = Usage { input: 1000, ..Usage::default() };
    let book = PriceBook::bundled();
    let none = Units::default();
    let query = PriceQuery { request_model: Some("gpt-4o"), ..query("openai", "gpt-4o-mini", &usage, &none) };
    assert_eq!(book.price_query(&query), book.price("openai", "gpt-4o-mini", &usage, AT));
    let unlisted = PriceQuery { response_model: Some("x-internal"), ..query };
    assert_eq!(book.price_query(&unlisted), book.price("openai", "gpt-4o", &usage, AT));
}

const OVERRIDES: &str = "
models:
  - model: my-model
    provider: openai
    usd_per_million_tokens: { input: 2, cache_read: '0.5', output: 8.125 }
  - model: llama-*
    usd_per_million_tokens:
      input: 0.1
      output: 0.3
      cache_write_5m: 1
";

#[test]
fn overrides_go_first_and_missing_rates_fall_back() {
    let book = PriceBook::with_overrides(OVERRIDES).expect("valid");
    let usage = Usage { input: 3, cache_read: 4, cache_write_1h: 5, output: 1, reasoning: 1, ..Usage::default() };
    // 3 × 2000 + 4 × 500 + 5 × 2000 + 2 × 8125 nano-dollars.
    let mine = book.price("openai", "my-model", &usage, AT);
    assert_eq!(nanos(&mine), 34_250);
    assert!(matches!(&mine, Priced::Known { version, .. } if version.starts_with("override:") && version.len() == 17));
    assert_eq!(book.price("anthropic", "my-model", &usage, AT), Priced::Unknown);
    // 3 × 100 + 4 × 100 + 5 × 1000 + 2 × 300.
    assert_eq!(nanos(&book.price("vllm", "llama-3", &usage, AT)), 6_300);
    assert_ne!(book.price("openai", "gpt-4o", &usage, AT), Priced::Unknown);
}

#[test]
fn a_part_of_a_nano_dollar_is_rounded_up_once() {
    let book = PriceBook::with_overrides("models: [{model: m, usd_per_million_tokens: {input: 0.0003, output: 0}}]")
        .expect("valid");
    let used = |input| Usage { input, cache_read: input, ..Usage::default() };
    // 0.3 nano-dollars a token: 0.6 and 6.0 in all.
    assert_eq!(nanos(&book.price("openai", "m", &used(1), AT)), 1);
    assert_eq!(nanos(&book.price("openai", "m", &used(10), AT)), 6);
}

#[test]
fn a_wrong_file_is_refused_with_the_place() {
    let cases = [
        ("models: 3", "models", "a list"),
        ("model: []", "file.model", "one of models"),
        ("models: [{usd_per_million_tokens: {input: 1, output: 1}}]", "models[0].model", "a model name"),
        (
            "models: [{model: m, provider: opnai, usd_per_million_tokens: {input: 1, output: 1}}]",
            "models[0].provider",
            "openai",
        ),
        (
            "models: [{model: m, usd_per_million_tokens: {input: 1}}]",
            "models[0].usd_per_million_tokens.output",
            "a number",
        ),
        (
            "models: [{model: m, usd_per_million_tokens: {input: -1, output: 1}}]",
            "models[0].usd_per_million_tokens.input",
            "0 or more",
        ),
        (
            "models: [{model: m, usd_per_million_tokens: {input: abc, output: 1}}]",
            "models[0].usd_per_million_tokens.input",
            "a number",
        ),
        (
            "models: [{model: m, usd_per_million_tokens: {input: 1, output: 1, cach_read: 1}}]",
            "models[0].usd_per_million_tokens.cach_read",
            "cache_read",
        ),
        (
            "models: [{model: m, usd_per_million_tokens: {input: 1, output: 1}, above_input_tokens: {200k: {input: 1}}}]",
            "models[0].above_input_tokens",
            "numbers of input tokens",
        ),
        (
            "models: [{model: m, usd_per_million_tokens: {input: 1, output: 1}, above_input_tokens: {9: {input: 1}}}]",
            "models[0].above_input_tokens.9.output",
            "a number",
        ),
        (
            "models: [{model: m, usd_per_million_tokens: {input: 1, output: 1}, batch: half}]",
            "models[0].batch",
            "a factor",
        ),
        (
            "models: [{model: m, usd_per_million_tokens: {input: 1, output: 1}, tiers: {flex: -1}}]",
            "models[0].tiers.flex",
            "a factor",
        ),
        ("models: [{model: m, usd_per_unit: {web_serches: 1}}]", "models[0].usd_per_unit.web_serches", "web_searches"),
        ("models: [{model: m, usd_per_unit: {pages: x}}]", "models[0].usd_per_unit.pages", "for one"),
        (
            "models: [{model: m, usd_per_unit: {pages: 1}, batch: 0.5}]",
            "models[0].usd_per_million_tokens",
            "which batch of the same row changes",
        ),
        ("models: [", "file", "YAML"),
    ];
    for (yaml, key, expected) in cases {
        let Err(error) = PriceBook::with_overrides(yaml) else { panic!("accepted: {yaml}") };
        assert_eq!(error.key, key, "{yaml}");
        assert!(error.expected.contains(expected), "{error}");
        assert!(!error.found.is_empty() && error.to_string().starts_with("prices: "), "{error}");
    }
    assert!(PriceBook::with_overrides("").is_ok(), "an empty file overrides nothing");
}
