use super::*;
use proptest::prelude::*;

fn all(literals: &[&str], text: &str) -> Vec<(usize, Range<usize>)> {
    let anchors = Anchors::new(literals.iter().map(|&literal| literal.to_owned()).collect()).unwrap();
    let mut found = Vec::new();
    anchors.each(text, |i, range| {
        found.push((i, range));
        Go::On
    });
    found.sort_by_key(|(i, range)| (range.start, *i));
    found
}

#[test]
fn literals_are_found_wherever_they_stand() {
    for before in 0..12 {
        for after in 0..5 {
            let text = format!("{}drop table{}", "x".repeat(before), "y".repeat(after));
            assert_eq!(
                all(&["drop table", "p table"], &text),
                [(0, before..before + 10), (1, before + 3..before + 10)]
            );
        }
    }
    assert_eq!(all(&["умереть"], "a умереть"), [(0, 2..16)]);
}

#[test]
fn a_literal_that_is_too_short_is_refused() {
    assert_eq!(Anchors::new(vec!["abcde".to_owned()]).unwrap_err(), TooShort("abcde".to_owned()));
}

#[test]
fn a_caller_can_stop() {
    let anchors = Anchors::new(vec!["abcdef".to_owned()]).unwrap();
    let mut calls = 0;
    anchors.each("abcdefabcdef", |_, _| {
        calls += 1;
        Go::Stop
    });
    assert_eq!(calls, 1);
}

proptest! {
    #[test]
    fn nothing_is_missed_or_made_up(text in "[ab é]{0,80}") {
        let literals = ["ababab", "aab bab", "é é é", "bbbbbbbb", "a b a b", "ab ab "];
        let found = all(&literals, &text);
        let mut expected: Vec<_> = literals.iter().enumerate().flat_map(|(i, literal)| {
            (0..text.len()).filter(|&at| text.as_bytes()[at..].starts_with(literal.as_bytes())).map(move |at| (i, at..at + literal.len())).collect::<Vec<_>>()
        }).collect();
        expected.sort_by_key(|(i, range)| (range.start, *i));
        prop_assert_eq!(found, expected);
    }
}
