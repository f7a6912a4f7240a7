//! The provider table: who answers at a host, under which name telemetry and prices know them. A new one is one row.
//!
//! The table never chooses an upstream; it only names the one that was configured.

use crate::{Dialect, Family, dialect, family_of};

/// One provider.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// OpenTelemetry's `gen_ai.provider.name`, or a word in its style where the conventions (v1.41) have none.
    pub id: &'static str,
    /// Its name in the price data; `None` where tokens have no list price (self-hosted servers).
    pub price_id: Option<&'static str>,
    /// Hosts: exact, or every host with that end where it starts with a dot or a hyphen.
    pub hosts: &'static [&'static str],
    /// Paths it is known by on those hosts; empty for all.
    pub path_prefixes: &'static [&'static str],
    /// The header that carries the credential.
    pub auth_header: &'static str,
    /// Whether its streams may be asked for their usage event.
    pub usage_event: UsageEvent,
}

/// How a provider takes `stream_options.include_usage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageEvent {
    /// It accepts the option.
    OnRequest,
    /// It accepts the option from a dated `api-version` on.
    FromApiVersion(&'static str),
    /// It sends usage without being asked, or is not known to accept the option: never asked.
    NeverAsked,
}

const fn row(id: &'static str, price_id: Option<&'static str>, hosts: &'static [&'static str]) -> Provider {
    Provider {
        id,
        price_id,
        hosts,
        path_prefixes: &[],
        auth_header: "authorization",
        usage_event: UsageEvent::OnRequest,
    }
}

/// Where neither host nor path say anything.
static UNKNOWN: Provider = Provider { usage_event: UsageEvent::NeverAsked, ..row("unknown", None, &[]) };

/// The providers, more special rows first.
pub static PROVIDERS: &[Provider] = &[
    row("openai", Some("openai"), &["api.openai.com", ".api.openai.com"]),
    Provider { auth_header: "x-api-key", ..row("anthropic", Some("anthropic"), &["api.anthropic.com"]) },
    Provider {
        auth_header: "api-key",
        usage_event: UsageEvent::FromApiVersion("2024-09-01"),
        path_prefixes: &["/openai/"],
        ..row(
            "azure.ai.openai",
            Some("azure"),
            &[".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com", ".azure-api.net"],
        )
    },
    Provider {
        auth_header: "api-key",
        usage_event: UsageEvent::FromApiVersion("2024-09-01"),
        ..row(
            "azure.ai.inference",
            Some("azure"),
            &[".services.ai.azure.com", ".inference.ai.azure.com", ".cognitiveservices.azure.com", ".openai.azure.com"],
        )
    },
    // Mistral closes every stream with its usage, and refuses members it does not know.
    Provider {
        usage_event: UsageEvent::NeverAsked,
        ..row("mistral_ai", Some("mistral"), &["api.mistral.ai", "codestral.mistral.ai"])
    },
    row("groq", Some("groq"), &["api.groq.com"]),
    row("openrouter", Some("openrouter"), &["openrouter.ai", ".openrouter.ai"]),
    row("deepseek", Some("deepseek"), &["api.deepseek.com"]),
    row("x_ai", Some("x-ai"), &["api.x.ai", ".api.x.ai"]),
    row("together_ai", Some("together"), &["api.together.xyz", "api.together.ai"]),
    row("fireworks_ai", Some("fireworks"), &["api.fireworks.ai"]),
    // Perplexity sends usage in every chunk.
    Provider { usage_event: UsageEvent::NeverAsked, ..row("perplexity", Some("perplexity"), &["api.perplexity.ai"]) },
    row("cerebras", Some("cerebras"), &["api.cerebras.ai"]),
    row("moonshot_ai", Some("moonshotai"), &["api.moonshot.ai", "api.moonshot.cn"]),
    Provider {
        auth_header: "x-goog-api-key",
        ..row("gcp.gemini", Some("google"), &["generativelanguage.googleapis.com"])
    },
    // The global host, regional ones (`us-central1-aiplatform…`) and those of multi-regions (`aiplatform.eu.rep…`).
    row(
        "gcp.vertex_ai",
        Some("google"),
        &[
            "aiplatform.googleapis.com",
            "-aiplatform.googleapis.com",
            "aiplatform.us.rep.googleapis.com",
            "aiplatform.eu.rep.googleapis.com",
        ],
    ),
    Provider {
        usage_event: UsageEvent::NeverAsked,
        ..row("cohere", Some("cohere"), &["api.cohere.ai", "api.cohere.com"])
    },
    // Regional hosts (`bedrock-runtime.us-east-1.amazonaws.com`) are found by their paths.
    Provider {
        usage_event: UsageEvent::NeverAsked,
        ..row("aws.bedrock", Some("aws"), &[".amazonaws.com", ".amazonaws.com.cn"])
    },
    // Self-hosted servers have no host of their own: an upstream names them by id.
    row("vllm", None, &[]),
    row("sglang", None, &[]),
    row("tgi", None, &[]),
    Provider { usage_event: UsageEvent::OnRequest, ..row("ollama", None, &[]) },
];

