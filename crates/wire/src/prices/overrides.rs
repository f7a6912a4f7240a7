//! The operator's price file: read, checked, applied.

use llmtrace_model::Usage;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Priced, nanos_up};
use crate::providers::{PROVIDERS, provider_by_id};

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

/// The rates a file may name, with the one each falls back to.
const RATES: [(&str, Option<usize>); 12] = [
    ("input", None),
    ("output", None),
    ("cache_read", Some(0)),
    ("cache_write_5m", Some(0)),
    ("cache_write_1h", Some(3)),
    ("audio_input", Some(0)),
    ("image_input", Some(0)),
    ("reasoning", Some(1)),
    ("audio_output", Some(1)),
    ("image_output", Some(1)),
    ("audio_cache_read", Some(2)),
    ("image_cache_read", Some(2)),
];
const EXPECTED_RATE: &str = "a number of US dollars per million tokens, 0 or more";

/// Prices that go before the list.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    version: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    provider: Option<&'static str>,
    model: Pattern,
    /// In the order of [`RATES`].
    rates: [Decimal; RATES.len()],
}

#[derive(Debug)]
enum Pattern {
    Exact(String),
    Prefix(String),
}

impl Overrides {
    /// Reads and checks a file.
    pub(super) fn parse(yaml: &str) -> Result<Self, PriceError> {
        let file: Value = serde_saphyr::from_str(yaml).map_err(|e| wrong("file", &e.to_string(), "YAML"))?;
        let version = format!("override:{:08x}", hash(yaml.as_bytes()) >> 32);
        if file.is_null() {
            return Ok(Self { version, rows: Vec::new() });
        }
        let top = object(&file, "file", &["models"])?;
        let rows = match top.get("models") {
            Some(Value::Array(rows)) => rows,
            Some(Value::Null) | None => return Ok(Self { version, rows: Vec::new() }),
            Some(other) => return Err(wrong("models", &other.to_string(), "a list")),
        };
        let rows = rows
            .iter()
            .enumerate()
            .map(|(i, row)| Row::parse(row, &format!("models[{i}]")))
            .collect::<Result<_, _>>()?;
        Ok(Self { version, rows })
    }

    /// Prices the tokens, if a row is for this provider and model; the first one counts.
    pub(super) fn price(&self, provider: &str, model: &str, usage: &Usage) -> Option<Priced> {
        let row = self.rows.iter().find(|row| row.is_for(provider, model))?;
        let cost = nanos_up(row.dollars(usage)?)?;
        Some(Priced::Known { cost, version: self.version.clone() })
    }
}

impl Row {
    fn parse(row: &Value, key: &str) -> Result<Self, PriceError> {
        let members = object(row, key, &["model", "provider", "usd_per_million_tokens"])?;
        let model = match members.get("model") {
            Some(Value::String(name)) if !name.is_empty() => Pattern::parse(name),
            other => {
                return Err(wrong(&format!("{key}.model"), &shown(other), "a model name, or a prefix that ends in *"));
            }
        };
        let provider = match members.get("provider") {
            None | Some(Value::Null) => None,
            Some(Value::String(id)) if provider_by_id(id).is_some() => provider_by_id(id).map(|p| p.id),
            other => {
                let ids: Vec<&str> = PROVIDERS.iter().map(|p| p.id).collect();
                return Err(wrong(&format!("{key}.provider"), &shown(other), &format!("one of {}", ids.join(", "))));
            }
        };
        let key = format!("{key}.usd_per_million_tokens");
        let names = RATES.map(|(name, _)| name);
        let given = object(members.get("usd_per_million_tokens").unwrap_or(&Value::Null), &key, &names)?;
        let mut rates = [Decimal::ZERO; RATES.len()];
        for (i, (name, fallback)) in RATES.into_iter().enumerate() {
            rates[i] = match (given.get(name), fallback) {
                (None, Some(fallback)) => rates[fallback],
                (value, _) => rate(value, &format!("{key}.{name}"))?,
            };
        }
        Ok(Self { provider, model, rates })
    }

    fn is_for(&self, provider: &str, model: &str) -> bool {
        self.provider.is_none_or(|only| only == provider)
            && match &self.model {
                Pattern::Exact(name) => name == model,
                Pattern::Prefix(prefix) => model.starts_with(prefix.as_str()),
            }
    }

    fn dollars(&self, usage: &Usage) -> Option<Decimal> {
        let tokens = [
            usage.input,
            usage.output,
            usage.cache_read,
            usage.cache_write_5m,
            usage.cache_write_1h,
            usage.audio_input,
            usage.image_input,
            usage.reasoning,
            usage.audio_output,
            usage.image_output,
            usage.audio_cache_read,
            usage.image_cache_read,
        ];
        let mut sum = Decimal::ZERO;
        for (tokens, rate) in tokens.into_iter().zip(self.rates) {
            sum = sum.checked_add(Decimal::from(tokens).checked_mul(rate)?)?;
        }
        sum.checked_div(Decimal::from(1_000_000))
    }
}

impl Pattern {
    fn parse(name: &str) -> Self {
        match name.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(name.to_owned()),
        }
    }
}

fn rate(value: Option<&Value>, key: &str) -> Result<Decimal, PriceError> {
    let text = match value {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.clone(),
        other => return Err(wrong(key, &shown(other), EXPECTED_RATE)),
    };
    let parsed = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text)).ok();
    parsed.filter(|rate| !rate.is_sign_negative()).ok_or_else(|| wrong(key, &text, EXPECTED_RATE))
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

/// FNV-1a: names a version of the file, guards nothing.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
