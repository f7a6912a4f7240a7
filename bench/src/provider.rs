//! The fake provider: canned OpenAI chat answers of about 1 KB, and event streams paced by [`StreamPlan`].
//!
//! A process of its own on one thread, the same for every contestant. It does not parse requests; it reads them to
//! their end, so that every contestant has to send them whole.

use std::{
    convert::Infallible,
    future::Future as _,
    net::SocketAddr,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
};
use tokio::time::Sleep;

use crate::{
    clock,
    plan::{self, StreamPlan},
    serving,
};

/// Every answer has an id of its own, as a real provider's has.
static ANSWERS: AtomicU64 = AtomicU64::new(0);

const CREATED: u64 = 1_763_900_000;

const TEXT: &str = "The proxy stands between an application and its model provider. It forwards every byte as it came, \
    in both directions, and writes down what passed: who asked, which model answered, how many tokens that took, what \
    they cost and how long the first of them was in coming. A second lane reads those notes later and turns each into \
    one span, so that the application never waits for a database. When the process dies in the middle of its work, the \
    notes are still on disk, and the next start continues where the last one ended.";

/// Serves until standard input ends.
pub(crate) fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serving::until_input_ends(listen, |request| async { Ok::<_, Infallible>(answer(request).await) }))
}

async fn answer(request: Request<Incoming>) -> Response<Either<Full<Bytes>, Events>> {
    let plan = request.headers().get(plan::HEADER).map(|value| value.to_str().unwrap_or_default().parse());
    let Ok(body) = request.into_body().collect().await else {
        return response(StatusCode::BAD_REQUEST, "text/plain", Either::Left(Full::default()));
    };
    let id = ANSWERS.fetch_add(1, Ordering::Relaxed);
    match plan {
        None => response(StatusCode::OK, "application/json", Either::Left(Full::from(chat(id)))),
        Some(Ok(plan)) => {
            let usage = memchr::memmem::find(&body.to_bytes(), b"\"include_usage\":true").is_some();
            response(StatusCode::OK, "text/event-stream", Either::Right(Events::new(id, plan, usage)))
        }
        Some(Err(error)) => {
            response(StatusCode::BAD_REQUEST, "text/plain", Either::Left(Full::from(error.to_string())))
        }
    }
}

fn response<B>(status: StatusCode, media: &'static str, body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

fn chat(id: u64) -> String {
    format!(
        "{{\"id\":\"chatcmpl-{id:016}\",\"object\":\"chat.completion\",\"created\":{CREATED},\
         \"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\
         \"content\":\"{TEXT}\",\"refusal\":null,\"annotations\":[]}},\"logprobs\":null,\"finish_reason\":\"stop\"}}],\
         \"usage\":{{\"prompt_tokens\":256,\"completion_tokens\":112,\"total_tokens\":368,\
         \"prompt_tokens_details\":{{\"cached_tokens\":0,\"audio_tokens\":0}},\"completion_tokens_details\":\
         {{\"reasoning_tokens\":0,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}}},\
         \"service_tier\":\"default\",\"system_fingerprint\":\"fp_0ba0d124f1\"}}"
    )
}

/// A streamed answer: the first chunk at once, then one each interval, then the end. Each carries its send time.
struct Events {
    id: u64,
    plan: StreamPlan,
    sent: u32,
    usage: Usage,
    ended: bool,
    next: Pin<Box<Sleep>>,
}

/// Whether the request asked for the usage event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Usage {
    Asked,
    NotAsked,
}

impl Events {
    fn new(id: u64, plan: StreamPlan, usage: bool) -> Self {
        let usage = if usage { Usage::Asked } else { Usage::NotAsked };
        let next = Box::pin(tokio::time::sleep(plan.interval));
        Self { id, plan, sent: 0, usage, ended: false, next }
    }

    fn chunk(&self, choices: &str, usage: &str) -> String {
        let usage = match self.usage {
            Usage::Asked => format!(",\"usage\":{usage}"),
            Usage::NotAsked => String::new(),
        };
        format!(
            "data: {{\"id\":\"chatcmpl-{:016}\",\"object\":\"chat.completion.chunk\",\"created\":{CREATED},\
             \"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0ba0d124f1\",\
             \"choices\":[{choices}]{usage}}}\n\n",
            self.id
        )
    }

    fn token(&self) -> String {
        let stamp = clock::monotonic_nanos();
        let delta =
            format!("{{\"index\":0,\"delta\":{{\"content\":\" t{stamp}\"}},\"logprobs\":null,\"finish_reason\":null}}");
        self.chunk(&delta, "null")
    }

    fn end(&self) -> String {
        let mut end = self.chunk("{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}", "null");
        if self.usage == Usage::Asked {
            let sent = self.sent;
            let total = 256 + sent;
            let usage = format!("{{\"prompt_tokens\":256,\"completion_tokens\":{sent},\"total_tokens\":{total}}}");
            end.push_str(&self.chunk("", &usage));
        }
        end.push_str("data: [DONE]\n\n");
        end
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.sent == self.plan.chunks {
            self.ended = true;
            return Poll::Ready(Some(Ok(Frame::data(self.end().into()))));
        }
        // The first chunk waits for nothing: even a timer that is due rounds up to the next millisecond.
        if self.sent > 0 {
            ready!(self.next.as_mut().poll(cx));
            let due = self.next.deadline() + self.plan.interval;
            self.next.as_mut().reset(due);
        }
        self.sent += 1;
        Poll::Ready(Some(Ok(Frame::data(self.token().into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canned_answer_is_json_of_about_one_kilobyte() {
        let answer = chat(7);
        assert!((900..1400).contains(&answer.len()), "{}", answer.len());
        let json: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(json["usage"]["total_tokens"], 368);
    }

    #[tokio::test(start_paused = true)]
    async fn stream_carries_its_chunks_usage_and_done() {
        let plan = StreamPlan { chunks: 3, interval: std::time::Duration::from_millis(20) };
        let body = Events::new(1, plan, true).collect().await.unwrap().to_bytes();
        assert_eq!(memchr::memmem::find_iter(&body, plan::STAMP).count(), 3);
        assert!(memchr::memmem::find(&body, b"\"completion_tokens\":3").is_some());
        assert!(body.ends_with(b"data: [DONE]\n\n"));
    }
}
