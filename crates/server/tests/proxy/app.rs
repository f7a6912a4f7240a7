//! The product under test, in process, on free ports, with a folder of its own.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{PageRequest, SpanFilter, SpanRecord, TenantScope};
use llmtrace_server::{
    boot::{self, Running},
    config::{Config, Sources},
};
use llmtrace_store::SpanStore;
use llmtrace_testkit::{
    FakeProvider,
    tcp::{RawAnswer, RawClient},
};
use tempfile::TempDir;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy in front of a fake provider.
pub(crate) struct TestApp {
    pub(crate) provider: FakeProvider,
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts with settings as environment variables without their prefix: `("CAPTURE__CONTENT", "metadata")`.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let provider = FakeProvider::start().await;
        let url = provider.url();
        Self::in_front_of(provider, &url, settings).await
    }

    /// Starts in front of `upstream`, which need not be the provider (a fault proxy, a closed port).
    pub(crate) async fn in_front_of(provider: FakeProvider, upstream: &str, settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let running = boot::start(&config(&folder, upstream, settings)).await.unwrap();
        Self { provider, running, folder }
    }

    pub(crate) async fn client(&self) -> RawClient {
        RawClient::connect(self.running.addr).await.unwrap()
    }

    /// Sends one request on a connection of its own and reads the answer.
    pub(crate) async fn send(&self, request: impl AsRef<[u8]>) -> RawAnswer {
        let method = String::from_utf8_lossy(request.as_ref()).split(' ').next().unwrap().to_owned();
        let mut client = self.client().await;
        client.send(request).await.unwrap();
        client.answer_to(&method).await.unwrap()
    }

    /// The stored spans, oldest first, once there are `n` of them.
    pub(crate) async fn spans(&self, n: usize) -> Vec<SpanRecord> {
        stored(&self.running.spans, n).await
    }

    /// The one stored span.
    pub(crate) async fn span(&self) -> SpanRecord {
        self.spans(1).await.remove(0)
    }
}

/// The configuration of a test: what it sets over the defaults.
pub(crate) fn config(folder: &TempDir, upstream: &str, settings: &[(&str, &str)]) -> Config {
    let path = folder.path().join("data").display().to_string();
    let fixed = [("LISTEN_ADDR", "127.0.0.1:0"), ("UPSTREAM_URL", upstream), ("STORAGE__PATH", &path)];
    let env = fixed.iter().chain(settings).map(|(k, v)| (format!("LLMTRACE_{k}"), (*v).to_owned())).collect();
    Config::load(&Sources { env, ..Sources::default() }).unwrap()
}

/// Waits until `n` spans are stored and returns them, oldest first; more than `n` fail the test.
pub(crate) async fn stored(store: &Arc<dyn SpanStore>, n: usize) -> Vec<SpanRecord> {
    let page = PageRequest::first(PageRequest::MAX);
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let all = async {
        loop {
            tick.tick().await;
            let spans = store.list_records(&TenantScope::All, &SpanFilter::default(), &page).await.unwrap().items;
            if spans.len() >= n {
                return spans;
            }
        }
    };
    let mut spans = tokio::time::timeout(PATIENCE, all).await.expect("the spans were not stored in time");
    assert_eq!(spans.len(), n, "more spans than exchanges");
    spans.reverse();
    spans
}

/// A `POST` of a JSON body, with more header lines (each ending in `\r\n`).
pub(crate) fn post(path: &str, body: &str, headers: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: proxy\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
