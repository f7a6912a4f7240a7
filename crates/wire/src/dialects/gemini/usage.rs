//! Gemini's counters to exclusive buckets.

use llmtrace_model::Usage;

use super::{at, camel, text_at};
use crate::{decode::Draft, json::Json, usage::take};

/// Members of `usageMetadata` besides the lists of details.
const COUNTERS: &[&str] = &[
    "promptTokenCount",
    "cachedContentTokenCount",
    "candidatesTokenCount",
    "responseTokenCount",
    "thoughtsTokenCount",
    "toolUsePromptTokenCount",
    "totalTokenCount",
    "serviceTier",
    "trafficType",
];

/// Modalities of the details.
const MODALITIES: &[&str] = &["TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT", "MODALITY_UNSPECIFIED"];

/// `usageMetadata` as it comes. In a stream every event carries some; of each counter the last one counts.
///
/// `promptTokenCount` includes what was cached; the results of tools (`toolUsePromptTokenCount`) and the thoughts stand
/// beside prompt and candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::dialects) struct GeminiUsage {
    prompt: Option<u64>,
    cached: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    tools: Option<u64>,
    total: Option<u64>,
    prompt_by: Modalities,
    cached_by: Modalities,
    candidates_by: Modalities,
    tools_by: Modalities,
}

/// What of a sum has a price of its own; documents are read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Modalities {
    audio: u64,
    /// Images and video.
    image: u64,
}

impl GeminiUsage {
    /// Takes a `usageMetadata` object; gives the service tier it names.
    pub(in crate::dialects) fn take(&mut self, usage: &Json<'_>) -> Option<String> {
        let Json::Object(members) = usage else { return None };
        let mut tier = None;
        for (key, value) in members {
            let latest = |slot: &mut Option<u64>| *slot = value.as_u64().or(*slot);
            let by = |slot: &mut Modalities| *slot = Modalities::read(value);
            match camel(key).as_ref() {
                "promptTokenCount" => latest(&mut self.prompt),
                "cachedContentTokenCount" => latest(&mut self.cached),
                "candidatesTokenCount" | "responseTokenCount" => latest(&mut self.candidates),
                "thoughtsTokenCount" => latest(&mut self.thoughts),
                "toolUsePromptTokenCount" => latest(&mut self.tools),
                "totalTokenCount" => latest(&mut self.total),
                // Embeddings write it without the plural.
                "promptTokensDetails" | "promptTokenDetails" => by(&mut self.prompt_by),
                "cacheTokensDetails" => by(&mut self.cached_by),
                "candidatesTokensDetails" | "responseTokensDetails" => by(&mut self.candidates_by),
                "toolUsePromptTokensDetails" => by(&mut self.tools_by),
                // Vertex AI calls the tier the type of traffic.
                "serviceTier" => tier = value.as_str().or(tier),
                "trafficType" => tier = tier.or(value.as_str()),
                _ => {}
            }
        }
        tier.and_then(tier_word)
    }

    /// The buckets; `None` before any counter came.
    pub(in crate::dialects) fn usage(&self) -> Option<Usage> {
        let told = [self.prompt, self.candidates, self.thoughts, self.tools, self.total];
        if told.iter().all(Option::is_none) {
            return None;
        }
        let prompt = self.prompt.unwrap_or(0);
        let (candidates, thoughts) = self.written(prompt);

        let mut input = prompt;
        let mut cache_read = take(&mut input, self.cached.unwrap_or(0));
        let audio_cache_read = take(&mut cache_read, self.cached_by.audio);
        let image_cache_read = take(&mut cache_read, self.cached_by.image);
        let audio = take(&mut input, self.prompt_by.audio.saturating_sub(audio_cache_read));
        let image = take(&mut input, self.prompt_by.image.saturating_sub(image_cache_read));

        let mut tools = self.tools.unwrap_or(0);
        let tools_audio = take(&mut tools, self.tools_by.audio);
        let tools_image = take(&mut tools, self.tools_by.image);

        let mut output = candidates;
        let audio_output = take(&mut output, self.candidates_by.audio);
        let image_output = take(&mut output, self.candidates_by.image);
        Some(Usage {
            input: input.saturating_add(tools),
            cache_read,
            output,
            reasoning: thoughts,
            audio_input: audio.saturating_add(tools_audio),
            audio_output,
            image_input: image.saturating_add(tools_image),
            image_output,
            audio_cache_read,
            image_cache_read,
            ..Usage::default()
        })
    }

    /// Names what of a `usageMetadata` this version does not know.
    pub(in crate::dialects) fn name_unknown(usage: &Json<'_>, draft: &mut Draft) {
        let Json::Object(members) = usage else { return };
        for (key, value) in members {
            let name = camel(key);
            if name.ends_with("Details") {
                let Json::Array(items) = value else { continue };
                let modalities = items.iter().filter_map(|item| text_at(item, "modality"));
                modalities.filter(|word| !MODALITIES.contains(word)).for_each(|word| draft.unknown("modality", word));
            } else if !COUNTERS.contains(&name.as_ref()) {
                draft.unknown("usage", key);
            }
        }
    }

    /// Says whether the buckets do not add up to the total that was reported.
    pub(in crate::dialects) fn is_odd(&self) -> bool {
        let sum = self.usage().map(|usage| usage.total());
        self.total.is_some() && sum.is_some() && self.total != sum
    }

    /// Candidates and thoughts, apart. The total settles what the counters leave open: some servers count thoughts among
    /// the candidates, some leave one of the two out.
    fn written(&self, prompt: u64) -> (u64, u64) {
        let rest = self.total.map(|total| total.saturating_sub(prompt).saturating_sub(self.tools.unwrap_or(0)));
        match (self.candidates, self.thoughts, rest) {
            (Some(candidates), Some(thoughts), Some(rest)) if rest == candidates => {
                let mut all = candidates;
                let thoughts = take(&mut all, thoughts);
                (all, thoughts)
            }
            (Some(candidates), None, Some(rest)) => (candidates, rest.saturating_sub(candidates)),
            (None, thoughts, Some(rest)) => {
                let thoughts = thoughts.unwrap_or(0);
                (rest.saturating_sub(thoughts), thoughts)
            }
            (candidates, thoughts, _) => (candidates.unwrap_or(0), thoughts.unwrap_or(0)),
        }
    }
}

impl Modalities {
    fn read(details: &Json<'_>) -> Self {
        let mut sum = Self::default();
        let Json::Array(items) = details else { return sum };
        for item in items {
            let tokens = at(item, "tokenCount").and_then(Json::as_u64).unwrap_or(0);
            let slot = match text_at(item, "modality") {
                Some("AUDIO") => &mut sum.audio,
                Some("IMAGE" | "VIDEO") => &mut sum.image,
                Some(_) | None => continue,
            };
            *slot = slot.saturating_add(tokens);
        }
        sum
    }
}

/// The tier that was billed, in one spelling.
fn tier_word(word: &str) -> Option<String> {
    let word = word.to_ascii_lowercase();
    let word = word.strip_prefix("service_tier_").unwrap_or(&word);
    Some(word.strip_prefix("on_demand_").unwrap_or(word).to_owned()).filter(|word| !word.ends_with("unspecified"))
}
