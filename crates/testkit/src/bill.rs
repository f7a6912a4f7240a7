//! What the fake provider would invoice: one line per answer with usage.

use serde_json::{Value, json};

/// One line of the bill.
#[derive(Debug, Clone, PartialEq)]
pub struct Billed {
    /// The number of the request (see [`crate::Received::number`]).
    pub number: u64,
    /// The value of the client's `x-fake-id` header: names the request for whoever compares.
    pub label: Option<String>,
    /// The provider's id of the request, as in its `x-request-id` or `request-id` header.
    pub request_id: String,
    /// The model that answered.
    pub model: String,
    /// The usage in the provider's own shape.
    pub usage: Value,
    /// Whether the answer was sent to its end.
    pub answered: bool,
}

impl Billed {
    pub(crate) fn describe(&self) -> Value {
        json!({
            "number": self.number, "label": self.label, "request_id": self.request_id, "model": self.model,
            "usage": self.usage, "answered": self.answered,
        })
    }
}
