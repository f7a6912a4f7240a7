//! What keeping answers needs, its bounds, and what it tells of.

use std::{sync::Arc, time::Duration};

use llmtrace_model::Timestamp;

use crate::{ErrorKind, ServerOptions};

/// No answer is served later than so long after its question was asked of the store.
pub const MAX_KEPT: Duration = Duration::from_secs(15);

/// An answer that reaches into the present is kept for so long.
pub const MAX_LIVE: Duration = Duration::from_secs(2);

/// The most bytes of one answer that is kept.
pub const MAX_KEPT_BYTES: usize = 512 << 10;

/// What happened to a read, or to what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheEvent {
    /// A read was answered from what is kept.
    Hit,
    /// A read was answered by the store, and its answer offered for keeping.
    Miss,
    /// A read waited for another that asked the same.
    Joined,
    /// A read went to the store because Redis is away.
    Bypassed,
    /// An answer is larger than [`MAX_KEPT_BYTES`] and was not kept.
    TooLarge,
    /// An answer took longer than it may be kept.
    TooSlow,
    /// A change of rows could not be told: what is kept of them lives to its end.
    Untold,
    /// Redis failed, or gave something else than was put there.
    Failed(ErrorKind),
}

/// Is told what happens; quick.
pub type Watch = Arc<dyn Fn(CacheEvent) + Send + Sync>;

/// What keeping answers needs.
#[derive(Clone)]
pub struct Keeping {
    /// Where Redis is.
    pub server: ServerOptions,
    /// How long the answer to a question about a settled time is kept, at most [`MAX_KEPT`]; one that reaches into the present
    /// is kept for [`MAX_LIVE`] at most.
    pub longest: Duration,
    /// What now is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Is told what happens.
    pub watch: Watch,
}
