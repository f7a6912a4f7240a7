//! `/api/v1/tail`: spans as they are stored, as server-sent events (WHATWG HTML, "Server-sent events").

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use llmtrace_model::Span;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{
    error::{Problem, ReadProblems},
    query::TailParams,
    read::Asked,
    view::SpanView,
};
use crate::{
    pipeline::{Heard, Subscription, TooMany},
    tasks::Tasks,
};

/// How often a comment is sent, so that nobody between takes a quiet tail for a dead one.
const BEAT: Duration = Duration::from_secs(15);
const COMMENT: Bytes = Bytes::from_static(b": tail\n\n");
/// Asks nginx not to hold events back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Follows what is stored: an event `span` for each matching span, right after it is stored, without what was said in it.
///
/// Its `id` is the exchange id, its data the span; after a restart of the proxy a span may come twice. An event `dropped`
/// with `{"count": n}` stands where n spans are missing, because the listener was too slow. A comment comes every 15 seconds.
#[utoipa::path(
    get, path = "/api/v1/tail", tag = "query", operation_id = "follow_tail", params(TailParams),
    responses(
        (status = 200, description = "Server-sent events `span` and `dropped`", body = SpanView, content_type = "text/event-stream"),
        ReadProblems,
    )
)]
pub(super) async fn tail(Asked { api, query, scope, .. }: Asked<TailParams>) -> Result<Response, Problem> {
    let subscription = api.tail.subscribe(scope, query.filter()?).map_err(|TooMany| Problem::TailFull)?;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let follower = Follower { subscription, beat, tasks: api.tasks.clone() };
    let body = Body::from_stream(stream::unfold(follower, |mut follower| async move {
        let more = follower.step().await?;
        Some((Ok::<_, Infallible>(more), follower))
    }));
    Ok(([(header::CONTENT_TYPE, "text/event-stream"), (UNBUFFERED, "no")], body).into_response())
}

/// One caller that follows.
struct Follower {
    subscription: Subscription,
    beat: Interval,
    tasks: Tasks,
}

impl Follower {
    /// What is sent next; `None` once the process stops. Cancel-safe, as each branch is.
    async fn step(&mut self) -> Option<Bytes> {
        tokio::select! {
            biased;
            () = self.tasks.stopping() => None,
            // The first one comes at once: the caller sees that it is heard.
            _ = self.beat.tick() => Some(COMMENT),
            heard = self.subscription.next() => Some(join(heard)),
        }
    }
}

/// All of it in one piece: each piece costs a write.
fn join(mut heard: VecDeque<Heard>) -> Bytes {
    if let [Heard::Span(_)] = heard.make_contiguous()
        && let Some(Heard::Span(event)) = heard.pop_front()
    {
        return event;
    }
    let mut joined = BytesMut::new();
    for heard in heard {
        match heard {
            Heard::Span(event) => joined.put(event),
            Heard::Dropped(count) => joined.put(format!("event: dropped\ndata: {{\"count\":{count}}}\n\n").as_bytes()),
        }
    }
    joined.freeze()
}

/// A span as an event; what [`crate::pipeline::Tail`] writes once for all its listeners.
pub fn tail_event(span: &Span) -> Bytes {
    let mut event = Vec::with_capacity(2048);
    event.extend_from_slice(format!("event: span\nid: {}\ndata: ", span.exchange_id).as_bytes());
    // Line feeds inside of texts are escaped, so that the data is one line.
    serde_json::to_writer(&mut event, &SpanView::from(span.clone()))
        .expect("a span holds only strings, numbers, lists and maps");
    event.extend_from_slice(b"\n\n");
    event.into()
}
