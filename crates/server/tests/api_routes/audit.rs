//! The audit log: what is written down, and who may read it.

mod chain;
mod house;
mod lines;
mod lists;
