//! The forms of any text are bounded, point into it on borders of characters, and are folded already.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_detect::{LONGEST_TEXT, views};

fuzz_target!(|text: &str| {
    let views = views(text);
    assert!(views.decoded.len() <= 48);
    assert!(views.truncated.is_some() == (text.len() > LONGEST_TEXT));
    for hidden in &views.hidden {
        assert!(!text[hidden.range.clone()].is_empty());
    }
    for view in std::iter::once(&views.folded).chain(&views.decoded) {
        for (at, c) in view.text.char_indices() {
            assert!(!text[view.origin(at..at + c.len_utf8())].is_empty());
        }
        assert!(view.origin(0..usize::MAX).end <= text.len());
    }
});
