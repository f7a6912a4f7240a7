//! The front lane: one request from its head to the last byte of its answer.
//!
//! [`Proxy::forward`] shows the order of the steps. The listener calls it; nothing here knows a store or the API.

mod admit;
mod answer;
mod body;
mod connect;
mod credential;
mod fetch;
mod guard;
mod headers;
mod identify;
mod link;
mod options;
mod pool;
mod read;
mod recorder;
mod refusal;
mod relay;
mod send;
mod session;
mod sign;
mod slot;
mod tap;
mod upgrade;
mod upstreams;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header, request::Parts, uri::PathAndQuery};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use llmtrace_model::Principal;
use llmtrace_wire::{
    Family, Head, Request as Asked, Streaming as Asks, UsageFilter, View, realtime::Session, websocket::Extensions,
};

pub use body::Answer;
pub use connect::{Client, Connection, PlainVersion};
pub use guard::Guard;
pub use options::{Options, Streaming, Unpriced};
pub use sign::AwsSigner;
pub use slot::Door;
pub use upstreams::{DEFAULT, Upstream, Upstreams};

use self::{
    admit::Buffer,
    answer::Answered,
    body::{Outbound, Upload},
    guard::{Question, Redacted},
    identify::{Identified, Place},
    pool::Inflow,
    read::{Inbound, Interest, Reader},
    refusal::Refusal,
    relay::LeftBehind,
    send::HeadLimit,
    slot::{Ids, Record, Slot},
};
use crate::{
    clock::Clock,
    config::{Ruling, StreamUsage},
    journal::Opened,
    tasks::Tasks,
    telemetry::{Events, Step},
    tenancy::{Tenancy, client_address},
};

const TRACE_ID: HeaderName = HeaderName::from_static("x-llmtrace-trace-id");
const SPAN_ID: HeaderName = HeaderName::from_static("x-llmtrace-span-id");
/// A trace id and a span id in hexadecimal.
const TRACE_ID_CHARS: usize = 32;
const SPAN_ID_CHARS: usize = 16;

/// The longest event of a stream that is held back to see whether it is the usage event; a longer one is not.
const EVENT_MAX_BYTES: usize = 1 << 20;

/// The front lane of the process.
pub struct Proxy {
    options: Options,
    upstreams: Upstreams,
    buffer: Buffer,
    tenancy: Arc<Tenancy>,
    door: Door,
    clock: Clock,
    events: Events,
    tasks: Tasks,
    guard: Option<Guard>,
    left_behind: Arc<LeftBehind>,
}

/// What the front lane shares with the other rooms.
pub struct Shared {
    /// Who may use it.
    pub tenancy: Arc<Tenancy>,
    /// Where exchanges go when they end.
    pub door: Door,
    /// What now is.
    pub clock: Clock,
    /// Counts what happens.
    pub events: Events,
    /// Runs what outlives a request.
    pub tasks: Tasks,
    /// Looks at requests before they are sent; `None` where nothing is analysed.
    pub guard: Option<Guard>,
}

/// A request that was identified and routed, before its body is read.
struct Routed {
    parts: Parts,
    body: Incoming,
    principal: Principal,
    upstream: Arc<Upstream>,
    target: PathAndQuery,
    switch: Option<(HeaderValue, OnUpgrade)>,
    arrived: Instant,
}

/// What leaves for the upstream.
struct Outgoing {
    principal: Principal,
    upstream: Arc<Upstream>,
    request: Request<Outbound>,
    upload: Option<Arc<Upload>>,
    asked: Option<Asked>,
    said: Option<guard::Said>,
    agent: Option<String>,
    /// What applies to the tenant's exchanges.
    ruling: Arc<Ruling>,
    head: HeadLimit,
    filter: Option<Box<UsageFilter>>,
    overhead: Duration,
}

impl Proxy {
    /// A front lane that submits to `door`.
    pub fn new(options: Options, upstreams: Upstreams, shared: Shared) -> Self {
        let Shared { tenancy, door, clock, events, tasks, guard } = shared;
        let buffer = Buffer::new(options.buffer_max_bytes, events.clone());
        let left_behind = Arc::new(LeftBehind {
            on_client_gone: options.on_client_gone,
            tasks: tasks.clone(),
            events: events.clone(),
        });
        Self { options, upstreams, buffer, tenancy, door, clock, events, tasks, guard, left_behind }
    }

