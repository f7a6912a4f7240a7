//! What spans add up to: in all, by group, by time, and compared with the period before.

use llmtrace_model::{Money, SpanRecord, Status, Timestamp, Usage};
use serde_json::{Value, json};

use crate::world::{NOW, app, changed, get, stores, stores_of};

const HOUR: i64 = 3_600_000_000;

/// A span of so long ago, of a model, that cost so many nano-dollars.
fn span(n: u16, ago_us: i64, model: &str, nanos: i64) -> SpanRecord {
    changed(n, |record| {
        let span = &mut record.span;
        span.started_at = Timestamp::from_unix_us(NOW - ago_us);
        (span.request_model, span.response_model) = (Some(model.to_owned()), None);
        span.cost = Some(Money::from_nanos(nanos));
    })
}

async fn answers(records: Vec<SpanRecord>, uri: &str) -> Vec<Value> {
    let (stores, _folder) = stores_of(records).await;
    let mut answers = Vec::new();
    for store in stores {
        let answer = get(&app(store), uri).await;
        assert_eq!(answer.status, 200, "{uri}: {:?}", answer.body);
        answers.push(answer.json());
    }
    answers
}

fn keys(stats: &Value, dimension: &str) -> Vec<Value> {
    stats["groups"].as_array().unwrap().iter().map(|group| group["key"][dimension].clone()).collect()
}

#[tokio::test]
async fn no_spans_add_up_to_nothing_and_have_no_percentiles() {
    let (stores, _folder) = stores().await;
    for store in stores {
        let stats = get(&app(store), "/api/v1/stats?group_by=model&interval=1h&compare=previous").await.json();
        let nothing = json!({
            "requests": 0, "errors": 0, "error_rate": 0.0,
            "usage": {
                "input": 0, "cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0, "output": 0, "reasoning": 0,
                "audio_input": 0, "audio_output": 0, "image_input": 0, "image_output": 0, "audio_cache_read": 0,
                "image_cache_read": 0, "total": 0
            },
            "cost_usd": "0", "unpriced_requests": 0, "duration_ms": null, "time_to_first_token_ms": null,
            "first_started_at": null, "last_started_at": null,
        });
        let expected = json!({
            "from": "2026-10-31T00:00:00.000000Z", "until": "2026-11-01T00:00:00.000000Z", "interval": "1h",
            "group_by": ["model"], "total": nothing, "previous": nothing, "points": [], "groups": [], "rest": null,
            "groups_left_out": 0,
        });
        assert_eq!(stats, expected);
    }
}

#[tokio::test]
async fn sums_are_exact_and_percentiles_are_near() {
    let records = (1..=100).map(|n| {
        changed(n, |record| {
            let span = &mut record.span;
            span.started_at = Timestamp::from_unix_us(NOW - i64::from(n));
            span.timing.duration_us = u64::from(n) * 10_000;
            span.timing.first_token_us = (n <= 10).then_some(u64::from(n) * 1000);
            span.status = if n <= 25 { Status::Error } else { Status::Ok };
            span.usage = (n != 1).then(|| Usage { input: 3, reasoning: 2, ..Usage::default() });
            span.cost = (n > 2).then(|| Money::from_nanos(1));
        })
    });
    for stats in answers(records.collect(), "/api/v1/stats").await {
        let total = &stats["total"];
        assert_eq!(total["requests"], 100);
        assert_eq!((&total["errors"], &total["error_rate"]), (&json!(25), &json!(0.25)));
        let usage = &total["usage"];
        assert_eq!((&usage["input"], &usage["reasoning"], &usage["total"]), (&json!(297), &json!(198), &json!(495)));
        assert_eq!(total["cost_usd"], "0.000000098");
        assert_eq!(total["unpriced_requests"], 1, "one used tokens and has no price, the other used nothing");
        assert_eq!(total["first_started_at"], "2026-10-31T23:59:59.999900Z");
        assert_eq!(total["last_started_at"], "2026-10-31T23:59:59.999999Z");
        for (name, of, expected) in [
            ("duration_ms", "p50", 500.0),
            ("duration_ms", "p95", 950.0),
            ("duration_ms", "p99", 990.0),
            ("time_to_first_token_ms", "p50", 5.0),
            ("time_to_first_token_ms", "p99", 10.0),
        ] {
            let found = total[name][of].as_f64().unwrap();
            assert!((found - expected).abs() <= expected * 0.032, "{name} {of}: {found}, not near {expected}");
        }
        assert_eq!((&stats["previous"], &stats["groups"], &stats["rest"]), (&Value::Null, &json!([]), &Value::Null));
        assert_eq!((&stats["interval"], &stats["points"]), (&Value::Null, &json!([])));
    }
}

