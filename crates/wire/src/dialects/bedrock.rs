//! What the formats of Amazon Bedrock share: the model in the path, usage objects, and what stands in headers.
//!
//! Source: Amazon Bedrock API reference, "Amazon Bedrock Runtime" (2026-10), and the models of the AWS SDKs.

use llmtrace_model::Usage;

use crate::{
    decode::{Draft, Exchange, header},
    json::Json,
};

/// The model of a path `…/model/{id}/{operation}`, percent-encoded as it stands there, if its operation is one of these.
///
/// An id is a model's (`anthropic.claude-…-v1:0`), an inference profile's (`us.anthropic.…`) or an ARN; clients encode the
/// colons and slashes in it, but not all do.
pub(super) fn model<'p>(path: &'p str, operations: &[&str]) -> Option<&'p str> {
    let (rest, operation) = path.strip_suffix('/').unwrap_or(path).rsplit_once('/')?;
    // Asked of every request's path, so the cheap test comes first.
    if !operations.contains(&operation) {
        return None;
    }
    let (_, id) = rest.split_once("/model/")?;
    (!id.is_empty()).then_some(id)
}

/// Reads what every operation says in its headers.
pub(super) fn head(x: &Exchange<'_>, draft: &mut Draft) {
    const PARAMS: [(&str, &str); 4] = [
        ("x-amzn-bedrock-guardrailidentifier", "guardrail.identifier"),
        ("x-amzn-bedrock-guardrailversion", "guardrail.version"),
        ("x-amzn-bedrock-performanceconfig-latency", "performance.latency"),
        ("x-amzn-bedrock-service-tier", "service_tier"),
    ];
    for (name, param) in PARAMS {
        if let Some(value) = header(x.request_headers, name) {
            draft.param(param, &Json::Str(value.into()));
        }
    }
    draft.service_tier = header(x.answer_headers, "x-amzn-bedrock-service-tier").map(str::to_owned);
}

/// The usage that the headers of an InvokeModel answer tell; input does not contain what the cache read or wrote.
pub(super) fn header_usage(headers: &[(String, String)]) -> Option<Usage> {
    let count = |name: &str| header(headers, name).and_then(|value| value.trim().parse().ok());
    counted(
        count("x-amzn-bedrock-input-token-count"),
        count("x-amzn-bedrock-output-token-count"),
        count("x-amzn-bedrock-cache-read-input-token-count"),
        count("x-amzn-bedrock-cache-write-input-token-count"),
    )
}

/// Exclusive counters as buckets; `None` where there is none of them.
pub(super) fn counted(
    input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
) -> Option<Usage> {
    [input, output, cache_read, cache_write].iter().any(Option::is_some).then(|| Usage {
        input: input.unwrap_or(0),
        output: output.unwrap_or(0),
        cache_read: cache_read.unwrap_or(0),
        cache_write_5m: cache_write.unwrap_or(0),
        ..Usage::default()
    })
}

/// Reads Converse's `TokenUsage`, and that of Nova's own schema, whose cache counters end in `Count`.
///
/// `inputTokens` does not contain what the cache read or wrote; `totalTokens` contains all four. Where the total shows that
/// a server counts the cache inside its input, it is taken out, so that the buckets add up to the total either way.
pub(super) fn usage(value: &Json<'_>) -> Option<Usage> {
    let count = |names: [&str; 2]| names.iter().find_map(|name| value.u64_at(name));
    let mut written_1h: u64 = 0;
    let mut written: u64 = 0;
    if let Some(Json::Array(details)) = value.get("cacheDetails") {
        for detail in details {
            let tokens = detail.u64_at("inputTokens").unwrap_or(0);
            written = written.saturating_add(tokens);
            if detail.str_at("ttl") == Some("1h") {
                written_1h = written_1h.saturating_add(tokens);
            }
        }
    }
    let cache_write = count(["cacheWriteInputTokens", "cacheWriteInputTokenCount"]);
    let cache_write = cache_write.or((written > 0).then_some(written));
    let cache_read = count(["cacheReadInputTokens", "cacheReadInputTokenCount"]);
    let mut usage = counted(value.u64_at("inputTokens"), value.u64_at("outputTokens"), cache_read, cache_write)?;
    let cached = usage.cache_read.saturating_add(usage.cache_write_5m);
    let inclusive = value.u64_at("totalTokens") == Some(usage.input.saturating_add(usage.output));
    if cached > 0 && inclusive && usage.input >= cached {
        usage.input -= cached;
    }
    usage.cache_write_1h = written_1h.min(usage.cache_write_5m);
    usage.cache_write_5m -= usage.cache_write_1h;
    Some(usage)
}

