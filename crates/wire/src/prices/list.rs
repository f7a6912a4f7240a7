//! The list: what `genai-prices` says one thing costs, read rate by rate.
//!
//! The library adds up in `f64`. It is asked here for one bucket or unit at a time, of which the published rate is read back
//! exactly, so that the sum is ours, in decimals, and so that what has no rate shows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use genai_prices::{Calculator, PriceRequest, UsageKey};
use llmtrace_model::Unit;
use rust_decimal::{Decimal, RoundingStrategy, prelude::FromPrimitive};

/// Published rates are decimals with far fewer places than this; what `f64` adds beyond is noise.
const RATE_PLACES: u32 = 9;

/// Which of a model's prices apply.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) at: SystemTime,
    /// The service tier, where it is not the ordinary one.
    pub(super) tier: Option<&'a str>,
    pub(super) batch: bool,
}

/// A model the list knows.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    list: &'static Calculator,
    provider: &'static str,
    model: &'a str,
    context: Context<'a>,
    /// What a call costs before anything is used, in dollars.
    base: f64,
}

impl Context<'_> {
    /// At a time; before 1970 counts as 1970.
    pub(super) fn at(unix_seconds: i64) -> Self {
        let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(unix_seconds).unwrap_or(0));
        Self { at, tier: None, batch: false }
    }
}

impl<'a> Listed<'a> {
    /// Looks a model up; `provider` is its name in the list.
    pub(super) fn find(
        list: &'static Calculator,
        provider: &'static str,
        model: &'a str,
        context: Context<'a>,
    ) -> Option<Self> {
        let mut found = Self { list, provider, model, context, base: 0.0 };
        found.base = found.ask(&[])?.total;
        Some(found)
    }

    /// The same model in another context.
    pub(super) fn with(self, context: Context<'a>) -> Self {
        Self { context, ..self }
    }

    /// Says whether any of the rates of text differ between two contexts.
    pub(super) fn differs_from(&self, other: &Self) -> bool {
        const TEXT: [usize; 5] = [0, 1, 2, 3, 4];
        TEXT.into_iter().any(|bucket| self.tokens(bucket, 1) != other.tokens(bucket, 1))
    }

    /// Dollars per thousand requests, where a request has a price of its own.
    pub(super) fn requests(&self) -> Option<Decimal> {
        rate(self.base * 1000.0)
    }

    /// Dollars per million tokens of a bucket (an index into `Usage::BUCKETS`), in an exchange with so many input tokens.
    pub(super) fn tokens(&self, bucket: usize, input_tokens: u64) -> Option<Decimal> {
        let (keys, direction) = BUCKET_KEYS.get(bucket)?;
        // The size of the prompt chooses the rates, also those of the output; all of it is put into the one bucket.
        let input = exact(input_tokens.max(1));
        match direction {
            Direction::Input => {
                let given: Vec<_> = keys.iter().map(|key| (key.clone(), input)).collect();
                rate(self.ask(&given)?.input * 1e6 / input)
            }
            Direction::Output => {
                let whole = keys.iter().map(|key| (key.clone(), 1e6));
                let given: Vec<_> = whole.chain([(UsageKey::INPUT_TOKENS, input)]).collect();
                rate(self.ask(&given)?.output)
            }
        }
    }

    /// Dollars per [`Per`] of a unit.
    pub(super) fn unit(&self, unit: Unit) -> Option<(Decimal, Per)> {
        let (keys, per) = unit_keys(unit)?;
        let whole = match per {
            Per::Thousand => 1e3,
            Per::Million => 1e6,
            Per::Hour => 3600.0,
        };
        Some((rate(self.units(keys, whole)?)?, per))
    }

    /// The milliseconds of audio that are billed: some models have a shortest time.
    pub(super) fn billed_ms(&self, unit: Unit, ms: u64) -> Option<Decimal> {
        let (keys, _) = unit_keys(unit)?;
        let seconds = exact(ms) / 1e3;
        let (price, hour) = (self.units(keys, seconds)?, self.units(keys, 3600.0)?);
        let billed = price / hour * 3600.0;
        // What `f64` makes of the same time is not a shortest time.
        if billed <= seconds * (1.0 + 1e-9) {
            return Some(Decimal::from(ms));
        }
        Some(rate(billed)? * Decimal::from(1000))
    }

    fn units(&self, keys: &[UsageKey], count: f64) -> Option<f64> {
        let given: Vec<_> = keys.iter().map(|key| (key.clone(), count)).collect();
        Some(self.ask(&given)?.total - self.base)
    }

    fn ask(&self, given: &[(UsageKey, f64)]) -> Option<Answer> {
        let usage = given.iter().cloned().collect::<genai_prices::Usage>();
        let mut request =
            PriceRequest::new(self.model, &usage).with_provider_id(self.provider).with_timestamp(self.context.at);
        if let Some(tier) = self.context.tier {
            request = request.with_price_context("service_tier", tier);
        }
        if self.context.batch {
            request = request.with_price_context("processing", "batch");
        }
        let price = self.list.calculate(&request).ok()?;
        Some(Answer { input: price.input_price, output: price.output_price, total: price.total_price })
    }
}

