use llmtrace_detect::policy::{Allow, Mode, Preset, Rule};
use llmtrace_model::{Confidence, FindingKind, Severity};
use proptest::prelude::*;

use super::*;

fn hit(kind: FindingKind) -> Hit {
    Hit {
        kind,
        subtype: "sort".into(),
        rule: "family.name".into(),
        score: Confidence::CERTAIN,
        severity: Severity::High,
        range: 0..5,
        quote: None,
        reason: "why".into(),
    }
}

fn rule(kind: FindingKind, channels: &[Channel], action: Action) -> Rule {
    let (subtypes, min_severity, min_score) = (Vec::new(), None, None);
    Rule { kinds: vec![kind], subtypes, channels: channels.to_vec(), min_severity, min_score, action }
}

fn guarding(policy: Policy, tenants: TenantPolicies) -> Guarding {
    Guarding { policy, tenants, ..Guarding::default() }
}

fn rules(rules: Vec<Rule>) -> OwnGuard {
    OwnGuard { rules: Some(rules), ..OwnGuard::default() }
}

fn asked(ruling: &Ruling, kind: FindingKind, text: &str) -> (Option<Action>, Option<Action>) {
    (ruling.action(Channel::User, &hit(kind), text), ruling.enforced(Channel::User, &hit(kind), text))
}

#[test]
fn of_both_the_stronger_word_counts_where_tenants_may_only_be_stricter() {
    use {Action as A, FindingKind as K};
    let installation = Policy {
        rules: vec![rule(K::Secret, &[], A::Block), rule(K::Pii, &[], A::Observe)],
        allow: vec![Allow { text: Some("of ours".into()), ..Allow::default() }],
        ..Policy::default()
    };
    let own = OwnGuard {
        allow: Some(vec![Allow { text: Some("of theirs".into()), ..Allow::default() }]),
        ..rules(vec![rule(K::Secret, &[], A::Observe), rule(K::Pii, &[], A::Redact)])
    };
    let stricter = guarding(installation.clone(), TenantPolicies::Stricter).with(&own, 3);
    let alone = guarding(installation, TenantPolicies::Own).with(&own, 3);
    for (kind, text, of_both, of_its_own) in [
        (K::Secret, "x", Some(A::Block), Some(A::Observe)),
        (K::Pii, "x", Some(A::Redact), Some(A::Redact)),
        (K::Injection, "x", Some(A::Flag), Some(A::Flag)),
        // What a tenant allows is no finding to its own policy, and one to the installation's; and the other way round.
        (K::Secret, "of theirs", Some(A::Block), None),
        (K::Secret, "of ours", Some(A::Observe), Some(A::Observe)),
    ] {
        assert_eq!(asked(&stricter, kind, text), (of_both, of_both), "{kind} {text}");
        assert_eq!(asked(&alone, kind, text), (of_its_own, of_its_own), "{kind} {text}");
    }
    assert!(stricter.may_block(&[Channel::User]) && stricter.may_redact(&[Channel::Output]) && stricter.is_curious());
    assert!(!alone.may_block(Channel::ALL) && alone.may_redact(Channel::ALL));
    assert_eq!(stricter.source.to_string(), "tenant@3");
}

#[test]
fn a_shadow_switches_off_what_is_its_own_and_nothing_else() {
    use {Action as A, FindingKind as K};
    let blocks = |kind| rules(vec![rule(kind, &[], A::Block)]);
    let shadow = |own| OwnGuard { mode: Some(Mode::Shadow), ..own };
    let installation = Policy { rules: vec![rule(K::Secret, &[], A::Block)], ..Policy::default() };
    let enforcing = guarding(installation.clone(), TenantPolicies::Stricter);
    let ruling = enforcing.with(&shadow(blocks(K::Pii)), 1);
    assert_eq!(asked(&ruling, K::Secret, "x"), (Some(A::Block), Some(A::Block)), "the installation's is done");
    assert_eq!(asked(&ruling, K::Pii, "x"), (Some(A::Block), Some(A::Flag)), "its own is said");
    let nothing_of_its_own = enforcing.with(&shadow(OwnGuard::default()), 1);
    assert_eq!(asked(&nothing_of_its_own, K::Secret, "x"), (Some(A::Block), Some(A::Block)));

    let trying = guarding(Policy { mode: Mode::Shadow, ..installation }, TenantPolicies::Stricter);
    let ruling = trying.with(&OwnGuard { mode: Some(Mode::Enforce), ..blocks(K::Pii) }, 1);
    assert_eq!(asked(&ruling, K::Secret, "x"), (Some(A::Block), Some(A::Flag)));
    assert_eq!(
        asked(&ruling, K::Pii, "x"),
        (Some(A::Block), Some(A::Block)),
        "a tenant may begin before the installation"
    );
    assert!(!trying.installation().is_curious() && ruling.is_curious());

    let alone =
        guarding(Policy { rules: vec![rule(K::Secret, &[], A::Block)], ..Policy::default() }, TenantPolicies::Own);
    assert!(!alone.with(&shadow(OwnGuard::default()), 1).may_enforce(Channel::ALL));
}

