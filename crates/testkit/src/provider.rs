//! The fake provider itself: a listener, the scripts, the log of what came in, the bill.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{Answer, AwsAccount, Billed, Received, behaviour, h1, h2};

/// Where a fake provider listens and how much it remembers.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address; port 0 takes a free one.
    pub addr: SocketAddr,
    /// How many requests and bill lines are kept; the oldest go.
    pub keep: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { addr: SocketAddr::from(([127, 0, 0, 1], 0)), keep: 10_000 }
    }
}

/// An LLM provider on loopback that answers by script, else as OpenAI or Anthropic would (see `behaviour`).
///
/// Speaks HTTP/1.1 and HTTP/2 with prior knowledge on one port. Dropping it closes every connection.
#[derive(Debug)]
pub struct FakeProvider {
    addr: SocketAddr,
    state: Arc<State>,
    listener: JoinHandle<()>,
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl FakeProvider {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await.expect("loopback has a free port")
    }

    /// Starts with options.
    pub async fn start_with(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.addr).await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State::new(options.keep));
        let listener = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { addr, state, listener })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.addr.to_string()
    }

    /// Its address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Queues an answer for the next request that has none yet, whatever its path.
    pub fn script(&self, answer: Answer) {
        self.state.inner.lock().scripted.push_back(answer);
    }

    /// Answers every request for `path` (without query) like this, unless a scripted answer comes first.
    pub fn on(&self, path: &str, answer: Answer) {
        self.state.inner.lock().routes.insert(path.to_owned(), answer);
    }

    /// Lets only this account's signed requests, or those with its API key, through to what AWS answers.
    pub fn require_aws(&self, account: AwsAccount) {
        self.state.inner.lock().aws = Some(account);
    }

    /// Every request so far, the unfinished ones included.
    pub fn received(&self) -> Vec<Received> {
        self.state.received()
    }

    /// The next request, in order of arrival, once its body ended or its client went away.
    pub async fn next_received(&self) -> Received {
        let number = {
            let mut inner = self.state.inner.lock();
            inner.handed += 1;
            inner.handed - 1
        };
        self.wait_for(|r| r.number == number && (r.complete || r.over)).await
    }

    /// The first request of all for which `condition` holds, as soon as one does. Cancel-safe.
    pub async fn wait_for(&self, condition: impl Fn(&Received) -> bool) -> Received {
        let mut changes = self.state.changed.subscribe();
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.received().into_iter().find(|r| condition(r)) {
                return found;
            }
            changes.changed().await.expect("the provider holds the sender");
        }
    }

    /// Waits until a client closed a connection before its answer was sent to the end, and returns that request.
    pub async fn wait_closed(&self) -> Received {
        self.wait_for(|r| r.closed_early).await
    }

    /// Waits until nothing more will happen to request `number`, and returns it.
    pub async fn wait_over(&self, number: u64) -> Received {
        self.wait_for(|r| r.number == number && r.over).await
    }

    /// What was served, for comparing with what was recorded.
    pub fn bill(&self) -> Vec<Billed> {
        self.state.bill()
    }

    /// How many client connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.state.inner.lock().connections
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Dropped with this task, and with it every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Out of file descriptors: the next turn tries again once one is free.
                let Ok((stream, _)) = accepted else { tokio::task::yield_now().await; continue };
                connections.spawn(serve(stream, Arc::clone(&state)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let connection = state.open_connection();
    if stream.set_nodelay(true).is_err() {
        return; // The client is already gone.
    }
    let mut start = [0u8; 24];
    let seen = stream.peek(&mut start).await.unwrap_or(0);
    // A preface split over packets is not looked for: every HTTP/2 client sends it in one.
    if seen >= 3 && PREFACE.starts_with(&start[..seen]) {
        h2::serve(stream, connection, state).await;
    } else {
        h1::serve(stream, connection, state).await;
    }
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct State {
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
    keep: usize,
    /// Makes ids differ from those of an earlier process.
    nonce: u64,
}

#[derive(Debug, Default)]
struct Inner {
    scripted: VecDeque<Answer>,
    routes: HashMap<String, Answer>,
    log: VecDeque<Entry>,
    requests: u64,
    connections: u64,
    handed: u64,
    bill: VecDeque<Billed>,
    aws: Option<AwsAccount>,
}

#[derive(Debug)]
struct Entry {
    head: Received,
    body: BytesMut,
}

impl Entry {
    fn snapshot(&self) -> Received {
        Received { body: Bytes::copy_from_slice(&self.body), ..self.head.clone() }
    }
}

impl State {
    fn new(keep: usize) -> Self {
        use std::hash::{BuildHasher, RandomState};
        let nonce = RandomState::new().hash_one(0u8) >> 32;
        Self { inner: Mutex::default(), changed: watch::Sender::new(()), keep: keep.max(1), nonce }
    }

    fn open_connection(&self) -> u64 {
        let mut inner = self.inner.lock();
        inner.connections += 1;
        inner.connections - 1
    }

    /// Enters a request's head into the log; returns its handle and the answer scripted for it.
    pub(crate) fn open(self: &Arc<Self>, head: Received) -> (Exchange, Option<Answer>) {
        let mut inner = self.inner.lock();
        let number = inner.requests;
        inner.requests += 1;
        let own = head.target.starts_with("/_");
        let scripted = if own { None } else { inner.scripted.pop_front() };
        let answer = scripted.or_else(|| inner.routes.get(head.path()).cloned());
        inner.log.push_back(Entry { head: Received { number, ..head }, body: BytesMut::new() });
        if inner.log.len() > self.keep {
            inner.log.pop_front();
        }
        drop(inner);
        self.changed.send_replace(());
        (Exchange { state: Arc::clone(self), number }, answer)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.inner.lock().log.iter().map(Entry::snapshot).collect()
    }

    pub(crate) fn bill(&self) -> Vec<Billed> {
        self.inner.lock().bill.iter().cloned().collect()
    }

    /// An id no other request of any fake provider has.
    pub(crate) fn id(&self, number: u64) -> String {
        format!("{:08x}{number:08x}", self.nonce)
    }

    pub(crate) fn charge(&self, line: Billed) {
        let mut inner = self.inner.lock();
        inner.bill.push_back(line);
        if inner.bill.len() > self.keep {
            inner.bill.pop_front();
        }
    }
}

/// One request in the log. When it is dropped, the request is over.
#[derive(Debug)]
pub(crate) struct Exchange {
    state: Arc<State>,
    number: u64,
}

impl Exchange {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    fn update(&self, change: impl FnOnce(&mut Entry)) {
        let mut inner = self.state.inner.lock();
        let Some(oldest) = inner.log.front().map(|e| e.head.number) else { return };
        let Some(index) = self.number.checked_sub(oldest).and_then(|i| usize::try_from(i).ok()) else { return };
        if let Some(entry) = inner.log.get_mut(index) {
            change(entry);
        }
        drop(inner);
        self.state.changed.send_replace(());
    }

    pub(crate) fn body(&self, piece: &[u8]) {
        self.update(|e| e.body.extend_from_slice(piece));
    }

    pub(crate) fn chunk(&self) {
        self.update(|e| e.head.chunks += 1);
    }

    pub(crate) fn complete(&self, trailers: Vec<(String, Bytes)>) {
        self.update(|e| {
            e.head.trailers = trailers;
            e.head.complete = true;
        });
    }

    pub(crate) fn closed_early(&self) {
        self.update(|e| e.head.closed_early = true);
    }

    pub(crate) fn answered(&self) {
        self.update(|e| e.head.answered = true);
        let mut inner = self.state.inner.lock();
        if let Some(line) = inner.bill.iter_mut().rev().find(|l| l.number == self.number) {
            line.answered = true;
        }
    }

    /// The unscripted answer: one of the provider's own pages, else what OpenAI or Anthropic would say.
    pub(crate) fn default_answer(&self) -> Answer {
        let mut received = Received::default();
        self.update(|e| received = e.snapshot());
        let list = |values: Vec<Value>| Answer::json(Value::Array(values));
        match received.path() {
            "/_received" => list(self.state.received().iter().map(Received::describe).collect()),
            "/_bill" => list(self.state.bill().iter().map(Billed::describe).collect()),
            _ => {
                let aws = self.state.inner.lock().aws.clone().filter(|_| behaviour::is_for_aws(&received));
                if let Some(refused) = aws.and_then(|account| account.refuses(&received)) {
                    return refused;
                }
                let answer = behaviour::answer(&received, &self.state.id(self.number));
                if let Some(usage) = &answer.bill {
                    self.state.charge(behaviour::line(&received, &answer, usage.clone()));
                }
                answer
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.update(|e| e.head.over = true);
    }
}