#[tokio::test]
async fn groups_are_ordered_and_what_is_left_out_is_added_up() {
    let records = vec![
        span(1, 1, "cheap", 1),
        span(2, 2, "cheap", 1),
        span(3, 3, "cheap", 1),
        span(4, 4, "dear", 100),
        span(5, 5, "b-even", 10),
        span(6, 6, "a-even", 10),
        changed(7, |record| {
            record.span.started_at = Timestamp::from_unix_us(NOW - 7);
            (record.span.request_model, record.span.response_model) = (None, None);
            record.span.cost = Some(Money::from_nanos(10));
        }),
    ];
    let by_requests = answers(records.clone(), "/api/v1/stats?group_by=model").await;
    for stats in by_requests {
        let expected = [json!("cheap"), Value::Null, json!("a-even"), json!("b-even"), json!("dear")];
        assert_eq!(keys(&stats, "model"), expected, "most requests, then no value, then by name");
        assert_eq!((&stats["rest"], &stats["groups_left_out"]), (&Value::Null, &json!(0)));
    }
    for stats in answers(records, "/api/v1/stats?group_by=model&order=cost&limit=2").await {
        assert_eq!(keys(&stats, "model"), [json!("dear"), Value::Null]);
        assert_eq!(stats["groups_left_out"], 3);
        assert_eq!((&stats["rest"]["requests"], &stats["rest"]["cost_usd"]), (&json!(5), &json!("0.000000023")));
        assert_eq!(stats["total"]["requests"], 7);
        assert_eq!(stats["total"]["cost_usd"], "0.000000133");
    }
}

#[tokio::test]
async fn each_order_puts_its_own_greatest_first() {
    let records = vec![
        span(1, 1, "many", 1),
        span(2, 2, "many", 1),
        span(3, 3, "dear", 100),
        changed(4, |record| {
            *record = span(4, 4, "failing", 2);
            record.span.status = Status::Error;
        }),
        changed(5, |record| {
            *record = span(5, 5, "wordy", 3);
            record.span.usage = Some(Usage { output: 1000, ..Usage::default() });
        }),
    ];
    for (order, first) in [("requests", "many"), ("errors", "failing"), ("cost", "dear"), ("tokens", "wordy")] {
        for stats in answers(records.clone(), &format!("/api/v1/stats?group_by=model&order={order}")).await {
            assert_eq!(keys(&stats, "model")[0], first, "{order}");
        }
    }
}

