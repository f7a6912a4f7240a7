//! Values: whatever a span may hold comes back as it was.

use std::sync::Arc;

use llmtrace_model::{
    Action, BodyCoverage, Channel, Confidence, Content, EndReason, ErrorInfo, Finding, FindingKind, Message, Money,
    Part, Place, Role, Severity, Source, Span, SpanFilter, SpanRecord, Status, Subject, Timestamp, Timing, Unit, Usage,
    UsageSource,
};
use serde_json::{Value, json};

use super::{
    ask::{ALL, Store, list, write},
    builders::{SpanBuilder, numbered, span},
};

/// What breaks texts that are put together instead of bound, and what breaks encodings.
const ODD: &[&str] = &[
    "",
    "\0",
    "a\0b",
    "'; DROP TABLE spans; --",
    "\" ` \\ % _ ? ?1 :a $1 {}",
    "line\r\nline\u{2028}\u{85}\t\u{1b}[31m",
    "👩‍👩‍👧‍👦 e\u{301} עברית \u{202e}abc",
    "\u{feff}\u{fffd}\u{fffe}\u{ffff}\u{10ffff}\u{e000}\u{7f}\u{80}",
    "123",
    "NULL",
    "\\u0000 \\ud800 �",
];

async fn survives(store: &Store, built: SpanBuilder) {
    let record = built.record();
    write(store, &[Arc::clone(&record)]).await;
    let read = store.exchange(&ALL, record.span.exchange_id).await.unwrap().unwrap();
    assert_eq!(read, *record);
    let filter = SpanFilter { trace_id: Some(record.span.trace_id), ..SpanFilter::default() };
    assert_eq!(list(store, &ALL, &filter).await, std::slice::from_ref(&record.span));
}

fn with_every_text(text: &str) -> SpanBuilder {
    let text = || text.to_owned();
    span().said(&text(), &text()).with(|span| {
        *span = Span {
            agent_id: Some(text()),
            session_id: Some(text()),
            user_id: Some(text()),
            tags: vec![text(), text()],
            environment: Some(text()),
            release: Some(text()),
            client_address: Some(text()),
            operation: text(),
            provider: text(),
            dialect: text(),
            upstream: text(),
            method: text(),
            path: text(),
            request_model: Some(text()),
            response_model: Some(text()),
            params: [(text(), json!(text()))].into(),
            error: Some(ErrorInfo { kind: text(), message: text() }),
            price_version: Some(text()),
            finish_reasons: vec![text()],
            response_id: Some(text()),
            provider_request_id: Some(text()),
            rate_limits: [(text(), text())].into(),
            ..span.clone()
        };
        span.coverage.not_read = vec![text()];
        span.coverage.unknown = vec![text()];
        span.coverage.analysis = text();
        span.coverage.request = BodyCoverage::Opaque(text());
        let confidence = Confidence::new(0.1).unwrap();
        let (kind, severity) = (FindingKind::Secret, Severity::High);
        let finding = Finding {
            kind,
            subtype: text(),
            severity,
            confidence,
            rule: text(),
            reason: text(),
            place: None,
            action: Action::Block,
        };
        let place = Place { channel: Channel::Untrusted, path: text(), start: 0, end: u64::MAX };
        span.findings = vec![finding.clone(), Finding { place: Some(place), ..finding }];
    })
}

pub(super) async fn odd_text_survives_everywhere(store: Store) {
    for text in ODD {
        survives(&store, with_every_text(text)).await;
    }
    survives(&store, with_every_text(&"ä".repeat(70_000))).await;
}

