//! Lists: order, pages, filters, scopes.

use std::sync::Arc;

use axum::http::Request;
use llmtrace_model::{
    Action, Confidence, EndReason, Finding, FindingKind, Money, Severity, Source, SpanRecord, Status, Timestamp, Usage,
};
use llmtrace_server::api::{Access, router};
use llmtrace_store::{Backlog, Options, open_meta};
use serde_json::{Value, json};

use crate::world::{Fickle, Mood, START, api, app, ask, changed, events, get, record, stores, stores_of};

fn ids(records: &[SpanRecord]) -> Vec<String> {
    records.iter().map(|r| r.span.exchange_id.to_string()).collect()
}

#[tokio::test]
async fn an_empty_store_answers_with_an_empty_page() {
    let (stores, _folder) = stores().await;
    for store in stores {
        let app = app(store);
        for path in ["/api/v1/spans", "/api/v1/traces", "/api/v1/sessions"] {
            let answer = get(&app, path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.json(), json!({ "items": [], "next": null, "text_index": null }), "{path}");
        }
    }
}

#[tokio::test]
async fn spans_are_listed_newest_first_without_content() {
    let (stores, _folder) = stores_of((0..3).map(record).collect()).await;
    let expected = ids(&[record(2), record(1), record(0)]);
    for store in stores {
        let answer = get(&app(store), "/api/v1/spans").await;
        assert_eq!(answer.exchanges(), expected);
        let item = &answer.json()["items"][0];
        for content in ["input_messages", "output_messages", "system_instructions", "tool_definitions"] {
            assert_eq!(item.get(content), None, "a list holds no {content}");
        }
        assert!(!String::from_utf8_lossy(&answer.body).contains("question"));
    }
}

#[tokio::test]
async fn pages_join_without_a_gap_or_a_repetition() {
    let records = (0..95).map(|n| changed(n, |r| r.span.session_id = Some(format!("session-{}", n / 20))));
    let (stores, _folder) = stores_of(records.collect()).await;
    for store in stores {
        let app = app(store);
        for (path, id, whole) in [
            ("/api/v1/spans", "exchange_id", 95),
            ("/api/v1/traces", "trace_id", 10),
            ("/api/v1/sessions", "session_id", 5),
        ] {
            for limit in [1, 7, 10, 1000] {
                let mut seen: Vec<String> = Vec::new();
                let mut uri = format!("{path}?limit={limit}");
                loop {
                    let page = get(&app, &uri).await.json();
                    let items = page["items"].as_array().unwrap();
                    assert!(items.len() <= limit);
                    seen.extend(items.iter().map(|item| item[id].as_str().unwrap().to_owned()));
                    let Some(next) = page["next"].as_str() else { break };
                    assert!(!items.is_empty(), "an empty page promises more");
                    uri = format!("{path}?limit={limit}&after={next}");
                }
                let mut unique = seen.clone();
                unique.sort();
                unique.dedup();
                assert_eq!((seen.len(), unique.len()), (whole, whole), "{path} by {limit}");
            }
        }
    }
}

#[tokio::test]
async fn the_page_is_fifty_rows_when_nobody_says() {
    let (stores, _folder) = stores_of((0..60).map(record).collect()).await;
    for store in stores {
        assert_eq!(get(&app(store), "/api/v1/spans").await.exchanges().len(), 50);
    }
}