/// The vendor and name behind an id: `anthropic.claude-…` of an ARN or of the profile of a region.
pub(super) fn bare_model(id: &str) -> &str {
    let id = id.rsplit('/').next().unwrap_or(id);
    match id.split_once('.') {
        // Before the vendor stands a region or a group of them: us, eu, apac, us-gov, global, …
        Some((_, rest)) if is_vendor(rest) => rest,
        Some(_) | None => id,
    }
}

/// The names that the price of an id may stand under: as it is (regions and `global` have prices of their own), then the
/// bare model, whose price is that of a region.
pub(crate) fn price_names(id: &str) -> impl Iterator<Item = &str> {
    let own = id.rsplit('/').next().unwrap_or(id);
    let bare = Some(bare_model(own)).filter(|bare| *bare != own && !own.starts_with("global."));
    std::iter::once(own).chain(bare)
}

fn is_vendor(id: &str) -> bool {
    const VENDORS: &[&str] = &[
        "ai21",
        "amazon",
        "anthropic",
        "cohere",
        "deepseek",
        "google",
        "luma",
        "meta",
        "minimax",
        "mistral",
        "moonshot",
        "moonshotai",
        "nvidia",
        "openai",
        "qwen",
        "stability",
        "twelvelabs",
        "writer",
        "zai",
    ];
    id.split_once('.').is_some_and(|(vendor, _)| VENDORS.binary_search(&vendor).is_ok())
}