pub(super) async fn odd_values_are_found_and_erased_exactly(store: Store) {
    let spans = |n: u64, text: &str| numbered(n).session(text).user(text).record();
    let all: Vec<_> = (1..).zip(ODD).map(|(n, text)| spans(n, text)).collect();
    write(&store, &all).await;
    for (gone, text) in ODD.iter().enumerate() {
        let (user, session) = (Some((*text).to_owned()), Some((*text).to_owned()));
        for filter in [
            SpanFilter { user_id: user, ..SpanFilter::default() },
            SpanFilter { session_id: session, ..SpanFilter::default() },
        ] {
            assert_eq!(list(&store, &ALL, &filter).await, std::slice::from_ref(&all[gone].span), "{text:?}");
        }
        let subject = match gone % 2 {
            0 => Subject::User((*text).to_owned()),
            _ => Subject::Session((*text).to_owned()),
        };
        let erased = store.erase(&ALL, &subject, Timestamp::from_unix_us(i64::MAX)).await.unwrap();
        assert_eq!(erased.spans, 1, "{text:?}");
        assert_eq!(list(&store, &ALL, &SpanFilter::default()).await.len(), ODD.len() - gone - 1, "{text:?}");
    }
}

pub(super) async fn ten_megabytes_of_content_survive(store: Store) {
    let mut dull = "0123456789".repeat(1 << 20);
    dull.push('!');
    survives(&store, span().said(&dull, "short")).await;
    // Bytes of a counter's multiples: zstd finds little to pack.
    let busy: String =
        (0..3_000_000u32).filter_map(|n| char::from_u32(n.wrapping_mul(2_654_435_761) >> 12)).take(2_500_000).collect();
    survives(&store, span().said(&busy, &dull)).await;
    // Around the length from which content is packed.
    for length in 3910..3930 {
        survives(&store, span().said(&"x".repeat(length), "")).await;
    }
}

pub(super) async fn extreme_numbers_survive(store: Store) {
    for n in [0, 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX - 1, u64::MAX] {
        let usage = Usage {
            input: n,
            cache_read: n,
            cache_write_5m: n,
            cache_write_1h: n,
            output: n,
            reasoning: n,
            audio_input: n,
            audio_output: n,
            image_input: n,
            image_output: n,
            audio_cache_read: n,
            image_cache_read: n,
        };
        let timing = Timing {
            connect_us: Some(n),
            first_byte_us: Some(n),
            first_token_us: Some(n),
            duration_us: n,
            overhead_us: n,
        };
        let change = |span: &mut Span| {
            span.usage = Some(usage);
            span.units.set(Unit::WebSearches, n);
            span.units.set(Unit::BatchRequests, n);
            span.timing = timing;
            span.request_bytes = n;
            span.response_bytes = n;
        };
        survives(&store, span().with(change)).await;
    }
    for n in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
        survives(&store, span().at(Timestamp::from_unix_us(n)).with(|span| span.cost = Some(Money::from_nanos(n))))
            .await;
    }
    for status in [0, 99, 999, u16::MAX] {
        survives(&store, span().version(u32::MAX).with(|span| span.http_status = Some(status))).await;
    }
    let numbers = [
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0.1 + 0.2),
        json!(f64::MAX),
        json!(f64::MIN_POSITIVE),
        json!(5e-324),
        json!(-0.0),
        json!(1.0),
        json!(9_007_199_254_740_993_i64),
    ];
    let params = numbers.iter().enumerate().map(|(i, number)| (format!("p{i}"), number.clone())).collect();
    survives(&store, span().with(|span| span.params = params)).await;
    for p in [0.0, 1.0, f32::MIN_POSITIVE, 0.1, 1.0 / 3.0, 0.999_999_94] {
        let confidence = Confidence::new(p).unwrap();
        let (kind, severity) = (FindingKind::Pii, Severity::Info);
        let (subtype, rule, reason) = Default::default();
        let finding =
            Finding { kind, subtype, severity, confidence, rule, reason, place: None, action: Action::Observe };
        survives(&store, span().finding(finding)).await;
    }
}

