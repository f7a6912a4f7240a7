//! Providers' usage objects to exclusive buckets.

use llmtrace_model::{Unit, Units, Usage};
use memchr::memmem;

use crate::json::Json;

/// Says without parsing whether a chunk may have a `usage` member that is not `null`.
///
/// A text that says "usage" has its quotes escaped, so what is found is a key or a whole string; whatever does not plainly
/// read `"usage": null` counts.
pub(crate) fn may_have_usage(data: &[u8]) -> bool {
    memmem::find_iter(data, b"\"usage\"").any(|at| {
        let rest = data[at + 7..].trim_ascii_start();
        let is_null = |value: &[u8]| value.trim_ascii_start().starts_with(b"null");
        !rest.strip_prefix(b":").is_some_and(is_null)
    })
}

/// Reads OpenAI's `usage`: inclusive numbers with details inside. `None` where it holds no counter we know.
///
/// The buckets always add up to the provider's total: a detail that is larger than its sum is cut to it.
pub(crate) fn openai_usage(usage: &Json<'_>) -> Option<Usage> {
    let prompt = usage.u64_at("prompt_tokens").or_else(|| usage.u64_at("input_tokens"));
    let completion = usage.u64_at("completion_tokens").or_else(|| usage.u64_at("output_tokens"));
    let total = usage.u64_at("total_tokens");
    let (prompt, completion) = match (prompt, completion) {
        (Some(prompt), completion) => {
            (prompt, completion.unwrap_or_else(|| total.map_or(0, |total| total.saturating_sub(prompt))))
        }
        (None, Some(completion)) => (total.map_or(0, |t| t.saturating_sub(completion)), completion),
        // Embedding servers that only count a total: all of it is input.
        (None, None) => (total?, 0),
    };
    let input_details = usage.get("prompt_tokens_details").or_else(|| usage.get("input_tokens_details"));
    let output_details = usage.get("completion_tokens_details").or_else(|| usage.get("output_tokens_details"));
    let detail = |of: Option<&Json<'_>>, key: &str| of.and_then(|d| d.u64_at(key)).unwrap_or(0);
    let cached = input_details
        .and_then(|d| d.u64_at("cached_tokens"))
        .or_else(|| usage.u64_at("prompt_cache_hit_tokens"))
        .or_else(|| usage.u64_at("cached_tokens"))
        .or_else(|| usage.u64_at("num_cached_tokens"))
        .or_else(|| input_details.and_then(|d| d.u64_at("cache_read_input_tokens")))
        .unwrap_or(0);
    let mut input = prompt;
    let cache_read = take(&mut input, cached);
    let cache_write_5m = take(&mut input, detail(input_details, "cache_write_tokens"));
    let audio_input = take(&mut input, detail(input_details, "audio_tokens"));
    let image_input = take(&mut input, detail(input_details, "image_tokens"));

    // SGLang counts reasoning inside the completion, Perplexity beside it; each without details.
    let own = usage.u64_at("reasoning_tokens").unwrap_or(0);
    let searched = ["num_search_queries", "citation_tokens", "search_context_size"];
    let is_perplexity = searched.into_iter().any(|key| usage.get(key).is_some());
    let reasoning = match output_details.and_then(|d| d.u64_at("reasoning_tokens")) {
        Some(reasoning) => reasoning,
        None if is_perplexity => 0,
        None => own,
    };
    // xAI counts reasoning beside the completion, not inside; its total tells.
    let beside = reasoning > 0 && total == Some(prompt.saturating_add(completion).saturating_add(reasoning));
    let mut output = if beside { completion.saturating_add(reasoning) } else { completion };
    let reasoning = take(&mut output, reasoning);
    // Google's OpenAI-compatible API tells its thoughts in the total alone.
    let written = prompt.saturating_add(output).saturating_add(reasoning);
    let mut reasoning = reasoning.saturating_add(total.map_or(0, |total| total.saturating_sub(written)));
    let audio_output = take(&mut output, detail(output_details, "audio_tokens"));
    if is_perplexity {
        // Billed, though its total leaves them out: reasoning, and the pages it read (at the price of input).
        reasoning = reasoning.saturating_add(own);
        input = input.saturating_add(usage.u64_at("citation_tokens").unwrap_or(0));
    }
    Some(Usage {
        input,
        cache_read,
        cache_write_5m,
        cache_write_1h: 0,
        output,
        reasoning,
        audio_input,
        audio_output,
        image_input,
        ..Usage::default()
    })
}

/// Reads what OpenAI-compatible servers count in `usage` beside tokens: Perplexity's and xAI's searches, OpenRouter's, and
/// the seconds of Mistral's audio.
pub(crate) fn openai_units(usage: &Json<'_>) -> Units {
    let mut units = Units::default();
    let counted = |of: Option<&Json<'_>>, keys: &[&str]| -> u64 {
        keys.iter().filter_map(|key| of.and_then(|of| of.u64_at(key))).fold(0, u64::saturating_add)
    };
    let own = usage.get("server_side_tool_usage_details");
    units.add(Unit::WebSearches, counted(Some(usage), &["num_search_queries"]));
    units.add(Unit::WebSearches, counted(own, &["web_search_calls", "x_search_calls"]));
    units.add(Unit::WebSearches, counted(usage.get("server_tool_use"), &["web_search_requests"]));
    let search = usage.get("tool_calls_details").and_then(|details| details.get("search_web"));
    units.add(Unit::WebSearches, counted(search, &["invocation"]));
    units.add(Unit::FileSearches, counted(own, &["file_search_calls", "document_search_calls"]));
    units.add(Unit::CodeExecutions, counted(own, &["code_interpreter_calls"]));
    units.add(Unit::ImagesOut, counted(own, &["image_generation_calls"]));
    units.add(Unit::AudioInMs, counted(Some(usage), &["prompt_audio_seconds"]).saturating_mul(1000));
    units
}

