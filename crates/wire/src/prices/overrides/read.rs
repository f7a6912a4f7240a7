//! Reads the price file and says what is wrong in it.

use std::collections::BTreeMap;

use llmtrace_model::{Unit, Usage};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Pattern, Rates, Row};
use crate::{
    prices::{is_time, unit_name},
    providers::{PROVIDERS, provider_by_id},
};

/// Says what is wrong in a price file: which key, what was found, what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("prices: {key}: found {found}, expected {expected}")]
pub struct PriceError {
    /// The place, as `models[2].usd_per_million_tokens.input`.
    pub key: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}

/// The bucket each rate falls back to where the file does not name it; `input` and `output` fall back to nothing.
const FALLBACKS: [(&str, &str); 10] = [
    ("cache_read", "input"),
    ("cache_write_5m", "input"),
    ("cache_write_1h", "cache_write_5m"),
    ("audio_input", "input"),
    ("image_input", "input"),
    ("reasoning", "output"),
    ("audio_output", "output"),
    ("image_output", "output"),
    ("audio_cache_read", "cache_read"),
    ("image_cache_read", "cache_read"),
];
const EXPECTED_RATE: &str = "a number of US dollars per million tokens, 0 or more";
const EXPECTED_PIECE: &str = "a number of US dollars for one, 0 or more";
const EXPECTED_SHARE: &str = "a factor of the ordinary price, 0 or more";
const REQUESTS: &str = "requests";
const MEMBERS: [&str; 7] =
    ["model", "provider", "usd_per_million_tokens", "above_input_tokens", "batch", "tiers", "usd_per_unit"];

/// The rows of a file.
pub(super) fn rows(yaml: &str) -> Result<Vec<Row>, PriceError> {
    let file: Value = serde_saphyr::from_str(yaml).map_err(|e| wrong("file", &e.to_string(), "YAML"))?;
    if file.is_null() {
        return Ok(Vec::new());
    }
    let rows = match object(&file, "file", &["models"])?.get("models") {
        Some(Value::Array(rows)) => rows,
        Some(Value::Null) | None => return Ok(Vec::new()),
        Some(other) => return Err(wrong("models", &other.to_string(), "a list")),
    };
    rows.iter().enumerate().map(|(i, one)| row(one, &format!("models[{i}]"))).collect()
}

fn row(row: &Value, key: &str) -> Result<Row, PriceError> {
    let members = object(row, key, &MEMBERS)?;
    let given = |name: &str| members.get(name).filter(|value| !value.is_null());
    let model = match members.get("model") {
        Some(Value::String(name)) if !name.is_empty() => Pattern::parse(name),
        other => return Err(wrong(&format!("{key}.model"), &shown(other), "a model name, or a prefix that ends in *")),
    };
    let provider = match given("provider") {
        None => None,
        Some(Value::String(id)) if provider_by_id(id).is_some() => provider_by_id(id).map(|p| p.id),
        other => {
            let ids: Vec<&str> = PROVIDERS.iter().map(|p| p.id).collect();
            return Err(wrong(&format!("{key}.provider"), &shown(other), &format!("one of {}", ids.join(", "))));
        }
    };
    let tokens_key = format!("{key}.usd_per_million_tokens");
    let rates = match (given("usd_per_million_tokens"), given("usd_per_unit")) {
        (None, Some(_)) => None,
        (tokens, _) => Some(rates(tokens.unwrap_or(&Value::Null), &tokens_key)?),
    };
    let above =
        given("above_input_tokens").map_or(Ok(Vec::new()), |v| steps(v, &format!("{key}.above_input_tokens")))?;
    let batch = given("batch").map(|v| number(Some(v), &format!("{key}.batch"), EXPECTED_SHARE)).transpose()?;
    let tiers = given("tiers").map_or(Ok(BTreeMap::new()), |v| tiers(v, &format!("{key}.tiers")))?;
    for (name, is_given) in
        [("above_input_tokens", !above.is_empty()), ("batch", batch.is_some()), ("tiers", !tiers.is_empty())]
    {
        if is_given && rates.is_none() {
            return Err(wrong(&tokens_key, "nothing", &format!("token prices, which {name} of the same row changes")));
        }
    }
    let (units, request) =
        given("usd_per_unit").map_or(Ok(Default::default()), |v| pieces(v, &format!("{key}.usd_per_unit")))?;
    Ok(Row { provider, model, rates, above, batch, tiers, units, request })
}

