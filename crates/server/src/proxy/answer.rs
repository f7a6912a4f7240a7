//! The answer on its way to the client: how it passes, and whether it is looked at before it leaves.

use std::{collections::VecDeque, sync::Arc};

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Response, StatusCode, header, response::Parts};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::upgrade::OnUpgrade;
use llmtrace_wire::{Family, UsageFilter, edit::Stream};
use tokio::time::timeout;

use super::{
    Answer, EVENT_MAX_BYTES, Guard, Proxy, Streaming,
    guard::{Answering, Document, Looked},
    headers, name_span,
    pool::Inflow,
    read,
    refusal::Refusal,
    relay::{Edited, Pass, Relay},
    slot::Slot,
};

/// What tells the sum of a body, which does not hold for another one.
const SUMS: [HeaderName; 3] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// What upstream answered, and how it is to pass.
pub(super) struct Answered {
    pub(super) answer: Response<Inflow>,
    /// The filter of a stream whose usage event we asked for.
    pub(super) filter: Option<Box<UsageFilter>>,
    /// What is looked at before it leaves.
    pub(super) answering: Option<Answering>,
    /// The client's side of a connection that may switch its protocol.
    pub(super) switch: Option<OnUpgrade>,
}

/// An answer whose way is still to be found.
struct Delivery<'p> {
    proxy: &'p Proxy,
    parts: Parts,
    body: Inflow,
    slot: Slot,
    family: Family,
    filter: Option<Box<UsageFilter>>,
    /// It comes as events.
    is_stream: bool,
}

/// An answer that is one document, as far as it was read.
enum Read {
    /// All of it.
    Whole(Bytes),
    /// The beginning of one that is held no further, for this reason.
    Beginning(VecDeque<Bytes>, Refusal),
}

impl Proxy {
    /// Hands the answer to the client: the body owns the slot until its last byte.
    pub(super) async fn relay(&self, answered: Answered, slot: Slot, family: Family) -> Response<Answer> {
        let Answered { answer, filter, answering, switch } = answered;
        let is_switched = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        if let (true, Some(client)) = (is_switched, switch) {
            return self.tunnel(answer, client, slot);
        }
        let (mut parts, body) = answer.into_parts();
        parts.headers = headers::to_client(parts.headers);
        let is_stream = slot.is_stream(text(&parts, &header::CONTENT_TYPE));
        let delivery = Delivery { proxy: self, parts, body, slot, family, filter, is_stream };
        match (&self.guard, answering) {
            (Some(guard), Some(answering)) => delivery.looked_at(guard, answering).await,
            (Some(_) | None, _) => delivery.passed_on(VecDeque::new()),
        }
    }
}

