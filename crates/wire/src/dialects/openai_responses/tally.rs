//! What a response is billed for by the piece.
//!
//! - Web search: OpenAI bills searches, not the pages a reasoning model opens after one. `tool_usage.web_search` says how
//!   many it counted; without it the `web_search_call` items that searched count.
//! - File search: every `file_search_call` item, however many queries it ran.
//! - Code interpreter: by container, for a session of 20 minutes, however often it runs; so containers are counted, not
//!   calls. A container that an earlier response paid for and this one uses again within its session counts again here.
//! - Images: every image made. Where the image model's tokens are billed instead, `tool_usage.image_gen` has them.
//!
//! Source: OpenAI, "Pricing", "Web search" and "Code interpreter" (2026-10). What xAI and Perplexity count themselves comes
//! from their `usage` ([`openai_units`]).

use llmtrace_model::{Unit, Units};

use crate::{json::Json, usage::openai_units};

/// Most containers that are told apart.
const MAX_CONTAINERS: usize = 256;

/// Counts while items pass.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    searches: u64,
    file_searches: u64,
    images: u64,
    containers: Vec<String>,
    /// Calls that do not name their container.
    sessions: u64,
    /// Searches that `tool_usage` says are billed.
    told_searches: Option<u64>,
    /// What `usage` says was counted.
    told: Units,
}

impl Tally {
    /// Takes one output item that is done.
    pub(super) fn see(&mut self, item: &Json<'_>) {
        let is_done = item.str_at("status").is_none_or(|status| status == "completed");
        match item.str_at("type") {
            Some("web_search_call") if is_done => {
                let action = item.get("action").and_then(|action| action.str_at("type"));
                self.searches += u64::from(action.is_none_or(|kind| kind == "search"));
            }
            Some("file_search_call") if is_done => self.file_searches += 1,
            Some("image_generation_call") => {
                let made = item.str_at("result").is_some_and(|image| !image.is_empty());
                self.images += u64::from(made);
            }
            Some("code_interpreter_call") => match item.str_at("container_id") {
                Some(id) => self.container(id),
                None => self.sessions += 1,
            },
            Some("shell_call") => {
                if let Some(id) = item.get("environment").and_then(|at| at.str_at("container_id")) {
                    self.container(id);
                }
            }
            Some(_) | None => {}
        }
    }

    /// Forgets the items, but not what the provider says itself.
    pub(super) fn forget_items(&mut self) {
        let Self { told, told_searches, .. } = std::mem::take(self);
        *self = Self { told, told_searches, ..Self::default() };
    }

    fn container(&mut self, id: &str) {
        if self.containers.len() < MAX_CONTAINERS && !self.containers.iter().any(|known| known == id) {
            self.containers.push(id.to_owned());
        }
    }

    /// Takes `tool_usage`.
    pub(super) fn tools(&mut self, value: &Json<'_>) {
        let searches = value.get("web_search").and_then(|search| search.u64_at("num_requests"));
        self.told_searches = searches.or(self.told_searches);
    }

    /// Takes `usage`.
    pub(super) fn usage(&mut self, value: &Json<'_>) {
        for (unit, count) in openai_units(value).iter() {
            self.told.set(unit, count);
        }
    }

    /// What counts: the provider's own number, else what was seen.
    pub(super) fn units(&self) -> Units {
        let mut units = Units::default();
        units.set(Unit::WebSearches, self.told_searches.unwrap_or(self.searches));
        units.set(Unit::FileSearches, self.file_searches);
        units.set(Unit::ImagesOut, self.images);
        units.set(Unit::CodeExecutions, self.sessions.saturating_add(self.containers.len() as u64));
        for (unit, count) in self.told.iter() {
            units.set(unit, count);
        }
        units
    }
}
