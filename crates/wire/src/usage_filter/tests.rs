use proptest::prelude::*;

use super::*;

const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";

fn filtered(stream: &[u8], cuts: &[usize], max: usize) -> (Vec<u8>, u64) {
    let mut filter = UsageFilter::new(max);
    let mut out = Vec::new();
    let mut from = 0;
    for &cut in cuts.iter().chain([&stream.len()]) {
        filter.push(Bytes::copy_from_slice(&stream[from..cut]), &mut out);
        from = cut;
    }
    filter.finish(&mut out);
    (out.concat(), filter.removed())
}

#[test]
fn only_the_event_with_empty_choices_and_usage_goes() {
    let stay = [
        "data: {\"choices\":[],\"usage\":null}\n\n",
        "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
        "data: {\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":1}}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\": {}\"}}]}\n\n",
        "data: {\"choices\":[],\"usage\":{},\"error\":{\"message\":\"x\"}}\n\n",
        "data: {\"usage\":{\"prompt_tokens\":1}}\n\n",
        ": comment\n\n",
        "\n\n\n",
        "data: [DONE]\n\n",
    ];
    for event in stay {
        assert_eq!(filtered(event.as_bytes(), &[], 1000), (event.as_bytes().to_vec(), 0), "{event}");
    }
    let all = format!("{}{USAGE}{}", stay.concat(), stay.concat());
    assert_eq!(filtered(all.as_bytes(), &[], 1000), (stay.concat().repeat(2).into_bytes(), 1));
}

#[test]
fn every_line_end_is_taken_out_with_its_event() {
    for end in ["\n", "\r\n", "\r"] {
        let a = format!("data: a{end}{end}");
        let usage = USAGE.replace('\n', end);
        let spread = format!("data: {{\"choices\":[],{end}data: \"usage\":{{}}}}{end}{end}");
        let torn = format!("data: {{\"choices\":[],\"usage\"{end}data: :{end}data:{{}}}}{end}{end}");
        let stream = format!("{a}{usage}{a}{spread}{torn}{a}");
        for cut in 0..=stream.len() {
            let (out, removed) = filtered(stream.as_bytes(), &[cut], 1000);
            assert_eq!((String::from_utf8(out).expect("text"), removed), (a.repeat(3), 3), "{end:?} cut at {cut}");
        }
    }
}

#[test]
fn an_unfinished_event_is_held_and_passes_at_the_end() {
    let mut filter = UsageFilter::new(1000);
    let mut out = Vec::new();
    let half = &USAGE[..USAGE.len() - 1];
    filter.push(Bytes::from(format!("data: a\n\n{half}")), &mut out);
    assert_eq!(out.concat(), b"data: a\n\n");
    filter.finish(&mut out);
    assert_eq!(out.concat(), format!("data: a\n\n{half}").as_bytes());
}

#[test]
fn an_event_over_the_bound_ends_the_filtering() {
    let stream = format!("data: {}\n\n{USAGE}", "x".repeat(100));
    for cut in 0..=stream.len() {
        assert_eq!(filtered(stream.as_bytes(), &[cut], 64), (stream.clone().into_bytes(), 0), "cut at {cut}");
    }
}

#[test]
fn whole_events_pass_without_a_copy() {
    let chunk = Bytes::from("data: a\n\ndata: b\n\n");
    let mut out = Vec::new();
    UsageFilter::new(1000).push(chunk.clone(), &mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].as_ptr(), chunk.as_ptr());
}

proptest! {
    #[test]
    fn the_output_does_not_depend_on_chunks_and_loses_only_usage_events(
        pieces in prop::collection::vec(prop_oneof![
            Just("data: {\"choices\":[],\"usage\":{}}"), Just("data: {\"choices\":[],"), Just("data: \"usage\":{}}"),
            Just("\n"), Just("\r"), Just("\r\n"), Just("\n\n"), Just("\r\n\r\n"), Just(": c"), Just("x"), Just("data: [DONE]"),
        ], 0..30),
        cuts in prop::collection::vec(0.0..1.0f64, 0..6),
        max in 8..200usize,
    ) {
        let stream = pieces.concat();
        let stream = stream.as_bytes();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let mut cuts: Vec<usize> = cuts.iter().map(|c| (c * stream.len() as f64) as usize).collect();
        cuts.sort_unstable();
        let all: Vec<usize> = (0..stream.len()).collect();
        let whole = filtered(stream, &[], max);
        prop_assert_eq!(&filtered(stream, &cuts, max), &whole);
        prop_assert_eq!(&filtered(stream, &all, max), &whole);
        if whole.1 == 0 {
            prop_assert_eq!(&whole.0[..], stream);
        }
    }
}
