//! What an exchange cost.

use std::sync::Arc;

use arc_swap::ArcSwap;
use llmtrace_model::Span;
use llmtrace_wire::{PriceBook, PriceQuery, Priced};

use crate::{config::UnknownModel, telemetry::Events};

/// The prices in force; `upkeep` swaps them when the override file changes.
pub type Prices = Arc<ArcSwap<PriceBook>>;

/// The parameter that holds the service tier the provider says it billed (OpenTelemetry's name).
pub(super) const BILLED_TIER: &str = "openai.response.service_tier";

/// Prices the tokens of a span by the model that answered, else the one that was asked for.
///
/// An exchange without usage costs nothing that we know of: its cost stays absent rather than zero.
pub(super) fn cost(prices: &Prices, on_unknown: &UnknownModel, span: &mut Span, events: &Events) {
    let Some(usage) = span.usage else { return };
    let prices = prices.load();
    let query = PriceQuery {
        provider: &span.provider,
        response_model: span.response_model.as_deref(),
        request_model: span.request_model.as_deref(),
        usage: &usage,
        at_unix_seconds: span.started_at.unix_seconds(),
        service_tier: span.params.get(BILLED_TIER).and_then(|tier| tier.as_str()),
    };
    let mut priced = prices.price_query(&query);
    if let (Priced::Unknown, UnknownModel::PriceAs(model)) = (&priced, on_unknown) {
        priced = prices.price_query(&PriceQuery { response_model: Some(model), request_model: None, ..query });
    }
    match priced {
        Priced::Known { cost, version } => (span.cost, span.price_version) = (Some(cost), Some(version)),
        Priced::Unknown if usage.total() > 0 => events.notice("model_unpriced"),
        Priced::Unknown => {}
    }
}
