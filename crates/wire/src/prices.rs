//! What an exchange costs: the maintained list prices of `genai-prices`, and an operator's overrides before them.
//!
//! `price_query` shows the order. Sums are decimals, rounded up once to a nano-dollar; what was used and has no price is
//! named, never taken for free.

use std::sync::LazyLock;

use genai_prices::Calculator;
use llmtrace_model::{Money, Unit, Units, Usage};

use crate::providers::provider_by_id;

mod bill;
mod card;
mod list;
mod names;
mod overrides;
mod quote;

use bill::Bill;
use list::{Context, Listed, Per};
use overrides::{Overrides, Row};

pub use card::PriceCard;
use card::unit_name;
pub use overrides::PriceError;
pub use quote::{BILLED_TIER, Quote};

/// The version of the price data, as it is written to every span priced by it.
const BUNDLED_VERSION: &str = "genai-prices/0.2.1";
/// The version of our own table of what the list lacks, `prices/more.yaml`.
const MORE_VERSION: &str = "more/1";
/// Words for the ordinary tier, in lower case: they are billed at the model's ordinary prices. OpenAI and Bedrock say
/// `default`, Anthropic `standard`, Groq and Gemini `on_demand`; `auto` only asks.
const ORDINARY_TIERS: [&str; 5] = ["default", "standard", "on_demand", "auto", ""];
/// The word by which Anthropic's answers say that they belong to a batch.
const BATCH_TIER: &str = "batch";
/// The buckets of plain text, as indices into `Usage::BUCKETS`.
const INPUT: usize = 0;
const OUTPUT: usize = 4;
/// Longest service tier that is named in `not_priced`, in characters.
const MAX_TIER: usize = 32;

/// Prices of models. Cheap to share, immutable: a changed override file makes a new book.
pub struct PriceBook {
    list: &'static Calculator,
    overrides: Overrides,
    more: &'static Overrides,
}

/// What a price is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PriceQuery<'a> {
    /// Provider id ([`crate::Provider::id`]).
    pub provider: &'a str,
    /// The model that answered; tried first.
    pub response_model: Option<&'a str>,
    /// The model asked for; tried where the one that answered has no price.
    pub request_model: Option<&'a str>,
    /// The tokens.
    pub usage: &'a Usage,
    /// What is billed by the piece.
    pub units: &'a Units,
    /// When; prices are dated.
    pub at_unix_seconds: i64,
    /// The service tier the provider says it billed, which may have prices of its own.
    pub service_tier: Option<&'a str>,
    /// How the exchange was submitted.
    pub processing: Processing,
}

/// How an exchange was submitted; providers sell batches for less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Processing {
    /// It was answered at once. A tier that says `batch`, and units of a batch, still make it one.
    #[default]
    Live,
    /// It belonged to a batch.
    Batch,
}

/// A price, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Priced {
    /// The price of what was used.
    Known {
        /// Rounded up, once, to a nano-dollar.
        cost: Money,
        /// Which prices were applied, joined by `+`: `override:` with eight digits of the file's hash, `genai-prices/…`, and
        /// `more/…` for our own table of what that list lacks.
        version: String,
        /// What was used and is not in the cost, or only at its ordinary price: names of buckets and units,
        /// `service_tier WORD`, `batch`.
        not_priced: Vec<String>,
    },
    /// The model has no price, or nothing that was used has one.
    Unknown,
}

impl PriceBook {
    /// The bundled list prices. The first call reads them, which takes tens of milliseconds: make it at boot.
    pub fn bundled() -> Self {
        static MORE: LazyLock<Overrides> =
            LazyLock::new(|| Overrides::parse(include_str!("prices/more.yaml")).expect("a test reads the table"));
        Self { list: Calculator::bundled(), overrides: Overrides::default(), more: &MORE }
    }

