//! The commands of the binary, each as a process of its own.
#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

#[path = "command_line/audit.rs"]
mod audit;
#[path = "command_line/policy.rs"]
mod policy;
#[path = "command_line/scan.rs"]
mod scan;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use llmtrace_model::{SpanFilter, TenantScope};
use llmtrace_store::{Options, conformance::builders::span};
use llmtrace_testkit::{Answer, FakeProvider};

/// Runs a command without our variables, in a folder of its own.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmtrace-proxy"));
    command.args(arguments).env_clear().current_dir(folder);
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn check_prints_the_configuration_in_effect_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let key = "ab".repeat(32);
    let yaml =
        format!("storage: {{path: data}}\nsecrets: {{master_key: {key}}}\nproxy: {{https: 'http://u:hunter2@p:1'}}\n");
    fs::write(folder.path().join("c.yaml"), yaml).unwrap();
    let output = run(folder.path(), &["check", "--config", "c.yaml"]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(printed.contains("spans: sqlite:data/llmtrace.db"), "{printed}");
    assert!(!printed.contains(&key) && !printed.contains("hunter2"), "{printed}");

    // What it prints is a configuration again, the hidden secrets aside.
    let again = printed.replace("master_key: \"***\"", "master_key: null").replace("***@", "");
    fs::write(folder.path().join("d.yaml"), again).unwrap();
    let output = run(folder.path(), &["check", "--config", "d.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_wrong_configuration_exits_with_2_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.yaml"), "journal: {fsinc: each}\ntimeout_ms: 0\n").unwrap();
    let output = run(folder.path(), &["check", "--config", "c.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "llmtrace-proxy: the configuration has 2 problems\n  \
         timeout_ms (c.yaml): found 0, expected a whole number from 1 to 86400000\n  \
         journal.fsinc (c.yaml): there is no such key, did you mean journal.fsync?\n"
    );
}

// The fake answers on the runtime's other thread while this one waits for the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_the_status_of_the_proxy_it_asks() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = FakeProvider::start().await;
    for (status, code) in [(200, 0), (503, 1)] {
        proxy.script(Answer::json(serde_json::json!({ "status": "as scripted" })).status(status));
        let output = run(folder.path(), &["health", "--listen-addr", &proxy.addr().to_string()]);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("as scripted"));
    }
    assert!(proxy.received().iter().all(|request| request.path() == "/health"));
}

