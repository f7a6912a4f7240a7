//! Token usage in exclusive buckets.

use serde::{Deserialize, Serialize};

/// The tokens of one exchange; every token is in exactly one bucket, so that the sum is the provider's total.
///
/// Providers report inclusive numbers (OpenAI: cached inside prompt, reasoning inside completion) or exclusive ones
/// (Anthropic: `input_tokens` without cache). Decoders convert; inclusive sums exist only in the OpenTelemetry mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Uncached text input.
    pub input: u64,
    /// Input read from the provider's prompt cache.
    pub cache_read: u64,
    /// Input written to the cache for five minutes (or without a stated lifetime).
    pub cache_write_5m: u64,
    /// Input written to the cache for one hour.
    pub cache_write_1h: u64,
    /// Text output without reasoning.
    pub output: u64,
    /// Reasoning (thinking) output.
    pub reasoning: u64,
    /// Audio input.
    pub audio_input: u64,
    /// Audio output.
    pub audio_output: u64,
    /// Image and video input.
    pub image_input: u64,
    /// Image output.
    #[serde(default)]
    pub image_output: u64,
    /// Audio input read from the provider's prompt cache, where it says so; its price is not the text's.
    #[serde(default)]
    pub audio_cache_read: u64,
    /// Image and video input read from the provider's prompt cache, where it says so.
    #[serde(default)]
    pub image_cache_read: u64,
}

impl Usage {
    /// The names of the buckets, in the order of [`Usage::buckets`]: whoever stores or shows them takes them from here.
    pub const BUCKETS: [&'static str; 12] = [
        "input",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
        "output",
        "reasoning",
        "audio_input",
        "audio_output",
        "image_input",
        "image_output",
        "audio_cache_read",
        "image_cache_read",
    ];

    /// The buckets in the order of [`Usage::BUCKETS`].
    pub const fn buckets(&self) -> [u64; 12] {
        [
            self.input,
            self.cache_read,
            self.cache_write_5m,
            self.cache_write_1h,
            self.output,
            self.reasoning,
            self.audio_input,
            self.audio_output,
            self.image_input,
            self.image_output,
            self.audio_cache_read,
            self.image_cache_read,
        ]
    }

    /// The reverse of [`Usage::buckets`].
    pub const fn from_buckets(buckets: [u64; 12]) -> Self {
        let [
            input,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            output,
            reasoning,
            audio_input,
            audio_output,
            image_input,
            image_output,
            audio_cache_read,
            image_cache_read,
        ] = buckets;
        Self {
            input,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            output,
            reasoning,
            audio_input,
            audio_output,
            image_input,
            image_output,
            audio_cache_read,
            image_cache_read,
        }
    }

    /// The sum bucket by bucket; saturates instead of wrapping.
    pub fn saturating_add(&self, other: &Self) -> Self {
        let (mut sum, other) = (self.buckets(), other.buckets());
        sum.iter_mut().zip(other).for_each(|(sum, more)| *sum = sum.saturating_add(more));
        Self::from_buckets(sum)
    }

    /// All tokens; saturates instead of wrapping.
    pub fn total(&self) -> u64 {
        self.input_inclusive().saturating_add(self.output_inclusive())
    }

    /// Every input bucket, as OpenTelemetry's `gen_ai.usage.input_tokens` counts.
    pub fn input_inclusive(&self) -> u64 {
        [
            self.cache_read,
            self.cache_write_5m,
            self.cache_write_1h,
            self.audio_input,
            self.image_input,
            self.audio_cache_read,
            self.image_cache_read,
        ]
        .into_iter()
        .fold(self.input, u64::saturating_add)
    }

    /// Every output bucket, as OpenTelemetry's `gen_ai.usage.output_tokens` counts.
    pub fn output_inclusive(&self) -> u64 {
        [self.reasoning, self.audio_output, self.image_output].into_iter().fold(self.output, u64::saturating_add)
    }
}

/// Where the numbers of [`Usage`] come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The provider reported them; an explicit zero stays zero.
    Provider,
    /// Counted by us because the provider reported none.
    Estimated,
    /// There are none.
    #[default]
    None,
}