    /// Every upstream, for `check` and `/health`.
    pub fn upstreams(&self) -> &Upstreams {
        &self.upstreams
    }

    /// Forwards one request and answers with the upstream's answer, or with a refusal in the client's own dialect.
    pub async fn forward(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Answer> {
        let path = request.uri().path_and_query().cloned();
        let family = || path.as_ref().map_or(Family::Other, |path| llmtrace_wire::family_of(path.path()));
        let (routed, mut slot) = match self.open(request, peer).await {
            Ok(open) => open,
            Err((refusal, slot)) => {
                // Who is nobody was counted where that was found out.
                if slot.is_none() && !matches!(refusal, Refusal::Denied(_)) {
                    // No span will tell of it, so that a flood of these must show in the metrics.
                    self.events.notice(refusal.code());
                }
                return refusal.answer(family(), slot);
            }
        };
        match self.steps(routed, &mut slot).await {
            Ok(answered) => self.relay(answered, slot, family()).await,
            Err(refusal) => refusal.answer(family(), Some(slot)),
        }
    }

    /// The steps between the head of a request and the head of its answer, in their order.
    async fn steps(&self, mut routed: Routed, slot: &mut Slot) -> Result<Answered, Refusal> {
        admit::rate(&routed.principal)?;
        let switch = routed.switch.take();
        let (mut outgoing, held) = self.read(routed, slot).await?;
        let upstream = Arc::clone(&outgoing.upstream);
        let (path, asked) = (outgoing.request.uri().path(), outgoing.asked.as_ref());
        admit::reserve(&outgoing.principal, asked, &upstream, path, &self.options.unpriced, &self.clock)?;
        if let (Some(guard), Some(_)) = (&self.guard, &switch) {
            guard.session(&outgoing.ruling)?;
        }
        let redacted = match self.question(&outgoing, slot) {
            Some((guard, question)) => guard.check(question).await?,
            None => None,
        };
        let masks = redacted.map(|redacted| outgoing.redact(redacted));
        let answering = self.guard.as_ref().and_then(|guard| guard.answering(&outgoing.ruling, masks));
        if answering.is_some() {
            // What is compressed cannot be read as it passes.
            outgoing.request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some((protocol, _)) = &switch {
            upgrade::ask(outgoing.request.headers_mut(), protocol.clone());
        }
        if let Some(signer) = upstream.signer() {
            let signing = Instant::now();
            signer.sign(&mut outgoing.request, self.clock.now()).await?;
            outgoing.overhead += signing.elapsed();
        }
        let (room, waited) = admit::record(&self.door, outgoing.request.body()).await?;
        slot.sent(outgoing.overhead + waited, room);
        self.events.overhead(Step::Parse, outgoing.overhead);
        let upload = outgoing.upload.as_deref();
        let answered = send::upstream(&upstream, outgoing.request, upload, &self.options, outgoing.head).await?;
        drop(held);
        if let Some(took) = answered.connecting {
            self.events.overhead(Step::Connect, took);
        }
        let mut answer = answered.response;
        slot.answered(answer.status().as_u16(), answer.headers(), answered.connecting);
        if upload.is_some_and(|upload| !upload.is_done()) {
            // The client may read nothing of the answer before it has sent everything.
            self.drive_apart(answer.body_mut());
        }
        Ok(Answered { answer, filter: outgoing.filter, answering, switch: switch.map(|(_, client)| client) })
    }

    /// What the guard is asked of a request, where there is one and it may say something against it.
    fn question(&self, outgoing: &Outgoing, slot: &Slot) -> Option<(&Guard, Question)> {
        let guard = self.guard.as_ref()?;
        let said = outgoing.said.clone()?;
        let request = &outgoing.request;
        let question = Question {
            id: slot.exchange_id(),
            method: request.method().as_str().to_owned(),
            host: outgoing.upstream.host().to_owned(),
            target: request.uri().path_and_query().map_or("/", PathAndQuery::as_str).to_owned(),
            headers: slot::recorded(request.headers(), llmtrace_wire::is_recorded_request_header),
            agent: outgoing.agent.clone(),
            signed: read::signed(request.headers()),
            is_encoded: is_encoded(request.headers()),
            said,
            ruling: Arc::clone(&outgoing.ruling),
        };
        Some((guard, question))
    }

    /// Identifies and routes a request, and opens its slot: once it is identified it becomes a span, whatever happens.
    async fn open(
        &self,
        mut request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<(Routed, Slot), (Refusal, Option<Slot>)> {
        let arrived = Instant::now();
        if request.method() == Method::CONNECT {
            return Err((Refusal::Connect, None));
        }
        let address = client_address(request.headers(), peer, &self.options.trusted_proxies);
        let identified = identify::identify(&self.tenancy, request.uri(), request.headers(), address).await;
        let Identified { principal, place } = identified.map_err(|refusal| (refusal, None))?;
        let chosen = self.upstreams.choose(request.uri().path_and_query(), request.headers());
        let switch = headers::upgrade_of(request.headers()).map(|p| (p, hyper::upgrade::on(&mut request)));
        let (mut parts, body) = request.into_parts();
        let slot = self.slot(&parts, &principal, chosen.as_ref().ok(), address, arrived);
        let routed = chosen.and_then(|(upstream, target)| {
            if place == Place::OfTheProviders {
                credential::put(&self.tenancy, &principal.tenant, &upstream, &mut parts.headers)?;
            }
            Ok(Routed { parts, body, principal, upstream, target, switch, arrived })
        });
        match routed {
            Ok(routed) => Ok((routed, slot)),
            Err(refusal) => Err((refusal, Some(slot))),
        }
    }

    /// The slot of an identified request. Without a `route` it is recorded as the client wrote it, and names no upstream.
    fn slot(
        &self,
        parts: &Parts,
        principal: &Principal,
        route: Option<&(Arc<Upstream>, PathAndQuery)>,
        address: IpAddr,
        arrived: Instant,
    ) -> Slot {
        let now = self.clock.now();
        let id = self.clock.mint(now);
        let (trace_id, parent_span_id) =
            identify::trace_parent(&parts.headers).map_or_else(|| (id.trace_id(), None), |(t, s)| (t, Some(s)));
        let upstream = route.map(|(upstream, _)| upstream);
        let target = route.map_or_else(|| parts.uri.path_and_query(), |(_, target)| Some(target));
        let path = target.map_or("/", PathAndQuery::path);
        // What was sent nowhere was sent to no provider, whatever its path looks like.
        let record = match &self.door {
            Door::Journal(journal) => Record::Kept {
                journal: journal.clone(),
                opened: Arc::new(Opened {
                    id,
                    started_at: now,
                    tenant: principal.tenant.clone(),
                    trace_id,
                    parent_span_id,
                    labels: identify::labels(&parts.headers),
                    client_address: Some(address.to_string()),
                    upstream: upstream.map_or_else(String::new, |u| u.name().to_owned()),
                    upstream_host: upstream.map_or_else(String::new, |u| u.host().to_owned()),
                    provider: upstream.map_or(Some("unknown"), |u| u.provider()).map(str::to_owned),
                    method: parts.method.as_str().to_owned(),
                    target: llmtrace_wire::redact_target(target.map_or("/", PathAndQuery::as_str)).into_owned(),
                    headers: slot::recorded(&parts.headers, llmtrace_wire::is_recorded_request_header),
                }),
            },
            Door::CountOnly => Record::Counted {
                provider: upstream.map_or("unknown", |u| u.counted_as(path)),
                target: target.map_or("/", PathAndQuery::as_str).into(),
            },
        };
        let dialect = llmtrace_wire::dialect_of(parts.method.as_str(), path);
        let ids = Ids { exchange: id, trace: trace_id, span: id.span_id() };
        let capture = self.options.capture_max_bytes;
        Slot::open(self.events.clone(), ids, record, dialect, arrived, capture)
    }

    /// Reads the request as far as it must be held, and makes the upstream's request of it.
    async fn read(&self, routed: Routed, slot: &mut Slot) -> Result<(Outgoing, Option<admit::Held>), Refusal> {
        let Routed { mut parts, body, principal, upstream, target, arrived, .. } = routed;
        send::propagate(&mut parts, self.options.propagate, slot.trace_id(), slot.span_id());
        let reader = Reader {
            buffer: &self.buffer,
            max_request_size_bytes: self.options.max_request_size_bytes,
            capture_max_bytes: self.options.capture_max_bytes,
            idle_timeout: self.options.idle_timeout,
            interest: match (&self.door, &self.options.unpriced) {
                (Door::CountOnly, Unpriced::Allow) => Interest::in_streams_of(slot.dialect()),
                (Door::Journal(_), _) | (Door::CountOnly, Unpriced::Deny(_)) => Interest::Everything,
            },
        };
        let agent = self.guard.as_ref().and_then(|_| identify::labels(&parts.headers).agent_id);
        let reading = Instant::now();
        let head = head_of(&parts, &upstream, &target);
        let inbound = read::inbound(&reader, &head, &parts.headers, body, slot).await?;
        let read = Instant::now();
        // Asked once: what is set meanwhile applies to the next exchange, whole.
        let ruling = self.tenancy.ruling_of(&principal.tenant);
        let (body, upload, asked, said, held) = match inbound {
            Inbound::Streamed(body, upload) => {
                (body, Some(upload), None, self.said(guard::Said::Streamed, &ruling), None)
            }
            Inbound::Held { body, trailers, view, held } => {
                let asked = match view {
                    Some(View::Parsed(asked)) => Some(asked),
                    Some(View::Opaque(_)) | None => None,
                };
                let body = self.splice(body, asked.as_ref(), &mut parts.headers);
                // There is nothing to read in no body.
                let said = if body.is_empty() { None } else { self.said(guard::Said::Held(body.clone()), &ruling) };
                (Outbound::held(body, trailers), None, asked, said, Some(held))
            }
        };
        let streamed = asked.as_ref().is_some_and(|a| a.stream == Asks::Yes);
        let filter = self.usage_filter(asked.as_ref());
        let request = send::prepare(parts, &upstream, target, body);
        let overhead = (reading - arrived) + read.elapsed();
        let head = HeadLimit::of(&self.options, streamed);
        Ok((
            Outgoing { principal, upstream, request, upload, asked, said, agent, ruling, head, filter, overhead },
            held,
        ))
    }

    /// What the guard is to read, where it wants to.
    fn said(&self, said: guard::Said, ruling: &Ruling) -> Option<guard::Said> {
        (self.guard.is_some() && ruling.is_curious()).then_some(said)
    }

    /// Asks the stream for its usage event where the client did not: the one standing exception to "bytes out = bytes in".
    fn splice(&self, body: bytes::Bytes, asked: Option<&Asked>, headers: &mut HeaderMap) -> bytes::Bytes {
        let Some(splice) = self.usage_option(asked) else { return body };
        let mut longer = bytes::BytesMut::with_capacity(body.len() + splice.text.len());
        longer.extend_from_slice(&body[..splice.range.start]);
        longer.extend_from_slice(splice.text.as_bytes());
        longer.extend_from_slice(&body[splice.range.end..]);
        if headers.contains_key(header::CONTENT_LENGTH) {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(longer.len()));
        }
        // The event can only be taken out of an answer that is not compressed.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        longer.freeze()
    }

    fn usage_option<'a>(&self, asked: Option<&'a Asked>) -> Option<&'a llmtrace_wire::Splice> {
        match (self.options.stream_usage, &self.door) {
            (StreamUsage::Inject, Door::Journal(_)) => asked?.usage_option.as_ref(),
            (StreamUsage::Off, _) | (_, Door::CountOnly) => None,
        }
    }

