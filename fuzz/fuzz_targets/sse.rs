//! The frames of an event stream do not depend on how its bytes were cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::sse::{Decoder, Frame};

fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>, max: usize) -> Vec<Option<(Vec<u8>, Vec<u8>)>> {
    let mut decoder = Decoder::new(max);
    let mut seen = Vec::new();
    let mut note = |frame: Frame<'_>| match frame {
        Frame::Event { name, data } => {
            assert!(data.len() <= max, "a frame over the bound");
            seen.push(Some((name.to_vec(), data.to_vec())));
        }
        Frame::Failure { .. } | Frame::TooLong | Frame::Broken(_) => seen.push(None),
    };
    for piece in pieces {
        decoder.feed(piece, &mut note);
    }
    decoder.finish(&mut note);
    seen
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (size, max, stream) = input;
    let max = usize::from(max) + 1;
    let whole = frames(std::iter::once(stream), max);
    assert_eq!(frames(stream.chunks(usize::from(size) + 1), max), whole);
    assert_eq!(frames(stream.chunks(1), max), whole);
});
