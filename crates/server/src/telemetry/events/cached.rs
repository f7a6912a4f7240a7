//! What happens to answers that are kept.

use llmtrace_store::CacheEvent;

use super::Events;

impl Events {
    /// Something happened to a read, or to what is kept.
    pub fn cache(&self, event: CacheEvent) {
        let read = |outcome| self.0.cache_reads.get_or_create(&[("outcome", outcome)]).inc();
        let failure = |cause| self.0.cache_failures.get_or_create(&[("cause", cause)]).inc();
        match event {
            CacheEvent::Hit => read("hit"),
            CacheEvent::Miss => read("miss"),
            CacheEvent::Joined => read("joined"),
            CacheEvent::Bypassed => read("bypassed"),
            CacheEvent::TooLarge => failure("too_large"),
            CacheEvent::TooSlow => failure("too_slow"),
            CacheEvent::Untold => failure("untold"),
            CacheEvent::Failed(kind) => failure(kind.as_str()),
        };
    }
}
