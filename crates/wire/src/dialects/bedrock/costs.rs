//! Costs by hand from Amazon's price list (<https://aws.amazon.com/bedrock/pricing/>, read 2026-11-26), us-east-1, standard
//! tier. A dollar per million tokens is a thousand nano-dollars per token.

use llmtrace_model::Usage;

use crate::{PriceBook, PriceQuery, Priced};

/// 2026-11-01.
const AT: i64 = 1_793_491_200;

fn nanos(asked: &str, answered: Option<&str>, usage: Usage) -> Option<i64> {
    let none = llmtrace_model::Units::default();
    let query = PriceQuery {
        provider: "aws.bedrock",
        response_model: answered,
        request_model: Some(asked),
        usage: &usage,
        units: &none,
        at_unix_seconds: AT,
        service_tier: None,
        processing: crate::Processing::Live,
    };
    match PriceBook::bundled().price_query(&query) {
        Priced::Known { cost, .. } => Some(cost.nanos()),
        Priced::Unknown => None,
    }
}

fn cached() -> Usage {
    Usage { input: 6, cache_read: 2000, cache_write_5m: 500, cache_write_1h: 1000, output: 8, ..Usage::default() }
}

#[test]
fn the_global_profile_is_cheaper_than_a_region_whatever_model_the_answer_names() {
    // Claude Sonnet 4.5, global: 3 in, 0.30 read, 3.75 and 6 written, 15 out.
    let global = 6 * 3000 + 2000 * 300 + 500 * 3750 + 1000 * 6000 + 8 * 15_000;
    // In a region 10 % more: 3.30, 0.33, 4.125 and 6.60, 16.50.
    let region = 6 * 3300 + 2000 * 330 + 500 * 4125 + 1000 * 6600 + 8 * 16_500;
    let said = Some("claude-sonnet-4-5-20250929");
    let cases = [
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", global),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", region),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", region),
        // A group of regions the list does not name yet.
        ("mx.anthropic.claude-sonnet-4-5-20250929-v1:0", region),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-sonnet-4-5-20250929-v1:0", global),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", region),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0", region),
    ];
    for (asked, expected) in cases {
        assert_eq!(nanos(asked, said, cached()), Some(expected), "{asked}");
        assert_eq!(nanos(asked, None, cached()), Some(expected), "{asked}");
    }
}

#[test]
fn a_profile_of_ones_own_costs_what_the_model_that_answered_does() {
    // Claude Haiku 4.5 in a region: 1.10 in, 5.50 out.
    let usage = Usage { input: 300, output: 40, ..Usage::default() };
    let asked = "arn:aws:bedrock:eu-west-1:1:application-inference-profile/ab12cd34";
    let found = nanos(asked, Some("claude-haiku-4-5-20251001"), usage);
    assert_eq!(found, Some(300 * 1100 + 40 * 5500));
    // A prompt router names an ARN: Claude 3 Haiku, 0.25 in, 1.25 out.
    let router = "arn:aws:bedrock:us-east-1:1:default-prompt-router/anthropic.claude:1";
    let routed = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0";
    assert_eq!(nanos(router, Some(routed), usage), Some(300 * 250 + 40 * 1250));
    assert_eq!(nanos(asked, None, usage), None, "nothing says which model it is");
}

#[test]
fn other_vendors_cost_what_their_lists_say() {
    let plain = |input, output| Usage { input, output, ..Usage::default() };
    // Nova Lite: 0.06 in, 0.24 out, a quarter of the input for what the cache read.
    assert_eq!(nanos("amazon.nova-lite-v1:0", None, plain(21, 3)), Some(21 * 60 + 3 * 240));
    let read = Usage { cache_read: 100, ..plain(21, 3) };
    assert_eq!(nanos("eu.amazon.nova-lite-v1:0", None, read), Some(21 * 60 + 100 * 15 + 3 * 240));
    // Llama 3.1 8B: 0.22 both ways. Titan Embed v2: 0.02. gpt-oss-20b: 0.07 in, 0.30 out.
    assert_eq!(nanos("us.meta.llama3-1-8b-instruct-v1:0", None, plain(11, 4)), Some(15 * 220));
    assert_eq!(nanos("amazon.titan-embed-text-v2:0", None, plain(4, 0)), Some(4 * 20));
    let said = Some("openai.gpt-oss-20b-1:0");
    assert_eq!(nanos("openai.gpt-oss-20b-1:0", said, plain(70, 12)), Some(70 * 70 + 12 * 300));
}
