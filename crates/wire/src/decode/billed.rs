//! Whether the usage an answer reports is billed by its exchange, or repeats what another one was billed for.

use llmtrace_model::Usage;
use serde_json::{Map, Value};

/// The parameter that shows the usage of an exchange that does not bill it.
pub const REPEATED_USAGE: &str = "repeated_usage";

/// The parameter (`true`) of an exchange with a usage that others may report as well: by it a store finds who is billed.
pub const BILLED_ONCE: &str = "billed_once";

/// Where the usage an answer reports is billed. A provider bills a response once, however often it is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Billed {
    /// By this exchange.
    #[default]
    Here,
    /// By the exchange that reports it first: a response made in the background, or a batch, is read by later exchanges,
    /// and only the back lane knows which of them was the first. [`Decoded::usage`](super::Decoded::usage) holds the usage,
    /// and the parameters have [`BILLED_ONCE`].
    IfUnseen,
    /// By an earlier exchange: this one repeats it, under [`REPEATED_USAGE`] in the parameters, and has no usage.
    Elsewhere,
}

/// A usage that is shown and not billed: its buckets by name, without the empty ones, and their sum.
pub fn repeated_usage(usage: &Usage) -> Value {
    let buckets = Usage::BUCKETS.into_iter().zip(usage.buckets()).filter(|(_, tokens)| *tokens > 0);
    let all = buckets.chain([("total", usage.total())]);
    Value::Object(all.map(|(name, tokens)| (name.to_owned(), Value::from(tokens))).collect::<Map<_, _>>())
}
