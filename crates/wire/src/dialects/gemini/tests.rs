use llmtrace_model::Usage;

use super::*;
use crate::{
    DIALECTS, dialect_of,
    json::{Rules, parse},
};

mod cost;

fn usage(text: &str) -> Option<Usage> {
    let mut usage = GeminiUsage::default();
    usage.take(&parse(text, &Rules::default()).expect("valid"));
    usage.usage()
}

#[test]
fn paths_name_their_format_and_their_model() {
    const VERTEX: &str = "/v1/projects/p/locations/us-central1/publishers/google/models";
    let cases = [
        ("POST", "/v1beta/models/gemini-2.5-pro:generateContent".to_owned(), "gemini", Some("gemini-2.5-pro")),
        ("POST", "/v1/models/gemini-2.5-pro:streamGenerateContent".to_owned(), "gemini", Some("gemini-2.5-pro")),
        ("POST", "/v1beta/tunedModels/mine-1:generateContent".to_owned(), "gemini", Some("tunedModels/mine-1")),
        ("POST", "/v1/projects/p/locations/l/endpoints/7:generateContent".to_owned(), "gemini", Some("endpoints/7")),
        (
            "POST",
            format!("{VERTEX}/gemini-3-pro-preview:streamGenerateContent"),
            "gemini",
            Some("gemini-3-pro-preview"),
        ),
        ("POST", format!("{VERTEX}/gemini-2.5-flash:countTokens"), "gemini_count_tokens", Some("gemini-2.5-flash")),
        (
            "POST",
            "/v1beta/models/gemini-embedding-001:embedContent".to_owned(),
            "gemini_embeddings",
            Some("gemini-embedding-001"),
        ),
        ("POST", "/v1beta/models/m:batchEmbedContents".to_owned(), "gemini_embeddings", Some("m")),
        ("POST", format!("{VERTEX}/text-embedding-005:predict"), "gemini_embeddings", Some("text-embedding-005")),
        (
            "POST",
            format!("{VERTEX}/imagen-4.0-generate-001:predict"),
            "gemini_predict",
            Some("imagen-4.0-generate-001"),
        ),
        ("POST", "/v1beta/models/veo-3:predictLongRunning".to_owned(), "gemini_predict", Some("veo-3")),
        ("GET", "/v1beta/models".to_owned(), "gemini_models", None),
        ("GET", "/v1beta/models/gemini-2.5-pro".to_owned(), "gemini_models", Some("gemini-2.5-pro")),
        ("GET", "/v1beta/tunedModels/mine".to_owned(), "gemini_models", Some("tunedModels/mine")),
        ("GET", "/v1beta1/publishers/google/models".to_owned(), "gemini_models", None),
        ("POST", "/v1beta/cachedContents".to_owned(), "gemini_cached_contents", None),
        ("DELETE", "/v1/projects/p/locations/l/cachedContents/9".to_owned(), "gemini_cached_contents", None),
        ("POST", "/v1beta/openai/chat/completions".to_owned(), "openai_chat", None),
        ("GET", "/v1beta/openai/models".to_owned(), "openai_models", None),
        ("POST", "/v1/projects/p/locations/l/endpoints/openapi/chat/completions".to_owned(), "openai_chat", None),
    ];
    for (method, path, name, model) in cases {
        let dialect = dialect_of(method, &path).expect("a dialect");
        assert_eq!(dialect.as_str(), name, "{method} {path}");
        let format = crate::dialects::format(dialect);
        assert_eq!((format.path_model)(&path), model, "{method} {path}");
    }
    for (method, path) in [("GET", "/v1beta/models/x:generateContent"), ("POST", "/v1beta/models/x:unheardOf")] {
        assert_ne!(dialect_of(method, path).map(crate::Dialect::as_str), Some("gemini"), "{method} {path}");
    }
    assert!(DIALECTS.iter().filter(|d| d.family() == Family::Google).count() >= 6);
}

