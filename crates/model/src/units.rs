//! What an exchange is billed by besides tokens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Usage, word::words};

words! {
    /// A thing that providers bill by the piece. New ones go to the end: the journal keeps their order.
    Unit {
        /// Web searches run by a hosted tool.
        WebSearches = "web_searches",
        /// Searches in files or vector stores the provider holds.
        FileSearches = "file_searches",
        /// Sessions (or runs) of a hosted code interpreter.
        CodeExecutions = "code_executions",
        /// Images made.
        ImagesOut = "images_out",
        /// Audio in, in milliseconds.
        AudioInMs = "audio_in_ms",
        /// Audio made, in milliseconds.
        AudioOutMs = "audio_out_ms",
        /// Characters in, where speech is billed by them.
        CharactersIn = "characters_in",
        /// Pages of documents read.
        Pages = "pages",
        /// Searches of a rerank model.
        RerankSearches = "rerank_searches",
        /// Requests of a batch.
        BatchRequests = "batch_requests",
    } "web_searches, file_searches, code_executions, images_out, audio_in_ms, audio_out_ms, characters_in, pages, rerank_searches, batch_requests"
}

/// How many of each [`Unit`]; an absent one is zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Units(BTreeMap<Unit, u64>);

impl Units {
    /// None of anything.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds some; zero is not kept.
    pub fn add(&mut self, unit: Unit, count: u64) {
        if count > 0 {
            let sum = self.0.entry(unit).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// Sets the number of one, for counters that are cumulative.
    pub fn set(&mut self, unit: Unit, count: u64) {
        if count > 0 {
            self.0.insert(unit, count);
        } else {
            self.0.remove(&unit);
        }
    }

    /// How many of one.
    pub fn get(&self, unit: Unit) -> u64 {
        self.0.get(&unit).copied().unwrap_or(0)
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every unit that is there, in the order of [`Unit`].
    pub fn iter(&self) -> impl Iterator<Item = (Unit, u64)> + '_ {
        self.0.iter().map(|(unit, count)| (*unit, *count))
    }
}

/// Everything a provider's bill for one exchange follows from, as far as the answer says it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meter {
    /// Tokens; `None` where none were reported.
    pub usage: Option<Usage>,
    /// What is billed by the piece.
    pub units: Units,
    /// The service tier the provider says it billed.
    pub service_tier: Option<String>,
}
