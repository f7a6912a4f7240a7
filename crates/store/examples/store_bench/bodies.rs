//! The bodies of the exchanges that are written: a chat completion, as bytes.

use std::sync::Arc;

use llmtrace_model::{Raw, RawBody, SpanRecord};

/// Whether spans come with the bytes of their bodies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bodies {
    /// 1.6 KB of them.
    Kept,
    /// None.
    Left,
}

impl Bodies {
    /// The n-th span with its bodies.
    pub(crate) fn of(self, n: u64, record: Arc<SpanRecord>) -> Arc<SpanRecord> {
        match self {
            Self::Kept => Arc::new(SpanRecord { raw: Some(raw(n)), ..Arc::unwrap_or_clone(record) }),
            Self::Left => record,
        }
    }
}

fn raw(n: u64) -> Raw {
    let body = |text: String| RawBody {
        media_type: Some("application/json".to_owned()),
        size_bytes: text.len() as u64,
        head: text.into(),
        ..RawBody::default()
    };
    let said = "word ".repeat(160);
    let request =
        format!(r#"{{"model":"gpt-4o-mini","temperature":0.2,"messages":[{{"role":"user","content":"{said}"}}]}}"#);
    let response = format!(
        r#"{{"id":"chatcmpl-{:024x}","object":"chat.completion","created":{},"model":"gpt-4o-mini-2024-07-18","choices":[{{"index":0,"message":{{"role":"assistant","content":"an answer","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_{:010x}"}}"#,
        u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) >> 32,
        1_760_000_000 + n / 50,
        200 + n % 100,
        50 + n % 30,
        250 + n % 130,
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24,
    );
    Raw { request: body(request), response: body(response) }
}
