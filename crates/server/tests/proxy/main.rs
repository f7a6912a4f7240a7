//! The proxy as its users meet it: the real process wiring in front of a scripted provider, raw bytes on both sides.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "the other side of a connection is a task of the test's own")]

mod app;
mod bytes;
mod chunkings;
mod credentials;
mod ends;
mod exceptions;
mod gemini;
mod guard;
mod hiding;
mod hostile;
mod hostile_upstream;
mod keeping;
mod keys;
mod leaving;
mod masking;
mod outside;
mod policies;
mod raw;
mod realtime;
mod settings;
mod signing;
mod spans;
mod tail;
mod transport;
mod upstreams;