#[tokio::test]
async fn each_filter_narrows_to_its_span() {
    let odd = changed(5, |r| {
        r.span.agent_id = Some("agent 2&x=y".into());
        r.span.session_id = Some("s-ü".into());
        r.span.user_id = Some("user@example.org".into());
        r.span.provider = "anthropic".into();
        r.span.request_model = Some("claude-asked".into());
        r.span.response_model = Some("claude-answered".into());
        r.span.status = Status::Error;
        r.span.end_reason = EndReason::ClientGone;
        r.span.tenant_id = "team-b".parse().unwrap();
        r.span.trace_id = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
        r.span.tags = vec!["blue".into(), "key:a value".into()];
        r.span.environment = Some("prod".into());
        r.span.release = Some("2.0".into());
        r.span.source = Source::Otlp;
        r.span.dialect = "anthropic_messages".into();
        r.span.operation = "embeddings".into();
        r.span.http_status = Some(429);
        r.span.cost = Some(Money::from_nanos(1_000_000_000));
        (r.span.timing.duration_us, r.span.timing.first_token_us) = (200_001, Some(99_999));
        r.span.usage = Some(Usage { output: 100, ..Usage::default() });
        let confidence = Confidence::new(0.9).unwrap();
        r.span.findings = vec![Finding {
            kind: FindingKind::Pii,
            subtype: "email".to_owned(),
            severity: Severity::Low,
            confidence,
            rule: "r".to_owned(),
            reason: "why".to_owned(),
            place: None,
            action: Action::Flag,
        }];
    });
    let at = |n: i64| Timestamp::from_unix_us(odd.span.started_at.unix_us() + n);
    let filters = [
        "agent_id=agent+2%26x%3Dy".to_owned(),
        "session_id=s-%C3%BC".to_owned(),
        "user_id=user%40example.org".to_owned(),
        "provider=anthropic".to_owned(),
        "model=claude-asked".to_owned(),
        "model=claude-answered".to_owned(),
        "status=error".to_owned(),
        "end_reason=client_gone".to_owned(),
        "tenant_id=team-b".to_owned(),
        "trace_id=0af7651916cd43dd8448eb211c80319c".to_owned(),
        "trace_id=0AF7651916CD43DD8448EB211C80319C".to_owned(),
        format!("from={}&until={}", at(0), at(1)),
        "status=error&provider=anthropic&limit=1".to_owned(),
        "tag=key%3Aa+value".to_owned(),
        "tag=blue&tag=key:a%20value&tag=blue".to_owned(),
        "environment=prod".to_owned(),
        "release=2.0".to_owned(),
        "source=otlp".to_owned(),
        "dialect=anthropic_messages".to_owned(),
        "operation=embeddings".to_owned(),
        "http_status=429".to_owned(),
        "finding=any".to_owned(),
        "finding=pii".to_owned(),
        "min_cost_usd=1&max_cost_usd=1.000000000".to_owned(),
        "min_cost_usd=0.000250001".to_owned(),
        "min_duration_ms=200.001&max_duration_ms=200.001".to_owned(),
        "min_time_to_first_token_ms=99.999&max_time_to_first_token_ms=99.999".to_owned(),
        "min_tokens=100&max_tokens=100".to_owned(),
    ];
    let records: Vec<SpanRecord> = (0..10).map(|n| if n == 5 { odd.clone() } else { record(n) }).collect();
    let (stores, _folder) = stores_of(records).await;
    for store in stores {
        let app = app(store);
        for filter in &filters {
            let answer = get(&app, &format!("/api/v1/spans?{filter}")).await;
            assert_eq!(answer.exchanges(), ids(std::slice::from_ref(&odd)), "{filter}");
            let answer = get(&app, &format!("/api/v1/traces?{filter}")).await.json();
            let traces = answer["items"].as_array().unwrap();
            assert_eq!(traces.len(), 1, "{filter}");
            assert_eq!(traces[0]["trace_id"], "0af7651916cd43dd8448eb211c80319c", "{filter}");
            let answer = get(&app, &format!("/api/v1/sessions?{filter}")).await.json();
            let sessions = answer["items"].as_array().unwrap();
            assert_eq!((sessions.len(), &sessions[0]["session_id"]), (1, &json!("s-ü")), "{filter}");
        }
        for nothing in [
            "status=error&provider=openai",
            "tag=blue&tag=red",
            "finding=secret",
            "min_cost_usd=1.000000001",
            "min_duration_ms=200.002",
            "max_tokens=21",
        ] {
            let answer = get(&app, &format!("/api/v1/spans?{nothing}")).await;
            assert_eq!(answer.exchanges(), Vec::<String>::new(), "{nothing}: filters are joined by and");
        }
    }
}

#[tokio::test]
async fn what_has_no_value_is_outside_of_every_range_on_it() {
    let bare = changed(0, |r| (r.span.cost, r.span.usage, r.span.timing.first_token_us) = (None, None, None));
    let (stores, _folder) = stores_of(vec![bare, record(1)]).await;
    for store in stores {
        let app = app(store);
        for range in
            ["min_cost_usd=0", "max_cost_usd=999999999", "min_tokens=0", "max_time_to_first_token_ms=999999999999"]
        {
            assert_eq!(get(&app, &format!("/api/v1/spans?{range}")).await.exchanges(), ids(&[record(1)]), "{range}");
        }
    }
}

