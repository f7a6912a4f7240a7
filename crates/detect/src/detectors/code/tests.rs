use super::*;
use proptest::prelude::*;

#[test]
fn fences_are_found_closed_and_open() {
    let text = "a\n```sh\nls\n```\nb\n~~~\nx\n```\n";
    let inside: Vec<_> = fences(text).into_iter().map(|fence| &text[fence.inside]).collect();
    assert_eq!(inside, ["ls\n", "x\n```\n"]);
}

#[test]
fn backticks_of_one_line_make_a_span() {
    let text = "say\n`ls` and `rm x` now";
    assert!(is_inline(text, text.find("rm").unwrap()));
    assert!(!is_inline(text, text.find("and").unwrap()));
    assert!(!is_inline(text, text.find("now").unwrap()));
}

proptest! {
    #[test]
    fn fences_stand_in_order_on_borders(text in "[`~\n a-é]{0,80}") {
        let mut last = 0;
        for fence in fences(&text) {
            prop_assert!(fence.whole.start >= last && fence.whole.end >= fence.inside.end);
            prop_assert!(text.get(fence.inside.clone()).is_some() && text.get(fence.whole.clone()).is_some());
            last = fence.whole.end;
        }
    }
}