    /// The bundled list prices behind an operator's overrides (YAML). What a row does not name is priced by the list.
    ///
    /// ```yaml
    /// models:
    ///   - model: my-finetune        # exact, or a prefix that ends in *
    ///     provider: openai          # optional: only for this provider id
    ///     usd_per_million_tokens:   # input and output are required, others fall back to them
    ///       input: 2.50
    ///       cache_read: 1.25
    ///       cache_write_5m: 3.125
    ///       cache_write_1h: 5
    ///       output: 10
    ///       reasoning: 10
    ///       audio_input: 40
    ///       audio_output: 80
    ///       image_input: 2.50
    ///       image_output: 30
    ///       audio_cache_read: 2.50
    ///       image_cache_read: 0.50
    ///     above_input_tokens:       # optional: the rates of all tokens of an exchange with more input tokens than this
    ///       200000: { input: 5, output: 15 }
    ///     batch: 0.5                # optional: the share of the token prices that a batch pays
    ///     tiers: { flex: 0.5, priority: 2 }   # optional: the same for service tiers
    ///     usd_per_unit:             # optional: by the piece; the token prices may then be absent
    ///       requests: 0.005
    ///       web_searches: 0.01
    ///       code_executions: 0.03
    ///       audio_in_minutes: 0.006
    /// ```
    pub fn with_overrides(yaml: &str) -> Result<Self, PriceError> {
        Ok(Self { overrides: Overrides::parse(yaml)?, ..Self::bundled() })
    }

    /// Prices the tokens of one model.
    pub fn price(&self, provider: &str, model: &str, usage: &Usage, at_unix_seconds: i64) -> Priced {
        self.price_query(&PriceQuery {
            provider,
            response_model: Some(model),
            request_model: None,
            usage,
            units: &Units::default(),
            at_unix_seconds,
            service_tier: None,
            processing: Processing::Live,
        })
    }

    /// Prices what was used by the model that answered, else by the one asked for. An override of either wins.
    pub fn price_query(&self, query: &PriceQuery<'_>) -> Priced {
        let terms = Terms::of(query);
        let names = names::to_look_up(query.provider, [query.response_model, query.request_model]);
        let row = names.iter().find_map(|name| self.overrides.row(query.provider, name));
        let listed = names.iter().find_map(|name| self.listed(query.provider, name, terms.context));
        let more = names.iter().find_map(|name| self.more.row(query.provider, name));
        if row.is_none() && listed.is_none() && more.is_none() {
            return Priced::Unknown;
        }
        let sources = Sources { row, listed, more, free: names.iter().any(|name| is_free(name)) };
        let mut bill = Bill::default();
        sources.tokens(&mut bill, query.usage, &terms);
        sources.units(&mut bill, query.usage, query.units);
        if bill.has_nothing_but_gaps() || (bill.is_untouched() && !sources.has_a_price()) {
            return Priced::Unknown;
        }
        let Some(cost) = bill.cost() else { return Priced::Unknown };
        let overridden = bill.overridden || (row.is_some() && !bill.listed && !bill.more);
        let version = self.version(overridden, bill.listed, bill.more);
        Priced::Known { cost, version, not_priced: bill.not_priced }
    }

    fn listed<'a>(&self, provider: &str, model: &'a str, context: Context<'a>) -> Option<Listed<'a>> {
        Listed::find(self.list, provider_by_id(provider)?.price_id?, model, context)
    }

    /// The versions of what was applied; the list's where nothing was used.
    fn version(&self, overridden: bool, listed: bool, more: bool) -> String {
        let own = overridden.then(|| self.overrides.version());
        let list = (listed || !(overridden || more)).then_some(BUNDLED_VERSION);
        let more = more.then_some(MORE_VERSION);
        own.into_iter().chain(list).chain(more).collect::<Vec<_>>().join("+")
    }
}

/// On which terms the exchange was sold.
struct Terms<'a> {
    context: Context<'a>,
    /// The same without tier and batch.
    ordinary: Context<'a>,
}

impl<'a> Terms<'a> {
    fn of(query: &PriceQuery<'a>) -> Self {
        let ordinary = Context::at(query.at_unix_seconds);
        let tier = query.service_tier.filter(|tier| !ORDINARY_TIERS.iter().any(|word| tier.eq_ignore_ascii_case(word)));
        let says_batch = tier.is_some_and(|tier| tier.eq_ignore_ascii_case(BATCH_TIER));
        let batch = says_batch || query.processing == Processing::Batch || query.units.get(Unit::BatchRequests) > 0;
        Self { context: Context { tier: tier.filter(|_| !says_batch), batch, ..ordinary }, ordinary }
    }
}

/// Where the rates of one exchange come from.
struct Sources<'a> {
    row: Option<&'a Row>,
    listed: Option<Listed<'a>>,
    /// What our own table says by the piece.
    more: Option<&'a Row>,
    /// The model's name says that it costs nothing.
    free: bool,
}

