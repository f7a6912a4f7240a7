//! The price of a span: asked when it is first read, and again when it is re-priced.

use llmtrace_model::{Money, Span, Unit};

use super::{PriceBook, PriceQuery, Priced, Processing};

/// The parameter that holds the service tier the provider says it billed (OpenTelemetry's name); decoders' tiers are put there
/// because a later re-pricing needs them too.
pub const BILLED_TIER: &str = "openai.response.service_tier";

/// What a span costs by one price book.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quote {
    /// Dollars; `None` where nothing that was used has a price.
    pub cost: Option<Money>,
    /// Which prices were applied; see [`Priced::Known`].
    pub version: Option<String>,
    /// What the cost does not contain; see [`Priced::Known`].
    pub not_priced: Vec<String>,
}

impl PriceBook {
    /// Prices what a span used by the model that answered, else by the one that was asked for, else as `instead`; `None` where
    /// it used nothing that could have a price.
    ///
    /// Needs nothing but the span, so that a stored one is priced as a new one.
    pub fn quote(&self, span: &Span, instead: Option<&str>) -> Option<Quote> {
        // A batch is a way of submitting requests; what its answers used is what is sold.
        let sells_units = span.units.iter().any(|(unit, _)| unit != Unit::BatchRequests);
        if span.usage.is_none() && !sells_units {
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
        let mut priced = self.price_query(&query);
        if let (Priced::Unknown, Some(model)) = (&priced, instead) {
            priced = self.price_query(&PriceQuery { response_model: Some(model), request_model: None, ..query });
        }
        match priced {
            Priced::Known { cost, version, not_priced } => {
                Some(Quote { cost: Some(cost), version: Some(version), not_priced })
            }
            Priced::Unknown if usage.total() == 0 && !sells_units => None,
            Priced::Unknown => Some(Quote::default()),
        }
    }
}

impl Quote {
    /// Says whether a span carries this price already.
    pub fn is_on(&self, span: &Span) -> bool {
        (self.cost, &self.version, &self.not_priced) == (span.cost, &span.price_version, &span.coverage.not_priced)
    }

    /// Writes the price to its span.
    pub fn put_on(self, span: &mut Span) {
        (span.cost, span.price_version) = (self.cost, self.version);
        span.coverage.not_priced = self.not_priced;
    }
}