    /// What takes the usage event that we asked for out of the answer again.
    fn usage_filter(&self, asked: Option<&Asked>) -> Option<Box<UsageFilter>> {
        self.usage_option(asked).map(|_| Box::new(UsageFilter::new(EVENT_MAX_BYTES)))
    }

    /// Lets the answer's connection go on in a task of its own.
    fn drive_apart(&self, body: &mut Inflow) {
        if let Some(driver) = body.detach() {
            self.tasks.spawn("upstream connection", driver);
        }
    }

    fn tunnel(&self, mut answer: Response<Inflow>, client: OnUpgrade, mut slot: Slot) -> Response<Answer> {
        let upstream = hyper::upgrade::on(&mut answer);
        self.drive_apart(answer.body_mut());
        let (mut parts, _) = answer.into_parts();
        name_span(&mut parts.headers, &slot);
        let beside = self.watch(&parts.headers, &slot).map_or_else(
            || {
                let sent = Upload::new(self.options.capture_max_bytes);
                slot.request_streams(Arc::clone(&sent));
                upgrade::Beside::Copied(sent)
            },
            upgrade::Beside::Watched,
        );
        let tunnel = upgrade::Tunnel {
            client,
            upstream,
            idle_timeout: self.options.idle_timeout,
            tasks: self.tasks.clone(),
            events: self.events.clone(),
        };
        self.tasks.spawn("tunnel", tunnel.run(slot, beside));
        Response::from_parts(parts, Answer::Made(None))
    }

