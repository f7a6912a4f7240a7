//! SQLite on a disk that takes no more. The kernel really refuses: the process is started with a bound on the size of its
//! files (`RLIMIT_FSIZE`), which needs no root and can be lifted while it runs. The journal's segments stay below the bound.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    collections::BTreeSet,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use llmtrace_model::{PageRequest, SpanFilter, TenantScope};
use llmtrace_store::Options;
use llmtrace_testkit::{Answer, FakeProvider, tcp::RawAnswer, tcp::RawClient};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::{Value, json};

/// How long what must come may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest file the process may make at first, in the shell's blocks of 512 bytes: 1 MiB.
const FILE_BLOCKS: &str = "2048";

/// The binary as a process of its own; killed where a test ends early.
struct Proxy {
    child: Child,
    addr: SocketAddr,
}

impl Proxy {
    async fn start(folder: &Path, upstream: &str) -> Self {
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // Without the trap the first refused write would kill the process; signal 25 is SIGXFSZ.
        let shell = r#"trap "" 25; ulimit -S -f "$1"; exec "$0""#;
        let mut command = Command::new("sh");
        command.args(["-c", shell, env!("CARGO_BIN_EXE_llmtrace-proxy"), FILE_BLOCKS]).env_clear();
        command.envs([
            ("LLMTRACE_LISTEN_ADDR", addr.to_string().as_str()),
            ("LLMTRACE_UPSTREAM_URL", upstream),
            ("LLMTRACE_STORAGE__PATH", folder.to_str().unwrap()),
            ("LLMTRACE_JOURNAL__MAX_BYTES", "16MiB"),
            ("LLMTRACE_LOGGING__LEVEL", "off"),
        ]);
        let proxy = Self { child: command.spawn().unwrap(), addr };
        until("the proxy serves", async || RawClient::connect(addr).await.is_ok()).await;
        proxy
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    async fn send(&self, request: &str) -> RawAnswer {
        let mut client = RawClient::connect(self.addr).await.unwrap();
        client.send(request).await.unwrap();
        client.answer().await.unwrap()
    }

    async fn health(&self) -> Value {
        let answer = self.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert_eq!(answer.status, 200, "degraded is not dead");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Sends one exchange; returns the id of the span it becomes.
    async fn exchange(&self, n: u64) -> String {
        let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": noise(n)}]}).to_string();
        let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: proxy\r\nContent-Type: application/json";
        let answer = self.send(&format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
        assert_eq!(answer.status, 200);
        answer.header("x-llmtrace-span-id").unwrap().to_owned()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().unwrap_or_default();
        self.child.wait().unwrap();
    }
}

/// Text that does not shrink, so that the file fills up.
fn noise(seed: u64) -> String {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b' ' + 1 + u8::try_from((state >> 33) % 90).unwrap())
    };
    std::iter::repeat_with(next).filter(|c| !['"', '\\'].contains(c)).take(20_000).collect()
}

async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let all = async {
        while !done().await {
            tick.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_the_database_never_stops_forwarding_and_shows_in_health() {
    let folder = tempfile::tempdir().unwrap();
    let provider = FakeProvider::start().await;
    provider.on("/v1/chat/completions", Answer::json(json!({"id": "x", "choices": []})));
    let mut proxy = Proxy::start(folder.path(), &provider.url()).await;
    let mut sent = BTreeSet::new();
    // 120 spans of 20 KB do not fit into 1 MiB.
    for n in 0..120 {
        sent.insert(proxy.exchange(n).await);
    }
    until("the store is degraded", async || proxy.health().await["dependencies"]["spans"]["status"] == "degraded")
        .await;
    for n in 120..125 {
        sent.insert(proxy.exchange(n).await);
    }
    let health = proxy.health().await;
    assert_eq!((&health["status"], &health["dependencies"]["journal"]["status"]), (&json!("degraded"), &json!("ok")));
    assert!(health["dependencies"]["journal"]["records"].as_u64() >= Some(5), "they wait there: {health}");

    prlimit(Some(proxy.pid()), Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
    until("everything is stored", async || {
        let journal = &proxy.health().await["dependencies"]["journal"];
        journal["records"] == 0
    })
    .await;
    until("the store is fine", async || proxy.health().await["status"] == "ok").await;
    kill_process(proxy.pid(), Signal::TERM).unwrap();
    assert!(proxy.child.wait().unwrap().success());

    let url = format!("sqlite:{}", folder.path().join("llmtrace.db").display());
    let store = llmtrace_store::open_spans("test", &url, &Options::default()).await.unwrap();
    let page = PageRequest::first(PageRequest::MAX);
    let spans = store.list(&TenantScope::All, &SpanFilter::default(), &page).await.unwrap().items;
    assert_eq!(spans.len(), sent.len(), "each exactly once");
    let stored: BTreeSet<_> = spans.iter().map(|span| span.span_id.to_string()).collect();
    assert_eq!(stored, sent);
}
