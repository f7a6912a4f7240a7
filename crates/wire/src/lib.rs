//! Provider bytes to model: which provider and wire format an exchange has, what was said, what it used, what it cost.
//!
//! Sync and pure: no network, no clock, no detector, no storage. The front lane asks [`inspect()`] and feeds
//! [`Scanner`] and [`UsageFilter`]; the back lane calls [`decode()`] and [`PriceBook`].

mod credentials;
mod decode;
mod dialect;
mod dialects;
pub mod edit;
pub mod eventstream;
mod framing;
mod headers;
mod inflate;
mod inspect;
mod json;
pub mod json_array;
pub mod multipart;
pub mod ndjson;
mod prices;
mod providers;
pub mod realtime;
mod scanner;
mod skim;
pub mod sse;
mod tools;
mod usage;
mod usage_filter;
pub mod websocket;
mod word;

pub use credentials::{Bare, without_credentials};
pub use decode::{BILLED_ONCE, Billed, BodyCopy, Decoded, Exchange, Limits, REPEATED_USAGE, decode, repeated_usage};
pub use dialect::{DIALECTS, Dialect, Family, dialect_of, family_of};
pub use framing::is_stream;
pub use headers::{is_recorded_answer_header, is_recorded_request_header, redact_target};
pub use inspect::{Head, OpaqueReason, Request, Signed, Splice, Streaming, View, inspect};
pub use prices::{BILLED_TIER, PriceBook, PriceCard, PriceError, PriceQuery, Priced, Processing, Quote};
pub use providers::{PROVIDERS, Provider, UsageEvent, provider_by_id, provider_of};
pub use scanner::Scanner;
pub use tools::{OfferedTool, tools};
pub use usage_filter::UsageFilter;
