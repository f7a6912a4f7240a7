//! What the operator decides about the front lane; boot fills it from the configuration.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use llmtrace_wire::PriceBook;

use crate::config::{Cidr, OnClientGone, Propagate, StreamUsage};

/// Settings of the front lane.
#[derive(Clone)]
pub struct Options {
    /// How long the head of a streamed answer may take, and how long an upload may stand still.
    pub timeout: Duration,
    /// How long the head of any other answer may take.
    pub response_timeout: Duration,
    /// The longest gap between two bytes of an answer.
    pub idle_timeout: Duration,
    /// The largest JSON body that is held, in bytes.
    pub max_request_size_bytes: usize,
    /// All held bodies together, in bytes.
    pub buffer_max_bytes: usize,
    /// How much of each body is kept, in bytes; the last 64 KiB beyond it are kept as well.
    pub capture_max_bytes: usize,
    /// Whether streams pass as they come.
    pub streaming: Streaming,
    /// Whether a stream that does not ask for its usage event is made to.
    pub stream_usage: StreamUsage,
    /// What happens upstream when the client hangs up.
    pub on_client_gone: OnClientGone,
    /// What happens to `traceparent`.
    pub propagate: Propagate,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Cidr>,
    /// What happens to requests for models without a price.
    pub unpriced: Unpriced,
}

/// What happens to requests for models without a price (`prices.on_unknown_model`).
#[derive(Clone)]
pub enum Unpriced {
    /// They are forwarded.
    Allow,
    /// They are refused, by these prices.
    Deny(Arc<ArcSwap<PriceBook>>),
}

/// Whether streams pass as they come (`enable_streaming`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streaming {
    /// Each frame is forwarded the moment it arrives.
    Forward,
    /// The answer is held until it is complete, then forwarded unchanged.
    Hold,
}
