//! The operator's price file: which row is for a model, and what it says of it.

use std::collections::BTreeMap;

use llmtrace_model::{Unit, Usage};
use rust_decimal::Decimal;

use super::list::Context;

mod read;

pub use read::PriceError;

/// Dollars per million tokens, in the order of `Usage::BUCKETS`.
type Rates = [Decimal; Usage::BUCKETS.len()];

/// Prices that go before the list.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    version: String,
    rows: Vec<Row>,
}

/// What the file says of one model, or of many with the same beginning.
#[derive(Debug)]
pub(super) struct Row {
    provider: Option<&'static str>,
    model: Pattern,
    rates: Option<Rates>,
    /// Rates of long prompts: above how many input tokens they apply, ascending.
    above: Vec<(u64, Rates)>,
    batch: Option<Decimal>,
    /// By the tier's word in lower case.
    tiers: BTreeMap<String, Decimal>,
    /// Dollars per piece, or per hour of audio.
    units: BTreeMap<Unit, Decimal>,
    request: Option<Decimal>,
}

#[derive(Debug)]
enum Pattern {
    Exact(String),
    Prefix(String),
}

impl Overrides {
    /// Reads and checks a file.
    pub(super) fn parse(yaml: &str) -> Result<Self, PriceError> {
        let version = format!("override:{:08x}", hash(yaml.as_bytes()) >> 32);
        Ok(Self { version, rows: read::rows(yaml)? })
    }

    /// Names the file by its content.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The row for this provider and model; the first one counts.
    pub(super) fn row(&self, provider: &str, model: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.is_for(provider, model))
    }
}

impl Row {
    fn is_for(&self, provider: &str, model: &str) -> bool {
        self.provider.is_none_or(|only| only == provider)
            && match &self.model {
                Pattern::Exact(name) => name == model,
                Pattern::Prefix(prefix) => model.starts_with(prefix.as_str()),
            }
    }

    /// Says whether it is for whatever the provider sells.
    pub(super) fn is_for_every_model(&self) -> bool {
        matches!(&self.model, Pattern::Prefix(prefix) if prefix.is_empty())
    }

    /// Says whether it prices tokens; else the list does.
    pub(super) fn has_tokens(&self) -> bool {
        self.rates.is_some()
    }

    /// Dollars per million tokens of a bucket in an exchange with so many input tokens; `None` where the list prices tokens.
    pub(super) fn tokens(&self, bucket: usize, input_tokens: u64, context: &Context<'_>) -> Option<Decimal> {
        let ordinary = self.rates.as_ref()?;
        let step = self.above.iter().rev().find(|(above, _)| input_tokens > *above);
        let rate = *step.map_or(ordinary, |(_, rates)| rates).get(bucket)?;
        let tier = context.tier.and_then(|tier| self.tier(tier)).unwrap_or(Decimal::ONE);
        let batch = self.batch.filter(|_| context.batch).unwrap_or(Decimal::ONE);
        rate.checked_mul(tier)?.checked_mul(batch)
    }

    /// Says whether it has a word for the tier and the batch of a context.
    pub(super) fn knows(&self, context: &Context<'_>) -> bool {
        context.tier.is_none_or(|tier| self.tier(tier).is_some()) && (!context.batch || self.batch.is_some())
    }

    fn tier(&self, word: &str) -> Option<Decimal> {
        self.tiers.get(&word.to_ascii_lowercase()).copied()
    }

    /// Dollars per piece of a unit (per hour of audio), where the row names it.
    pub(super) fn unit(&self, unit: Unit) -> Option<Decimal> {
        self.units.get(&unit).copied()
    }

    /// Dollars per request, where the row names it.
    pub(super) fn request(&self) -> Option<Decimal> {
        self.request
    }
}

impl Pattern {
    fn parse(name: &str) -> Self {
        match name.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(name.to_owned()),
        }
    }
}

/// FNV-1a: names a version of the file, guards nothing.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
