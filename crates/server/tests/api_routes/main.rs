//! The API as its callers see it: the real router over real stores.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![recursion_limit = "256"]

mod access;
mod accounts;
mod audit;
mod credentials;
mod cursors;
mod details;
mod docs;
mod erasures;
mod export;
mod hostile;
mod info;
mod isolation;
mod keys;
mod lists;
mod login;
mod models;
mod parameters;
mod people;
mod policies;
mod probes;
mod scan;
mod sessions;
mod settings;
mod stats;
mod tail;
mod top;
mod views;
mod world;
