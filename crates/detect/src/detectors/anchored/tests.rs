use super::*;
use crate::views;
use proptest::prelude::*;

fn ids(rules: &'static Rules, text: &str) -> Vec<&'static str> {
    let views = views(text);
    rules.matches(&views.folded.text, Deadline::NEVER).into_iter().map(|found| found.rule.id.as_str()).collect()
}

#[test]
fn every_rule_keeps_its_examples() {
    let mut wrong = Vec::new();
    for (rules, rule) in
        [&CODE, &SPEECH].into_iter().flat_map(|rules| rules.rules.iter().map(|rule| (&**rules, &rule.rule)))
    {
        assert!(!rule.must_match.is_empty() && rule.must_not_match.len() >= 2, "{}: too few examples", rule.id);
        assert!(rule.anchors.iter().all(|anchor| *anchor == anchor.to_lowercase()), "{}", rule.id);
        wrong.extend(
            rule.must_match
                .iter()
                .filter(|text| !ids(rules, text).contains(&rule.id.as_str()))
                .map(|text| format!("{} misses {text}", rule.id)),
        );
        wrong.extend(
            rule.must_not_match
                .iter()
                .filter(|text| ids(rules, text).contains(&rule.id.as_str()))
                .map(|text| format!("{} takes {text}", rule.id)),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn names_are_unique() {
    for rules in [&CODE, &SPEECH] {
        let mut names: Vec<_> = rules.rules.iter().map(|compiled| &compiled.rule.id).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rules.rules.len());
    }
}

#[test]
fn a_broken_file_says_which_rule() {
    let yaml = "- {id: a, family: sql, severity: low, score: 0.5, reason: r, anchors: [abcdef], pattern: '(', must_match: [], must_not_match: []}";
    assert!(Rules::read(&[yaml]).unwrap_err().to_string().contains("rule a"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "(\\PC|rm -rf /|delete from é|update x set |\\n|curl |kill yourself|i want to die|you |fuck |select |eval\\(){0,30}") {
        for rules in [&CODE, &SPEECH] {
            for found in rules.matches(&text.to_lowercase(), Deadline::NEVER) {
                prop_assert!(text.to_lowercase().get(found.range).is_some());
            }
        }
    }
}
