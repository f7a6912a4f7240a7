//! The elements of a JSON array do not depend on how its bytes were cut, and are those a JSON parser finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::json_array::{Decoder, Frame};

fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>, max: usize) -> Vec<Option<Vec<u8>>> {
    let mut decoder = Decoder::new(max);
    let mut seen = Vec::new();
    let mut note = |frame: Frame<'_>| match frame {
        Frame::Event { data, .. } => {
            assert!(data.len() <= max, "a frame over the bound");
            seen.push(Some(data.to_vec()));
        }
        Frame::TooLong => seen.push(None),
        Frame::Failure { .. } | Frame::Broken(_) => panic!("an array has no such frames"),
    };
    for piece in pieces {
        decoder.feed(piece, &mut note);
    }
    decoder.finish(&mut note);
    seen
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (size, max, stream) = input;
    let bound = usize::from(max) + 1;
    let whole = frames(std::iter::once(stream), bound);
    assert_eq!(frames(stream.chunks(usize::from(size) + 1), bound), whole);
    assert_eq!(frames(stream.chunks(1), bound), whole);
    if let Ok(elements) = serde_json::from_slice::<Vec<serde_json::Value>>(stream) {
        let found = frames(std::iter::once(stream), stream.len());
        let read = |frame: Option<Vec<u8>>| serde_json::from_slice(&frame.expect("below the bound")).expect("an element");
        assert_eq!(found.into_iter().map(read).collect::<Vec<serde_json::Value>>(), elements);
    }
    let mut decoder = Decoder::new(bound);
    decoder.feed(stream, |_| {});
    decoder.skip_to_next();
    decoder.feed(stream, |_| {});
    decoder.finish(|_| {});
});
