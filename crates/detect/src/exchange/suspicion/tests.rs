use super::*;
use llmtrace_model::Confidence;
use proptest::prelude::*;

const MINUTE: u64 = 60_000;

fn hit(kind: FindingKind, severity: Severity, score: f32) -> Finding {
    Finding {
        kind,
        subtype: "x".into(),
        rule: "x".into(),
        confidence: Confidence::new(score).unwrap(),
        severity,
        reason: "x".into(),
        place: None,
        action: Action::Flag,
    }
}

fn injection(score: f32) -> Finding {
    hit(FindingKind::Injection, Severity::High, score)
}

/// What is reported over turns of one minute each.
fn reported(turns: &[&[Finding]]) -> Vec<String> {
    let mut session = Session::default();
    let mut all = Vec::new();
    for (i, hits) in turns.iter().enumerate() {
        let (later, findings) = after_turn(session, turn_weight(*hits), i as u64 * MINUTE, Limits::default());
        session = later;
        all.extend(findings.into_iter().map(|finding| finding.subtype));
    }
    all
}

#[test]
fn a_score_halves_and_adds_up() {
    let kept = Suspicion::new(8.0, 1000);
    assert_eq!(kept.at(1000, 500), 8.0);
    assert_eq!(kept.at(2000, 500), 2.0);
    assert_eq!(kept.at(0, 500), 8.0);
    assert_eq!(kept.add(1.0, 2000, 500), Suspicion::new(3.0, 2000));
    assert_eq!(kept.add(1.0, 0, 500), Suspicion::new(9.0, 1000));
}

#[test]
fn it_is_kept_as_two_numbers() {
    let kept = Suspicion::new(1.5, 7);
    assert_eq!(serde_json::to_string(&kept).unwrap(), "[1.5,7]");
    assert_eq!(serde_json::from_str::<Suspicion>("[1.5,7]").unwrap(), kept);
    assert_eq!(<(f64, u64)>::from(Suspicion::new(f64::NAN, 1)), (0.0, 1));
    assert_eq!(<(f64, u64)>::from(Suspicion::new(-1.0, 1)), (0.0, 1));
}

#[test]
fn weak_findings_build_up_and_are_reported_once() {
    let weak = [injection(0.9)];
    let turns: Vec<&[Finding]> = vec![&weak; 8];
    assert_eq!(reported(&turns), ["slow_build_up", "repeated_probing"]);
}

#[test]
fn somebody_who_tries_and_tries_is_probing() {
    let low = [hit(FindingKind::Jailbreak, Severity::Low, 0.5)];
    let turns: Vec<&[Finding]> = vec![&low; 6];
    assert_eq!(reported(&turns), ["repeated_probing"]);
}

#[test]
fn now_and_then_is_no_build_up() {
    let weak = [injection(0.6)];
    let turns: Vec<&[Finding]> = (0..60).map(|i| if i % 10 == 0 { &weak[..] } else { &[] }).collect();
    assert_eq!(reported(&turns), [""; 0]);
}

#[test]
fn what_nobody_tries_on_purpose_does_not_count() {
    let personal = [hit(FindingKind::Pii, Severity::High, 1.0), hit(FindingKind::SelfHarm, Severity::Critical, 1.0)];
    let turns: Vec<&[Finding]> = vec![&personal; 20];
    assert_eq!(reported(&turns), [""; 0]);
    assert_eq!(turn_weight(&personal), 0.0);
}

#[test]
fn many_hits_for_one_thing_are_not_many_things() {
    let many = vec![injection(1.0); 50];
    assert_eq!(turn_weight(&many), 4.0);
    assert_eq!(turn_weight(&many[..1]), 2.0);
}

proptest! {
    #[test]
    fn scores_stay_in_bounds(score in any::<f64>(), points in any::<f64>(), at in any::<u64>(), now in any::<u64>(), half in any::<u64>()) {
        let later = Suspicion::new(score, at).add(points, now, half);
        let value = later.at(now, half);
        prop_assert!(value.is_finite() && value >= 0.0);
        prop_assert!(later.at(now.saturating_add(1), half) <= value);
    }
}
