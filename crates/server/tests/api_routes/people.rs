//! Users and agents: who used how much.

use llmtrace_model::{Money, SpanRecord, Timestamp};
use serde_json::{Value, json};

use crate::world::{NOW, app, changed, get, stores_of};

fn span(n: u16, tenant: &str, who: Option<&str>, nanos: i64) -> SpanRecord {
    changed(n, |record| {
        record.span.started_at = Timestamp::from_unix_us(NOW - 1 - i64::from(n));
        record.span.tenant_id = tenant.parse().unwrap();
        (record.span.user_id, record.span.agent_id) = (who.map(str::to_owned), who.map(str::to_owned));
        record.span.cost = Some(Money::from_nanos(nanos));
    })
}

/// Name, tenant, requests and cost of each row.
fn rows(list: &Value, name: &str) -> Vec<(Value, Value, Value, Value)> {
    let items = list["items"].as_array().unwrap().iter();
    let row = |item: &Value| {
        (item[name].clone(), item["tenant_id"].clone(), item["requests"].clone(), item["cost_usd"].clone())
    };
    items.map(row).collect()
}

#[tokio::test]
async fn each_is_listed_once_a_tenant_dearest_first_and_nobody_is_not() {
    let records = vec![
        span(1, "a", Some("ada"), 5),
        span(2, "a", Some("ada"), 5),
        span(3, "b", Some("ada"), 1),
        span(4, "b", Some("bob"), 10),
        span(5, "b", None, 1000),
        changed(6, |record| {
            *record = span(6, "b", Some("old"), 1);
            record.span.started_at = Timestamp::from_unix_us(NOW - 86_400_000_001);
        }),
    ];
    let (stores, _folder) = stores_of(records).await;
    for store in stores {
        let app = app(store);
        for (path, name) in [("/api/v1/users", "user_id"), ("/api/v1/agents", "agent_id")] {
            let list = get(&app, path).await.json();
            let row = |who: &str, tenant: &str, requests: u64, cost: &str| {
                (json!(who), json!(tenant), json!(requests), json!(cost))
            };
            let expected =
                [row("ada", "a", 2, "0.00000001"), row("bob", "b", 1, "0.00000001"), row("ada", "b", 1, "0.000000001")];
            assert_eq!(rows(&list, name), expected, "{path}");
            assert_eq!((&list["from"], &list["left_out"]), (&json!("2026-10-31T00:00:00.000000Z"), &json!(0)));
            let list = get(&app, &format!("{path}?order=requests&limit=1")).await.json();
            assert_eq!(rows(&list, name), expected[..1], "{path}");
            assert_eq!(list["left_out"], 2, "{path}");
            let list = get(&app, &format!("{path}?tenant_id=b&order=requests")).await.json();
            assert_eq!(rows(&list, name), [expected[2].clone(), expected[1].clone()], "equals by name");
            let list = get(&app, &format!("{path}?{name}=bob")).await.json();
            assert_eq!(rows(&list, name), expected[1..2], "{path}");
        }
    }
}
