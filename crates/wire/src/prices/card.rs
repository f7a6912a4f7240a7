//! A model's prices, one by one: what applies, for a person to read.

use llmtrace_model::{Unit, Usage};
use rust_decimal::Decimal;

use super::{Context, Listed, Per, PriceBook, Row, is_time, names};

/// Longest prompt that is looked at for a higher rate; no model takes more.
const MAX_INPUT_TOKENS: u64 = 16_000_000;
/// Most steps of a price by the size of the prompt that are looked for.
const MAX_STEPS: usize = 4;

/// What applies to one model at one time, by the token and by the piece; amounts are decimal numbers of dollars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceCard {
    /// Which prices: see [`super::Priced::Known`].
    pub version: String,
    /// Whether the token prices come from the operator's file.
    pub overridden: bool,
    /// Per million tokens, by bucket; a bucket without a price is absent.
    pub tokens: Vec<(&'static str, String)>,
    /// The same for exchanges with more input tokens than the number, ascending.
    pub above_input_tokens: Vec<(u64, Vec<(&'static str, String)>)>,
    /// Per piece; audio per minute.
    pub units: Vec<(&'static str, String)>,
}

impl PriceBook {
    /// The ordinary prices of a model, or `None` where it has none.
    pub fn card(&self, provider: &str, model: &str, at_unix_seconds: i64) -> Option<PriceCard> {
        let names = names::to_look_up(provider, [Some(model), None]);
        let context = Context::at(at_unix_seconds);
        let row = names.iter().find_map(|name| self.overrides.row(provider, name));
        let listed = names.iter().find_map(|name| self.listed(provider, name, context));
        let own = row.filter(|row| row.has_tokens());
        let rates = |input_tokens: u64| -> Vec<(&'static str, Decimal)> {
            let rate = |bucket| match own {
                Some(row) => row.tokens(bucket, input_tokens, &context),
                None => listed?.tokens(bucket, input_tokens),
            };
            let buckets = Usage::BUCKETS.into_iter().enumerate();
            buckets.filter_map(|(bucket, name)| Some((name, rate(bucket)?))).collect()
        };
        let tokens = rates(1);
        let units = units(row, listed);
        if tokens.is_empty() && units.is_empty() {
            return None;
        }
        let from_row = row.is_some_and(|row| row.has_tokens() || row.names_a_unit());
        let from_list = own.is_none() && !tokens.is_empty() || units.iter().any(|(_, _, listed)| *listed);
        Some(PriceCard {
            version: self.version(from_row, from_list),
            overridden: own.is_some(),
            above_input_tokens: steps(&rates).into_iter().map(|(above, rates)| (above, shown(rates))).collect(),
            tokens: shown(tokens),
            units: units.into_iter().map(|(name, dollars, _)| (name, dollars.normalize().to_string())).collect(),
        })
    }
}

type Rates = Vec<(&'static str, Decimal)>;

/// The sizes of the prompt above which other rates apply, found by halving: rates only change at a step.
fn steps(rates: &impl Fn(u64) -> Rates) -> Vec<(u64, Rates)> {
    let (mut found, mut from, last) = (Vec::new(), 1, rates(MAX_INPUT_TOKENS));
    while found.len() < MAX_STEPS {
        let here = rates(from);
        if here == last {
            break;
        }
        let (mut below, mut above) = (from, MAX_INPUT_TOKENS);
        while above - below > 1 {
            let middle = below + (above - below) / 2;
            if rates(middle) == here { below = middle } else { above = middle }
        }
        found.push((below, rates(above)));
        from = above;
    }
    found
}

/// Name, dollars per piece, and whether the list says so.
fn units(row: Option<&Row>, listed: Option<Listed<'_>>) -> Vec<(&'static str, Decimal, bool)> {
    let thousand = Decimal::from(1000);
    let request = match (row.and_then(Row::request), listed.and_then(|listed| listed.requests())) {
        (Some(dollars), _) => Some(("requests", dollars, false)),
        (None, Some(rate)) => Some(("requests", rate / thousand, true)),
        (None, None) => None,
    };
    let unit = |unit: Unit| {
        if let Some(dollars) = row.and_then(|row| row.unit(unit)) {
            let piece = if is_time(unit) { Decimal::from(60) } else { Decimal::ONE };
            return Some((unit_name(unit), dollars / piece, false));
        }
        let (rate, per) = listed?.unit(unit)?;
        let piece = match per {
            Per::Thousand => thousand,
            Per::Million => Decimal::from(1_000_000),
            Per::Hour => Decimal::from(60),
        };
        Some((unit_name(unit), rate / piece, true))
    };
    request.into_iter().chain(Unit::ALL.iter().filter_map(|u| unit(*u))).collect()
}

/// How a unit is called where it has a price: audio is priced by the minute.
pub(super) fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::AudioInMs => "audio_in_minutes",
        Unit::AudioOutMs => "audio_out_minutes",
        Unit::WebSearches
        | Unit::FileSearches
        | Unit::CodeExecutions
        | Unit::ImagesOut
        | Unit::CharactersIn
        | Unit::Pages
        | Unit::RerankSearches
        | Unit::BatchRequests => unit.as_str(),
    }
}

fn shown(rates: Rates) -> Vec<(&'static str, String)> {
    rates.into_iter().map(|(name, rate)| (name, rate.normalize().to_string())).collect()
}
