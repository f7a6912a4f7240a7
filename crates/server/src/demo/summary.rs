//! What the demo shows: a table of what was stored, read from the API as anybody would, and what to try next.

use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use llmtrace_model::{EndReason, Money, Status};

use crate::api::view::{SpanList, SpanView};

/// Reads the newest spans from the API.
pub(super) async fn read(proxy: SocketAddr, rows: usize) -> anyhow::Result<Vec<SpanView>> {
    let url: Uri = format!("http://{proxy}/api/v1/spans?limit={rows}").parse()?;
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let answer = client.get(url).await.context("asking the API")?;
    let status = answer.status();
    let body = answer.into_body().collect().await.context("reading the API's answer")?.to_bytes();
    if !status.is_success() {
        bail!("the API answered {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(serde_json::from_slice::<SpanList>(&body).context("understanding the API's answer")?.items)
}

/// The sums of one row.
#[derive(Default)]
struct Row {
    calls: usize,
    failed: usize,
    hung_up: usize,
    input: u64,
    output: u64,
    cost: Money,
    durations_ms: Vec<f64>,
    first_tokens_ms: Vec<f64>,
}

impl Row {
    fn add(&mut self, span: &SpanView) {
        self.calls += 1;
        self.failed += usize::from(span.status == Status::Error && span.end_reason != EndReason::ClientGone);
        self.hung_up += usize::from(span.end_reason == EndReason::ClientGone);
        if let Some(usage) = &span.usage {
            self.input += usage.input;
            self.output += usage.output;
        }
        self.cost = self.cost + span.cost_usd.unwrap_or_default();
        self.durations_ms.push(span.duration_ms);
        self.first_tokens_ms.extend(span.time_to_first_token_ms);
    }
}

/// The table of some spans, one line per tenant and model.
pub(super) fn table(spans: &[SpanView]) -> String {
    let mut rows = BTreeMap::<(&str, &str), Row>::new();
    for span in spans {
        let model = span.request_model.as_deref().unwrap_or("-");
        rows.entry((span.tenant_id.as_str(), model)).or_default().add(span);
    }
    let mut out = String::new();
    let mut line = |cells: [&str; 10]| {
        let [tenant, model, numbers @ ..] = cells;
        let numbers: String = numbers.iter().map(|cell| format!(" {cell:>11}")).collect();
        // Writing into a String cannot fail.
        writeln!(out, "{tenant:<10} {model:<26}{numbers}").unwrap_or_default();
    };
    line([
        "tenant",
        "model",
        "calls",
        "failed",
        "hung up",
        "tokens in",
        "tokens out",
        "cost USD",
        "p50 ms",
        "p50 ttft",
    ]);
    for ((tenant, model), mut row) in rows {
        let counts = [row.calls, row.failed, row.hung_up].map(|n| n.to_string());
        let tokens = [row.input, row.output].map(|n| n.to_string());
        let times = [median(&mut row.durations_ms), median(&mut row.first_tokens_ms)];
        let cost = row.cost.to_string();
        let [calls, failed, hung_up] = &counts;
        line([tenant, model, calls, failed, hung_up, &tokens[0], &tokens[1], &cost, &times[0], &times[1]]);
    }
    out
}

fn median(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"))
}

/// What to try while the demo runs.
pub(super) fn to_try(proxy: SocketAddr) -> String {
    format!(
        "Try:\n  \
         curl http://{proxy}/v1/chat/completions -H 'content-type: application/json' \\\n    \
         -H 'x-llmtrace-tenant-id: me' -d '{{\"model\":\"gpt-4o-mini\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'\n  \
         curl 'http://{proxy}/api/v1/spans?limit=3'\n  \
         curl 'http://{proxy}/api/v1/spans?tenant_id=acme&status=error'\n  \
         curl http://{proxy}/api/v1/traces\n  \
         curl http://{proxy}/health\n  \
         curl http://{proxy}/metrics\n"
    )
}
