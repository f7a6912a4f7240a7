//! The one error of every adapter.

use std::fmt;

/// Any cause.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A store operation that failed. Whether to retry is decided from `kind`, never from text.
#[derive(Debug, thiserror::Error)]
#[error("{op} on {backend} failed ({kind})")]
pub struct Error {
    /// What the caller can do about it.
    pub kind: ErrorKind,
    /// The engine.
    pub backend: Backend,
    /// The operation, in a word or two.
    pub op: &'static str,
    /// The engine's own error.
    #[source]
    pub source: BoxError,
}

/// An error and all that caused it, in one line; a cause that the line ends with already is not repeated.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_says = cause.to_string();
        if !line.ends_with(&cause_says) {
            line = format!("{line}: {cause_says}");
        }
        next = cause.source();
    }
    line
}

/// What is wrong with a server or a setting: one sentence that names both and the way out, and the engine's own words.
///
/// The sentence is for everybody; the words may name hosts and users, and are for logs and operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    says: String,
    words: String,
}

impl Complaint {
    pub(crate) fn new(says: impl Into<String>, words: impl Into<String>) -> Self {
        Self { says: says.into(), words: words.into() }
    }

    /// The sentence.
    pub(crate) fn says(&self) -> &str {
        &self.says
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { says, words } = self;
        if words.is_empty() { f.write_str(says) } else { write!(f, "{says} ({words})") }
    }
}

impl std::error::Error for Complaint {}

/// What the caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The engine did not answer in time: retry.
    Timeout,
    /// The engine is away, locked or out of space: retry later.
    Unavailable,
    /// Somebody else was first: retry.
    Conflict,
    /// The row itself is refused: retrying cannot help.
    Rejected,
    /// The schema, the file or the answer is not what it should be: an operator must look.
    Corrupt,
    /// The setting is wrong.
    Config,
    /// The question covers more than a store looks at for one answer: ask for less.
    TooLarge,
}

impl Error {
    /// Names what failed and what the caller can do about it.
    pub(crate) fn new(kind: ErrorKind, backend: Backend, op: &'static str, source: impl Into<BoxError>) -> Self {
        Self { kind, backend, op, source: source.into() }
    }

    /// What is wrong and what to do, in a sentence that anybody may read; `None` where the cause is no setting's and no server's.
    pub fn complaint(&self) -> Option<&str> {
        self.source.downcast_ref::<Complaint>().map(Complaint::says)
    }

    /// The same answer to another call.
    pub(crate) fn again(&self, op: &'static str) -> Self {
        let source: BoxError = match self.source.downcast_ref::<Complaint>() {
            Some(complaint) => complaint.clone().into(),
            None => self.source.to_string().into(),
        };
        Self { kind: self.kind, backend: self.backend, op, source }
    }

    /// The answer to a question that covers too much; `why` says what was counted.
    pub(crate) fn too_large(backend: Backend, op: &'static str, why: String) -> Self {
        Self::new(ErrorKind::TooLarge, backend, op, why)
    }

    /// The answer of every call after `close`.
    pub(crate) fn closed(backend: Backend, op: &'static str) -> Self {
        Self::new(ErrorKind::Unavailable, backend, op, "the store is closed")
    }
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Timeout, Self::Unavailable, Self::Conflict, Self::Rejected, Self::Corrupt, Self::Config, Self::TooLarge];

    /// Says whether the same call may succeed later.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Timeout | Self::Unavailable | Self::Conflict)
    }

    /// A stable word, for messages and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::Corrupt => "corrupt",
            Self::Config => "config",
            Self::TooLarge => "too_large",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// The process's own memory.
    Memory,
    /// An SQLite file.
    Sqlite,
    /// A ClickHouse server or cluster.
    Clickhouse,
    /// A PostgreSQL server.
    Postgres,
    /// A Redis server, cluster or Sentinel group.
    Redis,
}

impl Backend {
    /// A stable word, for messages and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Clickhouse => "clickhouse",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
