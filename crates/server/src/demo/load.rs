//! The demo's load: a bounded mix of exchanges as three teams would send them.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

/// How many exchanges are sent.
pub(super) const EXCHANGES: usize = 120;
/// How many of them are open at once.
const AT_ONCE: usize = 8;
/// How long one may take; a wedged one must not hold the demo.
const LONGEST: Duration = Duration::from_secs(30);
/// How many frames of a stream are read before it is hung up on.
const FRAMES_BEFORE_CANCEL: usize = 6;

const TENANTS: [&str; 3] = ["acme", "globex", "initech"];
const AGENTS: [&str; 4] = ["support-bot", "code-review", "research", "billing"];
const QUESTIONS: [&str; 6] = [
    "How do I reset my password?",
    "Summarise the last incident in two sentences.",
    "Which invoice is still open?",
    "Explain this stack trace to a new colleague.",
    "Translate the release notes to French.",
    "What changed in the contract since March?",
];

type Http = Client<HttpConnector, Full<Bytes>>;

/// One exchange of the load.
struct Planned {
    path: &'static str,
    model: &'static str,
    question: String,
    answer: Answer,
    number: usize,
}

/// How an exchange is asked for and read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Whole,
    Stream,
    /// A stream that the client hangs up on.
    Cancelled,
}

/// Sends the whole load to the proxy.
pub(super) async fn send(proxy: SocketAddr) -> anyhow::Result<()> {
    let client: Http = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let exchanges = (0..EXCHANGES).map(|number| exchange(&client, proxy, plan(number)));
    stream::iter(exchanges).buffer_unordered(AT_ONCE).try_collect::<()>().await
}

/// Decides what the exchange with this number is, the same on every run.
fn plan(number: usize) -> Planned {
    const CHAT: &str = "/v1/chat/completions";
    const MESSAGES: &str = "/v1/messages";
    let (path, model, question, answer) = match number % 12 {
        0..=2 => (CHAT, "gpt-4o-mini", None, Answer::Whole),
        3..=5 => (CHAT, "gpt-4o", None, Answer::Stream),
        6 => (MESSAGES, "claude-3-5-haiku-latest", None, Answer::Whole),
        7..=8 => (MESSAGES, "claude-sonnet-4-0", None, Answer::Stream),
        9 => (CHAT, "gpt-4o", None, Answer::Cancelled),
        10 => (CHAT, "gpt-4o-mini", Some("Run into a rate limit, please."), Answer::Whole),
        _ => (MESSAGES, "claude-sonnet-4-0", Some("Please break."), Answer::Whole),
    };
    let question = question.unwrap_or(QUESTIONS[number % QUESTIONS.len()]).to_owned();
    Planned { path, model, question, answer, number }
}

impl Planned {
    fn request(&self, proxy: SocketAddr) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut body = json!({
            "model": self.model,
            "max_tokens": 256,
            "messages": [{ "role": "user", "content": self.question }],
        });
        if self.answer != Answer::Whole {
            body["stream"] = Value::Bool(true);
        }
        // The cycle of tenants is no divisor of the plan's, so every tenant sends every kind; a session is twelve turns.
        let turn = self.number / 12;
        let tenant = TENANTS[(self.number + turn) % TENANTS.len()];
        let request = Request::post(format!("http://{proxy}{}", self.path))
            .header(CONTENT_TYPE, "application/json")
            .header("authorization", "Bearer demo")
            .header("x-api-key", "demo")
            .header("anthropic-version", "2023-06-01")
            .header("x-llmtrace-tenant-id", tenant)
            .header("x-llmtrace-agent-id", AGENTS[self.number % AGENTS.len()])
            .header("x-llmtrace-session-id", format!("{tenant}-{turn}"))
            .header("x-llmtrace-user-id", format!("user-{}", self.number % 7))
            .header("x-llmtrace-tags", "demo")
            .header("x-llmtrace-environment", "demo");
        request.body(Full::new(Bytes::from(body.to_string()))).context("building a request of the demo")
    }
}

async fn exchange(client: &Http, proxy: SocketAddr, planned: Planned) -> anyhow::Result<()> {
    let request = planned.request(proxy)?;
    let whole = async {
        let mut body = client.request(request).await.context("sending a request of the demo")?.into_body();
        let mut frames = 0;
        while let Some(frame) = body.frame().await {
            frame.context("reading an answer of the demo")?;
            frames += 1;
            if planned.answer == Answer::Cancelled && frames == FRAMES_BEFORE_CANCEL {
                break;
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(LONGEST, whole).await.with_context(|| format!("exchange {} hangs", planned.number))?
}