#[test]
fn health_fails_where_nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(folder.path(), &["health", "--url", &format!("http://{free}")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("connecting to"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn export_writes_what_migrate_made_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let missing = run(folder.path(), &["export"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("there is no store at"), "{}", text(&missing.stderr));

    let migrated = run(folder.path(), &["migrate"]);
    assert_eq!(migrated.status.code(), Some(0), "{}", text(&migrated.stderr));
    assert!(text(&migrated.stdout).contains("went from schema 0 to"), "{}", text(&migrated.stdout));

    let url = format!("sqlite:{}", folder.path().join("llmtrace-data/llmtrace.db").display());
    let store = llmtrace_store::open_spans("test", &url, &Options::default()).await.unwrap();
    let batch: Vec<_> = (0..150).map(|_| span().record()).collect();
    store.write(&batch).await.unwrap();
    store.close().await.unwrap();

    let exported = run(folder.path(), &["export", "--out", "spans.jsonl"]);
    assert_eq!(exported.status.code(), Some(0), "{}", text(&exported.stderr));
    let lines = fs::read_to_string(folder.path().join("spans.jsonl")).unwrap();
    let ids: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(ids.len(), 150);
    let wanted = batch.iter().rev().map(|record| record.span.exchange_id.to_string());
    assert!(ids.iter().map(|span| span["exchange_id"].as_str().unwrap().to_owned()).eq(wanted), "newest first");

    let csv = run(folder.path(), &["export", "--format", "csv"]);
    assert_eq!(
        (csv.status.code(), text(&csv.stdout).matches("\r\n").count()),
        (Some(0), 151),
        "a line of names, and one a span"
    );
    let parquet = run(folder.path(), &["export", "--format", "parquet"]);
    assert!(parquet.stdout.starts_with(b"PAR1") && parquet.stdout.ends_with(b"PAR1"), "{}", text(&parquet.stderr));

    let twice = run(folder.path(), &["export", "--out", "spans.jsonl"]);
    assert_eq!(twice.status.code(), Some(1), "a file is not overwritten");
    let of_nobody = run(folder.path(), &["export", "--tenant", "nobody"]);
    assert_eq!((of_nobody.status.code(), of_nobody.stdout.len()), (Some(0), 0));
}

#[tokio::test]
async fn an_archive_moves_everything_to_another_installation_once() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(run(old.path(), &["migrate"]).status.code(), Some(0));
    let url = format!("sqlite:{}", old.path().join("llmtrace-data/llmtrace.db").display());
    let store = llmtrace_store::open_spans("test", &url, &Options::default()).await.unwrap();
    let batch: Vec<_> = (0..150).map(|_| span().said("a question", "an answer").cost_nanos(5).record()).collect();
    store.write(&batch).await.unwrap();
    store.close().await.unwrap();

    let nowhere = run(old.path(), &["export", "--format", "archive"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere.stderr).contains("--out"), "{}", text(&nowhere.stderr));
    let written = run(old.path(), &["export", "--format", "archive", "--out", "all.llmtrace"]);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    assert!(text(&written.stderr).starts_with("150 spans (150 with content"), "{}", text(&written.stderr));

    let archive = old.path().join("all.llmtrace");
    let import = |more: &[&str]| run(new.path(), &[&["import", archive.to_str().unwrap()], more].concat());
    let checked = import(&["--check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    assert!(!new.path().join("llmtrace-data").exists(), "a check stores nothing");
    for before in [0, 150] {
        let imported = import(&[]);
        assert_eq!(imported.status.code(), Some(0), "{}", text(&imported.stderr));
        let said = text(&imported.stdout);
        assert!(said.contains(&format!("had {before} spans and has 150 now")), "{said}");
    }
    let [old_lines, new_lines] = [old.path(), new.path()].map(|folder| run(folder, &["export"]).stdout);
    assert!(old_lines == new_lines && !old_lines.is_empty());

    let bytes = fs::read(&archive).unwrap();
    fs::write(&archive, &bytes[..bytes.len() - 9]).unwrap();
    let cut = import(&[]);
    assert_eq!(cut.status.code(), Some(1));
    assert!(text(&cut.stderr).contains("is cut short"), "{}", text(&cut.stderr));
    fs::write(new.path().join("m.yaml"), "storage: {profile: memory}").unwrap();
    let to_memory = import(&["--config", "m.yaml"]);
    assert!(text(&to_memory.stderr).contains("lives in the running proxy"), "{}", text(&to_memory.stderr));
}

// The fake answers on the runtime's other thread while this one waits for the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_looks_at_stores_disks_and_journals_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let provider = FakeProvider::start().await;
    provider.script(Answer::json(serde_json::json!({})));
    let upstream = format!("http://{}", provider.addr());
    let doctor = |more: &[&str]| run(folder.path(), &[&["doctor", "--upstream-url", &upstream], more].concat());
    let before = doctor(&[]);
    assert_eq!(before.status.code(), Some(0), "{}", text(&before.stdout));
    assert!(
        text(&before.stdout).contains("there is no schema yet\n      → run `llmtrace-proxy migrate`"),
        "{}",
        text(&before.stdout)
    );
    assert!(!folder.path().join("llmtrace-data").exists());

    assert_eq!(run(folder.path(), &["migrate"]).status.code(), Some(0));
    let orphan = folder.path().join("llmtrace-data/journal/019a0000-0000-7000-8000-000000000001");
    fs::create_dir_all(&orphan).unwrap();
    let report = doctor(&["--json"]);
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["grade"], "warn");
    let found = |setting: &str, what: &str| {
        let mut notes = report["notes"].as_array().unwrap().iter();
        notes.any(|note| note["setting"] == setting && note["found"].as_str().unwrap().contains(what))
    };
    assert!(found("storage.spans", "SQLite 3."), "{report}");
    assert!(found("storage.path", "are free") && found("journal.path", "1 orphans"), "{report}");
    assert!(found("journal.path", "orphan 019a0000"), "{report}");

    fs::write(folder.path().join("c.yaml"), "storage: {spans: 'sqlite:c.yaml'}").unwrap();
    let broken = doctor(&["--config", "c.yaml"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stdout).contains("fail  storage.spans: "), "{}", text(&broken.stdout));
}

#[tokio::test]
async fn reprice_puts_the_prices_in_force_on_stored_spans_once() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["migrate"]).status.code(), Some(0));
    let url = format!("sqlite:{}", folder.path().join("llmtrace-data/llmtrace.db").display());
    let store = llmtrace_store::open_spans("test", &url, &Options::default()).await.unwrap();
    let of = |owner: &str| span().tenant(owner).provider("openai").model("my-model").tokens(1000, 100).record();
    store.write(&[of("a"), of("a"), of("b")]).await.unwrap();
    // The store stays open: a running proxy holds it, too.
    let reprice = |more: &[&str]| {
        let arguments =
            [&["reprice", "--since", "2000-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00Z"], more].concat();
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let unpriced = reprice(&[]);
    assert!(unpriced.starts_with("3 spans from ") && unpriced.contains(", 0 changed"), "{unpriced}");
    assert!(unpriced.contains("3 have no price"), "{unpriced}");

    let prices = "models: [{model: my-model, usd_per_million_tokens: {input: 2, output: 8}}]";
    fs::write(folder.path().join("prices.yaml"), prices).unwrap();
    fs::write(folder.path().join("c.yaml"), "prices: {overrides: prices.yaml}").unwrap();
    let priced = ["--config", "c.yaml"];
    // 1000 × 2000 + 100 × 8000 nano-dollars.
    let dry = reprice(&[&priced[..], &["--dry-run", "--tenant", "a"]].concat());
    assert!(dry.contains("2 would change") && dry.contains("now:    0.0056 USD"), "{dry}");
    let done = reprice(&priced);
    assert!(
        done.contains("3 changed") && done.contains("before: 0 USD") && done.contains("now:    0.0084 USD"),
        "{done}"
    );
    let again = reprice(&priced);
    assert!(again.contains("0 changed") && again.contains("before: 0.0084 USD"), "{again}");
    store.close().await.unwrap();

    fs::write(folder.path().join("m.yaml"), "storage: {spans: 'memory:'}").unwrap();
    let of_memory = run(folder.path(), &["reprice", "--since", "1d", "--config", "m.yaml"]);
    assert_eq!(of_memory.status.code(), Some(1));
    assert!(text(&of_memory.stderr).contains("lives in the running proxy"), "{}", text(&of_memory.stderr));
    assert_eq!(run(folder.path(), &["reprice", "--since", "yesterday"]).status.code(), Some(2));
}

