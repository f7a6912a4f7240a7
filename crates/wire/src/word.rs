//! Words that are looked for in every event: the search is prepared once, since preparing it costs more than an event is
//! long.

use std::sync::OnceLock;

use memchr::memmem::Finder;

/// A word to look for.
pub(crate) struct Word {
    word: &'static [u8],
    finder: OnceLock<Finder<'static>>,
}

impl Word {
    /// Makes one; for a `static`.
    pub(crate) const fn new(word: &'static str) -> Self {
        Self { word: word.as_bytes(), finder: OnceLock::new() }
    }

    /// Where it stands first.
    pub(crate) fn find(&self, text: &[u8]) -> Option<usize> {
        self.finder.get_or_init(|| Finder::new(self.word)).find(text)
    }

    /// Says whether it stands anywhere.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        self.find(text).is_some()
    }
}