impl Sources<'_> {
    fn tokens(&self, bill: &mut Bill, usage: &Usage, terms: &Terms<'_>) {
        let input_tokens = usage.input_inclusive();
        let own = self.row.filter(|row| row.has_tokens());
        for (bucket, tokens) in usage.buckets().into_iter().enumerate().filter(|(_, tokens)| *tokens > 0) {
            if let Some(rate) = own.and_then(|row| row.tokens(bucket, input_tokens, &terms.context)) {
                bill.add_tokens(tokens, rate);
                bill.overridden = true;
            } else if let Some(rate) = self.listed.and_then(|listed| listed.tokens(bucket, input_tokens)) {
                bill.add_tokens(tokens, rate);
                bill.listed = true;
            } else if !self.free {
                bill.gap(Usage::BUCKETS[bucket].to_owned());
            }
        }
        if usage.total() > 0 {
            self.terms_without_a_price(bill, terms);
        }
    }

    /// Says whether anything of the model has a price: the list also names models it has none for.
    fn has_a_price(&self) -> bool {
        let listed = |listed: &Listed<'_>| {
            [INPUT, OUTPUT].into_iter().any(|bucket| listed.tokens(bucket, 1).is_some())
                || Unit::ALL.iter().any(|unit| listed.unit(*unit).is_some())
        };
        let more = self.more.is_some_and(|row| !row.is_for_every_model());
        self.free || self.row.is_some() || more || self.listed.as_ref().is_some_and(listed)
    }

    /// Names a tier and a batch that cost here what the ordinary way costs, because nobody says what they cost.
    fn terms_without_a_price(&self, bill: &mut Bill, terms: &Terms<'_>) {
        let Context { tier, batch, .. } = terms.context;
        let is_known = |context: Context<'_>| match self.row.filter(|row| row.has_tokens()) {
            Some(row) => row.knows(&context),
            None => self.listed.is_none_or(|listed| listed.with(context).differs_from(&listed.with(terms.ordinary))),
        };
        if let Some(tier) = tier.filter(|tier| !is_known(Context { tier: Some(tier), ..terms.ordinary })) {
            bill.remark(format!("service_tier {}", tier.chars().take(MAX_TIER).collect::<String>()));
        }
        if batch && !is_known(Context { batch, ..terms.ordinary }) {
            bill.remark("batch".to_owned());
        }
    }

    fn units(&self, bill: &mut Bill, usage: &Usage, units: &Units) {
        if let Some(dollars) = self.row.and_then(Row::request) {
            bill.add_pieces(1, dollars);
            bill.overridden = true;
        } else if let Some(rate) = self.listed.and_then(|listed| listed.requests()) {
            bill.add_thousands(1, rate);
            bill.listed = true;
        }
        for (unit, count) in units.iter().filter(|(unit, _)| *unit != Unit::BatchRequests) {
            if let Some(dollars) = self.row.and_then(|row| row.unit(unit)) {
                if is_time(unit) {
                    bill.add_hours(count.into(), dollars)
                } else {
                    bill.add_pieces(count, dollars)
                }
                bill.overridden = true;
            } else if let Some((rate, per)) = self.listed.and_then(|listed| listed.unit(unit)) {
                let billed = self.listed.filter(|_| per == Per::Hour).and_then(|listed| listed.billed_ms(unit, count));
                match per {
                    Per::Thousand => bill.add_thousands(count, rate),
                    Per::Million => bill.add_tokens(count, rate),
                    Per::Hour => bill.add_hours(billed.unwrap_or_else(|| count.into()), rate),
                }
                bill.listed = true;
            } else if let Some(dollars) = self.more.and_then(|row| row.unit(unit)) {
                bill.add_pieces(count, dollars);
                bill.more = true;
            } else if !(self.free || (is_told_in_tokens(unit) && usage.total() > 0)) {
                bill.gap(unit.as_str().to_owned());
            }
        }
    }
}

/// Says whether a unit counts milliseconds.
fn is_time(unit: Unit) -> bool {
    unit_name(unit) != unit.as_str()
}

/// Says whether the tokens of the same exchange already pay for a unit: what a model reads and makes is billed one way or
/// the other, what its tools do is billed beside it.
fn is_told_in_tokens(unit: Unit) -> bool {
    match unit {
        Unit::ImagesOut | Unit::AudioInMs | Unit::AudioOutMs | Unit::CharactersIn | Unit::Pages => true,
        Unit::WebSearches | Unit::FileSearches | Unit::CodeExecutions | Unit::RerankSearches | Unit::BatchRequests => {
            false
        }
    }
}

/// OpenRouter's free variants (`vendor/model:free`) are listed without prices.
fn is_free(model: &str) -> bool {
    model.ends_with(":free")
}

#[cfg(test)]
mod tests;
