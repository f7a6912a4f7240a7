//! Amazon Bedrock InvokeModel and InvokeModelWithResponseStream: each vendor's own shape, by what stands in it.
//!
//! A stream's events hold a vendor's event in base64. An id may be an ARN that names no vendor, so the members decide.
//! Source: Amazon Bedrock API reference, "InvokeModel", "InvokeModelWithResponseStream", and user guide, "Inference request
//! parameters and response fields for foundation models" (2026-10).

use super::{Format, bedrock};
use crate::{
    Dialect, Family,
    decode::{Draft, Exchange, path_of},
    headers::percent_decoded,
};

mod answer;
mod counted;
mod request;
mod scan;
mod stream;

pub(super) use answer::{answer, embeddings};
pub(super) use request::request;
pub(super) use scan::Scan;
use stream::Stream;

/// What Bedrock adds to the last event of a stream.
const METRICS: &str = "amazon-bedrock-invocationMetrics";

/// `POST …/model/{id}/invoke` and `…/invoke-with-response-stream`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::BedrockInvoke,
    name: "bedrock_invoke",
    operation: "chat",
    family: Family::Aws,
    speaks: |method, path| method == "POST" && path_model(path).is_some(),
    path_model,
    streams: |path, _| path.trim_end_matches('/').ends_with("-stream"),
    head,
    request,
    answer,
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(Scan::default()),
    vital: &[
        "usage",
        "error",
        "meta",
        "prompt_token_count",
        "generation_token_count",
        "inputTextTokenCount",
        "results",
    ],
    ..Format::JSON
};

/// The model of a path, percent-encoded.
pub(super) fn path_model(path: &str) -> Option<&str> {
    bedrock::model(path, &["invoke", "invoke-with-response-stream"])
}

/// Reads the model, whose vendor tells the shape of the body, and the counters in the answer's headers.
pub(super) fn head(x: &Exchange<'_>, draft: &mut Draft) {
    bedrock::head(x, draft);
    draft.request_model = path_model(path_of(x.target)).map(|model| percent_decoded(model).into_owned());
    draft.usage = bedrock::header_usage(x.answer_headers);
}