fn rates(value: &Value, key: &str) -> Result<Rates, PriceError> {
    let given = object(value, key, &Usage::BUCKETS)?;
    let mut rates = Rates::default();
    for (rate, name) in rates.iter_mut().zip(Usage::BUCKETS) {
        let mut from = name;
        while let (None, Some((_, next))) = (given.get(from), FALLBACKS.iter().find(|(rate, _)| *rate == from)) {
            from = next;
        }
        *rate = number(given.get(from), &format!("{key}.{from}"), EXPECTED_RATE)?;
    }
    Ok(rates)
}

fn steps(value: &Value, key: &str) -> Result<Vec<(u64, Rates)>, PriceError> {
    let expected = "an object of numbers of input tokens and their rates";
    let Value::Object(given) = value else { return Err(wrong(key, &value.to_string(), expected)) };
    let mut steps = Vec::new();
    for (above, value) in given {
        let tokens = above.parse::<u64>().map_err(|_| wrong(key, above, expected))?;
        steps.push((tokens, rates(value, &format!("{key}.{above}"))?));
    }
    steps.sort_by_key(|(above, _)| *above);
    Ok(steps)
}

fn tiers(value: &Value, key: &str) -> Result<BTreeMap<String, Decimal>, PriceError> {
    let expected = "an object of service tiers and factors";
    let Value::Object(given) = value else { return Err(wrong(key, &value.to_string(), expected)) };
    let tier = |(word, value): (&String, &Value)| {
        Ok((word.to_ascii_lowercase(), number(Some(value), &format!("{key}.{word}"), EXPECTED_SHARE)?))
    };
    given.iter().map(tier).collect()
}

fn pieces(value: &Value, key: &str) -> Result<(BTreeMap<Unit, Decimal>, Option<Decimal>), PriceError> {
    // A batch is a way of submitting requests, not a thing that is sold.
    let sold = || Unit::ALL.iter().filter(|unit| **unit != Unit::BatchRequests);
    let names: Vec<&str> = sold().map(|unit| unit_name(*unit)).chain([REQUESTS]).collect();
    let given = object(value, key, &names)?;
    let price = |name: &str| {
        given.get(name).map(|value| number(Some(value), &format!("{key}.{name}"), EXPECTED_PIECE)).transpose()
    };
    let mut units = BTreeMap::new();
    for unit in sold() {
        if let Some(dollars) = price(unit_name(*unit))? {
            // By the hour, because a minute's price need not divide evenly by its milliseconds.
            units.insert(*unit, if is_time(*unit) { dollars * Decimal::from(60) } else { dollars });
        }
    }
    Ok((units, price(REQUESTS)?))
}

fn number(value: Option<&Value>, key: &str, expected: &str) -> Result<Decimal, PriceError> {
    let text = match value {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.clone(),
        other => return Err(wrong(key, &shown(other), expected)),
    };
    let parsed = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text)).ok();
    parsed.filter(|rate| !rate.is_sign_negative()).ok_or_else(|| wrong(key, &text, expected))
}

/// An object with none but the known members.
fn object<'v>(value: &'v Value, key: &str, known: &[&str]) -> Result<&'v Map<String, Value>, PriceError> {
    let expected = || format!("an object with {}", known.join(", "));
    let Value::Object(members) = value else { return Err(wrong(key, &value.to_string(), &expected())) };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => {
            Err(wrong(&format!("{key}.{unknown}"), "an unknown key", &format!("one of {}", known.join(", "))))
        }
        None => Ok(members),
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
}

fn wrong(key: &str, found: &str, expected: &str) -> PriceError {
    PriceError { key: key.to_owned(), found: found.chars().take(200).collect(), expected: expected.to_owned() }
}