#[cfg(test)]
mod costs;
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        BodyCopy, Exchange, Limits, decode, eventstream,
        json::{Rules, parse},
    };

    fn read(text: &str) -> Option<Usage> {
        usage(&parse(text, &Rules::default()).expect("valid"))
    }

    #[test]
    fn the_model_is_found_whatever_stands_before_and_however_it_is_encoded() {
        let cases = [
            ("/model/anthropic.claude-v2:1/converse", Some("anthropic.claude-v2:1")),
            ("/up/aws/model/us.amazon.nova-lite-v1%3A0/converse/", Some("us.amazon.nova-lite-v1%3A0")),
            ("/model/arn:aws:bedrock:us-east-1::foundation-model/meta.x/converse", {
                Some("arn:aws:bedrock:us-east-1::foundation-model/meta.x")
            }),
            ("/model//converse", None),
            ("/model/x/invoke", None),
            ("/converse", None),
        ];
        for (path, found) in cases {
            assert_eq!(model(path, &["converse"]), found, "{path}");
        }
    }

    #[test]
    fn ids_of_regions_and_arns_lead_to_their_model() {
        let cases = [
            ("anthropic.claude-x", "anthropic.claude-x"),
            ("us.anthropic.claude-x", "anthropic.claude-x"),
            ("us-gov.anthropic.claude-x", "anthropic.claude-x"),
            ("global.amazon.nova", "amazon.nova"),
            ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.meta.llama3-1-8b", "meta.llama3-1-8b"),
            ("arn:aws:bedrock:eu-west-1:1:application-inference-profile/ab12", "ab12"),
            ("meta.llama3", "meta.llama3"),
        ];
        for (id, bare) in cases {
            assert_eq!(bare_model(id), bare);
        }
    }

    #[test]
    fn the_buckets_add_up_to_the_total_the_provider_says() {
        let plain = read(r#"{"inputTokens":4,"outputTokens":107,"totalTokens":111}"#);
        assert_eq!(plain.map(|u| (u.input, u.output, u.total())), Some((4, 107, 111)));
        let beside = read(
            r#"{"inputTokens":4,"outputTokens":107,"totalTokens":1911,"cacheReadInputTokens":1500,"cacheWriteInputTokens":300,
                "cacheDetails":[{"ttl":"1h","inputTokens":200},{"ttl":"5m","inputTokens":100}]}"#,
        );
        let expected = Usage {
            input: 4,
            cache_read: 1500,
            cache_write_5m: 100,
            cache_write_1h: 200,
            output: 107,
            ..Usage::default()
        };
        assert_eq!(beside, Some(expected));
        assert_eq!(expected.total(), 1911);
        let inside = read(r#"{"inputTokens":1504,"outputTokens":7,"totalTokens":1511,"cacheReadInputTokens":1500}"#);
        assert_eq!(inside.map(|u| (u.input, u.cache_read, u.total())), Some((4, 1500, 1511)));
        let nova = read(r#"{"inputTokens":4,"outputTokens":7,"totalTokens":21,"cacheReadInputTokenCount":10}"#);
        assert_eq!(nova.map(|u| (u.input, u.cache_read, u.total())), Some((4, 10, 21)));
    }

    #[test]
    fn an_explicit_zero_stays_zero_and_nothing_is_none() {
        assert_eq!(read(r#"{"inputTokens":0,"outputTokens":0,"totalTokens":0}"#), Some(Usage::default()));
        assert_eq!(read("{}"), None);
        assert_eq!(read("null"), None);
        assert_eq!(header_usage(&[]), None);
    }

    const TARGETS: [&str; 6] = [
        "/model/anthropic.claude-x/converse-stream",
        "/model/anthropic.claude-x/invoke-with-response-stream",
        "/model/amazon.titan-text/invoke-with-response-stream",
        "/model/amazon.titan-embed-text/invoke",
        "/model/x/count-tokens",
        "/guardrail/g/version/1/apply",
    ];
    const EVENTS: [&str; 7] = [
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
        "chunk",
    ];
    /// Pieces that meet in ways nobody sends.
    const WORDS: &str = r#"([{}\[\]:,"]|"(usage|delta|start|bytes|content|text|toolUse|input|type|messages|message|choices)"|null|1|"a"){0,24}"#;

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            target in prop::sample::select(&TARGETS[..]),
            request in WORDS,
            events in prop::collection::vec((prop::sample::select(&EVENTS[..]), WORDS), 0..4),
            packed in any::<bool>(),
        ) {
            use base64::{Engine as _, engine::general_purpose::STANDARD};
            let payload = |text: &str| {
                if packed { format!(r#"{{"bytes":"{}"}}"#, STANDARD.encode(text)) } else { text.to_owned() }
            };
            let one = |(name, text): &(&str, String)| {
                eventstream::encode(&[(":event-type", name)], payload(text).as_bytes())
            };
            let answer: Vec<u8> = events.iter().flat_map(one).collect();
            let headers = [("content-type".to_owned(), "application/vnd.amazon.eventstream".to_owned())];
            let copy = |bytes| BodyCopy { head: bytes, tail: &[], total_bytes: bytes.len() as u64 };
            let exchange = Exchange {
                host: "bedrock-runtime.us-east-1.amazonaws.com",
                method: "POST",
                target,
                request_headers: &[],
                request: copy(request.as_bytes()),
                status: Some(200),
                answer_headers: &headers,
                response: copy(&answer),
                scanned: None,
            };
            let decoded = decode(&exchange, &Limits::default());
            prop_assert!(decoded.coverage.unknown.len() <= 32);
        }
    }
}
