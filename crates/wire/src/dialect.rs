//! Which wire format a path speaks, and whose error shape its clients parse.

/// A wire format this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI `POST …/chat/completions`.
    OpenaiChat,
    /// OpenAI `POST …/completions` (the older text completion).
    OpenaiCompletions,
    /// OpenAI `POST …/embeddings`.
    OpenaiEmbeddings,
    /// OpenAI `GET …/models` and `GET …/models/{id}`.
    OpenaiModels,
    /// Anthropic `POST …/messages`.
    AnthropicMessages,
    /// Anthropic `POST …/messages/count_tokens`.
    AnthropicCountTokens,
}

/// Every dialect, in the order of the enum.
pub const DIALECTS: [Dialect; 6] = [
    Dialect::OpenaiChat,
    Dialect::OpenaiCompletions,
    Dialect::OpenaiEmbeddings,
    Dialect::OpenaiModels,
    Dialect::AnthropicMessages,
    Dialect::AnthropicCountTokens,
];

impl Dialect {
    /// The stable word for it, in spans and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai_chat",
            Self::OpenaiCompletions => "openai_completions",
            Self::OpenaiEmbeddings => "openai_embeddings",
            Self::OpenaiModels => "openai_models",
            Self::AnthropicMessages => "anthropic_messages",
            Self::AnthropicCountTokens => "anthropic_count_tokens",
        }
    }

    /// OpenTelemetry's `gen_ai.operation.name`; a word in its style where the conventions (v1.41) have none.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::OpenaiChat | Self::AnthropicMessages => "chat",
            Self::OpenaiCompletions => "text_completion",
            Self::OpenaiEmbeddings => "embeddings",
            Self::OpenaiModels => "list_models",
            Self::AnthropicCountTokens => "count_tokens",
        }
    }

    /// Whose clients speak it.
    pub const fn family(self) -> Family {
        match self {
            Self::OpenaiChat | Self::OpenaiCompletions | Self::OpenaiEmbeddings | Self::OpenaiModels => Family::OpenAi,
            Self::AnthropicMessages | Self::AnthropicCountTokens => Family::Anthropic,
        }
    }
}

/// Whose error shape a client parses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `{"error":{"message","type","param","code"}}`.
    OpenAi,
    /// `{"type":"error","error":{"type","message"}}`.
    Anthropic,
    /// Unknown; a plain JSON error serves best.
    Other,
}

/// Says which wire format a request speaks, by method and the end of its path (without query). Prefixes are free:
/// `/v1`, `/api/v1`, `/openai/deployments/X`, `/up/name/v1`.
pub fn dialect_of(method: &str, path: &str) -> Option<Dialect> {
    let path = path.strip_suffix('/').unwrap_or(path);
    match method {
        "POST" => posted(path),
        "GET" => is_models(path).then_some(Dialect::OpenaiModels),
        _ => None,
    }
}

fn posted(path: &str) -> Option<Dialect> {
    // Assistants: `/v1/threads/{id}/messages` only looks like Anthropic's path.
    if path.contains("/threads/") || path.contains("/assistants/") {
        return None;
    }
    let ends = |suffix: &str| path.ends_with(suffix);
    if ends("/chat/completions") {
        Some(Dialect::OpenaiChat)
    } else if ends("/completions") {
        Some(Dialect::OpenaiCompletions)
    } else if ends("/embeddings") {
        Some(Dialect::OpenaiEmbeddings)
    } else if ends("/messages") {
        Some(Dialect::AnthropicMessages)
    } else if ends("/messages/count_tokens") {
        Some(Dialect::AnthropicCountTokens)
    } else {
        None
    }
}

/// `/models` at the root or below `/v1`, `/openai` or `/api`; Gemini's `/v1beta/models` is another format.
fn is_models(path: &str) -> bool {
    let Some(at) = path.find("/models") else { return false };
    let (before, after) = (&path[..at], &path[at + "/models".len()..]);
    let below = before.rsplit('/').next().unwrap_or("");
    matches!(below, "" | "v1" | "openai" | "api") && (after.is_empty() || after.starts_with('/'))
}

/// Says whose error shape the client of a path parses, also for paths that are no [`Dialect`].
pub fn family_of(path: &str) -> Family {
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
            ("GET", "/v1beta/models/gemini-2.5-pro", None),
            ("DELETE", "/v1/models/ft:x", None),
            ("POST", "/v1/messages", Some(Dialect::AnthropicMessages)),
            ("POST", "/v1/messages/count_tokens", Some(Dialect::AnthropicCountTokens)),
            ("POST", "/v1/messages/batches", None),
            ("POST", "/v1/threads/t_1/messages", None),
            ("GET", "/v1/messages", None),
            ("POST", "/v1/responses", None),
            ("POST", "/", None),
        ];
        for (method, path, dialect) in cases {
            assert_eq!(dialect_of(method, path), dialect, "{method} {path}");
        }
    }

    #[test]
    fn families_reach_beyond_the_dialects() {
        assert_eq!(family_of("/v1/messages/batches"), Family::Anthropic);
        assert_eq!(family_of("/v1/threads/t_1/messages"), Family::OpenAi);
        assert_eq!(family_of("/v1/files"), Family::OpenAi);
        assert_eq!(family_of("/v1/chat/completions"), Family::OpenAi);
        assert_eq!(family_of("/healthcheck"), Family::Other);
    }

    #[test]
    fn every_dialect_has_a_family_that_its_own_path_confirms() {
        let paths =
            ["/chat/completions", "/completions", "/embeddings", "/models", "/messages", "/messages/count_tokens"];
        for (dialect, path) in DIALECTS.into_iter().zip(paths) {
            assert_eq!(family_of(path), dialect.family());
            assert!(dialect_of("POST", path).or(dialect_of("GET", path)) == Some(dialect), "{path}");
        }
    }
}
