//! What tokens cost: the maintained list prices of `genai-prices`, and an operator's overrides before them.

use std::time::{Duration, UNIX_EPOCH};

use genai_prices::{Calculator, PriceRequest, UsageKey};
use llmtrace_model::{Money, Usage};
use rust_decimal::{Decimal, prelude::FromPrimitive, prelude::ToPrimitive};

use crate::{dialects::bedrock::price_names, providers::provider_by_id};

mod overrides;

use overrides::Overrides;
pub use overrides::PriceError;

/// The version of the price data, as it is written to every span priced by it.
const BUNDLED_VERSION: &str = "genai-prices/0.2.1";

/// Prices of models. Cheap to share, immutable: a changed override file makes a new book.
pub struct PriceBook {
    list: &'static Calculator,
    overrides: Overrides,
}

/// What a price is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PriceQuery<'a> {
    /// Provider id ([`crate::Provider::id`]).
    pub provider: &'a str,
    /// The model that answered; tried first.
    pub response_model: Option<&'a str>,
    /// The model asked for; tried where the one that answered has no price.
    pub request_model: Option<&'a str>,
    /// The tokens.
    pub usage: &'a Usage,
    /// When; prices are dated.
    pub at_unix_seconds: i64,
    /// The service tier the provider says it billed, which may have prices of its own.
    pub service_tier: Option<&'a str>,
}

/// A price, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Priced {
    /// The price of the tokens.
    Known {
        /// Rounded up, once, to a nano-dollar.
        cost: Money,
        /// Which prices were applied: `genai-prices/…`, or `override:` with eight digits of the file's hash.
        version: String,
    },
    /// The model has no price.
    Unknown,
}

impl PriceBook {
    /// The bundled list prices. The first call reads them, which takes tens of milliseconds: make it at boot.
    pub fn bundled() -> Self {
        Self { list: Calculator::bundled(), overrides: Overrides::default() }
    }

    /// The bundled list prices behind an operator's overrides (YAML).
    ///
    /// ```yaml
    /// models:
    ///   - model: my-finetune        # exact, or a prefix that ends in *
    ///     provider: openai          # optional: only for this provider id
    ///     usd_per_million_tokens:   # input and output are required, others fall back to them
    ///       input: 2.50
    ///       cache_read: 1.25
    ///       cache_write_5m: 3.125
    ///       cache_write_1h: 5
    ///       output: 10
    ///       reasoning: 10
    ///       audio_input: 40
    ///       audio_output: 80
    ///       image_input: 2.50
    ///       image_output: 30
    ///       audio_cache_read: 2.50
    ///       image_cache_read: 0.50
    /// ```
    pub fn with_overrides(yaml: &str) -> Result<Self, PriceError> {
        Ok(Self { overrides: Overrides::parse(yaml)?, ..Self::bundled() })
    }

    /// Prices the tokens of one model.
    pub fn price(&self, provider: &str, model: &str, usage: &Usage, at_unix_seconds: i64) -> Priced {
        self.price_query(&PriceQuery {
            provider,
            response_model: Some(model),
            request_model: None,
            usage,
            at_unix_seconds,
            service_tier: None,
        })
    }

    /// Prices the tokens of the model that answered, else of the one asked for. An override of either wins.
    pub fn price_query(&self, query: &PriceQuery<'_>) -> Priced {
        let models = || named(query).into_iter().flatten().filter(|model| !model.is_empty());
        if let Some(priced) = models().find_map(|model| self.overrides.price(query.provider, model, query.usage)) {
            return priced;
        }
        let known = match query.provider {
            BEDROCK => models().flat_map(price_names).find_map(|model| self.list_price(model, query)),
            _ => models().find_map(|model| self.list_price(model, query)),
        };
        known.unwrap_or(Priced::Unknown)
    }

    fn list_price(&self, model: &str, query: &PriceQuery<'_>) -> Option<Priced> {
        let provider = provider_by_id(query.provider)?.price_id?;
        let usage = inclusive(query.usage);
        let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(query.at_unix_seconds).unwrap_or(0));
        let mut request = PriceRequest::new(model, &usage).with_provider_id(provider).with_timestamp(at);
        if let Some(tier) = query.service_tier {
            request = request.with_price_context("service_tier", tier);
        }
        let price = self.list.calculate(&request).ok()?;
        // The library adds up in f64; 15 digits of it are exact for any amount below a million dollars.
        let cost = nanos_up(Decimal::from_f64(price.total_price)?)?;
        Some(Priced::Known { cost, version: BUNDLED_VERSION.to_owned() })
    }
}

