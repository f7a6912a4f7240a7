//! The slot of an exchange: a guard that always ends in the journal, whatever happens to the request.

use std::{sync::Arc, time::Instant};

use http::{HeaderMap, header};
use llmtrace_model::{EndReason, ErrorInfo, ExchangeId, SpanId, Timing, TraceId};
use llmtrace_wire::{Dialect, Scanner};

use super::{body::Upload, recorder::Recorder};
use crate::{
    journal::{AnswerHead, Closed, Headers, Journal, Opened, Recorded, Room},
    telemetry::{Events, Gauged},
};

/// Where a finished exchange goes.
#[derive(Clone)]
pub enum Door {
    /// Into the journal, and from there to the store.
    Journal(Journal),
    /// Nowhere: `enable_trace_storage` is off, it is only counted.
    CountOnly,
}

/// One exchange in the front lane. Dropping it submits it; an end that nobody named means that the client hung up.
pub(super) struct Slot {
    ids: Ids,
    exchange: Option<Box<Open>>,
    events: Events,
}

/// What an exchange is called in a trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    pub(super) exchange: ExchangeId,
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
}

/// What is known of an exchange from its start.
pub(super) enum Record {
    /// It becomes a span.
    Kept {
        /// What the journal is told first.
        opened: Arc<Opened>,
        /// Where it goes.
        journal: Journal,
    },
    /// It is only counted.
    Counted {
        /// Under this provider.
        provider: &'static str,
        /// Path and query; a copy, because a slice would keep the buffer that the request was read into.
        target: Box<str>,
    },
}

struct Open {
    record: Record,
    dialect: Option<Dialect>,
    started: Instant,
    sent: Sent,
    request: Request,
    answer: Option<AnswerHead>,
    response: Response,
    end: Option<(EndReason, Option<ErrorInfo>)>,
    timing: Timing,
    _in_flight: Gauged,
}

enum Sent {
    No,
    /// With or without a promise of the journal.
    Yes(Room),
}

enum Request {
    Held(Recorded),
    Streamed(Arc<Upload>),
}

/// The answer's copy and the scanner beside it.
struct Response {
    copy: Recorder,
    scan: Scan,
}

/// The usage scanner: always on for streams, for other answers only once the copy no longer holds everything.
enum Scan {
    Off,
    WhenCopyIsFull,
    On(Box<Scanner>),
}

impl Slot {
    pub(super) fn open(
        events: Events,
        ids: Ids,
        record: Record,
        dialect: Option<Dialect>,
        started: Instant,
        capture_max_bytes: usize,
    ) -> Self {
        let in_flight = events.in_flight();
        let exchange = Open {
            record,
            dialect,
            started,
            sent: Sent::No,
            request: Request::Held(Recorded::default()),
            answer: None,
            response: Response { copy: Recorder::new(capture_max_bytes), scan: Scan::Off },
            end: None,
            timing: Timing::default(),
            _in_flight: in_flight,
        };
        Self { ids, exchange: Some(Box::new(exchange)), events }
    }

    pub(super) fn exchange_id(&self) -> ExchangeId {
        self.ids.exchange
    }

    pub(super) fn trace_id(&self) -> TraceId {
        self.ids.trace
    }

    pub(super) fn span_id(&self) -> SpanId {
        self.ids.span
    }

    pub(super) fn dialect(&self) -> Option<Dialect> {
        self.exchange.as_ref().and_then(|x| x.dialect)
    }

    /// The open record, and where the close goes; `None` where the exchange is only counted.
    pub(super) fn kept(&self) -> Option<(&Opened, &Journal)> {
        match &self.exchange.as_deref()?.record {
            Record::Kept { opened, journal } => Some((opened, journal)),
            Record::Counted { .. } => None,
        }
    }

    /// Says whether the bytes that pass are recorded.
    pub(super) fn records(&self) -> bool {
        matches!(self.exchange.as_deref(), Some(Open { record: Record::Kept { .. }, .. }))
    }

    /// The request body is held, this is its copy.
    pub(super) fn request_held(&mut self, copy: Recorded) {
        if let Some(x) = &mut self.exchange {
            x.request = Request::Held(copy);
        }
    }

    /// The request body passes as a stream.
    pub(super) fn request_streams(&mut self, upload: Arc<Upload>) {
        if let Some(x) = &mut self.exchange {
            x.request = Request::Streamed(upload);
        }
    }

    /// The request leaves: from here on a crash leaves an `interrupted` span.
    pub(super) fn sent(&mut self, overhead: std::time::Duration, room: Room) {
        let Some(x) = &mut self.exchange else { return };
        x.timing.overhead_us = micros(overhead);
        if let (Record::Kept { opened, journal }, Sent::No, Room::Promised) = (&x.record, &x.sent, room) {
            journal.opened(Arc::clone(opened));
        }
        x.sent = Sent::Yes(room);
    }

    /// The answer's head arrived; `connected` is how long its connection took to open, if this exchange opened it.
    pub(super) fn answered(&mut self, status: u16, headers: &HeaderMap, connected: Option<std::time::Duration>) {
        let Some(x) = &mut self.exchange else { return };
        x.timing.first_byte_us = Some(micros(x.started.elapsed()));
        x.timing.connect_us = connected.map(micros);
        if let Record::Counted { .. } = x.record {
            x.answer = Some(AnswerHead { status, headers: Vec::new() });
            return;
        }
        x.answer = Some(AnswerHead { status, headers: recorded(headers, llmtrace_wire::is_recorded_answer_header) });
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        x.response.scan = match x.dialect {
            None => Scan::Off,
            Some(_) if x.is_stream(content_type) => Scan::On(x.scanner()),
            Some(_) => Scan::WhenCopyIsFull,
        };
    }

