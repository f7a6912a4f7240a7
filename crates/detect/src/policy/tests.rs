use proptest::prelude::*;

use super::*;

fn hit(kind: FindingKind, severity: Severity, score: f32) -> Hit {
    Hit {
        kind,
        subtype: "sort_of_it".into(),
        rule: "family.name".into(),
        score: Confidence::new(score).unwrap(),
        severity,
        range: 0..5,
        quote: None,
        reason: "why".into(),
    }
}

fn policy(yaml: &str) -> Policy {
    let policy: Policy = serde_saphyr::from_str(yaml).unwrap();
    policy.check().unwrap();
    policy
}

#[test]
fn the_first_rule_that_matches_decides_and_a_preset_stands_behind_them() {
    let policy = policy(
        "preset: strict\nrules:\n- {kinds: [secret], channels: [user], subtypes: [sort_*], action: observe}\n\
         - {min_severity: critical, action: block}\n- {kinds: [secret], min_score: 0.9, action: flag}",
    );
    use {Action as A, Channel as C, FindingKind as K, Severity as S};
    for (channel, kind, severity, score, action) in [
        (C::User, K::Secret, S::Critical, 0.99, A::Observe),
        (C::Output, K::Secret, S::Critical, 0.99, A::Block),
        (C::Output, K::Secret, S::High, 0.9, A::Flag),
        (C::Output, K::Secret, S::High, 0.89, A::Flag),
        (C::Untrusted, K::Injection, S::High, 0.9, A::Block),
        (C::Untrusted, K::Injection, S::High, 0.8, A::Flag),
        (C::Output, K::Injection, S::High, 0.9, A::Flag),
        (C::System, K::Pii, S::High, 0.9, A::Flag),
        (C::User, K::Pii, S::Low, 0.9, A::Observe),
    ] {
        let found = policy.action(channel, &hit(kind, severity, score), "hello");
        assert_eq!(found, Some(action), "{channel} {kind} {severity} {score}");
    }
}

#[test]
fn balanced_and_quiet_never_touch_an_exchange_and_need_no_verdict() {
    for preset in [Preset::Balanced, Preset::Quiet] {
        let policy = Policy { preset, ..Policy::default() };
        assert!(!policy.may_enforce(Channel::ALL));
        for &kind in FindingKind::ALL {
            for &channel in Channel::ALL {
                let action = policy.action(channel, &hit(kind, Severity::Critical, 1.0), "x").unwrap();
                assert_eq!(action, Action::Flag, "{preset:?} {kind}");
            }
        }
    }
}

#[test]
fn a_shadow_says_what_it_would_do_and_does_not_do_it() {
    let enforce = Policy { preset: Preset::Strict, ..Policy::default() };
    let shadow = Policy { mode: Mode::Shadow, ..enforce.clone() };
    let actions = [Action::Observe, Action::Block, Action::Flag];
    assert_eq!(enforce.decide(actions), Decision { says: Some(Action::Block), does: Some(Action::Block) });
    assert_eq!(shadow.decide(actions), Decision { says: Some(Action::Block), does: Some(Action::Flag) });
    assert_eq!(shadow.decide([]), Decision { says: None, does: None });
    assert!(enforce.may_enforce(&[Channel::User]) && !shadow.may_enforce(Channel::ALL));
    assert!(
        !Policy { rules: vec![Rule { channels: vec![Channel::User], ..rule(Action::Block) }], ..Policy::default() }
            .may_enforce(&[Channel::Output])
    );
}

fn rule(action: Action) -> Rule {
    Rule { kinds: vec![], subtypes: vec![], channels: vec![], min_severity: None, min_score: None, action }
}

#[test]
fn what_is_allowed_is_no_finding() {
    let policy = policy(
        "allow:\n- {rule: family.*, text: hello}\n\
         - {sha256: 486EA46224D1BB4FB680F34F7C9AD96A8F24EC88BE73EA8E5A6C65260E9CB8A7}",
    );
    let found = hit(FindingKind::Secret, Severity::High, 1.0);
    assert_eq!(policy.action(Channel::User, &found, "hello"), None);
    assert_eq!(policy.action(Channel::User, &found, "world"), None, "its hash is allowed");
    assert_eq!(policy.action(Channel::User, &found, "hello world"), Some(Action::Flag));
    let other = Hit { rule: "other".into(), ..found };
    assert_eq!(policy.action(Channel::User, &other, "hello"), Some(Action::Flag));
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    for (yaml, why) in [
        ("allow: [{}]", "allow[0]: found nothing, expected rule, text or sha256"),
        ("allow: [{text: ''}]", "allow[0].text: found no text, expected some"),
        (
            "allow: [{rule: a}, {sha256: abc}]",
            "allow[1].sha256: found 3 characters, expected the 64 hexadecimal digits of a SHA-256",
        ),
        (
            "rules: [{subtypes: ['a*b'], action: flag}]",
            "rules[0].subtypes[0]: found \"a*b\", expected lower-case letters, digits, _ . - and @, with a * at the end \
             at most",
        ),
    ] {
        let policy: Policy = serde_saphyr::from_str(yaml).unwrap();
        assert_eq!(policy.check().unwrap_err().to_string(), why);
    }
    for yaml in
        ["preset: none", "rules: [{kinds: [leak], action: flag}]", "rules: [{min_score: 2, action: flag}]", "x: 1"]
    {
        assert!(serde_saphyr::from_str::<Policy>(yaml).is_err(), "{yaml}");
    }
    let many = Policy { rules: vec![rule(Action::Flag); 1_001], ..Policy::default() };
    assert_eq!(many.check().unwrap_err().to_string(), "rules: found 1001 entries, expected 1000 at most");
}

proptest! {
    #[test]
    fn a_worse_finding_is_never_met_with_less_by_a_preset(score in 0.0f32..=1.0, more in 0.0f32..=1.0) {
        for preset in [Preset::Balanced, Preset::Strict, Preset::Quiet] {
            let policy = Policy { preset, ..Policy::default() };
            for (&kind, &channel) in FindingKind::ALL.iter().flat_map(|k| Channel::ALL.iter().map(move |c| (k, c))) {
                for pair in Severity::ALL.windows(2) {
                    let less = policy.action(channel, &hit(kind, pair[0], score.min(more)), "x");
                    prop_assert!(policy.action(channel, &hit(kind, pair[1], score.max(more)), "x") >= less);
                }
            }
        }
    }
}

#[test]
fn what_is_redacted_is_hidden_and_of_what_is_blocked_only_what_is_private() {
    for (yaml, hides) in [
        ("rules: [{kinds: [pii], action: redact}]", true),
        ("rules: [{kinds: [secret], action: block}]", true),
        ("rules: [{action: block}]", true),
        ("rules: [{kinds: [injection], action: block}]", false),
        ("preset: strict", false),
        ("{}", false),
        ("{mode: shadow, rules: [{kinds: [pii], action: redact}]}", false),
    ] {
        assert_eq!(policy(yaml).may_hide(), hides, "{yaml}");
    }
    let blocks = policy("rules: [{action: block}]");
    assert!(blocks.hides(Action::Block, FindingKind::Secret) && !blocks.hides(Action::Block, FindingKind::Injection));
}
