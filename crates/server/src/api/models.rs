//! `/api/v1/models/prices`: what the models that were used cost now, and which have no price.

use std::collections::BTreeMap;

use axum::Json;
use llmtrace_model::SpanFilter;
use llmtrace_store::ModelTraffic;

use super::{
    error::{Problem, ReadProblems},
    query::{DAY_US, Range, RangeParams},
    read::Asked,
    view::{ModelPriceList, ModelPriceView, PriceSource, PriceStep, PriceView},
};

/// How far back a question looks that does not say: 7 days.
const DEFAULT_RANGE_US: i64 = 7 * DAY_US;

/// Lists the models that were used in a time with the prices that apply now; a model without a price has `price: null`.
/// Most requests first, at most 1,000 models. Without `from`, the 7 days before `until`; without `until`, until now.
#[utoipa::path(
    get, path = "/api/v1/models/prices", tag = "query", operation_id = "list_model_prices", params(RangeParams),
    responses(
        (status = 200, description = "The models, their use and their prices", body = ModelPriceList),
        ReadProblems,
    )
)]
pub(super) async fn prices(
    Asked { api, query, scope, .. }: Asked<RangeParams>,
) -> Result<Json<ModelPriceList>, Problem> {
    let now = api.clock.now();
    let range = Range::of(&query.filter()?, now, DEFAULT_RANGE_US)?;
    let filter = range.of_spans(&SpanFilter::default());
    let used = api.read("list_models", api.spans.models(&scope, &filter)).await?;
    let book = api.prices.load();
    let priced = |used: ModelTraffic| {
        let price = book.card(&used.provider, &used.model, now.unix_seconds()).map(|card| PriceView {
            version: card.version,
            source: if card.overridden { PriceSource::Override } else { PriceSource::List },
            usd_per_million_tokens: named(card.tokens),
            above_input_tokens: card.above_input_tokens.into_iter().map(step).collect(),
            usd_per_unit: named(card.units),
        });
        ModelPriceView {
            provider: used.provider,
            model: used.model,
            requests: used.requests,
            unpriced_requests: used.unpriced_requests,
            total_tokens: used.total_tokens,
            cost_usd: used.cost,
            last_seen: used.last_seen,
            price,
        }
    };
    Ok(Json(ModelPriceList { from: range.from, until: range.until, items: used.into_iter().map(priced).collect() }))
}

type Rates = Vec<(&'static str, String)>;

fn step((input_tokens, rates): (u64, Rates)) -> PriceStep {
    PriceStep { input_tokens, usd_per_million_tokens: named(rates) }
}

fn named(rates: Rates) -> BTreeMap<String, String> {
    rates.into_iter().map(|(name, rate)| (name.to_owned(), rate)).collect()
}
