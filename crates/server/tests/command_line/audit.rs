//! `audit`: whoever changes the log behind our back is found out, as far as a chain can tell.

use std::{fs, io::Write as _, path::Path, process::Stdio, sync::Arc};

use llmtrace_model::{Actor, AuditEntry, AuditHead, AuditId, AuditRecord, Outcome, TenantId, Timestamp};
use llmtrace_store::{MetaStore, Options};
use serde_json::Value;

use crate::{command, run, text};

/// An installation whose log has three records of tenant `a`, two of `b`, and one of its own.
struct Installation {
    folder: tempfile::TempDir,
    records: Vec<AuditRecord>,
}

fn entry(n: u8, owner: Option<&str>) -> AuditEntry {
    AuditEntry {
        id: AuditId::from_bytes([n; 16]),
        tenant: owner.map(|owner| owner.parse().unwrap()),
        at: Timestamp::from_unix_us(1_760_000_000_000_000 + i64::from(n)),
        actor: if n == 6 { Actor::CommandLine } else { Actor::System },
        client_address: Some("127.0.0.1".to_owned()),
        action: if n.is_multiple_of(2) { "views.change" } else { "views.create" }.to_owned(),
        target: format!("target {n}"),
        before: None,
        after: Some(format!("{{\"n\": {n}}}")),
        outcome: Outcome::Done,
    }
}

async fn opened(folder: &Path) -> Arc<dyn MetaStore> {
    let url = format!("sqlite:{}", folder.join("llmtrace-data/llmtrace.db").display());
    llmtrace_store::open_meta("test", &url, &Options::default()).await.unwrap()
}

async fn installation() -> Installation {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["migrate"]).status.code(), Some(0));
    let meta = opened(folder.path()).await;
    let owners = [Some("a"), Some("a"), Some("b"), Some("a"), None, Some("b")];
    let entries: Vec<_> = owners.into_iter().zip(1..).map(|(owner, n)| entry(n, owner)).collect();
    let records = meta.append_audit(&entries).await.unwrap();
    meta.close().await.unwrap();
    Installation { folder, records }
}

