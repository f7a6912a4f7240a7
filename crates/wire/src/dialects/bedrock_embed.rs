//! Embedding models behind Bedrock's InvokeModel: Titan, Nova and Cohere; vectors are named, not kept.
//!
//! Source: Amazon Bedrock user guide, "Amazon Titan Text Embeddings", "Cohere Embed" (2026-10).

use super::{
    Format, bedrock,
    bedrock_invoke::{self, Scan, embeddings},
};
use crate::{Dialect, Family};

/// `POST …/model/{id}/invoke` of a model with `embed` in its id.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::BedrockEmbed,
    name: "bedrock_embed",
    operation: "embeddings",
    family: Family::Aws,
    speaks: |method, path| method == "POST" && path_model(path).is_some_and(|model| model.contains("embed")),
    path_model,
    streams: |_, _| false,
    head: bedrock_invoke::head,
    request: bedrock_invoke::request,
    answer: embeddings,
    skip: &["embedding", "embeddings", "embeddingsByType"],
    scan: || Box::new(Scan::of_embeddings()),
    vital: &["inputTextTokenCount", "meta", "usage", "error"],
    ..Format::JSON
};

fn path_model(path: &str) -> Option<&str> {
    bedrock::model(path, &["invoke"])
}
