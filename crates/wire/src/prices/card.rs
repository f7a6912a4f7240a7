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
        let more = names.iter().find_map(|name| self.more.row(provider, name));
        let units = units([row, more], listed);
        let from = |source| units.iter().any(|(_, _, from)| *from == source);
        let is_known = row.is_some() || !tokens.is_empty() || more.is_some_and(|row| !row.is_for_every_model());
        if !is_known && !from(From::List) {
            return None;
        }
        let overridden = own.is_some() || from(From::Row);
        let listed = (own.is_none() && !tokens.is_empty()) || from(From::List);
        let more = from(From::More);
        Some(PriceCard {
            version: self.version(overridden, listed, more),
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

/// Where the price of a unit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Row,
    List,
    More,
}

/// Name, dollars per piece, and where they come from.
fn units([row, more]: [Option<&Row>; 2], listed: Option<Listed<'_>>) -> Vec<(&'static str, Decimal, From)> {
    let thousand = Decimal::from(1000);
    let request = match (row.and_then(Row::request), listed.and_then(|listed| listed.requests())) {
        (Some(dollars), _) => Some(("requests", dollars, From::Row)),
        (None, Some(rate)) => Some(("requests", rate / thousand, From::List)),
        (None, None) => None,
    };
    let of_row = |row: Option<&Row>, unit: Unit| {
        let dollars = row?.unit(unit)?;
        Some(if is_time(unit) { dollars / Decimal::from(60) } else { dollars })
    };
    let of_list = |unit: Unit| {
        let (rate, per) = listed?.unit(unit)?;
        let piece = match per {
            Per::Thousand => thousand,
            Per::Million => Decimal::from(1_000_000),
            Per::Hour => Decimal::from(60),
        };
        Some(rate / piece)
    };
    let unit = |unit: Unit| {
        let found = of_row(row, unit).map(|dollars| (dollars, From::Row));
        let found = found.or_else(|| of_list(unit).map(|dollars| (dollars, From::List)));
        let (dollars, from) = found.or_else(|| of_row(more, unit).map(|dollars| (dollars, From::More)))?;
        Some((unit_name(unit), dollars, from))
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
