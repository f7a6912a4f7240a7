//! What Cohere's formats share: usage, and the members around answers.

use llmtrace_model::{Unit, Units, Usage};

use crate::json::Json;

/// Reads `usage` (chat) or `meta` (embed, rerank): what is billed where it says so, else what was counted.
///
/// `tokens` counts what the model saw, `billed_units` what is on the bill (Cohere, "How does Cohere's pricing work?",
/// 2026-10); the two differ by the instructions that Cohere adds. `None` where there is no counter.
pub(super) fn usage(of: &Json<'_>) -> Option<Usage> {
    let tokens = |counters: &Json<'_>| {
        let (input, output) = (counters.u64_at("input_tokens"), counters.u64_at("output_tokens"));
        let image = counters.u64_at("image_tokens");
        input.or(output).or(image)?;
        Some(Usage {
            input: input.unwrap_or(0),
            output: output.unwrap_or(0),
            image_input: image.unwrap_or(0),
            ..Usage::default()
        })
    };
    let mut usage = of.get("billed_units").and_then(tokens).or_else(|| of.get("tokens").and_then(tokens))?;
    let cached = of.u64_at("cached_tokens").unwrap_or(0).min(usage.input);
    usage.input -= cached;
    usage.cache_read = cached;
    Some(usage)
}

/// Reads what is billed by the piece.
pub(super) fn units(of: &Json<'_>) -> Units {
    let mut units = Units::default();
    let billed = of.get("billed_units").and_then(|billed| billed.u64_at("search_units"));
    units.set(Unit::RerankSearches, billed.unwrap_or(0));
    units
}
