//! What a turn is billed by.

use llmtrace_model::{ErrorInfo, Meter, Unit, Usage};

use crate::{dialects::error::error_info, json::Json, usage::take};

/// Reads the `usage` of a response: inclusive numbers with details by modality inside, the cached ones inside those.
pub(super) fn of_response(usage: &Json<'_>) -> Option<Usage> {
    let (prompt, completion) = (usage.u64_at("input_tokens"), usage.u64_at("output_tokens"));
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    let member = |object: Option<&Json<'_>>, key: &str| object.and_then(|o| o.u64_at(key)).unwrap_or(0);
    let details = usage.get("input_token_details").or_else(|| usage.get("input_tokens_details"));
    let cached = details.and_then(|d| d.get("cached_tokens_details"));
    let said = usage.get("output_token_details").or_else(|| usage.get("output_tokens_details"));

    let mut input = prompt.unwrap_or(0);
    let mut cache_read = take(&mut input, member(details, "cached_tokens"));
    let audio_cache_read = take(&mut cache_read, member(cached, "audio_tokens"));
    let image_cache_read = take(&mut cache_read, member(cached, "image_tokens"));
    let audio_input = take(&mut input, member(details, "audio_tokens").saturating_sub(audio_cache_read));
    let image_input = take(&mut input, member(details, "image_tokens").saturating_sub(image_cache_read));
    let mut output = completion.unwrap_or(0);
    let reasoning = take(&mut output, member(said, "reasoning_tokens"));
    let audio_output = take(&mut output, member(said, "audio_tokens"));
    Some(Usage {
        input,
        cache_read,
        audio_cache_read,
        image_cache_read,
        audio_input,
        image_input,
        output,
        reasoning,
        audio_output,
        ..Usage::default()
    })
}

/// Reads the `usage` of a transcription: tokens, or the duration of the audio.
pub(super) fn of_transcription(usage: &Json<'_>, meter: &mut Meter) {
    match usage.get("seconds") {
        Some(Json::Number(seconds)) => meter.units.set(Unit::AudioInMs, milliseconds(seconds)),
        _ => meter.usage = of_response(usage).or(meter.usage),
    }
}

/// Seconds as they are written to milliseconds, rounded up: a provider does not bill less than was heard.
fn milliseconds(seconds: &str) -> u64 {
    let ms = seconds.parse::<f64>().unwrap_or(0.0) * 1000.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates")]
    let whole = (ms - 1e-6).ceil().max(0.0) as u64;
    whole
}

/// Why a response failed, from the object `response`.
pub(super) fn failure(response: &Json<'_>) -> Option<ErrorInfo> {
    if response.str_at("status") != Some("failed") {
        return None;
    }
    let details = response.get("status_details");
    let error = details.and_then(|d| d.get("error"));
    let word = |key: &str| error.and_then(|e| e.str_at(key));
    let kind = word("type").or_else(|| word("code")).unwrap_or("failed");
    Some(error_info(kind, word("message").or_else(|| word("code")).unwrap_or("")))
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
        let usage = parse(
            r#"{"total_tokens":1500,"input_tokens":1200,"output_tokens":300,
                "input_token_details":{"text_tokens":500,"audio_tokens":600,"image_tokens":100,"cached_tokens":400,
                    "cached_tokens_details":{"text_tokens":150,"audio_tokens":200,"image_tokens":50}},
                "output_token_details":{"text_tokens":80,"audio_tokens":220}}"#,
            &Rules::default(),
        )
        .unwrap();
        let found = of_response(&usage).unwrap();
        let expected = Usage {
            input: 350,
            cache_read: 150,
            audio_cache_read: 200,
            image_cache_read: 50,
            audio_input: 400,
            image_input: 50,
            output: 80,
            audio_output: 220,
            ..Usage::default()
        };
        assert_eq!((found, found.total()), (expected, 1500));
    }

    #[test]
    fn details_that_do_not_fit_are_cut_to_their_sums() {
        let usage = parse(
            r#"{"input_tokens":10,"output_tokens":0,"input_token_details":{"audio_tokens":50,"cached_tokens":4,
                "cached_tokens_details":{"audio_tokens":9}}}"#,
            &Rules::default(),
        )
        .unwrap();
        let found = of_response(&usage).unwrap();
        assert_eq!((found.total(), found.audio_cache_read, found.audio_input, found.input), (10, 4, 6, 0));
    }

    #[test]
    fn a_duration_is_rounded_up_to_milliseconds() {
        assert_eq!(
            [milliseconds("4"), milliseconds("1.2345"), milliseconds("0.003"), milliseconds("x")],
            [4000, 1235, 3, 0]
        );
    }

    #[test]
    fn the_cost_is_what_the_price_list_makes_of_it() {
        // OpenAI API pricing (2026-11), gpt-realtime, dollars a million tokens: text 4, cached 0.40, out 16; audio 32,
        // cached 0.40, out 64; images 5, cached 0.50.
        let usage = Usage {
            input: 350,
            cache_read: 150,
            audio_cache_read: 200,
            image_cache_read: 50,
            audio_input: 400,
            image_input: 50,
            output: 80,
            audio_output: 220,
            ..Usage::default()
        };
        let priced = PriceBook::bundled().price("openai", "gpt-realtime-2025-08-28", &usage, 1_795_650_000);
        let Priced::Known { cost, .. } = priced else { panic!("no price") };
        let (text, audio, image) = (1_400_000 + 60_000 + 1_280_000, 12_800_000 + 80_000 + 14_080_000, 250_000 + 25_000);
        assert_eq!(cost.nanos(), text + audio + image);
    }
}