#[tokio::test]
async fn several_dimensions_make_one_group_for_each_combination() {
    let records = vec![
        span(1, 1, "a", 1),
        changed(2, |record| {
            *record = span(2, 2, "a", 1);
            record.span.agent_id = None;
            record.span.http_status = Some(503);
        }),
    ];
    for stats in answers(records, "/api/v1/stats?group_by=http_status,agent_id,model").await {
        assert_eq!(stats["group_by"], json!(["http_status", "agent_id", "model"]));
        let keys: Vec<&Value> = stats["groups"].as_array().unwrap().iter().map(|group| &group["key"]).collect();
        let expected = [
            json!({ "http_status": "200", "agent_id": "agent-1", "model": "a" }),
            json!({ "http_status": "503", "agent_id": null, "model": "a" }),
        ];
        assert_eq!(keys, expected.iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn steps_are_aligned_and_those_without_spans_are_left_out() {
    // NOW is midnight: 23:30, 22:10, 22:00 and 03:59 of the day before.
    let records = vec![
        span(1, HOUR / 2, "a", 1),
        span(2, HOUR * 11 / 6, "a", 2),
        span(3, 2 * HOUR, "b", 4),
        span(4, 20 * HOUR + 60_000_000, "a", 8),
    ];
    for stats in answers(records, "/api/v1/stats?interval=1h&group_by=model&order=cost").await {
        let points = |of: &Value| -> Vec<(String, u64, String)> {
            let points = of["points"].as_array().unwrap().iter();
            let point = |p: &Value| {
                let text = |name: &str| p[name].as_str().unwrap().to_owned();
                (text("start"), p["requests"].as_u64().unwrap(), text("cost_usd"))
            };
            points.map(point).collect()
        };
        let at =
            |hour: &str, requests, cost: &str| (format!("2026-10-31T{hour}:00:00.000000Z"), requests, cost.to_owned());
        let all = [at("03", 1, "0.000000008"), at("22", 2, "0.000000006"), at("23", 1, "0.000000001")];
        assert_eq!(points(&stats), all);
        assert_eq!(keys(&stats, "model"), [json!("a"), json!("b")]);
        let of_a = [at("03", 1, "0.000000008"), at("22", 1, "0.000000002"), at("23", 1, "0.000000001")];
        assert_eq!(points(&stats["groups"][0]), of_a);
        assert_eq!(points(&stats["groups"][1]), [at("22", 1, "0.000000004")]);
    }
}

#[tokio::test]
async fn the_period_before_stands_beside_this_one() {
    let records = vec![
        span(1, HOUR, "kept", 5),
        span(2, HOUR, "new", 7),
        span(3, 24 * HOUR, "kept", 1),
        span(4, 24 * HOUR + 1, "kept", 10),
        span(5, 25 * HOUR, "gone", 100),
        span(6, 48 * HOUR, "gone", 1000),
        span(7, 48 * HOUR + 1, "gone", 10_000),
    ];
    for stats in answers(records, "/api/v1/stats?group_by=model&compare=previous").await {
        // The span of exactly 24 hours ago is the first of this period, that of 48 hours ago the first of the one before.
        assert_eq!(stats["total"]["cost_usd"], "0.000000013");
        assert_eq!((&stats["previous"]["requests"], &stats["previous"]["cost_usd"]), (&json!(3), &json!("0.00000111")));
        assert_eq!(keys(&stats, "model"), [json!("kept"), json!("new")]);
        assert_eq!(stats["groups"][0]["previous"]["cost_usd"], "0.00000001");
        assert_eq!(stats["groups"][1]["previous"], Value::Null);
    }
}

#[tokio::test]
async fn only_what_matches_is_added_up_and_only_of_the_tenant() {
    let records = vec![
        span(1, 1, "a", 1),
        span(2, 2, "b", 10),
        changed(3, |record| {
            *record = span(3, 3, "a", 100);
            record.span.tenant_id = "other".parse().unwrap();
        }),
    ];
    for (filter, cost) in [
        ("", "0.000000111"),
        ("model=a", "0.000000101"),
        ("model=a&tenant_id=default", "0.000000001"),
        ("min_cost_usd=0.00000001", "0.00000011"),
        ("max_cost_usd=0.00000001", "0.000000011"),
        ("tenant_id=nobody", "0"),
    ] {
        for stats in answers(records.clone(), &format!("/api/v1/stats?{filter}")).await {
            assert_eq!(stats["total"]["cost_usd"], cost, "{filter}");
        }
    }
}

#[tokio::test]
async fn too_many_steps_are_refused_with_the_shortest_that_fits() {
    let app = app(stores().await.0.swap_remove(0));
    let refused = get(&app, "/api/v1/stats?interval=1m").await;
    assert_eq!(refused.status, 400, "24 hours have 1440 minutes");
    assert_eq!(refused.json()["parameter"], "interval");
    assert_eq!(
        refused.json()["expected"],
        "at most 1000 steps from \"from\" to \"until\": a shorter time, or 5m or longer"
    );
    assert_eq!(get(&app, "/api/v1/stats?interval=5m").await.status, 200);
    let huge = "from=0000-01-01T00:00:00Z&until=9999-12-30T00:00:00Z";
    assert_eq!(get(&app, &format!("/api/v1/stats?{huge}")).await.status, 200);
    assert_eq!(get(&app, &format!("/api/v1/stats?{huge}&interval=1d")).await.json()["parameter"], "interval");
    assert_eq!(get(&app, &format!("/api/v1/stats?{huge}&compare=previous")).await.json()["parameter"], "from");
}
