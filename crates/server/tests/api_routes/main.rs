//! The API as its callers see it: the real router over real stores.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![recursion_limit = "256"]

mod access;
mod details;
mod export;
mod lists;
mod models;
mod parameters;
mod probes;
mod world;
