//! `users`, `keys`, `tenants` and `credentials`, each as a process of its own, and what a proxy then knows.
#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use llmtrace_model::{Actor, TenantScope};
use llmtrace_store::{AuditFilter, Options, open_meta};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// Runs a command without our variables, in a folder of its own, with something on standard input.
fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmtrace-proxy"));
    let command = command.args(arguments).env_clear().current_dir(folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read is done before it is written to.
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap_or(());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn done(folder: &Path, arguments: &[&str], input: &str) -> String {
    let output = run(folder, arguments, input);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

fn json_of(folder: &Path, arguments: &[&str], input: &str) -> Value {
    serde_json::from_str(&done(folder, &[arguments, &["--json"]].concat(), input)).unwrap()
}

fn refused(folder: &Path, arguments: &[&str], input: &str, why: &str) {
    let output = run(folder, arguments, input);
    assert_ne!(output.status.code(), Some(0), "{arguments:?}");
    assert!(text(&output.stderr).contains(why), "{arguments:?}: {}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("secret-"), "{}", text(&output.stderr));
}

#[test]
fn a_key_for_the_settings_is_taken_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (done(folder.path(), &["keys", "generate"], ""), done(folder.path(), &["keys", "generate"], ""));
    assert_ne!(one, other);
    std::fs::write(folder.path().join("c.yaml"), format!("auth: {{admin_key: {one}}}")).unwrap();
    done(folder.path(), &["check", "--config", "c.yaml"], "");
}

#[tokio::test]
async fn people_keys_and_tenants_are_made_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    refused(at, &["users", "list"], "", "there is no store at");
    done(at, &["migrate"], "");
    assert_eq!(done(at, &["tenants", "create", "a"], ""), "tenant a was made\n");
    assert_eq!(done(at, &["tenants", "create", "a"], ""), "tenant a is there already\n");
    assert_eq!(json_of(at, &["tenants", "list"], "")["items"][0]["tenant_id"], "a");

    let key = done(at, &["keys", "create", "ci", "--tenant", "a", "--role", "operator"], "");
    assert!(key.starts_with("llmt_") && key.len() == 49, "alone on a line");
    let made = json_of(at, &["keys", "create", "all", "--platform", "--expires-in-days", "30"], "");
    assert_eq!((&made["role"], &made["tenant_id"]), (&"platform".into(), &Value::Null));
    let listed = done(at, &["keys", "list"], "");
    assert!(listed.starts_with("KEY ID") && listed.lines().count() == 3 && !listed.contains(key.trim()), "{listed}");
    let id = json_of(at, &["keys", "list", "--tenant", "a"], "")["items"][0]["key_id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        assert_eq!(json_of(at, &["keys", "revoke", &id], "")["state"], "revoked");
    }
    refused(at, &["keys", "create", "x"], "", "expected --tenant with --role, or --platform");

    let create = |name| ["users", "create", name, "--tenant", "a", "--role", "viewer"];
    refused(at, &create("ada"), "secret-\n", "expected at least so many");
    refused(at, &create("ada"), "", "found no password on standard input");
    let ada = json_of(at, &create("Ada"), &format!("{PASSWORD}\nsecond line\n"));
    assert_eq!((&ada["name"], &ada["has_password"]), (&"ada".into(), &true.into()));
    refused(at, &create("ADA"), &format!("{PASSWORD}\n"), "somebody has the name ada already");
    let grant = json_of(at, &["users", "grant", "ada", "--tenant", "b", "--role", "admin"], "");
    assert_eq!(grant["tenants"], json!([{"tenant_id": "a", "role": "viewer"}, {"tenant_id": "b", "role": "admin"}]));
    assert_eq!(json_of(at, &["users", "disable", "ada"], "")["state"], "disabled");
    assert_eq!(json_of(at, &["users", "enable", ada["user_id"].as_str().unwrap()], "")["state"], "active");
    let left = json_of(at, &["users", "revoke", "ada", "--tenant", "a"], "");
    assert_eq!(left["tenants"], json!([{"tenant_id": "b", "role": "admin"}]));
    done(at, &["users", "password", "ada"], "another horse battery");
    done(at, &["users", "logout", "ada"], "");
    assert!(done(at, &["users", "list"], "").contains("b:admin"));
    done(at, &["users", "remove", "ada"], "");
    refused(at, &["users", "disable", "ada"], "", "there is nobody of the name or id ada");

    let url = format!("sqlite:{}", at.join("llmtrace-data/llmtrace.db").display());
    let meta = open_meta("test", &url, &Options::default()).await.unwrap();
    let rows = meta.audit(&TenantScope::All, &AuditFilter::default(), None, 100).await.unwrap();
    let mut actions: Vec<&str> = rows.iter().map(|row| row.entry.action.as_str()).collect();
    actions.sort_unstable();
    actions.dedup();
    let wanted = [
        "accounts.change",
        "accounts.create",
        "accounts.logout",
        "accounts.remove",
        "keys.create",
        "keys.revoke",
        "tenants.create",
    ];
    assert_eq!(actions, wanted);
    assert!(rows.iter().all(|row| row.entry.actor == Actor::CommandLine));
    let all = format!("{rows:?}");
    assert!(!all.contains("argon2id") && !all.contains(key.trim()) && !all.contains("\\\"ada\\\""), "{all}");
}

#[tokio::test]
async fn credentials_are_stored_listed_resealed_and_deleted_and_shown_by_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let secret = "secret-of-a-provider-of-some-length";
    let place = ["--tenant", "a", "--upstream", "default"];
    let store = [&["credentials", "store"], &place[..]].concat();
    refused(at, &store, secret, "there is no store at");
    done(at, &["migrate"], "");
    refused(at, &store, "", "found no credential on standard input");
    refused(at, &store, "secret- of two words\n", "expected 1 to 8192 visible ASCII characters without spaces");
    let key = done(at, &["keys", "generate"], "");
    refused(at, &store, &key, "one of ours is never sent to a provider");
    let elsewhere = ["credentials", "store", "--tenant", "a", "--upstream", "elsewhere"];
    refused(at, &elsewhere, secret, "found \"elsewhere\", expected one of default");

    let mut said = done(at, &store, &format!("{secret}\nsecond line\n"));
    assert_eq!(said, "the credential of a for default was stored\n");
    let listed = json_of(at, &["credentials", "list"], "");
    let item = &listed["items"][0];
    assert_eq!((&item["hint"], &item["state"]), (&"ngth".into(), &"usable".into()));
    said += &done(at, &store, &format!("{secret}2"));
    said += &done(at, &["credentials", "list", "--tenant", "a"], "");
    assert!(said.contains("in the place of the former one") && said.contains("…gth2"), "{said}");
    assert_eq!(json_of(at, &["credentials", "list", "--tenant", "b"], "")["items"], json!([]));

    // A new master key beside the former one, which was made by the first of these commands.
    let new = "08".repeat(32);
    let settings = format!("secrets: {{master_key: '{new}', previous_master_keys: ['file:llmtrace-data/master.key']}}");
    std::fs::write(at.join("both.yaml"), settings).unwrap();
    std::fs::write(at.join("new.yaml"), format!("secrets: {{master_key: '{new}'}}")).unwrap();
    let with = |config: &'static str| ["credentials", "list", "--config", config];
    assert_eq!(json_of(at, &with("new.yaml"), "")["items"][0]["state"], "unreadable");
    let lost = run(at, &["credentials", "reseal", "--config", "new.yaml"], "");
    assert_eq!((lost.status.code(), text(&lost.stderr).contains("sealed under another master key")), (Some(1), true));
    let reseal = ["credentials", "reseal", "--config", "both.yaml"];
    let moved = "1 credentials are sealed under the newest master key, 1 were moved\n";
    assert_eq!(done(at, &reseal, ""), moved);
    assert_eq!(done(at, &reseal, ""), moved.replace("1 were", "0 were"));
    assert_eq!(json_of(at, &with("new.yaml"), "")["items"][0]["state"], "usable");

    let delete = [&["credentials", "delete"], &place[..]].concat();
    assert_eq!(done(at, &delete, ""), "the credential of a for default was deleted\n");
    refused(at, &delete, "", "a has stored none for default");
    let url = format!("sqlite:{}", at.join("llmtrace-data/llmtrace.db").display());
    let meta = open_meta("test", &url, &Options::default()).await.unwrap();
    let mut rows = meta.audit(&TenantScope::All, &AuditFilter::default(), None, 100).await.unwrap();
    rows.sort_by_key(|row| row.entry.at);
    let actions: Vec<&str> = rows.iter().map(|row| row.entry.action.as_str()).collect();
    assert_eq!(actions, ["credentials.store", "credentials.store", "credentials.reseal", "credentials.delete"]);
    assert!(rows.iter().all(|row| row.entry.actor == Actor::CommandLine));
    assert!(!format!("{rows:?} {said} {listed}").contains("secret-"));
}