impl Installation {
    /// What `audit` prints with these arguments, and its exit code.
    fn audit(&self, arguments: &[&str]) -> (i32, String) {
        let output = run(self.folder.path(), &[&["audit"], arguments].concat());
        assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
        (output.status.code().unwrap(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    }

    fn verified(&self) -> String {
        let (code, said) = self.audit(&["verify"]);
        assert_eq!(code, 0, "{said}");
        said
    }

    /// Changes the file behind the program's back, the triggers out of the way.
    fn tamper(&self, sql: &str) {
        let file = self.folder.path().join("llmtrace-data/llmtrace.db");
        let connection = rusqlite::Connection::open(file).unwrap();
        assert!(connection.execute_batch(sql).is_err(), "the triggers are in the way");
        connection.execute_batch("DROP TRIGGER audit_log_unchanged; DROP TRIGGER audit_log_kept;").unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// The end of a chain, as it is given to `--head`.
    fn head(&self, owner: Option<&str>) -> String {
        let of = |record: &&AuditRecord| record.entry.tenant.as_ref().map(TenantId::as_str) == owner;
        let AuditHead { seq, hash } = self.records.iter().rev().find(of).unwrap().head();
        format!("{}:{seq}:{hash}", owner.unwrap_or_default())
    }
}

#[tokio::test]
async fn verify_says_that_chains_are_whole_and_where_they_end() {
    let it = installation().await;
    let heads = [None, Some("a"), Some("b")].map(|owner| it.head(owner));
    let [installation, a, b] = &heads;
    assert_eq!(
        it.verified(),
        format!(
            "installation: 1 records, whole; head {installation}\ntenant a: 3 records, whole; head {a}\n\
             tenant b: 2 records, whole; head {b}\n"
        )
    );
    assert_eq!(it.audit(&["verify", "--all"]), (0, it.verified()));
    assert_eq!(it.audit(&["verify", "--tenant", "a"]), (0, format!("tenant a: 3 records, whole; head {a}\n")));
    let (code, said) = it.audit(&["verify", "--installation"]);
    assert_eq!((code, said.lines().count()), (0, 1), "{said}");
    assert_eq!(it.audit(&["verify", "--tenant", "nobody"]), (0, "tenant nobody: no records\n".to_owned()));

    let early = format!("a:2:{}", it.records[1].hash);
    let bare = early.trim_start_matches("a:");
    let (code, said) = it.audit(&["verify", "--head", installation, "--head", a, "--head", &early, "--head", bare]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(said.matches("is the one whose hash was kept").count(), 4, "{said}");
    assert!(said.contains("tenant a: record 2 is the one whose hash was kept\n"), "{said}");
}

#[tokio::test]
async fn a_record_that_was_changed_removed_or_swapped_is_found() {
    for (sql, found) in [
        (
            "UPDATE audit_log SET target = 'other' WHERE chain = 'a' AND seq = 2",
            "tenant a: broken behind 1 whole records: record 2 was changed since it was written",
        ),
        (
            "UPDATE audit_log SET at = at + 1 WHERE chain = 'a' AND seq = 3",
            "tenant a: broken behind 2 whole records: record 3 was changed since it was written",
        ),
        (
            "UPDATE audit_log SET after = NULL WHERE chain = 'a' AND seq = 1",
            "tenant a: broken behind 0 whole records: record 1 was changed since it was written",
        ),
        (
            "UPDATE audit_log SET actor = 'root' WHERE chain = 'a' AND seq = 3",
            "tenant a: broken behind 0 whole records: what stands behind record 0 is no record: it was changed",
        ),
        (
            "DELETE FROM audit_log WHERE chain = 'a' AND seq = 2",
            "tenant a: broken behind 1 whole records: record 2 is missing: it was removed",
        ),
        (
            "DELETE FROM audit_log WHERE chain = 'a' AND seq < 3",
            "tenant a: broken behind 0 whole records: records 1 to 2 are missing",
        ),
        (
            "UPDATE audit_log SET seq = -1 WHERE chain = 'a' AND seq = 2;
             UPDATE audit_log SET seq = 2 WHERE chain = 'a' AND seq = 3;
             UPDATE audit_log SET seq = 3 WHERE chain = 'a' AND seq = -1",
            "tenant a: broken behind 1 whole records: record 2 was written as record 3",
        ),
        (
            "UPDATE audit_log SET chain = 'a', seq = 4 WHERE chain = 'b' AND seq = 2",
            "tenant a: broken behind 3 whole records: record 4 was changed since it was written",
        ),
    ] {
        let it = installation().await;
        it.tamper(sql);
        let (code, said) = it.audit(&["verify"]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(found), "{sql}: {said}");
        assert!(said.contains("installation: 1 records, whole"), "the others are told, too: {said}");
        let (code, said) = it.audit(&["verify", "--head", &it.head(Some("a"))]);
        assert_eq!(code, 1, "{said}");
    }
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_found_only_by_a_head_that_was_kept() {
    let it = installation().await;
    it.tamper("DELETE FROM audit_log WHERE (chain = 'a' AND seq = 3) OR chain = 'b'");
    let said = it.verified();
    assert!(said.contains("tenant a: 2 records, whole") && !said.contains("tenant b"), "{said}");
    let kept = [Some("a"), Some("b"), None].map(|owner| it.head(owner));
    let (code, said) = it.audit(&["verify", "--head", &kept[0], "--head", &kept[1], "--head", &kept[2]]);
    assert_eq!(code, 1);
    for line in [
        "tenant a: record 3 with the hash that was kept is not there: the chain ends at record 2: what was behind it was cut off",
        "tenant b: record 2 with the hash that was kept is not there: nothing of the chain is there: it was removed",
        "installation: record 1 is the one whose hash was kept",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    // Written on, as if nothing had been there.
    let meta = opened(it.folder.path()).await;
    meta.append_audit(&[entry(9, Some("a"))]).await.unwrap();
    meta.close().await.unwrap();
    it.verified();
    let (code, said) = it.audit(&["verify", "--tenant", "a", "--head", kept[0].trim_start_matches("a:")]);
    assert_eq!(code, 1);
    assert!(said.contains("another record stands there: the chain was written anew"), "{said}");
}

#[tokio::test]
async fn the_chain_of_a_deleted_tenant_stays() {
    let it = installation().await;
    let meta = opened(it.folder.path()).await;
    meta.touch_tenants(&[("a".parse().unwrap(), Timestamp::from_unix_us(1))]).await.unwrap();
    assert!(meta.delete_tenant(&"a".parse().unwrap(), Timestamp::from_unix_us(2)).await.unwrap());
    meta.close().await.unwrap();
    let (code, said) = it.audit(&["verify", "--head", &it.head(Some("a"))]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("tenant a: 3 records, whole"), "{said}");
}

#[tokio::test]
async fn what_is_exported_is_verified_elsewhere() {
    let it = installation().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("all.jsonl");
    let (code, said) = it.audit(&["export", "--out", path.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("tenant a: 3 records, head {}\n", it.head(Some("a")))), "{said}");
    assert_eq!(it.audit(&["export", "--out", path.to_str().unwrap()]).0, 1, "a file is not overwritten");
    let verify = |arguments: &[&str]| {
        let output = run(elsewhere.path(), &[&["audit", "verify", "--file", "all.jsonl"], arguments].concat());
        (output.status.code().unwrap(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    };
    assert_eq!(verify(&["--head", &it.head(None)]).0, 0);
    assert_eq!(verify(&[]), (0, it.verified()));
    assert_eq!(verify(&["--tenant", "b"]).1, format!("tenant b: 2 records, whole; head {}\n", it.head(Some("b"))));

    let whole = fs::read_to_string(&path).unwrap();
    for (bad, found) in [
        (whole.replace("target 2", "target 9"), "tenant a: broken behind 1 whole records: record 2 was changed"),
        (
            whole.replacen("\"seq\":2", "\"seq\":3", 1),
            "tenant a: broken behind 1 whole records: record 3 was written as record 2",
        ),
        (whole[..whole.len() - 9].to_owned(), "line 6 of all.jsonl is no record: EOF while parsing"),
        (whole.replace("\"seq\":3", "\"more\":1,\"seq\":3"), "line 4 of all.jsonl is no record: unknown field `more`"),
        (
            whole.split_once('\n').unwrap().1.to_owned() + &whole,
            "tenant a: broken behind 3 whole records: record 1 comes behind",
        ),
        ("\u{0}\n".to_owned(), "line 1 of all.jsonl is no record"),
    ] {
        fs::write(&path, bad).unwrap();
        let (code, said) = verify(&[]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(found), "{found}: {said}");
    }
    fs::write(&path, "").unwrap();
    assert_eq!(verify(&[]), (0, "no chain has a record\n".to_owned()));
    assert_eq!(verify(&["--head", &it.head(None)]).0, 1);
}

#[tokio::test]
async fn a_later_part_is_verified_from_the_head_before_it() {
    let it = installation().await;
    let part = run(it.folder.path(), &["audit", "export", "--tenant", "a", "--after", "2"]);
    assert_eq!((part.status.code(), text(&part.stdout).lines().count()), (Some(0), 1));
    let verify = |arguments: &[&str]| {
        let mut verifying = command(it.folder.path(), &[&["audit", "verify", "--file", "-"], arguments].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        verifying.stdin.take().unwrap().write_all(&part.stdout).unwrap();
        let output = verifying.wait_with_output().unwrap();
        (output.status.code().unwrap(), text(&output.stdout).to_owned())
    };
    let (code, said) = verify(&[]);
    assert!(code == 1 && said.contains("records 1 to 2 are missing"), "{said}");
    let before = format!("a:2:{}", it.records[1].hash);
    let (code, said) = verify(&["--head", &before, "--head", &it.head(Some("a"))]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("tenant a: 1 records, whole"), "{said}");
}

#[tokio::test]
async fn list_prints_who_did_what() {
    let it = installation().await;
    let (code, table) = it.audit(&["list"]);
    assert_eq!(code, 0, "{table}");
    let rows: Vec<Vec<&str>> =
        table.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(rows.len(), 7, "{table}");
    let cells: Vec<&str> = rows[1].iter().map(|cell| cell.trim()).collect();
    assert_eq!(
        cells,
        ["2025-10-09T08:53:20.000006Z", "b", "2", "cli", "127.0.0.1", "views.change", "target 6", "done"]
    );
    for (arguments, found) in [
        (&["--tenant", "a"][..], "421"),
        (&["--actor", "cli"], "6"),
        (&["--action", "views."], "654321"),
        (&["--action", "views.create"], "531"),
        (&["--since", "2025-10-09T08:53:20.000003Z", "--until", "2025-10-09T08:53:20.000005Z"], "43"),
        (&["--since", "1d"], ""),
        (&["--limit", "2"], "65"),
    ] {
        let (code, lines) = it.audit(&[&["list", "--json"], arguments].concat());
        assert_eq!(code, 0, "{lines}");
        let items = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let targets: String = items.map(|item| item["after"]["n"].to_string()).collect();
        assert_eq!(targets, found, "{arguments:?}");
    }
}

#[tokio::test]
async fn what_the_command_line_erases_is_written_down() {
    let it = installation().await;
    let erased = run(it.folder.path(), &["erase", "--user", "alice", "--tenant", "a"]);
    assert_eq!(erased.status.code(), Some(0), "{}", text(&erased.stderr));
    let (_, line) = it.audit(&["list", "--json", "--tenant", "a", "--limit", "1"]);
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["action"], &line["actor"]["kind"]), (&"erasures.create".into(), &"cli".into()));
    assert_eq!((&line["target"], &line["after"]["subject_id"]), (&line["after"]["erasure_id"], &"alice".into()));
    it.verified();
}

#[tokio::test]
async fn a_wrong_command_line_exits_with_2_and_no_store_with_1() {
    let it = installation().await;
    let [a, b] = [Some("a"), Some("b")].map(|owner| it.head(owner));
    for wrong in [
        &[][..],
        &["verify", "--tenant", "a", "--all"],
        &["verify", "--tenant", "a", "--installation"],
        &["verify", "--tenant", "a b"],
        &["verify", "--head", "5"],
        &["verify", "--tenant", "a", "--head", &b],
        &["verify", "--installation", "--head", &a],
        &["export", "--after", "2"],
        &["export", "--all", "--after", "2"],
        &["list", "--actor", "root"],
        &["list", "--action", ""],
        &["list", "--limit", "0"],
        &["list", "--since", "yesterday"],
    ] {
        let (code, said) = it.audit(wrong);
        assert_eq!(code, 2, "{wrong:?}: {said}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    fs::write(nowhere.path().join("m.yaml"), "storage: {meta: 'memory:'}").unwrap();
    for what in ["list", "export", "verify"] {
        let none = run(nowhere.path(), &["audit", what]);
        assert_eq!(none.status.code(), Some(1));
        assert!(text(&none.stderr).contains("storage.meta: there is no store at"), "{}", text(&none.stderr));
        let of_memory = run(nowhere.path(), &["audit", what, "--config", "m.yaml"]);
        assert!(text(&of_memory.stderr).contains("ask its /api/v1/audit"), "{}", text(&of_memory.stderr));
    }
    assert!(!nowhere.path().join("llmtrace-data").exists(), "looking makes nothing");
}
