//! Under which names platforms sell a model, and what it then costs.

use super::*;

#[test]
fn names_of_platforms_lead_to_the_model() {
    // Dollars per million input tokens: aws.amazon.com/bedrock/pricing, cloud.google.com/vertex-ai/generative-ai/pricing,
    // azure.microsoft.com/pricing/details/azure-openai, ai.google.dev/gemini-api/docs/pricing, October 2026.
    let cases = [
        // A regional profile costs a tenth more than the global one; a model name alone is regional.
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3300),
        ("aws.bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", 3300),
        ("aws.bedrock", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0", 3300),
        ("aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", 3000),
        ("aws.bedrock", "apac.anthropic.claude-3-5-sonnet-20241022-v2:0", 3000),
        ("aws.bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0", 3000),
        ("aws.bedrock", "us.amazon.nova-pro-v1:0", 800),
        ("aws.bedrock", "amazon.titan-embed-text-v2:0", 20),
        ("aws.bedrock", "us.deepseek.r1-v1:0", 1350),
        (
            "aws.bedrock",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0",
            3000,
        ),
        ("gcp.gemini", "models/gemini-2.5-flash", 300),
        ("gcp.gemini", "gemini-2.5-flash-001", 300),
        ("gcp.gemini", "gemini-embedding-001", 150),
        ("gcp.gemini", "publishers/google/models/gemini-2.5-pro", 1250),
        ("gcp.gemini", "projects/p/locations/europe-west4/publishers/google/models/gemini-2.5-pro", 1250),
        ("gcp.gemini", "publishers/anthropic/models/claude-sonnet-4-5@20250929", 3000),
        ("azure.ai.openai", "gpt-4o-2024-08-06", 2500),
        ("azure.ai.openai", "gpt-35-turbo", 500),
        ("azure.ai.inference", "gpt-4.1-mini-2025-04-14", 400),
    ];
    let book = PriceBook::bundled();
    for (provider, model, nanos_a_token) in cases {
        let usage = Usage { input: 1, ..Usage::default() };
        let priced = book.price(provider, model, &usage, AT);
        assert!(matches!(&priced, Priced::Known { cost, .. } if cost.nanos() == nanos_a_token), "{model}: {priced:?}");
    }
}

#[test]
fn a_deployment_is_priced_by_the_model_that_answered() {
    let (usage, none) = (Usage { input: 1, ..Usage::default() }, Units::default());
    let asked = PriceQuery {
        request_model: Some("my-deployment"),
        ..query("azure.ai.openai", "gpt-4o-mini-2024-07-18", &usage, &none)
    };
    assert_eq!(nanos(&PriceBook::bundled().price_query(&asked)), 150);
}

#[test]
fn a_snapshot_the_list_does_not_know_is_not_taken_for_another() {
    let usage = Usage { input: 1, ..Usage::default() };
    assert_eq!(PriceBook::bundled().price("openai", "gpt-4o-2099-01-01", &usage, AT), Priced::Unknown);
}

#[test]
fn an_override_of_a_bare_name_is_found_behind_a_region() {
    let yaml = "models: [{model: anthropic.claude-x, usd_per_million_tokens: {input: 1, output: 1}}]";
    let book = PriceBook::with_overrides(yaml).expect("valid");
    let usage = Usage { input: 1, ..Usage::default() };
    assert_eq!(nanos(&book.price("aws.bedrock", "eu.anthropic.claude-x-v1:0", &usage, AT)), 1000);
    assert_eq!(book.price("openai", "eu.anthropic.claude-x-v1:0", &usage, AT), Priced::Unknown);
}
