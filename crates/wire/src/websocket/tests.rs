use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

use super::*;

/// A frame by hand.
fn frame(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut out = vec![first];
    match payload.len() {
        len @ 0..126 => out.push(masked | u8::try_from(len).unwrap()),
        len @ 126..65536 => {
            out.push(masked | 126);
            out.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            out.push(masked | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(mask.as_ref().map_or(&[][..], |m| m));
    let key = mask.unwrap_or([0; 4]);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    out
}

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What is seen, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    TooLong(u64),
    Ping,
    Pong,
    Close(Option<u16>, String),
    Violation(Violation),
}

fn seen_with<'a>(
    side: Side,
    deflate: Option<Deflate>,
    bounds: Bounds,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Seen> {
    let mut decoder = Decoder::new(side, deflate, bounds);
    let mut seen = Vec::new();
    for piece in pieces {
        decoder.feed(piece, |event| {
            seen.push(match event {
                Event::Message { kind: Kind::Text, data } => Seen::Text(String::from_utf8(data.to_vec()).unwrap()),
                Event::Message { kind: Kind::Binary, data } => Seen::Binary(data.to_vec()),
                Event::TooLong { size_bytes, .. } => Seen::TooLong(size_bytes),
                Event::Ping => Seen::Ping,
                Event::Pong => Seen::Pong,
                Event::Close { code, reason } => Seen::Close(code, reason.to_owned()),
            });
        });
    }
    seen.extend(decoder.violation().map(Seen::Violation));
    seen
}

fn seen(side: Side, bytes: &[u8]) -> Vec<Seen> {
    let whole = seen_with(side, None, Bounds::default(), [bytes]);
    assert_eq!(seen_with(side, None, Bounds::default(), bytes.chunks(1)), whole, "byte by byte");
    whole
}

fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

/// Compresses messages as one endpoint does; each loses its tail.
struct Packer(Compress);

impl Packer {
    fn new() -> Self {
        Self(Compress::new(Compression::default(), false))
    }

    fn pack(&mut self, message: &[u8]) -> Vec<u8> {
        if message.is_empty() {
            // RFC 7692, section 7.2.3.6.
            return vec![0];
        }
        let mut out = Vec::with_capacity(message.len() * 2 + 64);
        self.0.compress_vec(message, &mut out, FlushCompress::Sync).unwrap();
        assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
        out.truncate(out.len() - 4);
        out
    }
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    // RFC 6455, section 5.7.
    assert_eq!(seen(Side::Server, &[0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f]), [text("Hello")]);
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(seen(Side::Client, &masked), [text("Hello")]);
    let fragments = [0x01, 3, 0x48, 0x65, 0x6c, 0x80, 2, 0x6c, 0x6f];
    assert_eq!(seen(Side::Server, &fragments), [text("Hello")]);
    assert_eq!(seen(Side::Server, &[0x89, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f]), [Seen::Ping]);
    let long = frame(0x82, &[7; 65536], None);
    assert_eq!(long[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(seen(Side::Server, &long), [Seen::Binary(vec![7; 65536])]);
}

#[test]
fn the_compressed_examples_of_the_rfc_are_read() {
    // RFC 7692, sections 7.2.3.1 to 7.2.3.5.
    let cases: [(&[u8], &[&str]); 4] = [
        (&[0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0], &["Hello"]),
        (&[0x41, 3, 0xf2, 0x48, 0xcd, 0x80, 4, 0xc9, 0xc9, 7, 0], &["Hello"]),
        (&[0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0xc1, 5, 0xf2, 0, 0x11, 0, 0], &["Hello", "Hello"]),
        (&[0xc1, 8, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0], &["Hello"]),
    ];
    for (bytes, expected) in cases {
        let agreed = Some(Deflate::default());
        let expected: Vec<Seen> = expected.iter().map(|t| text(t)).collect();
        assert_eq!(seen_with(Side::Server, agreed, Bounds::default(), [bytes]), expected);
        assert_eq!(seen_with(Side::Server, agreed, Bounds::default(), bytes.chunks(1)), expected);
    }
}

#[test]
fn control_frames_stand_between_the_fragments_of_a_message() {
    let mut bytes = frame(0x01, b"one ", Some(MASK));
    bytes.extend(frame(0x89, b"ping", Some(MASK)));
    bytes.extend(frame(0x00, "tw\u{f6}".as_bytes().split_at(3).0, Some([1, 2, 3, 4])));
    bytes.extend(frame(0x8a, b"", Some(MASK)));
    bytes.extend(frame(0x80, "tw\u{f6}".as_bytes().split_at(3).1, Some(MASK)));
    bytes.extend(frame(0x88, b"\x03\xe8bye", Some(MASK)));
    bytes.extend(frame(0x81, b"after the end", Some(MASK)));
    let expected = [Seen::Ping, Seen::Pong, text("one tw\u{f6}"), Seen::Close(Some(1000), "bye".to_owned())];
    assert_eq!(seen(Side::Client, &bytes), expected);
}

#[test]
fn violations_are_named_and_end_the_reading() {
    let server = |first: u8, payload: &[u8]| frame(first, payload, None);
    let after = |mut start: Vec<u8>, more: Vec<u8>| {
        start.extend(more);
        start
    };
    let cases = [
        (Side::Client, server(0x81, b"x"), Violation::NotMasked),
        (Side::Server, frame(0x81, b"x", Some(MASK)), Violation::Masked),
        (Side::Server, server(0xc1, b"x"), Violation::ReservedBits),
        (Side::Server, server(0x91, b"x"), Violation::ReservedBits),
        (Side::Server, server(0xc9, b"x"), Violation::ReservedBits),
        (Side::Server, server(0x83, b"x"), Violation::ReservedOpcode),
        (Side::Server, server(0x8b, b"x"), Violation::ReservedOpcode),
        (Side::Server, vec![0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], Violation::Length),
        (Side::Server, server(0x09, b"x"), Violation::FragmentedControl),
        (Side::Server, server(0x89, &[0; 126]), Violation::LongControl),
        (Side::Server, server(0x80, b"x"), Violation::NothingToContinue),
        (Side::Server, after(server(0x01, b"a"), server(0x81, b"b")), Violation::MessageInMessage),
        (Side::Server, server(0x88, b"x"), Violation::BadClose),
        (Side::Server, server(0x88, &1005u16.to_be_bytes()), Violation::BadClose),
        (Side::Server, server(0x88, b"\x03\xe8\xff"), Violation::BadClose),
        (Side::Server, server(0x81, b"\xff"), Violation::NotUtf8),
        (Side::Server, after(server(0x01, b"\xc3"), server(0x80, b"x")), Violation::NotUtf8),
    ];
    for (side, bytes, violation) in cases {
        let bytes = after(bytes, frame(0x81, b"not read", None));
        assert_eq!(seen(side, &bytes), [Seen::Violation(violation)], "{bytes:?}");
    }
}

#[test]
fn a_message_over_the_bound_is_named_and_the_next_one_is_read() {
    let bounds = Bounds { max_message: 10, max_expanded: 10_000 };
    let mut bytes = frame(0x81, &[b'x'; 11], Some(MASK));
    bytes.extend(frame(0x01, b"123456", Some(MASK)));
    bytes.extend(frame(0x80, b"123456", Some(MASK)));
    bytes.extend(frame(0x81, b"0123456789", Some(MASK)));
    let expected = [Seen::TooLong(11), Seen::TooLong(12), text("0123456789")];
    assert_eq!(seen_with(Side::Client, None, bounds, [&bytes[..]]), expected);
    assert_eq!(seen_with(Side::Client, None, bounds, bytes.chunks(1)), expected);
}

#[test]
fn a_long_compressed_message_is_dropped_without_losing_those_that_refer_to_it() {
    let bounds = Bounds { max_message: 100, max_expanded: 10_000 };
    let mut packer = Packer::new();
    let long = "the same words again and again ".repeat(100);
    let mut bytes = frame(0xc1, &packer.pack(long.as_bytes()), None);
    bytes.extend(frame(0xc1, &packer.pack(&long.as_bytes()[..90]), None));
    let expected = [Seen::TooLong(long.len() as u64), text(&long[..90])];
    let agreed = Some(Deflate::default());
    assert_eq!(seen_with(Side::Server, agreed, bounds, [&bytes[..]]), expected);
    assert_eq!(seen_with(Side::Server, agreed, bounds, bytes.chunks(1)), expected);
}

#[test]
fn a_bomb_ends_the_reading() {
    let bounds = Bounds { max_message: 1000, max_expanded: 100_000 };
    let bytes = frame(0xc2, &Packer::new().pack(&vec![0; 1 << 20]), None);
    assert!(bytes.len() < 2000);
    let expected = [Seen::Violation(Violation::ExpandsTooFar)];
    assert_eq!(seen_with(Side::Server, Some(Deflate::default()), bounds, [&bytes[..]]), expected);
    let broken = frame(0xc1, &[0x07, 0xff, 0xff, 0xff], None);
    let expected = [Seen::Violation(Violation::BrokenDeflate)];
    assert_eq!(seen_with(Side::Server, Some(Deflate::default()), bounds, [&broken[..]]), expected);
}

#[test]
fn without_takeover_each_message_stands_alone() {
    let agreed = Deflate { server_no_context_takeover: true, client_no_context_takeover: false };
    let mut bytes = frame(0xc1, &Packer::new().pack(b"hello hello hello"), None);
    bytes.extend(frame(0x81, b"plain", None));
    bytes.extend(frame(0xc1, &Packer::new().pack(b"hello hello hello"), None));
    let expected = [text("hello hello hello"), text("plain"), text("hello hello hello")];
    assert_eq!(seen_with(Side::Server, Some(agreed), Bounds::default(), [&bytes[..]]), expected);
}

#[test]
fn extensions_are_read_from_the_answers_header() {
    let deflate = |client, server| {
        Extensions::Deflate(Deflate { client_no_context_takeover: client, server_no_context_takeover: server })
    };
    let cases: [(&[&str], Extensions); 7] = [
        (&[], Extensions::None),
        (&[""], Extensions::None),
        (&["permessage-deflate"], deflate(false, false)),
        (&["Permessage-Deflate; server_no_context_takeover; client_max_window_bits=12"], deflate(false, true)),
        (&["permessage-deflate;client_no_context_takeover"], deflate(true, false)),
        (&["x-webkit-deflate-frame"], Extensions::Unknown),
        (&["permessage-deflate, mux"], Extensions::Unknown),
    ];
    for (values, expected) in cases {
        assert_eq!(Extensions::of(values.iter().copied()), expected, "{values:?}");
    }
}

/// A message in frames, with control frames between them.
fn messages() -> impl Strategy<Value = Vec<(bool, String, usize, bool)>> {
    proptest::collection::vec((any::<bool>(), "[a-d ]{0,400}|\\PC{0,20}", 1usize..5, any::<bool>()), 0..6)
}

proptest! {
    #[test]
    fn what_is_read_does_not_depend_on_how_the_bytes_were_cut(
        messages in messages(),
        deflate in any::<bool>(),
        size in 1usize..50,
        key in any::<[u8; 4]>(),
    ) {
        let mut packer = Packer::new();
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for (is_binary, said, fragments, pinged) in messages {
            let payload = if deflate { packer.pack(said.as_bytes()) } else { said.clone().into_bytes() };
            let mut first = if is_binary { 2u8 } else { 1 } | if deflate { 0x40 } else { 0 };
            let pieces: Vec<&[u8]> = payload.chunks(payload.len() / fragments + 1).collect();
            let pieces = if pieces.is_empty() { vec![&[][..]] } else { pieces };
            for (at, piece) in pieces.iter().enumerate() {
                let last = if at + 1 == pieces.len() { 0x80 } else { 0 };
                bytes.extend(frame(first | last, piece, Some(key)));
                first = 0;
                if pinged && last == 0 {
                    bytes.extend(frame(0x89, b"?", Some(key)));
                    expected.push(Seen::Ping);
                }
            }
            expected.push(if is_binary { Seen::Binary(said.into_bytes()) } else { Seen::Text(said) });
        }
        let agreed = deflate.then(Deflate::default);
        prop_assert_eq!(&seen_with(Side::Client, agreed, Bounds::default(), [&bytes[..]]), &expected);
        prop_assert_eq!(&seen_with(Side::Client, agreed, Bounds::default(), bytes.chunks(size)), &expected);
        prop_assert_eq!(&seen_with(Side::Client, agreed, Bounds::default(), bytes.chunks(1)), &expected);
    }

    #[test]
    fn any_bytes_are_read_the_same_however_they_were_cut(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        size in 1usize..20,
        side in prop_oneof![Just(Side::Client), Just(Side::Server)],
        deflate in any::<bool>(),
    ) {
        let agreed = deflate.then(Deflate::default);
        let bounds = Bounds { max_message: 64, max_expanded: 4096 };
        let whole = seen_with(side, agreed, bounds, [&bytes[..]]);
        prop_assert_eq!(&seen_with(side, agreed, bounds, bytes.chunks(size)), &whole);
        prop_assert_eq!(&seen_with(side, agreed, bounds, bytes.chunks(1)), &whole);
    }
}
