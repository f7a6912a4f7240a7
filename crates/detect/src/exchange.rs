//! Checks that need more than one text: a tool call's arguments, a set of tools then and now, an answer and the prompt it must
//! not give away, a session's turns.
//!
//! Pure functions over borrowed values; no provider's JSON, no storage. Callers bring the parts together and keep what outlives
//! an exchange.

mod canary;
mod imitation;
mod leak;
mod suspicion;
mod tool_misuse;
mod tool_rules;
mod tool_set;
mod tool_use;

pub use canary::{Canaries, canary};
pub use imitation::{Trust, imitations};
pub use leak::{Clarity, Overlap, SystemPrompt};
pub use suspicion::{Limits, Session, Suspicion, after_turn, turn_weight};
pub use tool_misuse::{ArgumentHit, ToolCall, tool_misuse};
pub use tool_rules::{Pattern, PatternError, Permit, ToolRules};
pub use tool_set::{Change, Digest, Fingerprint, Tool, ToolSet};
pub use tool_use::{AgentTools, forbidden_tools};