struct Answer {
    input: f64,
    output: f64,
    total: f64,
}

/// How many of a unit its list price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Per {
    Thousand,
    Million,
    Hour,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    Input,
    Output,
}

/// The library's keys of each bucket, in the order of `Usage::BUCKETS`: its counters are inclusive, so a token of a detail is
/// also one of every sum above it.
const BUCKET_KEYS: [(&[UsageKey], Direction); 12] = [
    (&[UsageKey::INPUT_TOKENS], Direction::Input),
    (&[UsageKey::INPUT_TOKENS, UsageKey::CACHE_READ_TOKENS], Direction::Input),
    (&[UsageKey::INPUT_TOKENS, UsageKey::CACHE_WRITE_TOKENS, UsageKey::CACHE_WRITE_5M_TOKENS], Direction::Input),
    (&[UsageKey::INPUT_TOKENS, UsageKey::CACHE_WRITE_TOKENS, UsageKey::CACHE_WRITE_1H_TOKENS], Direction::Input),
    (&[UsageKey::OUTPUT_TOKENS], Direction::Output),
    (&[UsageKey::OUTPUT_TOKENS, UsageKey::OUTPUT_REASONING_TOKENS], Direction::Output),
    (&[UsageKey::INPUT_TOKENS, UsageKey::INPUT_AUDIO_TOKENS], Direction::Input),
    (&[UsageKey::OUTPUT_TOKENS, UsageKey::OUTPUT_AUDIO_TOKENS], Direction::Output),
    (&[UsageKey::INPUT_TOKENS, UsageKey::INPUT_IMAGE_TOKENS], Direction::Input),
    (&[UsageKey::OUTPUT_TOKENS, UsageKey::OUTPUT_IMAGE_TOKENS], Direction::Output),
    (
        &[
            UsageKey::INPUT_TOKENS,
            UsageKey::CACHE_READ_TOKENS,
            UsageKey::INPUT_AUDIO_TOKENS,
            UsageKey::CACHE_AUDIO_READ_TOKENS,
        ],
        Direction::Input,
    ),
    (
        &[
            UsageKey::INPUT_TOKENS,
            UsageKey::CACHE_READ_TOKENS,
            UsageKey::INPUT_IMAGE_TOKENS,
            UsageKey::CACHE_IMAGE_READ_TOKENS,
        ],
        Direction::Input,
    ),
];

/// The library's keys of each unit; it has no word for images by the piece.
fn unit_keys(unit: Unit) -> Option<(&'static [UsageKey], Per)> {
    const WEB: &[UsageKey] = &[UsageKey::WEB_SEARCHES];
    const FILES: &[UsageKey] = &[UsageKey::STORAGE_SEARCHES];
    const CODE: &[UsageKey] = &[UsageKey::CODE_EXECUTIONS];
    const AUDIO_IN: &[UsageKey] = &[UsageKey::AUDIO_SECONDS, UsageKey::INPUT_AUDIO_SECONDS];
    const AUDIO_OUT: &[UsageKey] = &[UsageKey::AUDIO_SECONDS, UsageKey::OUTPUT_AUDIO_SECONDS];
    const CHARACTERS: &[UsageKey] = &[UsageKey::INPUT_CHARACTERS];
    const PAGES: &[UsageKey] = &[UsageKey::INPUT_DOCUMENT_PAGES];
    const RERANK: &[UsageKey] = &[UsageKey::RERANK_SEARCHES];
    match unit {
        Unit::WebSearches => Some((WEB, Per::Thousand)),
        Unit::FileSearches => Some((FILES, Per::Thousand)),
        Unit::CodeExecutions => Some((CODE, Per::Thousand)),
        Unit::AudioInMs => Some((AUDIO_IN, Per::Hour)),
        Unit::AudioOutMs => Some((AUDIO_OUT, Per::Hour)),
        Unit::CharactersIn => Some((CHARACTERS, Per::Million)),
        Unit::Pages => Some((PAGES, Per::Thousand)),
        Unit::RerankSearches => Some((RERANK, Per::Thousand)),
        Unit::ImagesOut | Unit::BatchRequests => None,
    }
}

/// The decimal that was published, out of what `f64` made of it; `None` where there is none.
fn rate(dollars: f64) -> Option<Decimal> {
    let read = Decimal::from_f64(dollars)?.round_dp_with_strategy(RATE_PLACES, RoundingStrategy::MidpointNearestEven);
    (!read.is_zero()).then(|| read.normalize())
}

/// Counters stay far below 2^53, where `f64` stops being exact.
#[allow(clippy::cast_precision_loss)]
fn exact(count: u64) -> f64 {
    count as f64
}