pub(super) async fn every_word_survives(store: Store) {
    for reason in [
        EndReason::Complete,
        EndReason::ClientGone,
        EndReason::UpstreamFailed,
        EndReason::TimedOut,
        EndReason::Cut,
        EndReason::Refused,
        EndReason::Blocked,
        EndReason::Interrupted,
    ] {
        survives(&store, span().ended(reason)).await;
    }
    for (status, source, usage_source) in [
        (Status::Ok, Source::Proxy, UsageSource::Provider),
        (Status::Error, Source::Otlp, UsageSource::Estimated),
        (Status::Ok, Source::Otlp, UsageSource::None),
    ] {
        let change = |span: &mut Span| {
            span.status = status;
            span.source = source;
            span.usage_source = usage_source;
            span.stream = source == Source::Otlp;
        };
        survives(&store, span().with(change)).await;
    }
    for coverage in [
        BodyCoverage::Empty,
        BodyCoverage::Whole,
        BodyCoverage::Truncated,
        BodyCoverage::Opaque("why".to_owned()),
        BodyCoverage::NotKept,
    ] {
        survives(&store, span().with(|span| span.coverage.response = coverage)).await;
    }
}

pub(super) async fn deep_tool_arguments_survive(store: Store) {
    // 127 levels are the most a JSON parser takes by default: arguments that are a JSON text of their own can have them.
    let deep = (0..127).fold(json!(1), |inner, _| json!([inner]));
    let call = Part::ToolCall { id: Some("call_1".to_owned()), name: "f".to_owned(), arguments: deep.clone() };
    let message = Message { role: Role::Assistant, name: None, parts: vec![call], finish_reason: None };
    let content = Content { output_messages: vec![message], ..Content::default() };
    survives(&store, span().content(content).with(|span| span.params = [("p".to_owned(), deep)].into())).await;
}

pub(super) async fn absent_and_empty_stay_apart(store: Store) {
    survives(&store, span().content(Content::default())).await;
    survives(&store, span().with(|span| span.usage = Some(Usage::default()))).await;
    survives(&store, span().with(|span| span.error = Some(ErrorInfo { kind: String::new(), message: String::new() })))
        .await;
    survives(&store, span().session("").agent("").user("").model("")).await;
    survives(&store, span().with(|span| (span.request_model, span.cost) = (None, Some(Money::ZERO)))).await;
}

pub(super) async fn every_part_of_content_survives(store: Store) {
    let text = |content: &str| Part::Text { content: content.to_owned() };
    let odd = json!({"type": "text", "nested": {"a": [null, true, 1.5, "x"]}, "": ""});
    let parts = vec![
        text("text"),
        Part::ToolCall { id: None, name: "f".to_owned(), arguments: json!("not json {") },
        Part::ToolCallResponse { id: Some("1".to_owned()), result: odd.clone() },
        Part::Reasoning { content: String::new() },
        Part::Refusal { content: "no".to_owned() },
        Part::Blob { modality: "image".to_owned(), mime_type: Some("image/png".to_owned()), size_bytes: u64::MAX },
        Part::Uri { modality: "image".to_owned(), uri: "https://example.com/a.png".to_owned() },
        Part::File { modality: "file".to_owned(), file_id: "file-1".to_owned() },
        Part::Raw { value: odd.clone() },
        Part::Raw { value: Value::Null },
    ];
    let roles = [Role::System, Role::Developer, Role::User, Role::Assistant, Role::Tool, Role::Unknown];
    let message = |role| Message {
        role,
        name: Some("n".to_owned()),
        parts: parts.clone(),
        finish_reason: Some("stop".to_owned()),
    };
    let content = Content {
        system_instructions: parts.clone(),
        input_messages: roles.map(message).to_vec(),
        output_messages: vec![Message { role: Role::Assistant, name: None, parts: Vec::new(), finish_reason: None }],
        tool_definitions: vec![odd, json!([]), Value::Null],
    };
    let record: Arc<SpanRecord> = span().content(content.clone()).record();
    assert_eq!(record.content.as_ref(), Some(&content));
    survives(&store, span().content(content)).await;
}