#[tokio::test]
async fn erase_removes_what_it_names_beside_a_running_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let missing = run(folder.path(), &["erase", "--user", "u"]);
    assert!(text(&missing.stderr).contains("there is no store at"), "{}", text(&missing.stderr));
    assert_eq!(run(folder.path(), &["migrate"]).status.code(), Some(0));
    let url = format!("sqlite:{}", folder.path().join("llmtrace-data/llmtrace.db").display());
    // The stores stay open: a running proxy holds them, too.
    let store = llmtrace_store::open_spans("test", &url, &Options::default()).await.unwrap();
    let meta = llmtrace_store::open_meta("test", &url, &Options::default()).await.unwrap();
    let of = |owner: &str, user: &str| span().tenant(owner).user(user).said("a question", "an answer").record();
    let batch = [of("a", "u"), of("b", "u"), of("a", "v"), of("b", "v"), span().tenant("c").record()];
    store.write(&batch[..2]).await.unwrap();
    let erase = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["erase"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let left = async || store.count(&TenantScope::All, &SpanFilter::default()).await.unwrap();

    let asked = erase(&["--user", "u", "--tenant", "b"]);
    assert!(asked.contains("a running proxy carries it out"), "{asked}");
    assert_eq!((left().await, meta.erasures(&TenantScope::All).await.unwrap().len()), (2, 1));
    // The command has closed the file and took nothing away from who still has it open.
    assert!(folder.path().join("llmtrace-data/llmtrace.db-wal").exists());
    store.write(&batch[2..]).await.unwrap();
    let done = erase(&["--user", "u", "--wait"]);
    assert!(done.contains("2 spans removed, 2 of them with content") && done.contains("repeats it until"), "{done}");
    assert_eq!(left().await, 3);
    let [trace, one] = [&batch[2].span.trace_id.to_string(), &batch[3].span.span_id.to_string()];
    for of_one in [["--trace", trace, "--wait"], ["--span", one, "--wait"]] {
        assert!(erase(&of_one).contains("1 spans removed"), "{of_one:?}");
    }
    assert!(erase(&["--session", "nobody's", "--wait"]).contains("0 spans removed"));
    assert!(erase(&["--all-of-tenant", "--tenant", "c", "--wait"]).contains("1 spans removed, 0 of them"));
    assert_eq!(left().await, 0);
    store.close().await.unwrap();
    meta.close().await.unwrap();

    for wrong in [
        &["erase"][..],
        &["erase", "--all-of-tenant"],
        &["erase", "--user", "u", "--session", "s"],
        &["erase", "--trace", "abc"],
        &["erase", "--user", ""],
        &["erase", "--user", "u", "--tenant", "a b"],
    ] {
        assert_eq!(run(folder.path(), wrong).status.code(), Some(2), "{wrong:?}");
    }
    for setting in ["spans", "meta"] {
        fs::write(folder.path().join("m.yaml"), format!("storage: {{{setting}: 'memory:'}}")).unwrap();
        let of_memory = run(folder.path(), &["erase", "--user", "u", "--config", "m.yaml"]);
        let said = text(&of_memory.stderr);
        assert!(said.contains(&format!("storage.{setting} is memory:")), "{said}");
        assert!(said.contains("ask its /api/v1/erasures"), "{said}");
    }
}