#[test]
fn every_counter_lands_in_one_bucket() {
    let all = usage(
        r#"{"promptTokenCount":1000,"cachedContentTokenCount":600,"candidatesTokenCount":50,"thoughtsTokenCount":30,
            "toolUsePromptTokenCount":20,"totalTokenCount":1100,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":300},{"modality":"AUDIO","tokenCount":400},
              {"modality":"IMAGE","tokenCount":100},{"modality":"VIDEO","tokenCount":150},
              {"modality":"DOCUMENT","tokenCount":50}],
            "cacheTokensDetails":[{"modality":"TEXT","tokenCount":250},{"modality":"AUDIO","tokenCount":300},
              {"modality":"VIDEO","tokenCount":50}],
            "candidatesTokensDetails":[{"modality":"TEXT","tokenCount":10},{"modality":"AUDIO","tokenCount":15},
              {"modality":"IMAGE","tokenCount":25}],
            "toolUsePromptTokensDetails":[{"modality":"TEXT","tokenCount":12},{"modality":"IMAGE","tokenCount":8}]}"#,
    );
    let expected = Usage {
        // 1000 − 600 cached − 100 audio − 200 images and video, and 12 of tools.
        input: 112,
        cache_read: 250,
        audio_cache_read: 300,
        image_cache_read: 50,
        audio_input: 100,
        image_input: 208,
        output: 10,
        audio_output: 15,
        image_output: 25,
        reasoning: 30,
        ..Usage::default()
    };
    assert_eq!(all, Some(expected));
    assert_eq!(expected.total(), 1100);
}

