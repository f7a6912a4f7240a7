//! Where spans are kept: ports, their contracts, and one adapter per engine.
//!
//! Knows no HTTP, no provider and no detector. `pipeline` writes, `api` and the command line read; the front lane never
//! comes here. A new engine is one folder and one arm in [`open`].

mod error;
mod span;

pub use error::{Backend, Error, ErrorKind};
pub use span::{SpanRead, SpanStore, SpanWrite};
