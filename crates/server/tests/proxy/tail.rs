//! The live tail between a client of the proxy and a listener of the API, over real sockets.

use std::time::Duration;

use llmtrace_testkit::{Answer, tcp::RawClient};
use serde_json::{Value, json};

use crate::app::{TestApp, post};

const CHAT: &str = "/v1/chat/completions";

/// One who follows the tail.
struct Listener {
    client: RawClient,
    text: String,
}

impl Listener {
    async fn start(app: &TestApp, query: &str) -> Self {
        let mut client = app.client().await;
        client.send(format!("GET /api/v1/tail{query} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await.unwrap();
        let head = client.head().await.unwrap();
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
        assert_eq!((head.header("x-accel-buffering"), head.header("cache-control")), (Some("no"), Some("no-store")));
        let mut listener = Self { client, text: String::new() };
        // The first comment says that it is heard from here on.
        assert_eq!(listener.block().await, ": tail");
        listener
    }

    /// The next event or comment.
    async fn block(&mut self) -> String {
        let next = async {
            loop {
                if let Some((block, rest)) = self.text.split_once("\n\n") {
                    let block = block.to_owned();
                    self.text = rest.to_owned();
                    return block;
                }
                let chunk = self.client.chunk().await.unwrap().expect("the tail goes on");
                self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(20), next).await.expect("the tail says nothing")
    }

    /// The id and the span of the next event.
    async fn span(&mut self) -> (String, Value) {
        let block = self.block().await;
        let lines: Vec<&str> = block.split('\n').collect();
        let [event, id, data] = lines[..] else { panic!("{block}") };
        assert_eq!(event, "event: span");
        let span = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        (id.strip_prefix("id: ").unwrap().to_owned(), span)
    }
}

fn chat(model: &str) -> String {
    json!({"model": model, "messages": [{"role": "user", "content": "line\none\r\n\n: two"}]}).to_string()
}

async fn send(app: &TestApp, model: &str, headers: &str) {
    app.provider.script(Answer::json(json!({"id": "c", "object": "chat.completion", "model": model, "choices": []})));
    assert_eq!(app.send(post(CHAT, &chat(model), headers)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_is_in_the_tail_as_it_is_in_the_list() {
    let app = TestApp::start().await;
    let mut listener = Listener::start(&app, "").await;
    send(&app, "gpt-4o", "X-LLMTrace-User-ID: a\"b\r\nX-LLMTrace-Tags: one,two\r\n").await;
    let (id, span) = listener.span().await;
    let list = app.send("GET /api/v1/spans HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let list: Value = serde_json::from_slice(&list.body).unwrap();
    assert_eq!(list["items"], json!([span]));
    assert_eq!(span["exchange_id"], id);
    send(&app, "gpt-4o-mini", "").await;
    assert_eq!(listener.span().await.1["request_model"], "gpt-4o-mini");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_listener_hears_its_tenant_and_what_it_asked_for() {
    let app = TestApp::start().await;
    let mut team = Listener::start(&app, "?tenant_id=team").await;
    let mut errors = Listener::start(&app, "?status=error").await;
    let mut said = Listener::start(&app, "?text=two&tag=blue").await;
    send(&app, "first", "X-LLMTrace-Tags: blue\r\n").await;
    app.provider.script(Answer::http_error(500, "broken"));
    app.send(post(CHAT, &chat("second"), "X-LLMTrace-Tenant-ID: team\r\n")).await;
    send(&app, "third", "X-LLMTrace-Tenant-ID: team\r\nX-LLMTrace-Tags: blue\r\n").await;
    let model = |span: (String, Value)| span.1["request_model"].as_str().unwrap().to_owned();
    assert_eq!([model(team.span().await), model(team.span().await)], ["second", "third"]);
    assert_eq!([model(said.span().await), model(said.span().await)], ["first", "third"]);
    assert_eq!(model(errors.span().await), "second");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_leaves_gives_its_place_back() {
    let app = TestApp::start().await;
    let mut listeners = Vec::new();
    for _ in 0..64 {
        listeners.push(Listener::start(&app, "").await);
    }
    let ask = "GET /api/v1/tail HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let full = app.send(ask).await;
    assert_eq!((full.status, full.header("retry-after")), (503, Some("1")));
    let problem: Value = serde_json::from_slice(&full.body).unwrap();
    assert_eq!(problem["type"], "urn:llmtrace:problem:tail-full");
    drop(listeners.pop());
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let back = async {
        loop {
            tick.tick().await;
            let mut client = app.client().await;
            client.send(ask).await.unwrap();
            if client.head().await.unwrap().status == 200 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), back).await.expect("the place was not given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_the_tail_in_order_and_at_once() {
    let app = TestApp::start().await;
    let mut listener = Listener::start(&app, "").await;
    // Far below shutdown.timeout_seconds: nothing is lost by ending it.
    tokio::time::timeout(Duration::from_secs(15), app.running.shutdown()).await.unwrap();
    assert_eq!(listener.client.chunk().await.unwrap(), None, "the last chunk ends the body properly");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_never_reads_neither_holds_up_the_store_nor_shutdown() {
    let app = TestApp::start().await;
    let mut deaf = app.client().await;
    deaf.send("GET /api/v1/tail HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut listener = Listener::start(&app, "").await;
    for _ in 0..20 {
        send(&app, "gpt-4o", "").await;
        listener.span().await;
    }
    app.spans(20).await;
    tokio::time::timeout(Duration::from_secs(15), app.running.shutdown()).await.unwrap();
}
