//! What is seen of a WebSocket: messages, control frames, and what goes against the protocol.

/// Who sends what a decoder reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client, whose frames are masked.
    Client,
    /// The server, whose frames are not.
    Server,
}

/// What a message says it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8, checked.
    Text,
    /// Any bytes.
    Binary,
}

/// What a decoder hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A whole message: its fragments joined, expanded where it was compressed.
    Message {
        /// Text or binary.
        kind: Kind,
        /// Its payload.
        data: &'a [u8],
    },
    /// A message over the bound; its payload is lost.
    TooLong {
        /// Text or binary.
        kind: Kind,
        /// How many bytes it had, expanded.
        size_bytes: u64,
    },
    /// A ping.
    Ping,
    /// A pong.
    Pong,
    /// The sender closes; nothing of it is read after that.
    Close {
        /// Its code, where it gave one.
        code: Option<u16>,
        /// Its reason.
        reason: &'a str,
    },
}

/// What a sender did against the protocol, after which it is not read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Violation {
    /// A reserved bit without an extension that gives it a meaning.
    #[error("reserved bits are set")]
    ReservedBits,
    /// An opcode that has no meaning yet.
    #[error("a reserved opcode")]
    ReservedOpcode,
    /// A client's frame without a mask.
    #[error("a client's frame is not masked")]
    NotMasked,
    /// A server's frame with a mask.
    #[error("a server's frame is masked")]
    Masked,
    /// A length of 64 bits whose first bit is set.
    #[error("a length over 2^63")]
    Length,
    /// A control frame in fragments.
    #[error("a control frame in fragments")]
    FragmentedControl,
    /// A control frame over 125 bytes.
    #[error("a control frame over 125 bytes")]
    LongControl,
    /// A continuation of nothing.
    #[error("a continuation of no message")]
    NothingToContinue,
    /// A message that starts inside another one.
    #[error("a message inside another one")]
    MessageInMessage,
    /// A close frame whose code or reason is none.
    #[error("a malformed close frame")]
    BadClose,
    /// A text that is not UTF-8.
    #[error("a text that is not utf-8")]
    NotUtf8,
    /// A compressed message that does not expand.
    #[error("broken compression")]
    BrokenDeflate,
    /// A compressed message that expands beyond the bound.
    #[error("a compressed message expands too far")]
    ExpandsTooFar,
}
