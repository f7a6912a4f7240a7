//! The one suite every adapter passes: each function tests one sentence of the ports' contracts on an empty store.
//!
//! `adapters` runs it on each. The builders serve other rooms' tests too.

#[cfg(test)]
mod adapters;
pub mod builders;
pub mod spans;
