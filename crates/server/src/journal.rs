//! The door between the lanes: every exchange passes it, and what passed it survives the process.

mod exchange;

pub use exchange::{AnswerHead, Closed, Headers, Labels, Opened, Recorded};