const BEDROCK: &str = "aws.bedrock";

/// The models of a query, the one that decides first: the one that answered; but on Bedrock the one asked for, since an
/// answer does not say whether it came from a region or from the cheaper global profile.
fn named<'q>(query: &PriceQuery<'q>) -> [Option<&'q str>; 2] {
    match query.provider {
        BEDROCK => [query.request_model, query.response_model],
        _ => [query.response_model, query.request_model],
    }
}

/// Dollars to nano-dollars, rounded up.
fn nanos_up(dollars: Decimal) -> Option<Money> {
    let nanos = dollars.checked_mul(Decimal::from(1_000_000_000))?.ceil();
    nanos.to_i64().map(Money::from_nanos)
}

/// The library's counters: a sum contains its details.
fn inclusive(usage: &Usage) -> genai_prices::Usage {
    let cache_write = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
    let counters =
        [(UsageKey::INPUT_TOKENS, usage.input_inclusive()), (UsageKey::OUTPUT_TOKENS, usage.output_inclusive())];
    let cache_read =
        [usage.audio_cache_read, usage.image_cache_read].into_iter().fold(usage.cache_read, u64::saturating_add);
    let details = [
        (UsageKey::CACHE_READ_TOKENS, cache_read),
        (UsageKey::CACHE_WRITE_TOKENS, cache_write),
        (UsageKey::CACHE_WRITE_5M_TOKENS, usage.cache_write_5m),
        (UsageKey::CACHE_WRITE_1H_TOKENS, usage.cache_write_1h),
        (UsageKey::INPUT_AUDIO_TOKENS, usage.audio_input.saturating_add(usage.audio_cache_read)),
        (UsageKey::INPUT_IMAGE_TOKENS, usage.image_input.saturating_add(usage.image_cache_read)),
        (UsageKey::OUTPUT_REASONING_TOKENS, usage.reasoning),
        (UsageKey::OUTPUT_AUDIO_TOKENS, usage.audio_output),
        (UsageKey::OUTPUT_IMAGE_TOKENS, usage.image_output),
    ];
    // Where two details meet, the library must hear how much is in both: nothing, but for what we count as both ourselves.
    let (audio, image) = (usage.audio_input, usage.image_input);
    let overlaps = [
        (UsageKey::CACHE_AUDIO_READ_TOKENS, cache_read, audio, usage.audio_cache_read),
        (UsageKey::CACHE_IMAGE_READ_TOKENS, cache_read, image, usage.image_cache_read),
        (UsageKey::CACHE_AUDIO_WRITE_TOKENS, cache_write, audio, 0),
        (UsageKey::CACHE_IMAGE_WRITE_TOKENS, cache_write, image, 0),
        (UsageKey::CACHE_AUDIO_WRITE_5M_TOKENS, usage.cache_write_5m, audio, 0),
        (UsageKey::CACHE_IMAGE_WRITE_5M_TOKENS, usage.cache_write_5m, image, 0),
        (UsageKey::CACHE_AUDIO_WRITE_1H_TOKENS, usage.cache_write_1h, audio, 0),
        (UsageKey::CACHE_IMAGE_WRITE_1H_TOKENS, usage.cache_write_1h, image, 0),
        (UsageKey::OUTPUT_AUDIO_REASONING_TOKENS, usage.reasoning, usage.audio_output, 0),
        (UsageKey::OUTPUT_IMAGE_REASONING_TOKENS, usage.reasoning, usage.image_output, 0),
    ];
    // Counters stay far below 2^53, where f64 stops being exact.
    #[allow(clippy::cast_precision_loss)]
    let exact = |tokens: u64| tokens as f64;
    let given = counters.into_iter().chain(details.into_iter().filter(|(_, n)| *n > 0));
    let both = overlaps.into_iter().filter(|(_, a, b, both)| *both > 0 || (*a > 0 && *b > 0));
    given.chain(both.map(|(key, .., both)| (key, both))).map(|(key, tokens)| (key, exact(tokens))).collect()
}

#[cfg(test)]
mod tests;
