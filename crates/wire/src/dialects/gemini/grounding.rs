//! What Google searched and read for an answer, and how it is billed.
//!
//! Billing (Gemini API pricing, "Grounding with Google Search", 2026-11): up to Gemini 2.5 a prompt that was answered with
//! search results counts once, however many queries it took; from Gemini 3 on every distinct query that is not empty counts.

use llmtrace_model::{Part, Unit, Units};
use serde_json::{Value, json};

use super::{at, text_at};
use crate::{headers::redact_target, json::Json};

/// Most queries, sources and citations that are kept apart.
const MAX_KEPT: usize = 1024;

/// What a candidate's metadata say, gathered over the events of a stream.
#[derive(Debug, Default)]
pub(super) struct Grounding {
    queries: Vec<String>,
    sources: Vec<Source>,
    pages: Vec<Value>,
    citations: Vec<String>,
}

#[derive(Debug, PartialEq)]
struct Source {
    title: Option<String>,
    uri: String,
    web: bool,
}

impl Grounding {
    /// Takes a `groundingMetadata`; events may repeat what earlier ones said.
    pub(super) fn take(&mut self, metadata: &Json<'_>) {
        for query in list(metadata, "webSearchQueries").iter().filter_map(Json::as_str).filter(|q| !q.is_empty()) {
            push_new(&mut self.queries, query.to_owned());
        }
        for chunk in list(metadata, "groundingChunks") {
            let place = |kind: &str, web: bool| {
                let held = at(chunk, kind)?;
                let uri = redact_target(text_at(held, "uri").unwrap_or("")).into_owned();
                Some(Source { title: text_at(held, "title").map(str::to_owned), uri, web })
            };
            let source =
                place("web", true).or_else(|| place("maps", false)).or_else(|| place("retrievedContext", false));
            if let Some(source) = source {
                push_new(&mut self.sources, source);
            }
        }
    }

    /// Takes a `urlContextMetadata`.
    pub(super) fn take_pages(&mut self, metadata: &Json<'_>) {
        for page in list(metadata, "urlMetadata") {
            let url = redact_target(text_at(page, "retrievedUrl").unwrap_or("")).into_owned();
            push_new(&mut self.pages, json!({"url": url, "status": text_at(page, "urlRetrievalStatus")}));
        }
    }

    /// Takes a `citationMetadata`; Vertex AI calls its list `citations`.
    pub(super) fn take_citations(&mut self, metadata: &Json<'_>) {
        let sources = list(metadata, "citationSources").iter().chain(list(metadata, "citations"));
        for uri in sources.filter_map(|source| text_at(source, "uri")) {
            push_new(&mut self.citations, redact_target(uri).into_owned());
        }
    }

    /// Adds to what is billed by the piece; `model` is the one that answered.
    pub(super) fn count<'g>(all: impl Iterator<Item = &'g Self>, model: Option<&str>, units: &mut Units) {
        let mut queries: Vec<&str> = Vec::new();
        let mut grounded = false;
        for grounding in all {
            grounded |= !grounding.queries.is_empty() || grounding.sources.iter().any(|source| source.web);
            queries.extend(grounding.queries.iter().map(String::as_str));
        }
        queries.sort_unstable();
        queries.dedup();
        let searches = if is_billed_by_prompt(model) { u64::from(grounded) } else { queries.len() as u64 };
        units.set(Unit::WebSearches, searches);
    }

    /// As the calls of hosted tools that they were, and the sources that are cited.
    pub(super) fn into_parts(self, parts: &mut Vec<Part>) {
        let answer = |name: &str, result: Value| Part::ToolCallResponse { id: Some(name.to_owned()), result };
        if !self.queries.is_empty() {
            let arguments = json!({"queries": self.queries});
            parts.push(Part::ToolCall { id: None, name: "google_search".to_owned(), arguments });
        }
        if !self.sources.is_empty() {
            let sources = self.sources.into_iter().map(|s| json!({"title": s.title, "uri": s.uri})).collect();
            parts.push(answer("google_search", Value::Array(sources)));
        }
        if !self.pages.is_empty() {
            parts.push(answer("url_context", Value::Array(self.pages)));
        }
        let cited = |uri| Part::Uri { modality: "document".to_owned(), uri };
        parts.extend(self.citations.into_iter().map(cited));
    }
}

/// Models up to 2.5; every other name, dated or not, is newer.
fn is_billed_by_prompt(model: Option<&str>) -> bool {
    model.is_some_and(|name| ["gemini-1.", "gemini-2.", "gemini-live-2."].iter().any(|old| name.contains(old)))
}

fn list<'j, 'a>(value: &'j Json<'a>, name: &str) -> &'j [Json<'a>] {
    match at(value, name) {
        Some(Json::Array(items)) => items,
        _ => &[],
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.len() < MAX_KEPT && !list.contains(&item) {
        list.push(item);
    }
}