#[test]
fn the_stricter_stance_counts_and_what_is_left_out_is_the_installations() {
    let stances = |on_timeout, opaque| Stances { on_timeout, opaque };
    let own = |on_timeout, opaque| OwnGuard { on_timeout, opaque, ..OwnGuard::default() };
    use {OnFailure as T, OnOpaque as O};
    for (installed, set, of_both, of_its_own) in [
        (stances(T::Allow, O::Flag), own(None, None), stances(T::Allow, O::Flag), stances(T::Allow, O::Flag)),
        (stances(T::Allow, O::Flag), own(Some(T::Deny), None), stances(T::Deny, O::Flag), stances(T::Deny, O::Flag)),
        (
            stances(T::Deny, O::Block),
            own(Some(T::Allow), Some(O::Allow)),
            stances(T::Deny, O::Block),
            stances(T::Allow, O::Allow),
        ),
        (
            stances(T::Allow, O::Flag),
            own(None, Some(O::Allow)),
            stances(T::Allow, O::Flag),
            stances(T::Allow, O::Allow),
        ),
        (
            stances(T::Allow, O::Flag),
            own(None, Some(O::Block)),
            stances(T::Allow, O::Block),
            stances(T::Allow, O::Block),
        ),
    ] {
        let guarding = |tenants| Guarding { stances: installed, tenants, ..Guarding::default() };
        assert_eq!(guarding(TenantPolicies::Stricter).with(&set, 1).stances, of_both, "{installed:?} {set:?}");
        assert_eq!(guarding(TenantPolicies::Own).with(&set, 1).stances, of_its_own, "{installed:?} {set:?}");
    }
    let installation = Guarding::default().installation();
    assert!(!installation.is_curious());
    assert_eq!(installation.source.to_string(), "installation");
}

#[test]
fn answers_are_held_and_placeholders_and_tools_kept_back_where_either_wants_it() {
    let list = |tool: &str| -> AgentTools { serde_json::from_value(serde_json::json!({"deny": [tool]})).unwrap() };
    let policy = |answers, restore, tools| Policy { answers, restore, tools, ..Policy::default() };
    for (installed, own, of_both) in [
        (policy(Answers::Hold, true, vec![]), policy(Answers::Pass, true, vec![]), (Answers::Hold, true, 0)),
        (policy(Answers::Pass, false, vec![]), policy(Answers::Hold, true, vec![]), (Answers::Hold, false, 0)),
        (
            policy(Answers::Pass, true, vec![list("shell")]),
            policy(Answers::Pass, false, vec![list("http"), list("shell")]),
            (Answers::Pass, false, 2),
        ),
    ] {
        let set = OwnGuard {
            answers: Some(own.answers),
            restore: Some(own.restore),
            tools: Some(own.tools.clone()),
            ..OwnGuard::default()
        };
        let told = |ruling: Ruling| (ruling.answers, ruling.restore, ruling.tools.len());
        assert_eq!(told(guarding(installed.clone(), TenantPolicies::Stricter).with(&set, 1)), of_both);
        let alone = told(guarding(installed, TenantPolicies::Own).with(&set, 1));
        assert_eq!(alone, (own.answers, own.restore, own.tools.len()));
    }
}

#[test]
fn a_text_is_hidden_where_either_hides_it() {
    use {Action as A, FindingKind as K};
    let own = rules(vec![rule(K::Pii, &[], A::Redact), rule(K::Secret, &[], A::Observe)]);
    let installation = Policy { rules: vec![rule(K::Secret, &[], A::Block)], ..Policy::default() };
    let both = guarding(installation.clone(), TenantPolicies::Stricter).with(&own, 1);
    let alone = guarding(installation, TenantPolicies::Own).with(&own, 1);
    for (kind, of_both, of_its_own) in [(K::Secret, true, false), (K::Pii, true, true), (K::Injection, false, false)] {
        assert_eq!(both.hides(Channel::User, &hit(kind), "x"), of_both, "{kind}");
        assert_eq!(alone.hides(Channel::User, &hit(kind), "x"), of_its_own, "{kind}");
    }
    assert!(both.may_hide() && alone.may_hide() && !Guarding::default().installation().may_hide());
}

fn anything() -> impl Strategy<Value = Policy> {
    let preset = prop::sample::select(vec![Preset::Balanced, Preset::Strict, Preset::Quiet]);
    let mode = prop::sample::select(vec![Mode::Enforce, Mode::Shadow]);
    let one = (prop::sample::select(FindingKind::ALL), prop::sample::select(Channel::ALL));
    let one =
        (one, prop::sample::select(Action::ALL)).prop_map(|((kind, channel), action)| rule(kind, &[channel], action));
    let allow = prop::option::of(Just(Allow { text: Some("hello".into()), ..Allow::default() }));
    (preset, mode, prop::collection::vec(one, 0..4), allow).prop_map(|(preset, mode, rules, allow)| Policy {
        preset,
        mode,
        rules,
        allow: allow.into_iter().collect(),
        ..Policy::default()
    })
}

proptest! {
    #[test]
    fn nothing_that_a_tenant_sets_loosens_a_stricter_installation(
        installation in anything(),
        own in anything(),
        kind in prop::sample::select(FindingKind::ALL),
        channel in prop::sample::select(Channel::ALL),
    ) {
        let Policy { preset, mode, rules, allow, .. } = own;
        let own = OwnGuard {
            preset: Some(preset),
            mode: Some(mode),
            rules: Some(rules),
            allow: Some(allow),
            ..OwnGuard::default()
        };
        let guarding = guarding(installation, TenantPolicies::Stricter);
        let (before, after, hit) = (guarding.installation(), guarding.with(&own, 1), hit(kind));
        prop_assert!(after.action(channel, &hit, "hello") >= before.action(channel, &hit, "hello"));
        prop_assert!(after.enforced(channel, &hit, "hello") >= before.enforced(channel, &hit, "hello"));
        prop_assert!(after.enforced(channel, &hit, "hello") <= after.action(channel, &hit, "hello"));
        prop_assert!(after.may_enforce(&[channel]) >= before.may_enforce(&[channel]));
        if after.enforced(channel, &hit, "hello") >= Some(Action::Redact) {
            prop_assert!(after.may_enforce(&[channel]), "somebody waits for what is done");
        }
    }
}
