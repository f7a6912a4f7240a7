use proptest::prelude::*;

use super::*;

/// A frame, owned.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Event(String, Vec<u8>),
    Failure(String, Vec<u8>),
    TooLong,
    Broken(&'static str),
}

fn note(frame: Frame<'_>, seen: &mut Vec<Seen>) {
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    seen.push(match frame {
        Frame::Event { name, data } => Seen::Event(text(name), data.to_vec()),
        Frame::Failure { name, data } => Seen::Failure(text(name), data.to_vec()),
        Frame::TooLong => Seen::TooLong,
        Frame::Broken(why) => Seen::Broken(why),
    });
}

fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, max: usize) -> Vec<Seen> {
    let (mut decoder, mut seen) = (Decoder::new(max), Vec::new());
    for piece in pieces {
        decoder.feed(piece, |frame| note(frame, &mut seen));
    }
    decoder.finish(|frame| note(frame, &mut seen));
    seen
}

fn event(name: &str, payload: &str) -> Vec<u8> {
    encode(&[(":message-type", "event"), (":event-type", name)], payload.as_bytes())
}

fn said(name: &str, payload: &str) -> Seen {
    Seen::Event(name.to_owned(), payload.as_bytes().to_vec())
}

#[test]
fn published_messages_are_read_and_written_byte_for_byte() {
    // From the test suite of the AWS event stream specification: the empty message, and one with payload only.
    let empty = hex("000000100000000005c248eb7d98c8ff");
    assert_eq!(encode(&[], b""), empty);
    assert_eq!(frames([&empty[..]], 1000), [said("", "")]);
    let payload = hex("0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936");
    assert_eq!(encode(&[], b"{'foo':'bar'}"), payload);
    assert_eq!(frames([&payload[..]], 1000), [said("", "{'foo':'bar'}")]);
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |b: u8| u8::try_from(char::from(b).to_digit(16).expect("a digit")).expect("small");
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A message with this block of headers.
fn with_headers(block: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = u32::try_from(AROUND + block.len() + payload.len()).expect("small");
    let mut message = total.to_be_bytes().to_vec();
    message.extend_from_slice(&u32::try_from(block.len()).expect("small").to_be_bytes());
    message.extend_from_slice(&checksum(&message).to_be_bytes());
    message.extend_from_slice(block);
    message.extend_from_slice(payload);
    message.extend_from_slice(&checksum(&message).to_be_bytes());
    message
}

#[test]
fn values_of_all_ten_types_are_crossed() {
    let mut block = Vec::new();
    for (kind, value) in [
        (0u8, &b""[..]),
        (1, b""),
        (2, b"1"),
        (3, b"12"),
        (4, b"1234"),
        (5, b"12345678"),
        (6, b"\x00\x03abc"),
        (7, b"\x00\x00"),
        (8, b"12345678"),
        (9, b"0123456789abcdef"),
    ] {
        block.extend_from_slice(&[1, b'x', kind]);
        block.extend_from_slice(value);
    }
    // A number under the name of the type is no type.
    block.extend_from_slice(b"\x0b:event-type\x02\x07");
    block.extend_from_slice(b"\x0b:event-type\x07\x00\x04last");
    assert_eq!(frames([&with_headers(&block, b"{}")[..]], 1000), [said("last", "{}")]);
    for bad in [&b"\x05short"[..], b"\x01x\x0a", b"\x01x\x07\x00\x05abc", b"\x01x"] {
        let stream = [with_headers(bad, b"{}"), event("next", "1")].concat();
        assert_eq!(frames([&stream[..]], 1000), [Seen::Broken("headers"), said("next", "1")]);
    }
}

#[test]
fn exceptions_and_errors_are_failures() {
    let exception = encode(
        &[(":message-type", "exception"), (":exception-type", "throttlingException")],
        br#"{"message":"slow down"}"#,
    );
    let error = encode(
        &[(":message-type", "error"), (":error-code", "InternalError"), (":error-message", "something broke")],
        b"",
    );
    let other = encode(&[(":message-type", "novel")], b"{}");
    let seen = frames([&[exception, error, other].concat()[..]], 1000);
    assert_eq!(
        seen,
        [
            Seen::Failure("throttlingException".to_owned(), br#"{"message":"slow down"}"#.to_vec()),
            Seen::Failure("InternalError".to_owned(), b"something broke".to_vec()),
            Seen::Broken("message type"),
        ]
    );
}

#[test]
fn a_message_whose_checksum_is_wrong_is_no_event_and_the_next_one_is_read() {
    let mut spoiled = event("a", "text");
    let middle = spoiled.len() - 6;
    spoiled[middle] ^= 1;
    let stream = [spoiled, event("b", "x")].concat();
    assert_eq!(frames([&stream[..]], 1000), [Seen::Broken("message checksum"), said("b", "x")]);
}

#[test]
fn after_a_wrong_prelude_nothing_more_is_read() {
    let mut spoiled = event("a", "text");
    spoiled[3] ^= 1;
    let stream = [event("0", "x"), spoiled, event("b", "x")].concat();
    assert_eq!(frames([&stream[..]], 1000), [said("0", "x"), Seen::Broken("prelude checksum")]);
    let mut lengths = vec![0, 0, 0, 20, 0, 0, 0, 9];
    lengths.extend_from_slice(&checksum(&lengths).to_be_bytes());
    assert_eq!(frames([&lengths[..], &event("b", "x")], 1000), [Seen::Broken("prelude lengths")]);
}

#[test]
fn a_message_over_the_bound_is_skipped_whole() {
    let long = event("long", &"x".repeat(200));
    let stream = [event("a", "1"), long.clone(), event("b", "2")].concat();
    for size in 1..stream.len() {
        assert_eq!(frames(stream.chunks(size), 100), [said("a", "1"), Seen::TooLong, said("b", "2")], "{size}");
    }
    let mut decoder = Decoder::new(100);
    decoder.feed(&long[..90], |_| {});
    assert!(decoder.held.is_empty(), "nothing of it is kept");
}

#[test]
fn a_stream_that_ends_inside_a_message_says_so() {
    let stream = [event("a", "1"), event("b", "2")].concat();
    for cut in event("a", "1").len() + 1..stream.len() {
        assert_eq!(frames([&stream[..cut]], 1000), [said("a", "1"), Seen::Broken("cut short")]);
    }
}

#[test]
fn after_a_gap_the_next_sound_message_is_found() {
    let stream = [event("a", "{\"x\":1}"), event("b", "{\"y\":2}"), event("c", "3")].concat();
    let first = event("a", "{\"x\":1}").len();
    for from in 1..=first {
        for size in [1, 3, 1000] {
            let (mut decoder, mut seen) = (Decoder::new(1000), Vec::new());
            decoder.feed(&stream[..5], |frame| note(frame, &mut seen));
            decoder.skip_to_next();
            for piece in stream[from..].chunks(size) {
                decoder.feed(piece, |frame| note(frame, &mut seen));
            }
            decoder.finish(|frame| note(frame, &mut seen));
            assert_eq!(seen, [said("b", "{\"y\":2}"), said("c", "3")], "from {from} by {size}");
        }
    }
}

proptest! {
    #[test]
    fn frames_do_not_depend_on_how_the_bytes_were_cut(
        messages in prop::collection::vec(("[a-z:]{0,12}", "[ -~]{0,60}"), 0..6),
        spoil in prop::option::of((any::<prop::sample::Index>(), 1u8..)),
        size in 1usize..40,
        max in 20usize..200,
    ) {
        let mut stream: Vec<u8> = messages.iter().flat_map(|(name, payload)| event(name, payload)).collect();
        if let (Some((at, with)), false) = (spoil, stream.is_empty()) {
            let at = at.index(stream.len());
            stream[at] ^= with;
        }
        let whole = frames([&stream[..]], max);
        prop_assert_eq!(frames(stream.chunks(size), max), whole.clone());
        prop_assert_eq!(frames(stream.chunks(1), max), whole.clone());
        if spoil.is_none() && max > 140 {
            let sent: Vec<Seen> = messages.iter().map(|(name, payload)| said(name, payload)).collect();
            prop_assert_eq!(whole, sent);
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_keep_more_than_the_bound(
        bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..50, gap in any::<bool>(),
    ) {
        let mut decoder = Decoder::new(64);
        if gap {
            decoder.skip_to_next();
        }
        for piece in bytes.chunks(size) {
            decoder.feed(piece, |_| {});
            prop_assert!(decoder.held.len() <= 64);
        }
        decoder.finish(|_| {});
    }
}
