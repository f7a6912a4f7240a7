//! The sum is exact: it equals the library's own total without the noise of its floats, for every model of the main providers.

use std::time::{Duration, UNIX_EPOCH};

use genai_prices::{PriceRequest, UsageKey};
use proptest::prelude::*;
use rust_decimal::{Decimal, prelude::FromPrimitive, prelude::ToPrimitive};

use super::*;

/// The library's counters for a mixture: a sum contains its details, and where two details meet it must hear how much is in
/// both, which is nothing but for what we count as both ourselves.
fn inclusive(usage: &Usage) -> genai_prices::Usage {
    let cache_write = usage.cache_write_5m + usage.cache_write_1h;
    let cache_read = usage.cache_read + usage.audio_cache_read + usage.image_cache_read;
    let audio = usage.audio_input + usage.audio_cache_read;
    let image = usage.image_input + usage.image_cache_read;
    let counters = [
        (UsageKey::INPUT_TOKENS, usage.input_inclusive()),
        (UsageKey::OUTPUT_TOKENS, usage.output_inclusive()),
        (UsageKey::CACHE_READ_TOKENS, cache_read),
        (UsageKey::CACHE_WRITE_TOKENS, cache_write),
        (UsageKey::CACHE_WRITE_5M_TOKENS, usage.cache_write_5m),
        (UsageKey::CACHE_WRITE_1H_TOKENS, usage.cache_write_1h),
        (UsageKey::INPUT_AUDIO_TOKENS, audio),
        (UsageKey::INPUT_IMAGE_TOKENS, image),
        (UsageKey::OUTPUT_REASONING_TOKENS, usage.reasoning),
        (UsageKey::OUTPUT_AUDIO_TOKENS, usage.audio_output),
        (UsageKey::OUTPUT_IMAGE_TOKENS, usage.image_output),
        (UsageKey::CACHE_AUDIO_READ_TOKENS, usage.audio_cache_read),
        (UsageKey::CACHE_IMAGE_READ_TOKENS, usage.image_cache_read),
        (UsageKey::CACHE_AUDIO_WRITE_TOKENS, 0),
        (UsageKey::CACHE_IMAGE_WRITE_TOKENS, 0),
        (UsageKey::CACHE_AUDIO_WRITE_5M_TOKENS, 0),
        (UsageKey::CACHE_IMAGE_WRITE_5M_TOKENS, 0),
        (UsageKey::CACHE_AUDIO_WRITE_1H_TOKENS, 0),
        (UsageKey::CACHE_IMAGE_WRITE_1H_TOKENS, 0),
        (UsageKey::OUTPUT_AUDIO_REASONING_TOKENS, 0),
        (UsageKey::OUTPUT_IMAGE_REASONING_TOKENS, 0),
    ];
    counters.into_iter().map(|(key, tokens)| (key, f64::from(u32::try_from(tokens).unwrap()))).collect()
}

/// Every model of the main providers: our provider id, the list's, the model.
fn models() -> Vec<(&'static str, &'static str, String)> {
    let main = [
        ("openai", "openai"),
        ("anthropic", "anthropic"),
        ("gcp.gemini", "google"),
        ("aws.bedrock", "aws"),
        ("azure.ai.openai", "azure"),
        ("mistral_ai", "mistral"),
        ("groq", "groq"),
        ("deepseek", "deepseek"),
        ("x_ai", "x-ai"),
        ("cohere", "cohere"),
        ("perplexity", "perplexity"),
        ("together_ai", "together"),
    ];
    let list = Calculator::bundled();
    let of = |(ours, theirs): (&'static str, &'static str)| {
        let provider = list.find_provider(Some(theirs), None).unwrap().unwrap();
        provider.models().map(|model| (ours, theirs, model.id().to_owned())).collect::<Vec<_>>()
    };
    main.into_iter().flat_map(of).collect()
}

/// The library's total in nano-dollars, rounded up once its noise is gone: a rate has at most six decimals a million, so
/// that every sum ends at the twelfth.
fn library_nanos(theirs: &str, model: &str, usage: &Usage, terms: &[(&'static str, &'static str)]) -> Option<i64> {
    let counters = inclusive(usage);
    let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(AT).unwrap());
    let request = PriceRequest::new(model, &counters).with_provider_id(theirs).with_timestamp(at);
    let request = terms.iter().fold(request, |request, (key, value)| request.with_price_context(key, value));
    let total = Calculator::bundled().calculate(&request).ok()?.total_price;
    (Decimal::from_f64(total)?.round_dp(12) * Decimal::from(1_000_000_000)).ceil().to_i64()
}

#[test]
fn noise_of_floats_adds_no_nano_dollar() {
    // 0.1 + 0.2 dollars, which floats add to 0.30000000000000004: 40,000 at 2.50, 20,000 at 10 dollars a million.
    let usage = Usage { input: 40_000, output: 20_000, ..Usage::default() };
    assert_eq!(nanos(&PriceBook::bundled().price("openai", "gpt-4o", &usage, AT)), 300_000_000);
}

#[test]
fn the_comparison_reaches_most_models() {
    // The rest are listed under an id that their own patterns do not match, such as `regional.…` of Bedrock.
    let usage = Usage::from_buckets([1; 12]);
    let is_priced = |(_, theirs, model): &(_, &str, String)| library_nanos(theirs, model, &usage, &[]).is_some();
    let (all, priced) = (models().len(), models().iter().filter(|one| is_priced(one)).count());
    assert!(priced > 500 && priced * 10 > all * 9, "{priced} of {all}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_sum_is_the_librarys_without_its_noise(
        buckets in proptest::array::uniform12(0u64..100_000),
        batch in any::<bool>(),
    ) {
        let usage = Usage::from_buckets(buckets);
        let book = PriceBook::bundled();
        let (none, terms) = (Units::default(), [("processing", "batch")]);
        for (ours, theirs, model) in models() {
            let processing = if batch { Processing::Batch } else { Processing::Live };
            let asked = PriceQuery { processing, ..query(ours, &model, &usage, &none) };
            let Priced::Known { cost, .. } = book.price_query(&asked) else { continue };
            // Under some names only we find the model: without what a platform puts around it.
            let expected = library_nanos(theirs, &model, &usage, if batch { &terms } else { &[] });
            let Some(expected) = expected else { continue };
            prop_assert_eq!(cost.nanos(), expected, "{} {} {:?}", ours, model, usage);
        }
    }
}
