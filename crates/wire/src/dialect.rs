//! Which wire format a path speaks, and whose error shape its clients parse.

use crate::dialects::{FORMATS, format, format_of};

/// A wire format this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Amazon Bedrock `POST …/model/{id}/converse` and `…/converse-stream`.
    BedrockConverse,
    /// Amazon Bedrock `POST …/model/{id}/invoke` and `…/invoke-with-response-stream`.
    BedrockInvoke,
    /// Amazon Bedrock `POST …/model/{id}/invoke` of an embedding model.
    BedrockEmbed,
    /// Amazon Bedrock `POST …/model/{id}/count-tokens`.
    BedrockCountTokens,
    /// Amazon Bedrock `POST …/guardrail/{id}/version/{version}/apply`.
    BedrockGuardrail,
    /// OpenAI `POST …/chat/completions`.
    OpenaiChat,
    /// OpenAI `POST …/completions` (the older text completion).
    OpenaiCompletions,
    /// OpenAI `POST …/embeddings`.
    OpenaiEmbeddings,
    /// OpenAI `GET …/models` and `GET …/models/{id}`.
    OpenaiModels,
    /// OpenAI `POST …/responses`.
    OpenaiResponses,
    /// OpenAI `GET …/responses/{id}`.
    OpenaiResponsesRetrieve,
    /// OpenAI `POST …/responses/{id}/cancel`.
    OpenaiResponsesCancel,
    /// OpenAI `DELETE …/responses/{id}`.
    OpenaiResponsesDelete,
    /// OpenAI `GET …/responses/{id}/input_items`.
    OpenaiResponsesInputItems,
    /// OpenAI `POST …/responses/input_tokens`.
    OpenaiResponsesInputTokens,
    /// OpenAI `POST …/responses/compact`.
    OpenaiResponsesCompact,
    /// Anthropic `POST …/messages`.
    AnthropicMessages,
    /// Anthropic `POST …/messages/count_tokens`.
    AnthropicCountTokens,
    /// Ollama `POST /api/chat`.
    OllamaChat,
    /// Ollama `POST /api/generate`.
    OllamaGenerate,
    /// Ollama `POST /api/embed` and `POST /api/embeddings`.
    OllamaEmbed,
    /// Cohere `POST /v2/chat`.
    CohereChat,
    /// Cohere `POST /v2/embed`.
    CohereEmbed,
    /// Cohere `POST …/rerank`.
    CohereRerank,
    /// Gemini `POST …/models/{model}:generateContent` and `:streamGenerateContent`, also on Vertex AI.
    Gemini,
    /// Gemini `POST …/models/{model}:countTokens`.
    GeminiCountTokens,
    /// Gemini `POST …/models/{model}:embedContent` and `:batchEmbedContents`, Vertex AI's embeddings by `:predict`.
    GeminiEmbeddings,
    /// Vertex AI `POST …/models/{model}:predict` and `:predictLongRunning`.
    GeminiPredict,
    /// Gemini `…/cachedContents`.
    GeminiCachedContents,
    /// Gemini `GET …/models` and `…/tunedModels`.
    GeminiModels,
    /// OpenAI `POST …/images/generations`, `…/edits` and `…/variations`.
    OpenaiImages,
    /// OpenAI `POST …/audio/speech`.
    OpenaiSpeech,
    /// OpenAI `POST …/audio/transcriptions` and `…/translations`.
    OpenaiTranscription,
    /// OpenAI `POST …/moderations`.
    OpenaiModerations,
    /// OpenAI `…/files`.
    OpenaiFiles,
    /// OpenAI `…/batches`.
    OpenaiBatches,
    /// Anthropic `…/messages/batches`.
    AnthropicBatches,
    /// OpenAI `GET …/realtime`, upgraded to a WebSocket.
    OpenaiRealtime,
    /// Gemini Live: `GET …BidiGenerateContent`, upgraded to a WebSocket.
    GeminiLive,
}

/// Every dialect.
pub const DIALECTS: [Dialect; FORMATS.len()] = {
    let mut all = [Dialect::OpenaiChat; FORMATS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = FORMATS[at].dialect;
        at += 1;
    }
    all
};

impl Dialect {
    /// The stable word for it, in spans and metrics.
    pub fn as_str(self) -> &'static str {
        format(self).name
    }

    /// OpenTelemetry's `gen_ai.operation.name`; a word in its style where the conventions (v1.41) have none.
    pub fn operation(self) -> &'static str {
        format(self).operation
    }

    /// Whose clients speak it.
    pub fn family(self) -> Family {
        format(self).family
    }
}

