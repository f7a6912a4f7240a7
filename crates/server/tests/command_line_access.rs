//! `users`, `keys` and `tenants`, each as a process of its own, and what a proxy then knows.
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
