//! Sending a request upstream, and waiting for the head of its answer.

use std::{
    future::Future,
    pin::pin,
    time::{Duration, Instant},
};

use http::{HeaderValue, Request, Uri, header, request::Parts};
use llmtrace_model::{SpanId, TraceId};

use super::{
    body::{Outbound, Upload},
    headers,
    options::Options,
    pool::{Answered, SendError},
    refusal::Refusal,
    upstreams::Upstream,
};
use crate::config::Propagate;

/// How long the head of an answer may take, and the setting that says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadLimit {
    pub(super) limit: Duration,
    pub(super) setting: &'static str,
}

impl HeadLimit {
    /// A streamed answer begins at once; any other may take as long as the model thinks.
    pub(super) fn of(options: &Options, streamed: bool) -> Self {
        if streamed {
            Self { limit: options.timeout, setting: "timeout_ms" }
        } else {
            Self { limit: options.response_timeout, setting: "response_timeout_ms" }
        }
    }
}

/// Turns the client's request into the one the upstream sees.
pub(super) fn prepare(
    mut parts: Parts,
    upstream: &Upstream,
    target: http::uri::PathAndQuery,
    body: Outbound,
) -> Request<Outbound> {
    parts.uri = Uri::from(target);
    // What the client spoke does not matter here; the connection decides which version is spoken upstream.
    parts.version = http::Version::HTTP_11;
    parts.headers = headers::to_upstream(parts.headers);
    parts.headers.insert(header::HOST, upstream.host_header().clone());
    Request::from_parts(parts, body)
}

/// Applies `trace.propagate`; our own span becomes the parent only where the operator asks for it.
pub(super) fn propagate(parts: &mut Parts, mode: Propagate, trace: TraceId, span: SpanId) {
    match mode {
        Propagate::Pass => {}
        Propagate::Child => {
            let flags = parts.headers.get("traceparent").and_then(|v| v.to_str().ok()).and_then(|v| v.get(53..55));
            let ours = format!("00-{trace}-{span}-{}", flags.unwrap_or("01"));
            if let Ok(value) = HeaderValue::from_str(&ours) {
                parts.headers.insert("traceparent", value);
            }
        }
        Propagate::Off => {
            let kept = std::mem::take(&mut parts.headers);
            let mut last = None;
            for (name, value) in kept {
                last = name.or(last);
                if let Some(name) = last.as_ref().filter(|n| !matches!(n.as_str(), "traceparent" | "tracestate")) {
                    parts.headers.append(name.clone(), value);
                }
            }
        }
    }
}

/// Sends the request and waits for the answer's head. Dropping the future cancels the request.
pub(super) async fn upstream(
    upstream: &Upstream,
    request: Request<Outbound>,
    upload: Option<&Upload>,
    options: &Options,
    head: HeadLimit,
) -> Result<Answered, Refusal> {
    let answered = match upload {
        None => upstream.pool().send(request, Some(Instant::now() + head.limit)).await,
        Some(upload) => while_uploading(upstream.pool().send(request, None), upload, options.timeout, head).await?,
    };
    answered.map_err(|error| match error {
        SendError::Connect(cause) => Refusal::Unreachable(cause),
        SendError::ConnectTimeout(limit) => Refusal::ConnectTimeout(limit),
        SendError::Broken(cause) => Refusal::Upstream(cause.into()),
        SendError::Late => head.missed(),
    })
}

impl HeadLimit {
    fn missed(self) -> Refusal {
        Refusal::HeadTimeout { limit: self.limit, setting: self.setting }
    }
}

/// Waits for the head of the answer to an upload: while bytes move there is no limit but on standing still.
async fn while_uploading<T>(
    answer: impl Future<Output = T>,
    upload: &Upload,
    stall: Duration,
    head: HeadLimit,
) -> Result<T, Refusal> {
    let mut answer = pin!(answer);
    loop {
        let (limit, missed) = if upload.is_done() {
            (head.limit, head.missed())
        } else {
            (stall, Refusal::HeadTimeout { limit: stall, setting: "timeout_ms" })
        };
        let due = upload.last_moved() + limit;
        if due <= Instant::now() {
            return Err(missed);
        }
        // Cancel-safe: the answer's future is only borrowed.
        if let Ok(answer) = tokio::time::timeout_at(due.into(), &mut answer).await {
            return Ok(answer);
        }
    }
}
