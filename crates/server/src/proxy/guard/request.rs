//! A request as the guard reads it, and what becomes of it where something in it has to be hidden.

use std::sync::Arc;

use bytes::Bytes;
use llmtrace_detect::Masks;
use llmtrace_model::ExchangeId;
use llmtrace_wire::{BodyCopy, Decoded, Exchange, Limits, Signed, edit};

use crate::config::Ruling;

/// A request as far as the guard reads it.
pub(in crate::proxy) struct Question {
    pub(in crate::proxy) id: ExchangeId,
    pub(in crate::proxy) method: String,
    pub(in crate::proxy) host: String,
    pub(in crate::proxy) target: String,
    pub(in crate::proxy) headers: Vec<(String, String)>,
    pub(in crate::proxy) said: Said,
    /// What applies to whoever sends it.
    pub(in crate::proxy) ruling: Arc<Ruling>,
    /// The agent that sends it, by the id that it says.
    pub(in crate::proxy) agent: Option<String>,
    /// Whether the client signed the body.
    pub(in crate::proxy) signed: Signed,
    /// Whether it comes in an encoding, compressed.
    pub(in crate::proxy) is_encoded: bool,
}

/// The body of a request.
#[derive(Clone)]
pub(in crate::proxy) enum Said {
    /// It is held whole.
    Held(Bytes),
    /// It passes as a stream, so that nobody has read it before it leaves.
    Streamed,
}

impl Question {
    /// Whether it is a form with files, to a path whose format takes one.
    pub(super) fn is_form(&self) -> bool {
        let path = self.target.split('?').next().unwrap_or_default();
        let media = self.headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
        llmtrace_wire::dialect_of(&self.method, path).is_some()
            && media.to_ascii_lowercase().starts_with("multipart/form-data")
    }

    /// What is said in the request, as the back lane will read it.
    pub(super) fn read(&self) -> Decoded {
        self.read_as(self.body())
    }

    /// Whether a placeholder stands in it already.
    pub(super) fn says(&self, placeholder: &str) -> bool {
        memchr::memmem::find(self.body(), placeholder.as_bytes()).is_some()
    }

    /// Its body with placeholders for what is hidden, or why there is none.
    pub(super) fn without(&self, masks: &Masks) -> Result<Bytes, String> {
        if self.signed == Signed::Yes {
            return Err("the client has signed the body".to_owned());
        }
        if self.is_encoded {
            return Err("the body is compressed".to_owned());
        }
        let edited = edit::strings(self.body(), &mut |text| masks.hide(text)).map_err(|error| error.to_string())?;
        let edited = edited.ok_or_else(|| "what has to be hidden is spread over its texts".to_owned())?;
        // The proof, by whoever reads it next: what a format puts together of pieces is looked at as it is put together.
        let content = self.read_as(&edited).content;
        if content.segments().iter().any(|segment| masks.hide(segment.text).is_some()) {
            return Err("what has to be hidden stands in a part that cannot be changed".to_owned());
        }
        Ok(Bytes::from(edited))
    }

    fn body(&self) -> &[u8] {
        match &self.said {
            Said::Held(body) => body,
            Said::Streamed => &[],
        }
    }

    fn read_as(&self, body: &[u8]) -> Decoded {
        let request = BodyCopy { head: body, tail: &[], total_bytes: body.len() as u64 };
        let exchange = Exchange {
            host: &self.host,
            method: &self.method,
            target: &self.target,
            request_headers: &self.headers,
            request,
            status: None,
            answer_headers: &[],
            response: BodyCopy::default(),
            scanned: None,
        };
        llmtrace_wire::decode(&exchange, &Limits::default())
    }
}
