//! What an InvokeModel answer used, in the words of every vendor: one reader for decoder and scanner.

use llmtrace_model::Usage;

use super::METRICS;
use crate::{
    dialects::bedrock,
    json::Json,
    usage::{AnthropicUsage, openai_usage},
};

/// The counters so far. Of each the latest value counts, nothing is added up.
#[derive(Default)]
pub(super) struct Counted {
    anthropic: AnthropicUsage,
    /// Usage objects of other vendors.
    object: Option<Usage>,
    /// Single counters beside the text.
    input: Option<u64>,
    output: Option<u64>,
    /// Whether input alone is all there is to count.
    embeds: bool,
    metrics: Option<Metrics>,
}

/// What Bedrock itself counted: input, output, read from the cache, written to it.
type Metrics = [Option<u64>; 4];

impl Counted {
    /// The counters of an answer that holds vectors.
    pub(super) fn of_embeddings() -> Self {
        Self { embeds: true, ..Self::default() }
    }

    /// Takes an answer, or one event of a stream.
    pub(super) fn take(&mut self, event: &Json<'_>) {
        if let Json::Object(members) = event {
            for (key, value) in members {
                self.member(key, value);
            }
        }
    }

    /// Takes one member of an answer or event.
    pub(super) fn member(&mut self, key: &str, value: &Json<'_>) {
        let latest = |slot: &mut Option<u64>| *slot = value.as_u64().or(*slot);
        match key {
            "usage" => self.usage_object(value),
            // Anthropic's `message_start`, and Nova's last event.
            "message" | "metadata" => {
                if let Some(usage) = value.get("usage") {
                    self.usage_object(usage);
                }
            }
            // Cohere, in an answer or in the one that its last event repeats.
            "meta" => self.billed(value),
            "response" => {
                if let Some(meta) = value.get("meta") {
                    self.billed(meta);
                }
            }
            "prompt_token_count" | "inputTextTokenCount" => latest(&mut self.input),
            "generation_token_count" | "totalOutputTokenTextCount" => latest(&mut self.output),
            "results" => {
                if let Json::Array(results) = value {
                    let counts = results.iter().map(|result| result.u64_at("tokenCount"));
                    let sum = counts.sum::<Option<u64>>().filter(|_| !results.is_empty());
                    self.output = sum.or(self.output);
                }
            }
            "embedding" | "embeddings" | "embeddingsByType" => self.embeds = true,
            METRICS => {
                self.metrics = Some([
                    value.u64_at("inputTokenCount"),
                    value.u64_at("outputTokenCount"),
                    value.u64_at("cacheReadInputTokenCount"),
                    value.u64_at("cacheWriteInputTokenCount"),
                ]);
            }
            _ => {}
        }
    }

    fn usage_object(&mut self, usage: &Json<'_>) {
        let has = |names: [&str; 2]| names.iter().any(|name| usage.get(name).is_some());
        if has(["inputTokens", "outputTokens"]) {
            self.object = bedrock::usage(usage).or(self.object);
        } else if has(["prompt_tokens", "completion_tokens"]) {
            self.object = openai_usage(usage).or(self.object);
        } else {
            self.anthropic.take(usage);
        }
    }

    fn billed(&mut self, meta: &Json<'_>) {
        let Some(units) = meta.get("billed_units") else { return };
        self.input = units.u64_at("input_tokens").or(self.input);
        self.output = units.u64_at("output_tokens").or(self.output);
    }

    /// The buckets; `None` before any counter came.
    pub(super) fn usage(&self) -> Option<Usage> {
        // Input without output is half an answer: the other counter stood in what was too long to keep.
        let single = || match (self.input, self.output) {
            (Some(_), None) if !self.embeds => None,
            (input, output) => bedrock::counted(input, output, None, None),
        };
        let said = self.anthropic.usage().or(self.object).or_else(single);
        match (said, self.metrics) {
            (Some(said), Some(metrics)) => Some(joined(said, metrics)),
            (None, Some([input, output, read, written])) => bedrock::counted(input, output, read, written),
            (said, None) => said,
        }
    }
}

/// The sums of Bedrock's metrics, with the details of the vendor's own counters: a stream whose start was not seen has only
/// half of these.
fn joined(said: Usage, [input, output, read, written]: Metrics) -> Usage {
    let all = [input, output, read, written].into_iter().flatten().fold(0, u64::saturating_add);
    if all == said.total() {
        return said;
    }
    let written = written.unwrap_or(said.cache_write_5m.saturating_add(said.cache_write_1h));
    let output = output.unwrap_or(said.output.saturating_add(said.reasoning));
    let cache_write_1h = said.cache_write_1h.min(written);
    let reasoning = said.reasoning.min(output);
    Usage {
        input: input.unwrap_or(said.input),
        cache_read: read.unwrap_or(said.cache_read),
        cache_write_1h,
        cache_write_5m: written - cache_write_1h,
        reasoning,
        output: output - reasoning,
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Rules, parse};

    fn counted(events: &[&str]) -> Option<Usage> {
        let mut counted = Counted::default();
        for event in events {
            counted.take(&parse(event, &Rules::default()).expect("valid"));
        }
        counted.usage()
    }

    #[test]
    fn every_vendors_words_are_understood() {
        let cases = [
            (r#"{"usage":{"input_tokens":9,"output_tokens":4}}"#, (9, 4)),
            (r#"{"usage":{"inputTokens":9,"outputTokens":4,"totalTokens":13}}"#, (9, 4)),
            (r#"{"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}"#, (9, 4)),
            (r#"{"prompt_token_count":9,"generation_token_count":4}"#, (9, 4)),
            (r#"{"inputTextTokenCount":9,"results":[{"tokenCount":1},{"tokenCount":3}]}"#, (9, 4)),
            (r#"{"inputTextTokenCount":9,"totalOutputTokenTextCount":4}"#, (9, 4)),
            (r#"{"meta":{"billed_units":{"input_tokens":9,"output_tokens":4}}}"#, (9, 4)),
            (r#"{"amazon-bedrock-invocationMetrics":{"inputTokenCount":9,"outputTokenCount":4}}"#, (9, 4)),
            (r#"{"embedding":[],"inputTextTokenCount":9}"#, (9, 0)),
        ];
        for (event, expected) in cases {
            assert_eq!(counted(&[event]).map(|u| (u.input, u.output)), Some(expected), "{event}");
        }
        assert_eq!(counted(&["{}", r#"{"inputTextTokenCount":9}"#]), None);
    }

    #[test]
    fn the_metrics_complete_what_was_not_seen_and_keep_the_details() {
        let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":5,"cache_creation_input_tokens":30,
            "cache_read_input_tokens":100,"output_tokens":1,"cache_creation":{"ephemeral_1h_input_tokens":20}}}}"#;
        let delta = r#"{"type":"message_delta","usage":{"output_tokens":40}}"#;
        let stop = r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":5,"outputTokenCount":40,
            "cacheReadInputTokenCount":100,"cacheWriteInputTokenCount":30}}"#;
        let whole = counted(&[start, delta, stop]).expect("counted");
        let expected =
            Usage { input: 5, cache_read: 100, cache_write_5m: 10, cache_write_1h: 20, output: 40, ..Usage::default() };
        assert_eq!(whole, expected);
        let headless = counted(&[delta, stop]).expect("counted");
        assert_eq!((headless.total(), headless.cache_read, headless.cache_write_5m), (175, 100, 30));
        assert_eq!(counted(&[start, delta]), Some(expected));
    }
}
