//! What a scanner says does not depend on how the answer was cut, compressed or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::{DIALECTS, Scanner};

fuzz_target!(|input: (u8, u8, u8, u8, &[u8])| {
    let (dialect, media, coding, size, body) = input;
    let dialect = DIALECTS[usize::from(dialect) % DIALECTS.len()];
    let media = ["text/event-stream", "application/json"][usize::from(media) % 2];
    let coding = [None, None, None, Some("gzip"), Some("deflate"), Some("br"), Some("zstd")][usize::from(coding) % 7];
    let said = |size: usize| {
        let mut scanner = Scanner::new(Some(dialect), Some(media), coding);
        body.chunks(size).for_each(|piece| scanner.feed(piece));
        (scanner.first_token(), scanner.finished(), scanner.usage(), scanner.error().cloned())
    };
    let whole = said(body.len().max(1));
    // Broken compression may be noticed a few bytes earlier or later; what is plain must not differ at all.
    if coding.is_none() {
        assert_eq!(said(usize::from(size) + 1), whole);
        assert_eq!(said(1), whole);
    } else {
        said(usize::from(size) + 1);
    }
});