/// Moves up to `wanted` tokens out of `from`.
pub(crate) fn take(from: &mut u64, wanted: u64) -> u64 {
    let taken = wanted.min(*from);
    *from -= taken;
    taken
}

/// Anthropic's counters as they come: exclusive, and cumulative over the events of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct AnthropicUsage {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_5m: Option<u64>,
    cache_write_1h: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
}

impl AnthropicUsage {
    /// Takes a `usage` object: of each counter the latest value counts, nothing is added up.
    pub(crate) fn take(&mut self, usage: &Json<'_>) {
        let written = usage.get("cache_creation");
        let details = usage.get("output_tokens_details");
        let latest = |slot: &mut Option<u64>, value: Option<u64>| *slot = value.or(*slot);
        latest(&mut self.input, usage.u64_at("input_tokens"));
        latest(&mut self.cache_read, usage.u64_at("cache_read_input_tokens"));
        latest(&mut self.cache_write, usage.u64_at("cache_creation_input_tokens"));
        latest(&mut self.cache_write_5m, written.and_then(|w| w.u64_at("ephemeral_5m_input_tokens")));
        latest(&mut self.cache_write_1h, written.and_then(|w| w.u64_at("ephemeral_1h_input_tokens")));
        latest(&mut self.output, usage.u64_at("output_tokens"));
        latest(
            &mut self.thinking,
            details.and_then(|d| d.u64_at("thinking_tokens").or_else(|| d.u64_at("reasoning_tokens"))),
        );
    }

    /// The buckets; `None` before any counter came.
    pub(crate) fn usage(&self) -> Option<Usage> {
        if *self == Self::default() {
            return None;
        }
        let cache_write_1h = self.cache_write_1h.unwrap_or(0);
        // The sum is the older member: a server that sends only it means five minutes.
        let cache_write_5m = match self.cache_write {
            Some(all) => all.saturating_sub(cache_write_1h),
            None => self.cache_write_5m.unwrap_or(0),
        };
        let mut output = self.output.unwrap_or(0);
        let reasoning = take(&mut output, self.thinking.unwrap_or(0));
        Some(Usage {
            input: self.input.unwrap_or(0),
            cache_read: self.cache_read.unwrap_or(0),
            cache_write_5m,
            cache_write_1h,
            output,
            reasoning,
            ..Usage::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Rules, parse};

    fn openai(text: &str) -> Option<Usage> {
        openai_usage(&parse(text, &Rules::default()).expect("valid"))
    }

    #[test]
    fn details_are_taken_out_of_their_sums() {
        let usage = openai(
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
                "prompt_tokens_details":{"cached_tokens":60,"audio_tokens":10},
                "completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":5,"accepted_prediction_tokens":3}}"#,
        );
        let expected = Usage {
            input: 30,
            cache_read: 60,
            audio_input: 10,
            output: 25,
            reasoning: 20,
            audio_output: 5,
            ..Usage::default()
        };
        assert_eq!(usage, Some(expected));
        assert_eq!(usage.map(|u| u.total()), Some(150));
    }

    #[test]
    fn an_explicit_zero_stays_zero_and_nothing_is_none() {
        assert_eq!(openai(r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#), Some(Usage::default()));
        assert_eq!(openai("{}"), None);
        assert_eq!(openai("null"), None);
        assert_eq!(openai(r#"{"total_tokens":7}"#).map(|u| u.input), Some(7));
    }

    #[test]
    fn other_servers_words_are_understood() {
        let deepseek = openai(
            r#"{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":6}"#,
        );
        assert_eq!(deepseek.map(|u| (u.input, u.cache_read)), Some((6, 4)));
        let xai = openai(
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"completion_tokens_details":{"reasoning_tokens":100}}"#,
        );
        assert_eq!(xai.map(|u| (u.output, u.reasoning, u.total())), Some((5, 100, 115)));
        let google = openai(r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115}"#);
        assert_eq!(google.map(|u| (u.output, u.reasoning, u.total())), Some((5, 100, 115)));
    }

    #[test]
    fn what_stands_beside_the_sums_is_inside_or_outside_by_server() {
        let sglang = openai(
            r#"{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16,"prompt_tokens_details":null,"reasoning_tokens":4}"#,
        );
        assert_eq!(sglang.map(|u| (u.output, u.reasoning, u.total())), Some((3, 4, 16)));
        let perplexity = openai(
            r#"{"prompt_tokens":33,"completion_tokens":71,"total_tokens":104,"citation_tokens":190,"num_search_queries":18,"reasoning_tokens":2031}"#,
        );
        assert_eq!(perplexity.map(|u| (u.input, u.output, u.reasoning)), Some((223, 71, 2031)));
    }

    #[test]
    fn anthropic_counters_are_cumulative_and_exclusive() {
        let mut seen = AnthropicUsage::default();
        assert_eq!(seen.usage(), None);
        for event in [
            r#"{"input_tokens":25,"cache_creation_input_tokens":30,"cache_read_input_tokens":100,"output_tokens":1,
                "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}}"#,
            r#"{"output_tokens":15}"#,
            r#"{"input_tokens":26,"output_tokens":40}"#,
        ] {
            seen.take(&parse(event, &Rules::default()).expect("valid"));
        }
        let expected = Usage {
            input: 26,
            cache_read: 100,
            cache_write_5m: 10,
            cache_write_1h: 20,
            output: 40,
            ..Usage::default()
        };
        assert_eq!(seen.usage(), Some(expected));
    }
}