    /// What it takes to read a tunnel as a session, where its path and its protocol say that it is one.
    fn watch(&self, answer: &HeaderMap, slot: &Slot) -> Option<Box<session::Watch>> {
        let dialect = slot.dialect().filter(|d| Session::is_of(*d))?;
        let (opened, journal) = slot.kept()?;
        answer.get(header::UPGRADE).filter(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"))?;
        let extensions = answer.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
        Some(Box::new(session::Watch {
            journal: journal.clone(),
            events: self.events.clone(),
            clock: self.clock.clone(),
            opened: opened.clone(),
            dialect,
            extensions: Extensions::of(extensions.map(|value| value.to_str().unwrap_or("unreadable"))),
            capture_max_bytes: self.options.capture_max_bytes,
        }))
    }
}

impl Outgoing {
    /// Sends what is left of the body in its place, and returns what was taken from it.
    fn redact(&mut self, redacted: Redacted) -> Arc<llmtrace_detect::Masks> {
        let Redacted { body, masks } = redacted;
        if self.request.headers().contains_key(header::CONTENT_LENGTH) {
            self.request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        self.request.body_mut().replace(body);
        masks
    }
}

/// Whether a body comes compressed.
fn is_encoded(headers: &HeaderMap) -> bool {
    let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.into_iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// What `wire` needs to know of a request's head.
fn head_of<'a>(parts: &'a Parts, upstream: &'a Upstream, target: &'a PathAndQuery) -> Head<'a> {
    let text = |name| parts.headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    Head {
        method: parts.method.as_str(),
        provider: upstream.provider(),
        host: upstream.host(),
        path: target.path(),
        query: target.query(),
        content_type: text(header::CONTENT_TYPE),
        content_encoding: text(header::CONTENT_ENCODING),
        signed: read::signed(&parts.headers),
    }
}

/// Tells the client where its exchange will be found.
fn name_span(headers: &mut HeaderMap, slot: &Slot) {
    // Both values are slices of one text.
    let mut text = [0; TRACE_ID_CHARS + SPAN_ID_CHARS];
    let (trace, span) = text.split_at_mut(TRACE_ID_CHARS);
    let written = hex::encode_to_slice(slot.trace_id().as_bytes(), trace)
        .and_then(|()| hex::encode_to_slice(slot.span_id().as_bytes(), span));
    debug_assert!(written.is_ok(), "the ids have these lengths");
    let text = bytes::Bytes::copy_from_slice(&text);
    let (trace, span) = (text.slice(..TRACE_ID_CHARS), text.slice(TRACE_ID_CHARS..));
    for (name, id) in [(TRACE_ID, trace), (SPAN_ID, span)] {
        if let Ok(value) = HeaderValue::from_maybe_shared(id) {
            headers.insert(name, value);
        }
    }
}
