//! The terms of what was said, as the engine keeps and asks them: 64-bit hashes, for which ADR 0026 gives the reasons.
//!
//! The hash is XXH3 of the bytes of a term, which the engine knows as `xxh3`. It is stored: another one is another column.

use std::{
    collections::{HashSet, hash_map::RandomState},
    hash::{BuildHasher, Hasher},
};

use llmtrace_model::Content;
use twox_hash::XxHash3_64;

/// More terms than this are rare: what remembers them is given back.
const KEPT: usize = 1 << 16;

/// The hash of a term.
pub(super) fn hash(term: &str) -> u64 {
    XxHash3_64::oneshot(term.as_bytes())
}

/// Gathers the terms of one content after the other.
#[derive(Debug)]
pub(super) struct Terms {
    seen: HashSet<u64, Scatter>,
    found: Vec<u64>,
}

impl Terms {
    pub(super) fn new() -> Self {
        Self { seen: HashSet::with_hasher(Scatter::new()), found: Vec::new() }
    }

    /// The terms of what was said, each once, in the order in which they first stand there: where texts repeat, as those of a
    /// conversation do, so do their terms, which packs well.
    pub(super) fn of(&mut self, content: &Content) -> &[u64] {
        self.found.clear();
        self.seen.clear();
        if self.seen.capacity() > KEPT {
            self.seen.shrink_to(KEPT / 2);
            self.found.shrink_to(KEPT / 2);
        }
        content.each_text(&mut |text| {
            llmtrace_model::terms(text, &mut |term| {
                let hash = hash(term);
                if self.seen.insert(hash) {
                    self.found.push(hash);
                }
            });
        });
        &self.found
    }
}

/// Scatters numbers that are hashes already, but of a known function: who chooses the texts must not choose which of them collide.
#[derive(Debug, Clone, Copy)]
struct Scatter(u64);

impl Scatter {
    fn new() -> Self {
        Self(RandomState::new().hash_one(0u64) | 1)
    }
}

impl BuildHasher for Scatter {
    type Hasher = Scattered;

    fn build_hasher(&self) -> Scattered {
        Scattered { by: self.0, hash: 0 }
    }
}

#[derive(Debug)]
struct Scattered {
    by: u64,
    hash: u64,
}

impl Hasher for Scattered {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.hash ^ number) * u128::from(self.by);
        #[expect(clippy::cast_possible_truncation, reason = "both halves count")]
        {
            self.hash = (product >> 64) as u64 ^ product as u64;
        }
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use llmtrace_model::SpanRecord;
    use proptest::prelude::*;

    use super::*;
    use crate::conformance::builders::numbered;

    fn content(text: &str) -> Content {
        let SpanRecord { content, .. } = &*numbered(1).said(text, "so be it").record();
        content.clone().unwrap()
    }

    /// What is stored: another number for a term would be found no more.
    #[test]
    fn a_hash_stays_what_it_was() {
        assert_eq!(hash("refund"), 14_947_718_895_837_224_145);
        assert_eq!(hash("東京"), 5_087_795_124_118_550_966);
        assert_eq!(hash(""), 3_244_421_341_483_603_138);
    }

    proptest! {
        #[test]
        fn each_term_is_gathered_once_and_no_other(texts in proptest::collection::vec("[a-c ]{0,12}|\\PC{0,30}", 1..6)) {
            let mut terms = Terms::new();
            for text in &texts {
                let content = content(text);
                let mut expected = BTreeSet::new();
                content.each_text(&mut |text| llmtrace_model::terms(text, &mut |term| {
                    expected.insert(hash(term));
                }));
                let found = terms.of(&content);
                prop_assert_eq!(found.len(), expected.len());
                prop_assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), expected);
            }
        }

        #[test]
        fn a_search_by_hashes_finds_what_a_search_by_terms_finds(said in "[a-bA 東京é]{0,8}", wanted in "[a-bA 東京é]{1,4}") {
            let content = content(&said);
            let mut terms = Terms::new();
            let stored: BTreeSet<u64> = terms.of(&content).iter().copied().collect();
            if let Some(wanted) = llmtrace_model::Terms::parse(&wanted) {
                let all = wanted.as_slice().iter().all(|term| stored.contains(&hash(term)));
                prop_assert_eq!(all, wanted.all_in(&content));
            }
        }
    }
}
