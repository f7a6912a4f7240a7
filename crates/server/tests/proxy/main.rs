//! The proxy as its users meet it: the real process wiring in front of a scripted provider, raw bytes on both sides.

mod app;
mod bytes;
mod ends;
mod spans;
