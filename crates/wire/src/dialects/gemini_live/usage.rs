//! What a turn is billed by.

use llmtrace_model::Usage;

use crate::{json::Json, usage::take};

/// Reads `usageMetadata`: the prompt with what is cached inside, details by modality; thoughts stand beside the response.
pub(super) fn usage(metadata: &Json<'_>) -> Option<Usage> {
    let count = |key: &str| metadata.u64_at(key);
    let said = count("responseTokenCount").or_else(|| count("candidatesTokenCount"));
    let (prompt, tools, thoughts) =
        (count("promptTokenCount"), count("toolUsePromptTokenCount"), count("thoughtsTokenCount"));
    if [prompt, said, tools, thoughts].iter().all(Option::is_none) {
        // A total alone does not say what it is made of; all of it is input, as far as anybody knows.
        return count("totalTokenCount").map(|input| Usage { input, ..Usage::default() });
    }
    let mut input = prompt.unwrap_or(0).saturating_add(tools.unwrap_or(0));
    let mut cache_read = take(&mut input, count("cachedContentTokenCount").unwrap_or(0));
    let audio_cache_read = take(&mut cache_read, of(metadata, "cacheTokensDetails", &["AUDIO"]));
    let image_cache_read = take(&mut cache_read, of(metadata, "cacheTokensDetails", SEEN));
    let heard =
        of(metadata, "promptTokensDetails", &["AUDIO"]) + of(metadata, "toolUsePromptTokensDetails", &["AUDIO"]);
    let seen = of(metadata, "promptTokensDetails", SEEN) + of(metadata, "toolUsePromptTokensDetails", SEEN);
    let audio_input = take(&mut input, heard.saturating_sub(audio_cache_read));
    let image_input = take(&mut input, seen.saturating_sub(image_cache_read));
    let mut output = said.unwrap_or(0);
    let details = if metadata.get("responseTokensDetails").is_some() {
        "responseTokensDetails"
    } else {
        "candidatesTokensDetails"
    };
    let audio_output = take(&mut output, of(metadata, details, &["AUDIO"]));
    let image_output = take(&mut output, of(metadata, details, SEEN));
    Some(Usage {
        input,
        cache_read,
        audio_cache_read,
        image_cache_read,
        audio_input,
        image_input,
        output,
        audio_output,
        image_output,
        reasoning: thoughts.unwrap_or(0),
        ..Usage::default()
    })
}

const SEEN: &[&str] = &["IMAGE", "VIDEO"];

/// The tokens of some modalities in a list of details.
fn of(metadata: &Json<'_>, list: &str, modalities: &[&str]) -> u64 {
    let Some(Json::Array(details)) = metadata.get(list) else { return 0 };
    let counted = details.iter().filter(|d| d.str_at("modality").is_some_and(|m| modalities.contains(&m)));
    counted.filter_map(|d| d.u64_at("tokenCount")).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        PriceBook, Priced,
        json::{Rules, parse},
    };

    #[test]
    fn every_token_is_in_one_bucket_and_the_sum_is_the_providers() {
        let metadata = parse(
            r#"{"promptTokenCount":500,"cachedContentTokenCount":120,"responseTokenCount":90,"thoughtsTokenCount":10,
                "toolUsePromptTokenCount":7,"totalTokenCount":607,
                "promptTokensDetails":[{"modality":"TEXT","tokenCount":100},{"modality":"AUDIO","tokenCount":300},
                    {"modality":"VIDEO","tokenCount":100}],
                "cacheTokensDetails":[{"modality":"TEXT","tokenCount":20},{"modality":"AUDIO","tokenCount":100}],
                "responseTokensDetails":[{"modality":"AUDIO","tokenCount":80},{"modality":"TEXT","tokenCount":10}]}"#,
            &Rules::default(),
        )
        .unwrap();
        let found = usage(&metadata).unwrap();
        let expected = Usage {
            input: 87,
            cache_read: 20,
            audio_cache_read: 100,
            audio_input: 200,
            image_input: 100,
            output: 10,
            audio_output: 80,
            reasoning: 10,
            ..Usage::default()
        };
        assert_eq!((found, found.total()), (expected, 607));
        assert_eq!(usage(&parse("{}", &Rules::default()).unwrap()), None);
    }

    #[test]
    fn the_cost_is_what_the_price_list_makes_of_it() {
        // Gemini API pricing (2026-11), Live API of 2.5 Flash, dollars a million tokens: text 0.50 in and 2 out (thoughts
        // as text), audio 3 in and 12 out, images and video 3 in.
        let usage = Usage {
            input: 100,
            audio_input: 300,
            image_input: 100,
            output: 10,
            reasoning: 10,
            audio_output: 80,
            ..Usage::default()
        };
        let priced = PriceBook::bundled().price("gcp.gemini", "gemini-live-2.5-flash", &usage, 1_795_650_000);
        let Priced::Known { cost, .. } = priced else { panic!("no price") };
        assert_eq!(cost.nanos(), 50_000 + 900_000 + 300_000 + 20_000 + 20_000 + 960_000);
    }
}