    /// Says whether an answer of this content type is a stream of events rather than one document.
    pub(super) fn is_stream(&self, content_type: Option<&str>) -> bool {
        self.exchange.as_deref().is_some_and(|x| x.is_stream(content_type))
    }

    /// The next bytes of the answer arrived.
    pub(super) fn received(&mut self, chunk: &[u8]) {
        let Some(x) = &mut self.exchange else { return };
        if let Record::Counted { .. } = x.record {
            return;
        }
        if let Scan::WhenCopyIsFull = x.response.scan
            && !x.response.copy.fits(chunk.len())
        {
            // Until here the copy held everything, so the scanner catches up from it.
            let mut scanner = x.scanner();
            scanner.feed(x.response.copy.head());
            x.response.scan = Scan::On(scanner);
        }
        x.response.push(chunk);
        if let Scan::On(scanner) = &x.response.scan
            && x.timing.first_token_us.is_none()
            && scanner.first_token()
        {
            x.timing.first_token_us = Some(micros(x.started.elapsed()));
        }
    }

    /// A session was read from what passed: what it told, as `media`, takes the place of the copies.
    pub(super) fn told(&mut self, request: Recorded, response: Recorded, media: &str) {
        let Some(x) = &mut self.exchange else { return };
        x.request = Request::Held(request);
        x.response.copy.replace(response);
        if let Some(answer) = &mut x.answer {
            answer.headers.retain(|(name, _)| !matches!(name.as_str(), "content-type" | "content-encoding"));
            answer.headers.push((header::CONTENT_TYPE.as_str().to_owned(), media.to_owned()));
        }
    }

    /// Says whether the answer's terminal event has passed.
    pub(super) fn is_finished(&self) -> bool {
        matches!(self.exchange.as_deref(), Some(Open { response: Response { scan: Scan::On(s), .. }, .. }) if s.finished())
    }

    /// Says whether the usage is still to come, so that reading on is worth it after the client left.
    pub(super) fn awaits_usage(&self) -> bool {
        matches!(self.exchange.as_deref(), Some(Open { response: Response { scan: Scan::On(s), .. }, .. }) if s.usage().is_none())
    }

    /// Names how it ended; the first word stands.
    pub(super) fn end(&mut self, reason: EndReason, error: Option<ErrorInfo>) {
        if let Some(x) = &mut self.exchange
            && x.end.is_none()
        {
            x.timing.duration_us = micros(x.started.elapsed());
            x.end = Some((reason, error));
        }
    }

    /// Whether the head of an answer has come.
    pub(super) fn has_answer(&self) -> bool {
        self.exchange.as_ref().is_some_and(|x| x.answer.is_some())
    }

    /// The status of an answer that we made ourselves.
    pub(super) fn refused(&mut self, status: u16, reason: EndReason, error: ErrorInfo) {
        if let Some(x) = &mut self.exchange {
            x.answer = Some(AnswerHead { status, headers: Vec::new() });
        }
        self.end(reason, Some(error));
    }
}

impl Response {
    fn push(&mut self, chunk: &[u8]) {
        if let Scan::On(scanner) = &mut self.scan {
            scanner.feed(chunk);
        }
        self.copy.push(chunk);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.end(EndReason::ClientGone, None);
        if let Some(open) = self.exchange.take() {
            open.submit(&self.events);
        }
    }
}

impl Open {
    fn is_stream(&self, content_type: Option<&str>) -> bool {
        let target = match &self.record {
            Record::Kept { opened, .. } => &*opened.target,
            Record::Counted { target, .. } => target,
        };
        llmtrace_wire::is_stream(self.dialect, target, content_type)
    }

    /// A scanner for the answer whose head was recorded.
    fn scanner(&self) -> Box<Scanner> {
        let headers = self.answer.as_ref().map_or(&[][..], |a| &a.headers);
        let text =
            |wanted: header::HeaderName| headers.iter().find(|(n, _)| n == wanted.as_str()).map(|(_, v)| v.as_str());
        Box::new(Scanner::new(self.dialect, text(header::CONTENT_TYPE), text(header::CONTENT_ENCODING)))
    }

    fn submit(mut self, events: &Events) {
        let (mut end_reason, mut error) = self.end.take().unwrap_or((EndReason::ClientGone, None));
        let (opened, journal) = match self.record {
            Record::Kept { opened, journal } => (opened, journal),
            Record::Counted { provider, .. } => {
                let dialect = self.dialect.map_or("opaque", Dialect::as_str);
                let took = std::time::Duration::from_micros(self.timing.duration_us);
                let status = self.answer.map(|a| a.status);
                return events.exchange_finished(provider, dialect, status, end_reason, took, None);
            }
        };
        let mut meter = None;
        if let Scan::On(scanner) = &self.response.scan {
            meter = Some(scanner.meter());
            if let (Some(said), EndReason::Complete) = (scanner.error(), end_reason) {
                (end_reason, error) = (EndReason::UpstreamFailed, Some(said.clone()));
            }
        }
        let request = match self.request {
            Request::Held(copy) => copy,
            Request::Streamed(upload) => upload.copy.lock().finish(),
        };
        let closed = Closed {
            opened,
            request,
            answer: self.answer,
            response: self.response.copy.finish(),
            end_reason,
            error,
            timing: self.timing,
            meter,
        };
        if matches!(self.sent, Sent::Yes(Room::Promised)) {
            journal.closed(closed);
        } else {
            journal.closed_without_room(closed);
        }
    }
}

/// The headers that are recorded, lower-case names in order; values that are no text are left out.
pub(super) fn recorded(headers: &HeaderMap, keep: fn(&str) -> bool) -> Headers {
    headers
        .iter()
        .filter(|(name, _)| keep(name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

fn micros(d: std::time::Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}
