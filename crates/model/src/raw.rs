//! The bytes of an exchange as they passed.

/// Both bodies as they passed, as far as a copy was kept. Stored beside the span; nothing but its own read loads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Raw {
    /// What the client sent.
    pub request: RawBody,
    /// What the provider answered, before any option of ours was taken out again.
    pub response: RawBody,
}

/// One body as it passed: its first bytes, and its last where the middle was not kept. Empty where there was none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawBody {
    /// The stated `Content-Type`.
    pub media_type: Option<String>,
    /// The stated `Content-Encoding`; the bytes are as it says.
    pub content_encoding: Option<String>,
    /// The first bytes.
    pub head: bytes::Bytes,
    /// The last bytes, where some between are missing.
    pub tail: bytes::Bytes,
    /// Size of the whole body.
    pub size_bytes: u64,
}

impl RawBody {
    /// How many bytes are missing between head and tail.
    pub fn omitted_bytes(&self) -> u64 {
        self.size_bytes.saturating_sub(self.head.len() as u64).saturating_sub(self.tail.len() as u64)
    }
}
