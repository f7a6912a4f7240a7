//! What is read of a WebSocket does not depend on how the bytes were cut, and keeps its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::websocket::{Bounds, Decoder, Deflate, Event, Side};

const BOUNDS: Bounds = Bounds { max_message: 4096, max_expanded: 65_536 };

fuzz_target!(|input: (bool, Option<(bool, bool)>, u8, &[u8])| {
    let (is_client, deflate, size, bytes) = input;
    let side = if is_client { Side::Client } else { Side::Server };
    let deflate = deflate.map(|(client_no_context_takeover, server_no_context_takeover)| Deflate {
        client_no_context_takeover,
        server_no_context_takeover,
    });
    let read = |size: usize| {
        let mut decoder = Decoder::new(side, deflate, BOUNDS);
        let mut seen = Vec::new();
        for piece in bytes.chunks(size) {
            decoder.feed(piece, |event| {
                if let Event::Message { data, .. } = event {
                    assert!(data.len() <= BOUNDS.max_message);
                }
                seen.push(format!("{event:?}"));
            });
        }
        (seen, decoder.violation())
    };
    let whole = read(bytes.len().max(1));
    assert_eq!(read(usize::from(size) + 1), whole);
    assert_eq!(read(1), whole);
});
