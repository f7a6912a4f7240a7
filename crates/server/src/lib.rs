//! The product: a transparent proxy in front of LLM providers, and everything behind it.
//!
//! ```text
//! client ─▶ proxy (front lane) ─▶ journal (the door) ─▶ pipeline (back lane) ─▶ store ◀─ api ◀─ browser, CLI
//! ```
//!
//! [`boot`] wires the rooms; the edges between them are listed in ARCHITECTURE.md and held by `tests/architecture.rs`.

pub mod analysis;
pub mod api;
pub mod boot;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod journal;
pub mod listen;
pub mod pipeline;
pub mod proxy;
pub mod shutdown;
pub mod tasks;
pub mod telemetry;
pub mod tenancy;
pub mod upkeep;
pub mod web;