/// Whose error shape a client parses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `{"error":{"message","type","param","code"}}`.
    OpenAi,
    /// `{"type":"error","error":{"type","message"}}`.
    Anthropic,
    /// Google: `{"error":{"code","message","status"}}`.
    Google,
    /// AWS: `{"message"}`, and the kind in the header `x-amzn-errortype`.
    Aws,
    /// Ollama: `{"error":"…"}`.
    Ollama,
    /// Cohere: `{"message"}`.
    Cohere,
    /// Unknown; a plain JSON error serves best.
    Other,
}

/// Says which wire format a request speaks, by method and the end of its path (without query). Prefixes are free:
/// `/v1`, `/api/v1`, `/openai/deployments/X`, `/up/name/v1`.
pub fn dialect_of(method: &str, path: &str) -> Option<Dialect> {
    format_of(method, path).map(|format| format.dialect)
}

/// Says whose error shape the client of a path parses, also for paths that are no [`Dialect`].
pub fn family_of(path: &str) -> Family {
    // Google serves OpenAI's whole API there, to OpenAI's clients.
    if path.contains("/v1beta/openai/") {
        return Family::OpenAi;
    }
    if let Some(dialect) = dialect_of("POST", path).or_else(|| dialect_of("GET", path)) {
        return dialect.family();
    }
    const OPENAI: &[&str] = &[
        "assistants",
        "audio",
        "batches",
        "chat",
        "completions",
        "containers",
        "conversations",
        "embeddings",
        "engines",
        "evals",
        "files",
        "fine_tuning",
        "images",
        "models",
        "moderations",
        "openai",
        "realtime",
        "responses",
        "threads",
        "uploads",
        "vector_stores",
        "videos",
    ];
    for segment in path.split('/') {
        match segment {
            "v1beta" | "v1alpha" | "v1beta1" => return Family::Google,
            "messages" | "complete" | "skills" => return Family::Anthropic,
            other if OPENAI.contains(&other) => return Family::OpenAi,
            _ => {}
        }
    }
    Family::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_their_dialect_whatever_stands_before() {
        let cases = [
            ("POST", "/v1/chat/completions", Some(Dialect::OpenaiChat)),
            ("POST", "/chat/completions/", Some(Dialect::OpenaiChat)),
            ("POST", "/openai/deployments/my-gpt/chat/completions", Some(Dialect::OpenaiChat)),
            ("POST", "/v1/completions", Some(Dialect::OpenaiCompletions)),
            ("POST", "/api/v1/embeddings", Some(Dialect::OpenaiEmbeddings)),
            ("GET", "/v1/models", Some(Dialect::OpenaiModels)),
            ("GET", "/v1/models/meta-llama/Llama-3", Some(Dialect::OpenaiModels)),
            ("GET", "/models", Some(Dialect::OpenaiModels)),
            ("GET", "/v1beta/models/gemini-2.5-pro", Some(Dialect::GeminiModels)),
            ("DELETE", "/v1/models/ft:x", None),
            ("POST", "/v1/messages", Some(Dialect::AnthropicMessages)),
            ("POST", "/v1/messages/count_tokens", Some(Dialect::AnthropicCountTokens)),
            ("POST", "/v1/messages/batches", Some(Dialect::AnthropicBatches)),
            ("GET", "/v1/messages/batches/b_1/results", Some(Dialect::AnthropicBatches)),
            ("POST", "/v1/batches", Some(Dialect::OpenaiBatches)),
            ("GET", "/v1/batches/b_1", Some(Dialect::OpenaiBatches)),
            ("POST", "/openai/deployments/d/images/generations", Some(Dialect::OpenaiImages)),
            ("POST", "/v1/audio/speech", Some(Dialect::OpenaiSpeech)),
            ("POST", "/v1/audio/translations", Some(Dialect::OpenaiTranscription)),
            ("POST", "/v1/moderations", Some(Dialect::OpenaiModerations)),
            ("GET", "/v1/files/f_1/content", Some(Dialect::OpenaiFiles)),
            ("GET", "/v1beta/files/f_1", None),
            ("GET", "/v1/vector_stores/v_1/files", None),
            ("POST", "/v1/threads/t_1/messages", None),
            ("GET", "/v1/messages", None),
            ("POST", "/api/chat", Some(Dialect::OllamaChat)),
            ("POST", "/up/local/api/generate", Some(Dialect::OllamaGenerate)),
            ("POST", "/api/embed", Some(Dialect::OllamaEmbed)),
            ("POST", "/api/embeddings", Some(Dialect::OllamaEmbed)),
            ("POST", "/v2/chat", Some(Dialect::CohereChat)),
            ("POST", "/v2/embed", Some(Dialect::CohereEmbed)),
            ("POST", "/v1/rerank", Some(Dialect::CohereRerank)),
            ("POST", "/model/us.amazon.nova-lite-v1%3A0/converse", Some(Dialect::BedrockConverse)),
            ("POST", "/up/aws/model/x/converse-stream", Some(Dialect::BedrockConverse)),
            ("POST", "/model/x/invoke-with-response-stream", Some(Dialect::BedrockInvoke)),
            ("POST", "/model/x/invoke", Some(Dialect::BedrockInvoke)),
            ("POST", "/model/amazon.titan-embed-text-v2:0/invoke", Some(Dialect::BedrockEmbed)),
            ("POST", "/model/x/count-tokens", Some(Dialect::BedrockCountTokens)),
            ("POST", "/guardrail/g/version/DRAFT/apply", Some(Dialect::BedrockGuardrail)),
            ("POST", "/model/x/async-invoke", None),
            ("POST", "/v1/responses", Some(Dialect::OpenaiResponses)),
            ("POST", "/openai/responses", Some(Dialect::OpenaiResponses)),
            ("GET", "/v1/responses/resp_1", Some(Dialect::OpenaiResponsesRetrieve)),
            ("GET", "/openai/v1/responses/resp_1/", Some(Dialect::OpenaiResponsesRetrieve)),
            ("GET", "/v1/responses/", None),
            ("DELETE", "/v1/responses/resp_1", Some(Dialect::OpenaiResponsesDelete)),
            ("POST", "/v1/responses/resp_1/cancel", Some(Dialect::OpenaiResponsesCancel)),
            ("GET", "/v1/responses/resp_1/input_items", Some(Dialect::OpenaiResponsesInputItems)),
            ("POST", "/v1/responses/input_tokens", Some(Dialect::OpenaiResponsesInputTokens)),
            ("POST", "/v1/responses/compact", Some(Dialect::OpenaiResponsesCompact)),
            ("POST", "/v1/responses/resp_1", None),
            ("GET", "/v1/realtime", Some(Dialect::OpenaiRealtime)),
            ("GET", "/openai/realtime", Some(Dialect::OpenaiRealtime)),
            ("GET", "/openai/v1/realtime", Some(Dialect::OpenaiRealtime)),
            ("POST", "/v1/realtime/client_secrets", None),
            (
                "GET",
                "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
                Some(Dialect::GeminiLive),
            ),
            (
                "GET",
                "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained",
                Some(Dialect::GeminiLive),
            ),
            (
                "GET",
                "/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent",
                Some(Dialect::GeminiLive),
            ),
            ("POST", "/", None),
        ];
        for (method, path, dialect) in cases {
            assert_eq!(dialect_of(method, path), dialect, "{method} {path}");
        }
    }

    #[test]
    fn families_reach_beyond_the_dialects() {
        assert_eq!(family_of("/v1beta/openai/files"), Family::OpenAi);
        assert_eq!(family_of("/v1beta/files"), Family::Google);
        assert_eq!(family_of("/v1/models/gemini-2.5-pro:generateContent"), Family::Google);
        assert_eq!(family_of("/v1/messages/batches"), Family::Anthropic);
        assert_eq!(family_of("/v1/threads/t_1/messages"), Family::OpenAi);
        assert_eq!(family_of("/v1/files"), Family::OpenAi);
        assert_eq!(family_of("/v1/chat/completions"), Family::OpenAi);
        assert_eq!(family_of("/healthcheck"), Family::Other);
    }

    #[test]
    fn every_dialect_is_one_row_of_the_table() {
        for (at, dialect) in DIALECTS.into_iter().enumerate() {
            assert_eq!(format(dialect).dialect, dialect);
            assert!(!DIALECTS[..at].contains(&dialect), "{dialect:?} stands twice");
            assert!(!dialect.as_str().is_empty() && !dialect.operation().is_empty(), "{dialect:?}");
        }
    }
}
