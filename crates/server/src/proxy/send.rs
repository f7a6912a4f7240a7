//! Sending a request upstream, and waiting for the head of its answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderValue, Request, Response, header, request::Parts};
use hyper::body::Incoming;
use hyper_util::client::legacy::ResponseFuture;
use llmtrace_model::{SpanId, TraceId};

use super::{
    body::{Outbound, Upload},
    connect::ConnectTimedOut,
    headers,
    options::Options,
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
) -> Result<Request<Outbound>, Refusal> {
    parts.uri = upstream.uri(target)?;
    // The client side picks the version by ALPN or prior knowledge; a request in another version would be refused.
    parts.version = http::Version::HTTP_11;
    parts.headers = headers::to_upstream(parts.headers);
    parts.headers.insert(header::HOST, upstream.host_header().clone());
    Ok(Request::from_parts(parts, body))
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
    upload: Option<Arc<Upload>>,
    options: &Options,
    head: HeadLimit,
) -> Result<Response<Incoming>, Refusal> {
    let answer = upstream.client().http().request(request);
    let waited = match upload {
        None => tokio::time::timeout(head.limit, answer).await.map_err(|_| head.missed())?,
        Some(upload) => while_uploading(answer, &upload, options.timeout, head).await?,
    };
    waited.map_err(|error| {
        if let Some(timed_out) = cause::<ConnectTimedOut>(&error) {
            return Refusal::ConnectTimeout(timed_out.0);
        }
        if error.is_connect() { Refusal::Unreachable(error.into()) } else { Refusal::Upstream(error.into()) }
    })
}

impl HeadLimit {
    fn missed(self) -> Refusal {
        Refusal::HeadTimeout { limit: self.limit, setting: self.setting }
    }
}

/// Waits for the head of the answer to an upload: while bytes move there is no limit but on standing still.
async fn while_uploading(
    mut answer: ResponseFuture,
    upload: &Upload,
    stall: Duration,
    head: HeadLimit,
) -> Result<Result<Response<Incoming>, hyper_util::client::legacy::Error>, Refusal> {
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

/// The first cause of type `E` in a chain of errors.
fn cause<'e, E: std::error::Error + 'static>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e E> {
    std::iter::successors(Some(error), |e| e.source()).find_map(|e| e.downcast_ref())
}
