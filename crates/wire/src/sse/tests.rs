use proptest::prelude::*;

use super::*;

type Seen = Vec<Option<(String, Vec<u8>)>>;

/// The frames of a stream cut at the given places.
fn frames(stream: &[u8], cuts: &[usize], max: usize) -> Seen {
    let mut decoder = Decoder::new(max);
    let mut seen = Vec::new();
    let mut note = |frame: Frame<'_>| {
        seen.push(match frame {
            Frame::Event { name, data } => Some((String::from_utf8_lossy(name).into_owned(), data.to_vec())),
            Frame::Failure { .. } | Frame::TooLong | Frame::Broken(_) => None,
        });
    };
    let mut from = 0;
    for &cut in cuts.iter().chain([&stream.len()]) {
        decoder.feed(&stream[from..cut], &mut note);
        from = cut;
    }
    decoder.finish(&mut note);
    seen
}

fn event(name: &str, data: &str) -> Option<(String, Vec<u8>)> {
    Some((name.to_owned(), data.as_bytes().to_vec()))
}

#[test]
fn every_line_end_comment_and_field_of_the_standard_is_read() {
    let stream = b"\xEF\xBB\xBF: hello\r\nevent: a\rdata: one\r\n\r\ndata:two\ndata\ndata:  three\nid: 7\nretry: 10\n\n\n\nevent: x\n\ndata: end";
    let expected = vec![event("a", "one"), event("", "two\n\n three"), event("", "end")];
    assert_eq!(frames(stream, &[], 1000), expected);
}

#[test]
fn any_two_cuts_give_the_same_frames() {
    let stream = b"\xEF\xBB\xBFdata: a\r\n\r\nevent: e\r\rdata: b\rdata: c\r\r: c\n\ndata: \xC3\xA9\n\n";
    let whole = frames(stream, &[], 64);
    for first in 0..=stream.len() {
        for second in first..=stream.len() {
            assert_eq!(frames(stream, &[first, second], 64), whole, "cut at {first} and {second}");
        }
    }
}

#[test]
fn a_frame_over_the_bound_is_reported_once_and_the_next_one_is_read() {
    let stream = b"data: 0123456789abcdef\n\ndata: 01\ndata: 0123456\n\ndata: ok\n\n";
    let expected = vec![None, None, event("", "ok")];
    for cut in 0..stream.len() {
        assert_eq!(frames(stream, &[cut], 16), [None, event("", "01\n0123456"), event("", "ok")], "cut at {cut}");
    }
    assert_eq!(
        frames(b"data: 0123456789abcdef\n\ndata: 012345\ndata: 01234\ndata: 0\n\ndata: ok\n\n", &[9, 20], 12),
        expected
    );
}

#[test]
fn after_a_gap_the_rest_of_the_broken_event_is_dropped() {
    let mut decoder = Decoder::new(100);
    let mut seen = Vec::new();
    decoder.feed(b"data: {\"a\":", |_| {});
    decoder.skip_to_next();
    decoder.feed(b"data: fake\n\ndata: real\n\n", |frame| seen.push(matches!(frame, Frame::TooLong)));
    assert_eq!(seen, [true, false]);
}

proptest! {
    #[test]
    fn frames_do_not_depend_on_chunks(
        stream in "(data: ?|event: ?|:|id|\\r|\\n|\\r\\n|[a-c: ]|\u{feff}|é){0,60}",
        cuts in prop::collection::vec(0.0..1.0f64, 0..8),
        max in 1..40usize,
    ) {
        let stream = stream.as_bytes();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let mut cuts: Vec<usize> = cuts.iter().map(|c| (c * stream.len() as f64) as usize).collect();
        cuts.sort_unstable();
        let all: Vec<usize> = (0..stream.len()).collect();
        let whole = frames(stream, &[], max);
        prop_assert_eq!(&frames(stream, &cuts, max), &whole);
        prop_assert_eq!(&frames(stream, &all, max), &whole);
    }
}
