//! What models cost, and what they were used for.

use llmtrace_model::{SpanRecord, Timestamp, Usage};
use serde_json::json;

use super::world::{NOW, app, changed, get, stores_of};

/// A span of an hour ago.
fn used(n: u16, provider: &str, model: &str) -> SpanRecord {
    changed(n, |record| {
        let span = &mut record.span;
        span.started_at = Timestamp::from_unix_us(NOW - 3_600_000_000 + i64::from(n));
        span.provider = provider.to_owned();
        (span.request_model, span.response_model) = (Some(model.to_owned()), Some(model.to_owned()));
        span.usage = Some(Usage { input: 10, output: 5, ..Usage::default() });
        span.cost = None;
    })
}

#[tokio::test]
async fn used_models_are_listed_with_their_prices_and_unpriced_ones_with_their_traffic() {
    let spans = vec![
        used(1, "openai", "gpt-4o"),
        used(2, "vllm", "my-llama"),
        used(3, "vllm", "my-llama"),
        changed(4, |record| record.span.started_at = Timestamp::from_unix_us(NOW - 8 * 86_400_000_000)),
    ];
    let (stores, _folder) = stores_of(spans).await;
    for store in stores {
        let answer = get(&app(store), "/api/v1/models/prices").await;
        assert_eq!(answer.status, 200);
        let list = answer.json();
        assert_eq!(list["from"], "2026-10-25T00:00:00.000000Z");
        assert_eq!(list["until"], "2026-11-01T00:00:00.000000Z");
        assert_eq!(list["items"].as_array().map(Vec::len), Some(2), "{list}");
        let unpriced = json!({
            "provider": "vllm", "model": "my-llama", "requests": 2, "unpriced_requests": 2, "total_tokens": 30,
            "cost_usd": "0", "last_seen": "2026-10-31T23:00:00.000003Z", "price": null,
        });
        assert_eq!(list["items"][0], unpriced);
        let price = &list["items"][1]["price"];
        assert_eq!(price["source"], "list");
        assert!(price["version"].as_str().is_some_and(|version| version.starts_with("genai-prices/")));
        // OpenAI's list: 2.50, cached 1.25, output 10 dollars a million; web search 10, file search 2.50 a thousand,
        // a container of the code interpreter 0.03.
        assert_eq!(price["usd_per_million_tokens"]["input"], "2.5");
        assert_eq!(price["usd_per_million_tokens"]["cache_read"], "1.25");
        assert_eq!(price["usd_per_million_tokens"]["output"], "10");
        assert_eq!(
            price["usd_per_unit"],
            json!({
                "web_searches": "0.01", "file_searches": "0.0025", "code_executions": "0.03",
            })
        );
        assert_eq!(price["above_input_tokens"], json!([]));
    }
}

#[tokio::test]
async fn a_question_may_name_time_and_tenant_and_nothing_else() {
    let (stores, _folder) = stores_of(vec![used(1, "gcp.gemini", "gemini-2.5-pro")]).await;
    for store in stores {
        let app = app(store);
        let list = get(&app, "/api/v1/models/prices?from=2026-10-31T00:00:00Z&tenant_id=default").await.json();
        // Above 200,000 input tokens: 2.50 instead of 1.25, 15 instead of 10.
        let steps = &list["items"][0]["price"]["above_input_tokens"];
        assert_eq!(steps.as_array().map(Vec::len), Some(1), "{list}");
        assert_eq!(steps[0]["input_tokens"], 200_000);
        assert_eq!(steps[0]["usd_per_million_tokens"]["output"], "15");
        for nothing in ["until=2026-10-31T00:00:00Z", "tenant_id=other"] {
            let list = get(&app, &format!("/api/v1/models/prices?{nothing}")).await.json();
            assert_eq!(list["items"], json!([]), "{nothing}");
        }
        for wrong in ["model=gpt-4o", "limit=3", "from=now"] {
            assert_eq!(get(&app, &format!("/api/v1/models/prices?{wrong}")).await.status, 400, "{wrong}");
        }
    }
}
