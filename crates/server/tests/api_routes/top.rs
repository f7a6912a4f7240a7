//! What changed most against the period before.

use llmtrace_model::{Money, SpanRecord, Status, Timestamp, Usage};
use serde_json::{Value, json};

use crate::world::{NOW, app, changed, get, stores_of};

const HOUR: i64 = 3_600_000_000;
/// In the 24 hours before now, and in those before.
const THEN: [i64; 2] = [HOUR, 30 * HOUR];

fn span(n: u16, ago_us: i64, agent: Option<&str>, nanos: i64) -> SpanRecord {
    changed(n, |record| {
        record.span.started_at = Timestamp::from_unix_us(NOW - ago_us);
        record.span.agent_id = agent.map(str::to_owned);
        record.span.cost = Some(Money::from_nanos(nanos));
    })
}

async fn tops(records: Vec<SpanRecord>, query: &str) -> Vec<Value> {
    let (stores, _folder) = stores_of(records).await;
    let mut answers = Vec::new();
    for store in stores {
        let answer = get(&app(store), &format!("/api/v1/top?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        answers.push(answer.json());
    }
    answers
}

/// Key, change and ratio of each item.
fn changes(top: &Value) -> Vec<(Value, f64, Option<f64>)> {
    let items = top["items"].as_array().unwrap().iter();
    items.map(|item| (item["key"].clone(), item["change"].as_f64().unwrap(), item["ratio"].as_f64())).collect()
}

fn of_cost() -> Vec<SpanRecord> {
    let [now, before] = THEN;
    vec![
        span(1, now, Some("grew"), 3_000_000_000),
        span(2, before, Some("grew"), 2_000_000_000),
        span(3, now, Some("shrank"), 1_000_000_000),
        span(4, before, Some("shrank"), 9_000_000_000),
        span(5, now, Some("new"), 4_000_000_000),
        span(6, before, Some("gone"), 6_000_000_000),
        span(7, now, Some("same"), 5_000_000_000),
        span(8, before, Some("same"), 5_000_000_000),
        span(9, now, None, 500_000_000),
    ]
}

#[tokio::test]
async fn the_greatest_change_comes_first_whether_up_or_down() {
    for top in tops(of_cost(), "by=agent_id").await {
        let expected = [
            (json!("shrank"), -8.0, Some(1.0 / 9.0)),
            (json!("gone"), -6.0, Some(0.0)),
            (json!("new"), 4.0, None),
            (json!("grew"), 1.0, Some(1.5)),
            (Value::Null, 0.5, None),
            (json!("same"), 0.0, Some(1.0)),
        ];
        assert_eq!(changes(&top), expected);
        assert_eq!((&top["by"], &top["measure"]), (&json!("agent_id"), &json!("cost")));
        assert_eq!(top["previous_from"], "2026-10-30T00:00:00.000000Z");
        assert_eq!(top["from"], "2026-10-31T00:00:00.000000Z");
        let [gone, new] = [&top["items"][1], &top["items"][2]];
        assert_eq!((&gone["current"], &gone["previous"]["cost_usd"]), (&Value::Null, &json!("6")));
        assert_eq!((&new["previous"], &new["current"]["cost_usd"]), (&Value::Null, &json!("4")));
    }
}

#[tokio::test]
async fn only_as_many_as_asked_for_are_named() {
    for top in tops(of_cost(), "by=agent_id&limit=2").await {
        let names: Vec<Value> = changes(&top).into_iter().map(|(key, ..)| key).collect();
        assert_eq!(names, [json!("shrank"), json!("gone")]);
    }
}

#[tokio::test]
async fn equal_changes_are_in_the_order_of_their_names() {
    let [now, before] = THEN;
    let records = vec![
        span(1, now, Some("b"), 1),
        span(2, now, Some("a"), 1),
        span(3, before, Some("c"), 1),
        span(4, now, None, 1),
    ];
    for top in tops(records, "by=agent_id").await {
        let names: Vec<Value> = changes(&top).into_iter().map(|(key, ..)| key).collect();
        assert_eq!(names, [Value::Null, json!("a"), json!("b"), json!("c")]);
    }
}

#[tokio::test]
async fn every_measure_is_compared_in_its_own_unit() {
    let [now, before] = THEN;
    let with = |n: u16, ago_us: i64, change: fn(&mut SpanRecord)| {
        changed(n, |record| {
            *record = span(n, ago_us, Some("x"), 250_000_000);
            record.span.usage = Some(Usage { input: 10, ..Usage::default() });
            (record.span.timing.duration_us, record.span.timing.first_token_us) = (15_000, None);
            change(record);
        })
    };
    let records = vec![
        with(1, now, |_| {}),
        with(2, now, |record| {
            record.span.status = Status::Error;
            (record.span.timing.duration_us, record.span.timing.first_token_us) = (31_000, Some(8000));
        }),
        with(3, before, |record| record.span.usage = None),
    ];
    for (measure, change, ratio) in [
        ("cost", 0.25, Some(2.0)),
        ("requests", 1.0, Some(2.0)),
        ("errors", 1.0, None),
        ("error_rate", 0.5, None),
        ("tokens", 20.0, None),
    ] {
        for top in tops(records.clone(), &format!("by=agent_id&measure={measure}")).await {
            assert_eq!(changes(&top), [(json!("x"), change, ratio)], "{measure}");
        }
    }
    for (measure, near) in [("duration_p95", 16.0), ("time_to_first_token_p95", 8.0)] {
        for top in tops(records.clone(), &format!("by=agent_id&measure={measure}")).await {
            let found = changes(&top)[0].1;
            assert!((found - near).abs() < 1.5, "{measure}: {found}");
        }
    }
}

#[tokio::test]
async fn a_filter_holds_for_both_periods() {
    for top in tops(of_cost(), "by=model&agent_id=grew").await {
        assert_eq!(changes(&top), [(json!("gpt-4o-2024-08-06"), 1.0, Some(1.5))]);
    }
}
