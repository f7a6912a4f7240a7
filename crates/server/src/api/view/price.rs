//! Models, their use and their prices in JSON.

use std::collections::BTreeMap;

use llmtrace_model::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The models that were used in a time, most requests first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelPriceList {
    /// The use counts spans that started at or after.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// The use counts spans that started before.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// The models.
    pub items: Vec<ModelPriceView>,
}

/// A model that was used, and what it costs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ModelPrice)]
pub struct ModelPriceView {
    /// The provider.
    pub provider: String,
    /// The model that answered, else the one asked for.
    pub model: String,
    /// Its spans.
    pub requests: u64,
    /// Those of them that used something and have no cost.
    pub unpriced_requests: u64,
    /// All their tokens.
    pub total_tokens: u64,
    /// What the priced ones cost.
    #[schema(value_type = String)]
    pub cost_usd: Money,
    /// When the newest started.
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Timestamp,
    /// The ordinary prices that apply now; `null` where the model has none.
    #[schema(required)]
    pub price: Option<PriceView>,
}

/// What applies to a model; amounts are decimal strings of US dollars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Price)]
pub struct PriceView {
    /// Which prices these are, as spans carry it in `price_version`.
    pub version: String,
    /// Where the prices of tokens come from.
    pub source: PriceSource,
    /// By bucket; one without a price is absent.
    pub usd_per_million_tokens: BTreeMap<String, String>,
    /// Other prices of tokens for exchanges with long prompts, ascending.
    pub above_input_tokens: Vec<PriceStep>,
    /// By the piece: `web_searches`, `pages`, `requests`, …; audio by the minute.
    pub usd_per_unit: BTreeMap<String, String>,
}

/// Where prices come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The bundled list.
    List,
    /// The operator's file.
    Override,
}

/// The prices of all tokens of an exchange with a long prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceStep {
    /// They apply above so many input tokens.
    pub input_tokens: u64,
    /// By bucket.
    pub usd_per_million_tokens: BTreeMap<String, String>,
}
