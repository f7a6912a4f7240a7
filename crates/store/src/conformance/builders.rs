//! Spans for tests: every one has an identity of its own and values that a reader can tell apart.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use llmtrace_model::{
    BodyCoverage, Content, Coverage, EndReason, ErrorInfo, ExchangeId, Finding, Message, Money, Part, Raw, Role,
    Source, Span, SpanId, SpanRecord, Status, TenantId, Timestamp, Timing, TraceId, Units, Usage, UsageSource,
};

/// Where built spans begin: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp::from_unix_us(1_767_225_600_000_000);

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Begins a span: a chat completion that went well, one millisecond after the one built before.
pub fn span() -> SpanBuilder {
    numbered(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Begins the span with this number: the same number gives the same identity, and a later start than a lower one.
pub fn numbered(number: u64) -> SpanBuilder {
    let mut random = [0; 10];
    // Scattered over the bits, as random ones are; the multiplier is odd, so different numbers stay different.
    random[2..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let started_at = Timestamp::from_unix_us(START.unix_us().saturating_add_unsigned(number.saturating_mul(1000)));
    let exchange_id = ExchangeId::mint(u64::try_from(started_at.unix_ms()).unwrap_or(0), random);
    SpanBuilder(SpanRecord { span: plain(exchange_id, started_at), content: None, raw: None })
}

fn plain(exchange_id: ExchangeId, started_at: Timestamp) -> Span {
    Span {
        exchange_id,
        version: 0,
        trace_id: exchange_id.trace_id(),
        span_id: exchange_id.span_id(),
        parent_span_id: None,
        tenant_id: TenantId::default_tenant(),
        agent_id: None,
        session_id: None,
        user_id: None,
        tags: Vec::new(),
        environment: None,
        release: None,
        client_address: None,
        source: Source::Proxy,
        operation: "chat".to_owned(),
        provider: "openai".to_owned(),
        dialect: "openai_chat".to_owned(),
        upstream: "default".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/chat/completions".to_owned(),
        request_model: Some("gpt-4o-mini".to_owned()),
        response_model: Some("gpt-4o-mini-2024-07-18".to_owned()),
        params: BTreeMap::new(),
        stream: false,
        status: Status::Ok,
        http_status: Some(200),
        end_reason: EndReason::Complete,
        error: None,
        usage: None,
        usage_source: UsageSource::None,
        units: Units::default(),
        cost: None,
        price_version: None,
        started_at,
        timing: Timing { duration_us: 250_000, overhead_us: 35, ..Timing::default() },
        request_bytes: 1024,
        response_bytes: 512,
        finish_reasons: vec!["stop".to_owned()],
        response_id: None,
        provider_request_id: None,
        rate_limits: BTreeMap::new(),
        findings: Vec::new(),
        coverage: Coverage {
            request: BodyCoverage::Whole,
            response: BodyCoverage::Whole,
            analysis: "disabled".to_owned(),
            ..Coverage::default()
        },
    }
}

/// A span under construction; end with [`SpanBuilder::build`] or [`SpanBuilder::record`].
#[derive(Debug, Clone)]
pub struct SpanBuilder(SpanRecord);

impl SpanBuilder {
    /// Sets the owner.
    ///
    /// # Panics
    /// Where `name` is no tenant name.
    pub fn tenant(self, name: &str) -> Self {
        let id = name.parse().expect("the test names a valid tenant");
        self.with(|span| span.tenant_id = id)
    }

    /// Sets the version.
    pub fn version(self, version: u32) -> Self {
        self.with(|span| span.version = version)
    }

    /// Sets the trace.
    ///
    /// # Panics
    /// Where `number` is 0, which is no trace id.
    pub fn trace(self, number: u128) -> Self {
        let id = TraceId::new(number.to_be_bytes()).expect("the test's trace id is not zero");
        self.with(|span| span.trace_id = id)
    }

    /// Sets the span id.
    ///
    /// # Panics
    /// Where `number` is 0, which is no span id.
    pub fn id(self, number: u64) -> Self {
        let id = SpanId::new(number.to_be_bytes()).expect("the test's span id is not zero");
        self.with(|span| span.span_id = id)
    }

    /// Sets the start.
    pub fn at(self, started_at: Timestamp) -> Self {
        self.with(|span| span.started_at = started_at)
    }

    /// Sets the session.
    pub fn session(self, id: &str) -> Self {
        self.with(|span| span.session_id = Some(id.to_owned()))
    }

    /// Sets the agent.
    pub fn agent(self, id: &str) -> Self {
        self.with(|span| span.agent_id = Some(id.to_owned()))
    }

    /// Sets the end user.
    pub fn user(self, id: &str) -> Self {
        self.with(|span| span.user_id = Some(id.to_owned()))
    }

    /// Sets the provider.
    pub fn provider(self, name: &str) -> Self {
        self.with(|span| span.provider = name.to_owned())
    }

    /// Sets the model that was asked for and that answered.
    pub fn model(self, name: &str) -> Self {
        self.with(|span| {
            span.request_model = Some(name.to_owned());
            span.response_model = Some(name.to_owned());
        })
    }

    /// Sets uncached input and output tokens, as the provider reported them.
    pub fn tokens(self, input: u64, output: u64) -> Self {
        self.with(|span| {
            span.usage = Some(Usage { input, output, ..Usage::default() });
            span.usage_source = UsageSource::Provider;
        })
    }

    /// Sets the cost.
    pub fn cost_nanos(self, nanos: i64) -> Self {
        self.with(|span| {
            span.cost = Some(Money::from_nanos(nanos));
            span.price_version = Some("test".to_owned());
        })
    }

    /// Sets the duration.
    pub fn lasting_us(self, us: u64) -> Self {
        self.with(|span| span.timing.duration_us = us)
    }

    /// Makes it a failure of the upstream.
    pub fn failed(self) -> Self {
        self.with(|span| {
            span.status = Status::Error;
            span.http_status = Some(500);
            span.end_reason = EndReason::UpstreamFailed;
            span.error = Some(ErrorInfo { kind: "server_error".to_owned(), message: "it broke".to_owned() });
        })
    }

    /// Sets how it ended.
    pub fn ended(self, reason: EndReason) -> Self {
        self.with(|span| span.end_reason = reason)
    }

    /// Adds a finding.
    pub fn finding(self, finding: Finding) -> Self {
        self.with(|span| span.findings.push(finding))
    }

    /// Sets what the user said and what the model answered.
    pub fn said(self, question: &str, answer: &str) -> Self {
        let message = |role, content: &str, finish_reason| Message {
            role,
            name: None,
            parts: vec![Part::Text { content: content.to_owned() }],
            finish_reason,
        };
        self.content(Content {
            input_messages: vec![message(Role::User, question, None)],
            output_messages: vec![message(Role::Assistant, answer, Some("stop".to_owned()))],
            ..Content::default()
        })
    }

    /// Sets the whole content.
    pub fn content(mut self, content: Content) -> Self {
        self.0.content = Some(content);
        self
    }

    /// Sets the bytes as they passed.
    pub fn raw(mut self, raw: Raw) -> Self {
        self.0.raw = Some(raw);
        self
    }

    /// Changes anything else.
    pub fn with(mut self, change: impl FnOnce(&mut Span)) -> Self {
        change(&mut self.0.span);
        self
    }

    /// The span alone.
    pub fn build(self) -> Span {
        self.0.span
    }

    /// The span with its content, as a store takes it.
    pub fn record(self) -> Arc<SpanRecord> {
        Arc::new(self.0)
    }
}
