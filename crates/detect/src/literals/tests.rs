use proptest::prelude::*;

use super::*;

fn all(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
    let literals = Literals::new(literals.iter().map(|literal| (*literal, Place::Anywhere)));
    let mut found = Vec::new();
    literals.each(text.as_bytes(), |number, at| {
        found.push((number, at));
        ControlFlow::Continue(())
    });
    found.sort_by_key(|(number, at)| (*at, *number));
    found
}

#[test]
fn literals_are_found_wherever_they_stand() {
    for before in 0..12 {
        for after in 0..5 {
            let text = format!("{}Drop TABLE{}", "x".repeat(before), "y".repeat(after));
            assert_eq!(all(&["drop table", "p table"], &text), [(0, before), (1, before + 3)]);
        }
    }
    assert_eq!(all(&["умереть"], "a умереть"), [(0, 2)]);
    assert_eq!(all(&["abc"], "abc"), [(0, 0)]);
}

#[test]
fn a_literal_of_a_word_is_not_found_inside_one() {
    let literals = Literals::new([("act as", Place::WordStart), ("act as", Place::Anywhere)]);
    for (text, numbers) in
        [("act as", vec![0, 1]), ("FACT AS", vec![1]), ("(act as", vec![0, 1]), ("éact as", vec![0, 1])]
    {
        let mut found = Vec::new();
        literals.each(text.as_bytes(), |number, _| {
            found.push(number);
            ControlFlow::Continue(())
        });
        assert_eq!(found, numbers, "{text}");
    }
}

#[test]
fn a_caller_can_stop() {
    let literals = Literals::new([("abcdef", Place::Anywhere)]);
    let mut calls = 0;
    literals.each(b"abcdefabcdef", |_, _| {
        calls += 1;
        ControlFlow::Break(())
    });
    assert_eq!(calls, 1);
}

proptest! {
    #[test]
    fn nothing_is_missed_or_made_up(text in "[abAB é]{0,80}") {
        let literals = ["ababab", "aab bab", "é é é", "bbbbbbbb", "a b a b", "ab ab ", "aba", "bb "];
        let found = all(&literals, &text);
        let lower = text.to_ascii_lowercase();
        let mut expected: Vec<_> = literals.iter().enumerate().flat_map(|(number, literal)| {
            let stands = |at: &usize| lower.as_bytes()[*at..].starts_with(literal.as_bytes());
            (0..text.len()).filter(stands).map(|at| (number, at)).collect::<Vec<_>>()
        }).collect();
        expected.sort_by_key(|(number, at)| (*at, *number));
        prop_assert_eq!(found, expected);
    }
}
