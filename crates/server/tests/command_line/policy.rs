//! `policy test`: a draft, held against what is stored.

use std::fs;

use llmtrace_store::{Options, conformance::builders::span};
use serde_json::{Value, json};

use super::{run, text};

const SINCE: [&str; 2] = ["--since", "2000-01-01T00:00:00Z"];

#[tokio::test]
async fn a_draft_says_what_it_would_change_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["migrate"]).status.code(), Some(0));
    let url = format!("sqlite:{}", folder.path().join("llmtrace-data/llmtrace.db").display());
    let store = llmtrace_store::open_spans("test", &url, &Options::default()).await.unwrap();
    let key = ["AKIA", "Q2W3E4R5T6Y7UIOP"].concat();
    let said = |owner: &str, what: &str| span().tenant(owner).said(what, "so be it").record();
    let records = [said("a", &format!("it opens with {key}")), said("a", "good morning"), said("b", &key)];
    let bare = span().tenant("a").record();
    store.write(&records).await.unwrap();
    store.write(&[bare]).await.unwrap();

    fs::write(folder.path().join("draft.yaml"), "rules: [{kinds: [secret], channels: [user], action: block}]").unwrap();
    let test = |more: &[&str]| {
        let arguments = [&["policy", "test", "--draft", "draft.yaml"], &SINCE[..], more].concat();
        run(folder.path(), &arguments)
    };
    let all = test(&[]);
    assert_eq!(all.status.code(), Some(0), "{}", text(&all.stderr));
    let told = text(&all.stdout);
    assert!(told.contains("4 exchanges, 2 would be met otherwise"), "{told}");
    assert!(told.contains("flag -> block") && told.contains("secret in user by secret.aws_access_key"), "{told}");
    assert!(told.contains("   block: 0 now, 2 then"), "{told}");
    assert!(!told.contains(&key), "{told}");

    let of_one = test(&["--tenant", "b", "--json"]);
    let line: Value = serde_json::from_str(text(&of_one.stdout).trim()).unwrap();
    assert_eq!((&line["tenant_id"], &line["now"], &line["then"]), (&json!("b"), &json!("flag"), &json!("block")));
    assert!(text(&of_one.stderr).contains("1 exchanges, 1 would be met otherwise"));

    fs::write(folder.path().join("draft.yaml"), format!("allow: [{{text: {key}}}]")).unwrap();
    let allowed = test(&["--limit", "3"]);
    let told = text(&allowed.stdout);
    assert!(told.contains("3 exchanges, "), "no more than asked for: {told}");
    assert!(told.contains("flag -> nothing"), "{told}");
}

#[test]
fn what_is_no_policy_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (draft, why) in [
        (
            "rules: [{action: explode}]",
            "guard.rules[0].action: found \"explode\", expected one of observe, flag, redact, block",
        ),
        ("ruels: []", "guard.ruels: there is no such key, did you mean guard.rules?"),
        ("allow: [{}]", "guard.allow[0]: found nothing, expected rule, text or sha256"),
    ] {
        fs::write(folder.path().join("draft.yaml"), draft).unwrap();
        let refused = run(folder.path(), &["policy", "test", "--draft", "draft.yaml"]);
        assert_eq!(refused.status.code(), Some(1), "{draft}");
        assert!(text(&refused.stderr).contains(why), "{draft}: {}", text(&refused.stderr));
    }
    let missing = run(folder.path(), &["policy", "test", "--draft", "none.yaml"]);
    assert!(text(&missing.stderr).contains("reading none.yaml"), "{}", text(&missing.stderr));
}
