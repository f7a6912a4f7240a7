//! Hashed n-grams with a linear model over them: how much a stretch of text reads like an attack.
//!
//! `words` cuts a text, `ngrams` hashes what ends in each word, `windows` walks two sizes of window over it in one pass,
//! `model` holds the weights, one [`Head`] for what users write and one for what comes from elsewhere. `attack.rs` calls it
//! and decides; the training (`training/` at the root of the repository) reads the same n-grams through [`windows_of`].
//!
//! Input: the folded text, any length; time is linear in it, memory is not used per word. The score of a text is the highest
//! one of its windows, in log-odds of the training's own mix: a probability only after calibration. Training data, licences and
//! figures are in `training/MODEL_CARD.md`.

mod explain;
mod model;
mod ngrams;
mod windows;
mod words;

pub use model::{Error, Head, Model, WEIGHTS};
pub use ngrams::MARK;
pub use windows::{Extent, Reading, SIZES, windows_of, words_of};

#[cfg(test)]
mod tests;