impl Delivery<'_> {
    /// Each frame the moment it arrives, behind what has come already.
    fn passed_on(mut self, before: VecDeque<Bytes>) -> Response<Answer> {
        let filter = self.filter.take().filter(|_| self.is_stream);
        let pass = match filter {
            Some(filter) if self.is_plain() => {
                self.parts.headers = headers::without(self.parts.headers, &header::CONTENT_LENGTH);
                Pass::WithoutUsageEvent(filter)
            }
            Some(_) => {
                self.proxy.events.notice("usage_event_compressed");
                self.unfiltered()
            }
            None => self.unfiltered(),
        };
        self.relayed(pass, before)
    }

    fn unfiltered(&self) -> Pass {
        match self.hold() {
            Some(room) => Pass::Held { room },
            None => Pass::Through,
        }
    }

    /// How much of a stream is held until it is complete, where the operator wants that.
    fn hold(&self) -> Option<usize> {
        let is_held = self.is_stream && self.proxy.options.streaming == Streaming::Hold;
        is_held.then_some(self.proxy.options.max_request_size_bytes)
    }

    fn relayed(self, pass: Pass, before: VecDeque<Bytes>) -> Response<Answer> {
        let Self { proxy, mut parts, body, slot, is_stream, .. } = self;
        name_span(&mut parts.headers, &slot);
        let left_behind = Arc::clone(&proxy.left_behind);
        let counted = is_stream.then(|| proxy.events.in_flight_stream());
        let relay = Relay::new(body, slot, pass, before, proxy.options.idle_timeout, left_behind, counted);
        Response::from_parts(parts, Answer::Relayed(Box::new(relay)))
    }

    /// With every text of it looked at before it leaves.
    async fn looked_at(self, guard: &Guard, answering: Answering) -> Response<Answer> {
        let media = text(&self.parts, &header::CONTENT_TYPE).map(str::to_owned);
        let is_json = read::is_json(media.as_deref());
        let is_text = media.as_deref().is_some_and(|media| media.starts_with("text/"));
        if self.body.is_end_stream() || !(self.is_stream || is_json || is_text) {
            // There is no text in it.
            return self.passed_on(VecDeque::new());
        }
        if !self.is_plain() {
            return self.unread(guard, &answering, "it is compressed".to_owned(), VecDeque::new());
        }
        if !self.is_stream {
            return self.document(guard, answering, is_json).await;
        }
        let media = media.unwrap_or_default();
        match Stream::new(self.slot.dialect(), &media, EVENT_MAX_BYTES) {
            Some(stream) => self.edited(guard, answering, stream),
            None => self.unread(guard, &answering, "its format is not known".to_owned(), VecDeque::new()),
        }
    }

    fn is_plain(&self) -> bool {
        text(&self.parts, &header::CONTENT_ENCODING).is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"))
    }

    /// What happens where nobody can look at it, by the stance of the operator; `before` is what has come of it already.
    fn unread(self, guard: &Guard, answering: &Answering, why: String, before: VecDeque<Bytes>) -> Response<Answer> {
        if guard.refuses_unread(answering) {
            return Refusal::UnreadableAnswer(why).answer(self.family, Some(self.slot));
        }
        self.proxy.events.notice("answer_unread");
        self.passed_on(before)
    }

    /// A stream, event by event.
    fn edited(mut self, guard: &Guard, answering: Answering, stream: Stream) -> Response<Answer> {
        let on_unread = guard.on_unread(&answering);
        let edited = Edited { filter: self.filter.take(), stream, answering, on_unread, hold: self.hold() };
        self.without_sums();
        self.parts.headers = headers::without(std::mem::take(&mut self.parts.headers), &header::CONTENT_LENGTH);
        self.relayed(Pass::Edited(Box::new(edited)), VecDeque::new())
    }

    /// An answer that is one document: all of it is there before any of it leaves.
    async fn document(mut self, guard: &Guard, answering: Answering, is_json: bool) -> Response<Answer> {
        let body = match self.read().await {
            Ok(Read::Whole(body)) => body,
            Ok(Read::Beginning(before, why)) if !guard.refuses_unread(&answering) => {
                tracing::debug!(error = &why as &dyn std::error::Error, "answer not held");
                self.proxy.events.notice("answer_unread");
                return self.passed_on(before);
            }
            Ok(Read::Beginning(_, refusal)) | Err(refusal) => return refusal.answer(self.family, Some(self.slot)),
        };
        let document = Document { body: body.clone(), is_json };
        let refuses_unread = guard.refuses_unread(&answering);
        match guard.look_at(answering, document).await {
            Looked::Same => self.whole(body),
            Looked::Changed(changed) => {
                self.without_sums();
                if self.parts.headers.contains_key(header::CONTENT_LENGTH) {
                    self.parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(changed.len()));
                }
                self.whole(changed)
            }
            Looked::Cut => Refusal::AnswerBlocked.answer(self.family, Some(self.slot)),
            Looked::Unread(why) if refuses_unread => {
                Refusal::UnreadableAnswer(why).answer(self.family, Some(self.slot))
            }
            Looked::Unread(_) => {
                self.proxy.events.notice("answer_unread");
                self.whole(body)
            }
        }
    }

    /// Reads the document to its end, within the bounds of what may be held.
    async fn read(&mut self) -> Result<Read, Refusal> {
        let (options, mut held) = (&self.proxy.options, self.proxy.buffer.hold());
        let (mut chunks, mut size) = (VecDeque::new(), 0);
        // Cancel-safe: a frame is either returned or still in the body.
        loop {
            let frame = timeout(options.idle_timeout, self.body.frame()).await;
            let frame = match frame.map_err(|_| Refusal::AnswerTimeout(options.idle_timeout))? {
                None => break,
                Some(frame) => frame.map_err(|error| Refusal::BrokenAnswer(error.into()))?,
            };
            let Ok(data) = frame.into_data() else { continue };
            self.slot.received(&data);
            size += data.len();
            chunks.push_back(data);
            let limit = options.max_request_size_bytes;
            if size > limit {
                return Ok(Read::Beginning(chunks, Refusal::AnswerTooLarge { limit }));
            }
            if let Err(busy) = held.grow_to(size) {
                return Ok(Read::Beginning(chunks, busy));
            }
        }
        if chunks.len() == 1 {
            return Ok(Read::Whole(chunks.pop_front().unwrap_or_default()));
        }
        let mut whole = BytesMut::with_capacity(size);
        for chunk in chunks {
            whole.extend_from_slice(&chunk);
        }
        Ok(Read::Whole(whole.freeze()))
    }

    /// All of it at once.
    fn whole(mut self, body: Bytes) -> Response<Answer> {
        name_span(&mut self.parts.headers, &self.slot);
        self.slot.end(llmtrace_model::EndReason::Complete, None);
        Response::from_parts(self.parts, Answer::Made((!body.is_empty()).then_some(body)))
    }

    fn without_sums(&mut self) {
        for name in &SUMS {
            if self.parts.headers.contains_key(name) {
                self.parts.headers = headers::without(std::mem::take(&mut self.parts.headers), name);
            }
        }
    }
}

/// A header of an answer, where it is text.
fn text<'p>(parts: &'p Parts, name: &HeaderName) -> Option<&'p str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}