#[tokio::test]
async fn a_search_finds_what_was_said_and_says_how_far_it_sees() {
    // The other engine finds a text only after it was indexed, which is its own conformance to test.
    let memory = stores_of((0..20).map(record).collect()).await.0.swap_remove(0);
    let fickle = Fickle::new(memory, Mood::Well);
    *fickle.backlog.lock() = Some(Backlog { rollup_hours: 0, text_spans: 4 });
    let app = app(fickle);
    let found = get(&app, "/api/v1/spans?text=QUESTION%2C+13!").await;
    assert_eq!(found.exchanges(), ids(&[record(13)]));
    assert_eq!(found.json()["text_index"], json!({ "behind_spans": 4 }));
    for (path, found) in [("traces", 2), ("sessions", 1)] {
        let list = get(&app, &format!("/api/v1/{path}?text=question")).await.json();
        assert_eq!(
            (list["items"].as_array().map(Vec::len), &list["text_index"]["behind_spans"]),
            (Some(found), &json!(4))
        );
        let plain = get(&app, &format!("/api/v1/{path}?model=gpt-4o")).await.json();
        assert_eq!(plain["text_index"], Value::Null, "{path}");
    }
    assert_eq!(get(&app, "/api/v1/spans?text=question+13+14").await.exchanges(), Vec::<String>::new());
}

#[tokio::test]
async fn a_tenant_is_named_by_header_or_parameter_and_sees_its_own_only() {
    let records = (0..4u16).map(|n| {
        changed(n, |r| {
            r.span.tenant_id = ["a", "b"][usize::from(n % 2)].parse().unwrap();
            r.span.trace_id = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
        })
    });
    let (stores, _folder) = stores_of(records.collect()).await;
    let other = record(1).span;
    for store in stores {
        let app = app(store);
        let as_a =
            |path: &str| Request::get(path.to_owned()).header("host", "localhost").header("X-LLMTrace-Tenant-ID", "a");
        let own = ids(&[record(2), record(0)]);
        assert_eq!(ask(&app, as_a("/api/v1/spans")).await.exchanges(), own);
        assert_eq!(ask(&app, as_a("/api/v1/spans?tenant_id=a")).await.exchanges(), own);
        assert_eq!(get(&app, "/api/v1/spans?tenant_id=a").await.exchanges(), own);
        assert_eq!(get(&app, "/api/v1/spans").await.exchanges().len(), 4, "open mode shows all");

        let trace = "/api/v1/traces/0af7651916cd43dd8448eb211c80319c";
        let spans = ask(&app, as_a(trace)).await.json()["spans"].as_array().unwrap().clone();
        assert!(spans.len() == 2 && spans.iter().all(|span| span["tenant_id"] == "a"));
        for id in [other.span_id.to_string(), other.exchange_id.to_string()] {
            let path = format!("/api/v1/spans/{id}");
            assert_eq!(ask(&app, as_a(&path)).await.status, 404, "another tenant's span does not exist");
            assert_eq!(get(&app, &path).await.status, 200);
            assert_eq!(get(&app, &format!("{path}?tenant_id=a")).await.status, 404);
        }
    }
}

#[tokio::test]
async fn the_tenants_seen_are_listed_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("meta.db").display());
    for url in ["memory:", &sqlite] {
        let meta = open_meta("storage.meta", url, &Options::default()).await.unwrap();
        let at = |us| Timestamp::from_unix_us(START + us);
        let seen = [("team-b", at(0)), ("team-a", at(1)), ("team-b", at(2))];
        meta.touch_tenants(&seen.map(|(id, at)| (id.parse().unwrap(), at))).await.unwrap();
        let spans = stores().await.0.swap_remove(0);
        let app = router(api(spans, meta, events(), Arc::new(Access::default())));
        let tenant = |id: &str, first: &str, last: &str| {
            let time = |us: &str| format!("2025-10-09T08:53:20.{us}Z");
            json!({ "tenant_id": id, "first_seen": time(first), "last_seen": time(last) })
        };
        let (a, b) = (tenant("team-a", "000001", "000001"), tenant("team-b", "000000", "000002"));
        assert_eq!(get(&app, "/api/v1/tenants").await.json(), json!({ "items": [a, b], "next": null }));
        assert_eq!(get(&app, "/api/v1/tenants?tenant_id=team-b").await.json()["items"], json!([b]), "its own only");
        assert_eq!(get(&app, "/api/v1/tenants?tenant_id=team-c").await.json()["items"], json!([]));
    }
}

#[tokio::test]
async fn a_cursor_of_another_tenant_opens_no_door() {
    let records = (0..6u16).map(|n| changed(n, |r| r.span.tenant_id = ["a", "b"][usize::from(n % 2)].parse().unwrap()));
    let (stores, _folder) = stores_of(records.collect()).await;
    for store in stores {
        let app = app(store);
        let page = get(&app, "/api/v1/spans?tenant_id=b&limit=1").await.json();
        let cursor = page["next"].as_str().unwrap();
        let refused = get(&app, &format!("/api/v1/spans?tenant_id=a&after={cursor}")).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["parameter"]), (400, &json!("after")));
    }
}
