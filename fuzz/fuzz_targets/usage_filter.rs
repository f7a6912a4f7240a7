//! The filter's output does not depend on chunks, is the input less whole events, and the input itself where none went.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use llmtrace_wire::UsageFilter;

fn filtered(stream: &[u8], size: usize, max: usize) -> (Vec<u8>, u64) {
    let mut filter = UsageFilter::new(max);
    let mut out = Vec::new();
    for piece in stream.chunks(size) {
        filter.push(Bytes::copy_from_slice(piece), &mut out);
    }
    filter.finish(&mut out);
    (out.concat(), filter.removed())
}

/// Says whether `part` is `all` with some bytes left out.
fn is_subsequence(part: &[u8], all: &[u8]) -> bool {
    let mut rest = all.iter();
    part.iter().all(|byte| rest.any(|other| other == byte))
}

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (size, max, stream) = input;
    let max = usize::from(max);
    let whole = filtered(stream, stream.len().max(1), max);
    assert_eq!(filtered(stream, usize::from(size) + 1, max), whole);
    assert_eq!(filtered(stream, 1, max), whole);
    if whole.1 == 0 {
        assert_eq!(whole.0, stream);
    } else {
        assert!(whole.0.len() < stream.len() && is_subsequence(&whole.0, stream));
        // What passed once passes again.
        assert_eq!(filtered(&whole.0, stream.len(), max).1, 0);
    }
});
