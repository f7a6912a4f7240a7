//! What tests, benches and the demo need of the outside world: a scripted fake provider, a raw HTTP client that may
//! break every rule, and a TCP proxy that injects faults. Development only; the product never depends on it.
//!
//! ```no_run
//! # async fn example() {
//! use llmtrace_testkit::{Answer, Fault, FakeProvider};
//!
//! let provider = FakeProvider::start().await;
//! provider.script(Answer::sse(&[r#"{"choices":[]}"#, "[DONE]"]).fault(Fault::ResetAfter(10)));
//! // … point the proxy at provider.url(), send a request through it …
//! let request = provider.next_received().await;
//! assert!(request.complete);
//! # }
//! ```
#![allow(
    clippy::disallowed_methods,
    reason = "test tooling spawns its own tasks; the rule is about the product's shutdown"
)]

mod answer;
mod behaviour;
mod bill;
mod h1;
mod h2;
mod provider;
mod received;
mod sigv4;
pub mod tcp;
pub mod websocket;

pub use answer::{Answer, Chunking, Fault, Framing, Gate};
pub use behaviour::count_tokens;
pub use bill::Billed;
pub use provider::{FakeProvider, Options};
pub use received::Received;
pub use sigv4::AwsAccount;