#[test]
fn openapi_prints_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["openapi"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["paths"]["/api/v1/export"].is_object());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_connects_to_what_the_configuration_names_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = FakeProvider::start().await;
    let output = run(folder.path(), &["check", "--connect", "--upstream-url", &upstream.url()]);
    let report = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert!(report.contains("ok: storage.spans: sqlite:./llmtrace-data/llmtrace.db will be made"), "{report}");
    assert!(report.contains(&format!("ok: upstream default: {} answers", upstream.host())), "{report}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn check_names_the_upstream_that_cannot_be_reached_and_the_file_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fs::write(folder.path().join("c.yaml"), "tls: {cert: none.pem, key: none.pem}\n").unwrap();
    let url = format!("http://{free}");
    let arguments = ["check", "--connect", "--config", "c.yaml", "--upstream-url", &url];
    let output = run(folder.path(), &arguments);
    let report = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains(&format!("failed: upstream default: {free}")), "{report}");
    assert!(report.contains("failed: tls: tls.cert: none.pem"), "{report}");
}

#[test]
fn the_demo_sends_its_load_shows_what_was_stored_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["demo", "--exit", "--listen-addr", "127.0.0.1:0"]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // Tenant, model, calls, failed, hung up, tokens in, tokens out, cost, and two times.
    let rows: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    let sum = |column: usize| -> u64 {
        let tenants = rows.iter().filter(|row| ["acme", "globex", "initech"].contains(row.first().unwrap_or(&"")));
        tenants.map(|row| row[column].parse::<u64>().unwrap()).sum()
    };
    // Every twelfth exchange is hung up on; two of twelve are answered with an error.
    assert_eq!((sum(2), sum(3), sum(4)), (120, 20, 10), "{shown}");
    assert!(sum(5) > 0 && sum(6) > 0, "{shown}");
}

/// Starts the proxy with this configuration, waits until `health` finds it fit, ends it by a signal; returns what it logged.
fn serves_and_ends(folder: &Path, yaml: &str) -> String {
    serves_while(folder, yaml, |_| {})
}

/// As [`serves_and_ends`], with a look at the process while it serves.
fn serves_while(folder: &Path, yaml: &str, look: impl FnOnce(&std::process::Child)) -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fs::write(folder.join("c.yaml"), format!("listen_addr: {free}\nstorage: {{profile: memory}}\n{yaml}")).unwrap();
    let mut serving = Command::new(env!("CARGO_BIN_EXE_llmtrace-proxy"))
        .args(["--config", "c.yaml"])
        .env_clear()
        .current_dir(folder)
        .stderr(fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap();
    let started = std::time::Instant::now();
    while run(folder, &["health", "--config", "c.yaml"]).status.code() != Some(0) {
        assert!(serving.try_wait().unwrap().is_none(), "it ended by itself");
        assert!(started.elapsed().as_secs() < 30, "it did not become healthy");
    }
    look(&serving);
    let pid = rustix::process::Pid::from_child(&serving);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(serving.wait().unwrap().code(), Some(0));
    fs::read_to_string(folder.join("log")).unwrap()
}

#[test]
fn the_proxy_serves_without_a_command_and_ends_with_0_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    serves_and_ends(folder.path(), "");
}

#[test]
fn health_asks_a_listener_with_tls_too() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["traces.example".to_owned()]).unwrap();
    fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    serves_and_ends(folder.path(), "tls: {cert: cert.pem, key: key.pem}\n");
}

#[test]
fn the_log_has_the_form_and_the_level_of_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    let text = serves_and_ends(folder.path(), "");
    assert!(text.contains(" INFO ") && text.contains("serving"), "{text}");
    let json = serves_and_ends(folder.path(), "logging: {format: json}\n");
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "serving" && line["level"] == "INFO"), "{json}");
    assert_eq!(serves_and_ends(folder.path(), "logging: {level: error}\n"), "", "nothing went wrong");
}

#[cfg(target_os = "linux")]
#[test]
fn the_pipeline_has_as_many_threads_as_its_setting_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    serves_while(folder.path(), "pipeline: {workers: 3}\n", |serving| {
        let tasks = fs::read_dir(format!("/proc/{}/task", serving.id())).unwrap();
        names.extend(tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default()));
    });
    assert_eq!(names.iter().filter(|name| name.starts_with("pipeline-")).count(), 3, "{names:?}");
}