impl Provider {
    fn answers_at(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| {
            if known.starts_with(['.', '-']) {
                host.len()
                    .checked_sub(known.len())
                    .and_then(|at| host.get(at..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(known))
            } else {
                host.eq_ignore_ascii_case(known)
            }
        })
    }

    fn answers_on(&self, path: &str) -> bool {
        self.path_prefixes.is_empty() || self.path_prefixes.iter().any(|prefix| path.starts_with(prefix))
    }
}

/// Finds the provider that answers at an upstream's host (with or without port).
///
/// A host no row knows (a loopback server, a gateway in one's own network) is named after the format it speaks: `openai`
/// for OpenAI's paths, `anthropic` for Anthropic's, else `unknown`. Most such hosts are gateways to these two; an operator
/// whose server is another sets the upstream's provider ([`provider_by_id`]).
pub fn provider_of(host: &str, path: &str) -> &'static Provider {
    let host = without_port(host);
    if let Some(known) = PROVIDERS.iter().find(|p| p.answers_at(host) && p.answers_on(path)) {
        return known;
    }
    // Azure's shape gives it away on any host.
    if path.contains("/openai/deployments/") {
        return provider_by_id("azure.ai.openai").unwrap_or(&UNKNOWN);
    }
    // So do Google's: Vertex AI names project and place, and OpenAI's API stands below a version only Gemini has.
    if path.contains("/publishers/") || path.contains("/projects/") && path.contains("/locations/") {
        return provider_by_id("gcp.vertex_ai").unwrap_or(&UNKNOWN);
    }
    if path.contains("/v1beta/openai/") {
        return provider_by_id("gcp.gemini").unwrap_or(&UNKNOWN);
    }
    let family = dialect::dialect_of("POST", path)
        .or_else(|| dialect::dialect_of("GET", path))
        .map_or_else(|| family_of(path), Dialect::family);
    let id = match family {
        Family::OpenAi => "openai",
        Family::Anthropic => "anthropic",
        Family::Google => "gcp.gemini",
        Family::Aws => "aws.bedrock",
        Family::Ollama => "ollama",
        Family::Cohere => "cohere",
        Family::Other => return &UNKNOWN,
    };
    provider_by_id(id).unwrap_or(&UNKNOWN)
}

/// Finds a provider by its id.
pub fn provider_by_id(id: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|p| p.id == id)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_hosts() {
        let cases = [
            ("api.openai.com", "/v1/chat/completions", "openai"),
            ("EU.api.openai.com:443", "/v1/files", "openai"),
            ("api.anthropic.com", "/v1/messages", "anthropic"),
            ("me.openai.azure.com", "/openai/deployments/d/chat/completions", "azure.ai.openai"),
            ("me.services.ai.azure.com", "/models/chat/completions", "azure.ai.inference"),
            ("api.mistral.ai", "/v1/chat/completions", "mistral_ai"),
            ("openrouter.ai", "/api/v1/chat/completions", "openrouter"),
            ("generativelanguage.googleapis.com", "/v1beta/openai/chat/completions", "gcp.gemini"),
            (
                "aiplatform.googleapis.com",
                "/v1/projects/p/locations/global/endpoints/7:generateContent",
                "gcp.vertex_ai",
            ),
            ("us-central1-aiplatform.googleapis.com:443", "/v1/publishers/google/models", "gcp.vertex_ai"),
            ("evil-aiplatform.googleapis.com.example", "/x", "unknown"),
            ("127.0.0.1:9", "/v1/projects/p/locations/l/publishers/anthropic/models/c:rawPredict", "gcp.vertex_ai"),
            ("127.0.0.1:9", "/v1beta/models/gemini-2.5-pro:generateContent", "gcp.gemini"),
            ("127.0.0.1:9", "/v1beta/openai/chat/completions", "gcp.gemini"),
            ("127.0.0.1:9000", "/v1/chat/completions", "openai"),
            ("localhost", "/v1/messages", "anthropic"),
            ("gateway.internal", "/openai/deployments/d/embeddings", "azure.ai.openai"),
            ("notapi.openai.com.evil.example", "/x", "unknown"),
            ("[::1]:8080", "/anything", "unknown"),
        ];
        for (host, path, id) in cases {
            assert_eq!(provider_of(host, path).id, id, "{host}{path}");
        }
    }

    #[test]
    fn the_table_has_no_double_ids_and_every_row_can_be_named() {
        for (i, provider) in PROVIDERS.iter().enumerate() {
            assert!(PROVIDERS[..i].iter().all(|p| p.id != provider.id), "{}", provider.id);
            assert_eq!(provider_by_id(provider.id), Some(provider));
            assert!(provider.hosts.iter().all(|h| *h == h.to_ascii_lowercase()), "{}", provider.id);
        }
    }
}
