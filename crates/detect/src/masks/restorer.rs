//! Placeholders in an answer become again what they stand for, however the answer is cut.

use std::sync::Arc;

use super::{Masks, in_json};

/// The longest that a placeholder can be: what opens a bracket and goes on is none.
const LONGEST: usize = 96;

/// Puts originals back into one text that comes in pieces.
#[derive(Debug)]
pub struct Restorer {
    masks: Arc<Masks>,
    is_json: bool,
    /// The beginning of what may be a placeholder.
    held: String,
}

impl Restorer {
    /// For one text; `is_json` where it is a JSON document, in which an original has to be escaped.
    pub fn new(masks: Arc<Masks>, is_json: bool) -> Self {
        Self { masks, is_json, held: String::new() }
    }

    /// More of the text: what of it may go on. Holds at most the beginning of a placeholder.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let text = std::mem::take(&mut self.held);
        let (mut restored, mut rest) = (String::with_capacity(text.len()), text.as_str());
        while let Some(open) = rest.find('[') {
            restored.push_str(&rest[..open]);
            rest = &rest[open..];
            match rest.find(']') {
                Some(close) => {
                    let (word, behind) = rest.split_at(close + 1);
                    if let Some(original) = self.masks.original(word) {
                        if self.is_json {
                            restored.push_str(&in_json(original))
                        } else {
                            restored.push_str(original)
                        }
                        rest = behind;
                    } else {
                        // Another bracket may open inside.
                        restored.push('[');
                        rest = &rest[1..];
                    }
                }
                None if rest.len() <= LONGEST && self.masks.may_begin(rest) => {
                    self.held.push_str(rest);
                    return restored;
                }
                None => {
                    restored.push('[');
                    rest = &rest[1..];
                }
            }
        }
        restored.push_str(rest);
        restored
    }

    /// The text has ended: what was held of it.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}
