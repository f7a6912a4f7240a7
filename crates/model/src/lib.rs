//! The vocabulary of LLMTrace: what every room says to every other.
//!
//! Plain values without IO, async, configuration, HTTP or SQL. Whoever needs a word for a thing looks here first; whoever
//! adds one gives its unit, its bounds and its meaning.

mod access;
mod audit;
mod budget;
mod coverage;
mod credential;
mod erasure;
mod finding;
mod histogram;
mod ids;
mod login;
mod message;
mod money;
mod page;
mod raw;
mod saved;
mod search;
mod secret_hash;
mod segment;
mod session;
mod settings;
mod span;
mod stats;
mod tenant;
mod time;
mod units;
mod usage;
mod user;
mod word;

pub use access::{AccessRole, ApiKey, Grant, KEY_DIGITS, KEY_MARK, KeyHash, Unfit, is_api_key};
pub use audit::{Actor, ActorError, AuditEntry, AuditHash, AuditHashError, AuditHead, AuditRecord, Outcome};
pub use budget::Bound;
pub use coverage::{BodyCoverage, Coverage};
pub use credential::{MasterKeyId, ProviderCredential, Sealed};
pub use erasure::{Erased, Erasure, Retention, Retentions, Subject};
pub use finding::{Action, Confidence, Finding, FindingKind, Place, Severity};
pub use histogram::Histogram;
pub use ids::{AuditId, CredentialId, ErasureId, ExchangeId, IdError, KeyId, SpanId, TraceId, UserId, ViewId};
pub use login::{Identity, PasswordHash, PasswordHashError, UserName, UserNameError};
pub use message::{Content, Message, Part, Role};
pub use money::Money;
pub use page::{Between, Cursor, CursorError, Found, Page, PageRequest, SpanFilter};
pub use raw::{Raw, RawBody};
pub use saved::{SavedView, ViewPage};
pub use search::{Terms, terms};
pub use segment::{Channel, Segment};
pub use session::{Holder, HolderError, Session, SessionHash};
pub use settings::{CaptureContent, CaptureRaw, TenantCapture, TenantSettings, Unknown};
pub use span::{EndReason, ErrorInfo, Params, SessionSummary, Source, Span, SpanRecord, Status, Timing, TraceSummary};
pub use stats::{Dimension, Measures, StatsQuery, StatsRow};
pub use tenant::{Principal, TenantError, TenantId, TenantScope};
pub use time::Timestamp;
pub use units::{Meter, Unit, Units};
pub use usage::{Usage, UsageSource};
pub use user::{Unsound, User};
pub use word::UnknownWord;
