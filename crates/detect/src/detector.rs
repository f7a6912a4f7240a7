//! What every detector is.

use llmtrace_model::Channel;

use crate::{Deadline, Hit, Views};

/// What a detector looks at: one text of one channel.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Whose words they are.
    pub channel: Channel,
    /// The text, as it is and in the forms it was brought into.
    pub views: &'a Views<'a>,
    /// When to stop.
    pub deadline: Deadline,
}

/// Finds one family of things. Built once; holds no state of a request.
pub trait Detector: Send + Sync {
    /// Its name in `coverage.analysis`, settings and metrics: a snake_case word.
    fn name(&self) -> &'static str;

    /// Whether it has anything to say about texts of this channel.
    fn reads(&self, channel: Channel) -> bool;

    /// Makes now what it would make when it is first needed, for those who wait for its word.
    fn prepare(&self) {}

    /// Adds what it finds. Linear in the text; stops soon after the deadline. Never panics, whatever the text.
    fn scan(&self, input: &Input<'_>, hits: &mut Vec<Hit>);
}
