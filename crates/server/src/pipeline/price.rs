//! What an exchange cost.

use std::sync::Arc;

use arc_swap::ArcSwap;
use llmtrace_model::{Money, Span, Usage};
use llmtrace_wire::{PriceBook, PriceQuery, Priced, Processing};

use crate::{config::UnknownModel, telemetry::Events};

/// The prices in force; `upkeep` swaps them when the override file changes.
pub type Prices = Arc<ArcSwap<PriceBook>>;

/// The parameter that holds the service tier the provider says it billed (OpenTelemetry's name).
pub(super) const BILLED_TIER: &str = "openai.response.service_tier";

/// What a span costs by one price book.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quote {
    /// Dollars; `None` where nothing that was used has a price.
    pub cost: Option<Money>,
    /// Which prices were applied.
    pub version: Option<String>,
    /// What the cost does not contain.
    pub not_priced: Vec<String>,
}

/// Prices what a span used, and says on the span what the price does not contain.
pub(super) fn cost(prices: &Prices, on_unknown: &UnknownModel, span: &mut Span, events: &Events) {
    let Some(quote) = quote(&prices.load(), on_unknown, span) else { return };
    if quote.cost.is_none() {
        events.notice("model_unpriced");
    } else if !quote.not_priced.is_empty() {
        events.notice("price_partial");
    }
    apply(span, quote);
}

/// Prices what a span used by the model that answered, else by the one that was asked for; `None` where it used nothing, so
/// that there is nothing to price. Needs nothing but the span: a later re-pricing asks the same of a stored one.
pub fn quote(prices: &PriceBook, on_unknown: &UnknownModel, span: &Span) -> Option<Quote> {
    if span.usage.is_none() && span.units.is_empty() {
        return None;
    }
    let usage = span.usage.unwrap_or_default();
    let query = PriceQuery {
        provider: &span.provider,
        response_model: span.response_model.as_deref(),
        request_model: span.request_model.as_deref(),
        usage: &usage,
        units: &span.units,
        at_unix_seconds: span.started_at.unix_seconds(),
        service_tier: span.params.get(BILLED_TIER).and_then(|tier| tier.as_str()),
        processing: Processing::Live,
    };
    let mut priced = prices.price_query(&query);
    if let (Priced::Unknown, UnknownModel::PriceAs(model)) = (&priced, on_unknown) {
        priced = prices.price_query(&PriceQuery { response_model: Some(model), request_model: None, ..query });
    }
    match priced {
        Priced::Known { cost, version, not_priced } => {
            Some(Quote { cost: Some(cost), version: Some(version), not_priced })
        }
        Priced::Unknown if usage == Usage::default() && span.units.is_empty() => None,
        Priced::Unknown => Some(Quote::default()),
    }
}

/// Writes a price to its span.
pub fn apply(span: &mut Span, quote: Quote) {
    (span.cost, span.price_version) = (quote.cost, quote.version);
    span.coverage.not_priced = quote.not_priced;
}
