//! How long a scan may take.

use std::time::{Duration, Instant};

/// A time after which a detector stops looking and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// None: for tests and for what nobody waits for.
    pub const NEVER: Self = Self(None);

    /// So long from now.
    pub fn within(time: Duration) -> Self {
        // A time beyond what the clock can say is no deadline.
        Self(Instant::now().checked_add(time))
    }

    /// Whether it has passed. Costs a look at the clock (about 25 ns): ask it once per window or kilobyte, not per byte.
    pub fn is_over(self) -> bool {
        self.0.is_some_and(|at| Instant::now() >= at)
    }
}
