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
    /// Image input.
    pub image_input: u64,
}

impl Usage {
    /// All tokens; saturates instead of wrapping.
    pub fn total(&self) -> u64 {
        self.input_inclusive().saturating_add(self.output_inclusive())
    }

    /// Every input bucket, as OpenTelemetry's `gen_ai.usage.input_tokens` counts.
    pub fn input_inclusive(&self) -> u64 {
        [self.cache_read, self.cache_write_5m, self.cache_write_1h, self.audio_input, self.image_input]
            .into_iter()
            .fold(self.input, u64::saturating_add)
    }

    /// Every output bucket, as OpenTelemetry's `gen_ai.usage.output_tokens` counts.
    pub fn output_inclusive(&self) -> u64 {
        self.output.saturating_add(self.reasoning).saturating_add(self.audio_output)
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
