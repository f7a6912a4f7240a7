//! What is special to this engine.