#[test]
fn both_spellings_are_read() {
    let snake = usage(r#"{"prompt_token_count":5,"candidates_token_count":2,"total_token_count":7}"#);
    assert_eq!(snake, usage(r#"{"promptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":7}"#));
    assert_eq!(snake.map(|u| (u.input, u.output)), Some((5, 2)));
}

#[test]
fn the_total_settles_what_the_counters_leave_open() {
    let cases = [
        // Thoughts beside the candidates, as documented.
        (r#"{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":7,"totalTokenCount":22}"#, (10, 5, 7)),
        // Thoughts among the candidates.
        (
            r#"{"promptTokenCount":10,"candidatesTokenCount":12,"thoughtsTokenCount":7,"totalTokenCount":22}"#,
            (10, 5, 7),
        ),
        // Thoughts not told.
        (r#"{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":22}"#, (10, 5, 7)),
        // Stopped while thinking: no candidate.
        (r#"{"promptTokenCount":10,"thoughtsTokenCount":7,"totalTokenCount":17}"#, (10, 0, 7)),
        // The first event of a stream.
        (r#"{"promptTokenCount":10,"totalTokenCount":10}"#, (10, 0, 0)),
        (r#"{"promptTokenCount":0,"candidatesTokenCount":0,"totalTokenCount":0}"#, (0, 0, 0)),
    ];
    for (text, expected) in cases {
        assert_eq!(usage(text).map(|u| (u.input, u.output, u.reasoning)), Some(expected), "{text}");
    }
    assert_eq!(usage("{}"), None);
    assert_eq!(usage(r#"{"serviceTier":"standard"}"#), None);
}

#[test]
fn a_detail_larger_than_its_sum_is_cut_to_it() {
    let cut = usage(
        r#"{"promptTokenCount":10,"cachedContentTokenCount":30,"totalTokenCount":10,
            "promptTokensDetails":[{"modality":"AUDIO","tokenCount":99}],
            "cacheTokensDetails":[{"modality":"IMAGE","tokenCount":4}]}"#,
    );
    let expected = Usage { cache_read: 6, image_cache_read: 4, ..Usage::default() };
    assert_eq!(cut, Some(expected));
}

#[test]
fn the_tier_is_a_word() {
    let tier = |text: &str| GeminiUsage::default().take(&parse(text, &Rules::default()).expect("valid"));
    for (text, expected) in [
        (r#"{"serviceTier":"flex"}"#, Some("flex")),
        (r#"{"serviceTier":"SERVICE_TIER_PRIORITY"}"#, Some("priority")),
        (r#"{"trafficType":"ON_DEMAND"}"#, Some("on_demand")),
        (r#"{"trafficType":"ON_DEMAND_FLEX"}"#, Some("flex")),
        (r#"{"traffic_type":"PROVISIONED_THROUGHPUT"}"#, Some("provisioned_throughput")),
        (r#"{"trafficType":"TRAFFIC_TYPE_UNSPECIFIED"}"#, None),
        ("{}", None),
    ] {
        assert_eq!(tier(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn names_are_the_same_in_camel_and_snake_case() {
    for (written, name) in [
        ("systemInstruction", "systemInstruction"),
        ("system_instruction", "systemInstruction"),
        ("top_p", "topP"),
        ("_responseJsonSchema", "_responseJsonSchema"),
        ("response_json_schema", "responseJsonSchema"),
        ("_", "_"),
        ("", ""),
    ] {
        assert_eq!(camel(written), name);
    }
}

/// An array stream as Google writes it, in the pieces it sends.
const ARRAY: [&str; 4] = [
    "[{\n  \"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}], \"role\": \"model\"}}],\n  \"usageMetadata\": {\"promptTokenCount\": 3, \"totalTokenCount\": 3}\n}\n",
    ",\r\n{\n  \"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hi\"}], \"role\": \"model\"}}],\n  \"modelVersion\": \"m\"\n}",
    "\n,\r\n{\n  \"candidates\": [{\"content\": {\"parts\": [{\"text\": \"!\"}], \"role\": \"model\"}, \"finishReason\": \"STOP\"}],\n  \"usageMetadata\": {\"promptTokenCount\": 3, \"candidatesTokenCount\": 2, \"totalTokenCount\": 5}\n}\n",
    "]",
];

fn scanner() -> crate::Scanner {
    crate::Scanner::new(Some(Dialect::Gemini), Some("application/json; charset=UTF-8"), None)
}

#[test]
fn the_first_token_of_an_array_is_seen_when_its_element_is_there() {
    let mut scanner = scanner();
    scanner.feed(b" \r\n");
    scanner.feed(ARRAY[0].as_bytes());
    assert!(!scanner.first_token(), "an empty text is no token");
    assert_eq!(scanner.usage().map(|u| u.input), Some(3));
    scanner.feed(ARRAY[1].as_bytes());
    assert!(scanner.first_token() && !scanner.finished());
    scanner.feed(ARRAY[2].as_bytes());
    assert!(scanner.finished());
    assert_eq!(scanner.usage().map(|u| (u.input, u.output)), Some((3, 2)));
}

#[test]
fn only_the_outermost_usage_counts() {
    let mut scanner = crate::Scanner::new(Some(Dialect::Gemini), Some("text/event-stream"), None);
    scanner.feed(br#"data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"usageMetadata":{"promptTokenCount":9}}}}]}}],"note":"\"usageMetadata\":{\"promptTokenCount\":8}"}"#);
    scanner.feed(b"\n\n");
    assert!(scanner.first_token() && scanner.usage().is_none());
}

#[test]
fn a_head_says_whether_an_answer_is_a_stream() {
    let gemini = Some(Dialect::Gemini);
    let stream = "/v1beta/models/m:streamGenerateContent?key=x";
    let json = Some("application/json; charset=UTF-8");
    assert!(crate::is_stream(gemini, stream, json), "an array");
    assert!(crate::is_stream(gemini, stream, Some("text/event-stream")));
    assert!(!crate::is_stream(gemini, stream, Some("text/html")) && !crate::is_stream(gemini, stream, None));
    assert!(!crate::is_stream(gemini, "/v1beta/models/m:generateContent", json));
    assert!(!crate::is_stream(Some(Dialect::OpenaiChat), "/v1/chat/completions", json));
    assert!(crate::is_stream(None, "/x", Some("text/event-stream")));
}

#[test]
fn after_a_gap_an_array_goes_on_where_an_element_opens_a_line() {
    let text = ARRAY.concat();
    let (first, last) = (text.find("Hi").expect("there"), text.find('!').expect("there"));
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let exchange = Exchange {
        host: "generativelanguage.googleapis.com",
        method: "POST",
        target: "/v1beta/models/m:streamGenerateContent",
        request_headers: &headers,
        request: crate::BodyCopy::default(),
        status: Some(200),
        answer_headers: &headers,
        response: crate::BodyCopy {
            head: &text.as_bytes()[..first],
            tail: &text.as_bytes()[last - 60..],
            total_bytes: text.len() as u64 + 1000,
        },
        scanned: None,
    };
    let decoded = crate::decode(&exchange, &crate::Limits::default());
    assert!(decoded.stream);
    assert_eq!(decoded.finish_reasons, ["STOP"]);
    assert_eq!(decoded.usage.map(|u| (u.input, u.output)), Some((3, 2)));
}
