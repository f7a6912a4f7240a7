//! The event stream decoder gives the same frames however the bytes were cut, and what it writes reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::eventstream::{Decoder, Frame, encode};

fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>, max: usize) -> Vec<(u8, Vec<u8>, Vec<u8>)> {
    let mut decoder = Decoder::new(max);
    let mut seen = Vec::new();
    let mut note = |frame: Frame<'_>| {
        seen.push(match frame {
            Frame::Event { name, data } => (0, name.to_vec(), data.to_vec()),
            Frame::Failure { name, data } => (1, name.to_vec(), data.to_vec()),
            Frame::TooLong => (2, Vec::new(), Vec::new()),
            Frame::Broken(why) => (3, Vec::new(), why.as_bytes().to_vec()),
        });
    };
    for piece in pieces {
        decoder.feed(piece, &mut note);
    }
    decoder.finish(&mut note);
    seen
}

fuzz_target!(|input: (u8, u8, &str, &[u8], &[u8])| {
    let (size, max, name, payload, garbage) = input;
    let max = 16 + usize::from(max) * 16;
    let message = encode(&[(":event-type", name)], payload);
    let stream = [&message, garbage, &message].concat();
    let whole = frames(std::iter::once(&stream[..]), max);
    assert_eq!(frames(stream.chunks(usize::from(size) + 1), max), whole);
    assert_eq!(frames(stream.chunks(1), max), whole);
    if message.len() <= max && name.len() <= usize::from(u16::MAX) {
        assert_eq!(whole[0], (0, name.as_bytes().to_vec(), payload.to_vec()));
    }
    let mut decoder = Decoder::new(max);
    decoder.skip_to_next();
    decoder.feed(garbage, |_| {});
});
