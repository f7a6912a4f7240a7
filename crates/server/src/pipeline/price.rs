//! What an exchange cost.

use std::sync::Arc;

use arc_swap::ArcSwap;
use llmtrace_model::Span;
use llmtrace_wire::PriceBook;

use crate::{config::UnknownModel, telemetry::Events};

/// The prices in force; `upkeep` swaps them when the override file changes.
pub type Prices = Arc<ArcSwap<PriceBook>>;

/// Prices what a span used, and says on the span what the price does not contain.
///
/// An exchange that used nothing costs nothing that we know of: its cost stays absent rather than zero.
pub(super) fn cost(prices: &Prices, on_unknown: &UnknownModel, span: &mut Span, events: &Events) {
    let Some(quote) = prices.load().quote(span, on_unknown.instead()) else { return };
    if quote.cost.is_none() {
        events.notice("model_unpriced");
    } else if !quote.not_priced.is_empty() {
        events.notice("price_partial");
    }
    quote.put_on(span);
}
