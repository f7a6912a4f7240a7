//! Bounds: what a request may cost at most.

/// The most a request can consume, known before it is sent; the base of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// At most so many tokens.
    Tokens {
        /// Input: a token is at least one byte, so the bytes of the text.
        input: u64,
        /// Output: `max_tokens` × choices.
        output: u64,
    },
    /// Nothing in the request bounds it (stored context, files, hosted tools).
    Unbounded,
}
