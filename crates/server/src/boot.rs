//! Wires the rooms, starts them in order, and ends them in the reverse one. The only room that knows every other.

mod access;
pub mod doctor;
mod health;
mod keys;
pub mod probe;
mod redis;
mod wiring;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU8},
    time::{Duration, Instant},
};

use anyhow::Context;
use llmtrace_detect::Engine;
use llmtrace_store::{CounterStore, MetaStore, SpanStore};
use tokio::{net::TcpListener, sync::watch};

use self::health::Health;

pub(crate) use self::keys::vault;
pub(crate) use self::redis::heard;
pub(crate) use self::wiring::{meta as open_meta, spans as open_spans, store_options, upstream_names};
use crate::{
    analysis::Analysts,
    api::{self, Api, Phase, Probes},
    clock::Clock,
    config::Config,
    journal::{Deliveries, Journal},
    listen::{self, App, Certificates, Listener, Surface},
    pipeline::{self, Stores, Tail},
    proxy::{self, Door, Proxy},
    shutdown::{self, Ended, FLUSH_AT_LEAST, Signals},
    tasks::Tasks,
    telemetry::{Events, Metrics},
    tenancy::Tenancy,
    upkeep::{Connecting, Eraser, Erasing, Retaining, Tending, Upkeep},
    web,
};

/// A process that serves.
pub struct Running {
    /// Where the proxy listens.
    pub addr: SocketAddr,
    /// Where the API listens, if on a listener of its own.
    pub admin_addr: Option<SocketAddr>,
    /// The store, for whoever embeds the process.
    pub spans: Arc<dyn SpanStore>,
    /// The store of everything that is no span, likewise.
    pub meta: Arc<dyn MetaStore>,
    counters: Arc<dyn CounterStore>,
    /// Where logins are kept apart from the counters.
    own_sessions: Option<Arc<dyn CounterStore>>,
    tenancy: Arc<Tenancy>,
    front: Tasks,
    beside: Tasks,
    back: Tasks,
    journal: Option<(Journal, Deliveries)>,
    phase: Arc<AtomicU8>,
    upkeep_rounds: watch::Receiver<u64>,
    timeout: Duration,
}

/// Serves until a signal, then ends in order. Each further signal ends what is being waited for.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("listening for signals")?;
    let running = start(&config).await?;
    signals.next().await;
    running.leave();
    let delay = Duration::from_secs(config.shutdown.delay_seconds);
    match shutdown::in_order(delay, async || signals.next().await, running.shutdown()).await {
        Ended::InOrder => Ok(()),
        Ended::Cut => anyhow::bail!("ended by another signal; unfinished exchanges are in the journal"),
    }
}

/// Starts everything. What is invalid is an error that names the setting; what only the network can tell is not.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    for note in &config.notes {
        tracing::warn!("{note}");
    }
    let events = Events::new(Arc::new(Metrics::new()));
    // Three sets, because they end one after the other: what serves, what stores, and the door between them.
    let (front, back, door_tasks) = (Tasks::new(), Tasks::new(), Tasks::new());
    let clock = Clock::system();
    let phase = Arc::new(AtomicU8::new(Phase::Starting as u8));

    let mut spans = wiring::spans(config).await?;
    let cached = redis::cached(config, &spans, &clock, redis::counted(&events))?;
    if let Some(cached) = &cached {
        spans = Arc::clone(cached) as Arc<dyn SpanStore>;
    }
    let meta = wiring::meta(config).await?;
    let counters = redis::counters(config).await?;
    let (prices, price_file) = wiring::prices(config)?;
    let tail = Tail::new(api::tail_event, events.clone());
    let beside = Tasks::new();
    let (sessions, own_sessions) = access::sessions(config, &counters).await?;
    let tenancy = access::tenancy(config, &meta, sessions, &clock, &events, &beside)?;
    // Before the back lane reads what was left behind: what a tenant wants kept of it is among what is read here.
    tenancy.load().await;
    let engine = Arc::new(Engine::new());
    let door = if config.enable_trace_storage {
        let (journal, deliveries) = wiring::journal(config, &events, &door_tasks, &clock)?;
        let options = wiring::pipeline(config, &engine, access::ruling_of(&tenancy))?;
        let stores = Stores {
            spans: Arc::clone(&spans),
            meta: Arc::clone(&meta),
            counters: Arc::clone(&counters),
            tail: tail.clone(),
        };
        let own = access::own_capture(&tenancy);
        pipeline::start(&deliveries, stores, options, own, Arc::clone(&prices), events.clone(), &back)
            .context("starting the pipeline")?;
        Some((journal, deliveries))
    } else {
        None
    };

    let analysts = Analysts::new(engine, events.clone());
    let guard = config.enable_security_analysis.then(|| wiring::guard(config, &analysts, &events));
    if guard.is_some() && tenancy.is_anybody_guarded() {
        analysts.ready().await;
    }
    let upstreams = wiring::upstreams(config)?;
    let options = wiring::proxy(config, &prices);
    let to = door.as_ref().map_or(Door::CountOnly, |(journal, _)| Door::Journal(journal.clone()));
    let shared = proxy::Shared {
        tenancy: Arc::clone(&tenancy),
        door: to,
        clock: clock.clone(),
        events: events.clone(),
        tasks: front.clone(),
        guard,
    };
    let proxy = Arc::new(Proxy::new(options, upstreams, shared));

    let certificates = match config.tls.files() {
        Some((cert, key)) => Some(Arc::new(Certificates::load(cert, key)?)),
        None => None,
    };
    let upkeep = Upkeep { certificates: certificates.clone(), prices: price_file };
    let (rounds, upkeep_rounds) = watch::channel(0);
    front.spawn("upkeep", upkeep.run(rounds, front.clone()));
    let tending = Tending::new(Arc::clone(&spans), clock.clone(), events.clone());
    front.spawn("tend", tending.run(front.clone()));
    let (keep, rules) = (Arc::clone(&spans), wiring::retention(config));
    let retaining = Retaining::new(keep, Arc::clone(&meta), rules, clock.clone(), events.clone());
    front.spawn("retain", retaining.run(front.clone()));
    let gone = Arc::new({
        let tail = tail.clone();
        move |scope: &_, subject: &_, until| tail.forget(scope, subject, until)
    });
    let eraser = Eraser::new(Arc::clone(&spans), Arc::clone(&meta), clock.clone(), gone);
    front.spawn("erase", Erasing::new(eraser, events.clone()).run(front.clone()));
    let connecting = Connecting::new(Arc::clone(&counters), cached, events.clone());
    front.spawn("connect", connecting.run(front.clone()));

    let health = Health::new(Arc::clone(&phase), door.as_ref().map(|(j, _)| j.clone()), Arc::clone(&tenancy));
    let probes = Probes::new(Arc::clone(&spans), Arc::clone(&meta), events.clone(), move || health.report());
    let probes = api::probes(probes.with_counters(Arc::clone(&counters)));
    let access = Arc::new(access::access(config));
    let pages = api::behind_host_check(web::router(), Arc::clone(&access));
    let socket = wiring::bind("listen_addr", config.listen_addr).await?;
    let addr = socket.local_addr()?;
    let questions = api::router(Api {
        spans: Arc::clone(&spans),
        meta: Arc::clone(&meta),
        events: events.clone(),
        access,
        tenancy: Arc::clone(&tenancy),
        prices: Arc::clone(&prices),
        retention: rules,
        clock,
        installation: Arc::new(wiring::installation(config, addr)),
        tail,
        tasks: front.clone(),
        analysts,
    });
    let elsewhere = listen::nothing_here();

    let max_connections = usize::try_from(config.max_connections).unwrap_or(usize::MAX);
    let listen = |socket, tls, app| {
        let listener = Listener { socket, tls, max_connections };
        front.spawn("listener", listener.run(app, events.clone(), front.clone()));
    };
    let mut admin_addr = None;
    let everything = probes.clone().merge(questions).merge(pages).merge(elsewhere.clone());
    if let Some(admin) = config.admin.listen_addr {
        let admin: TcpListener = wiring::bind("admin.listen_addr", admin).await?;
        admin_addr = Some(admin.local_addr()?);
        let app = App { proxy: Arc::clone(&proxy), own: everything, surface: Surface::Admin };
        listen(admin, certificates.clone(), app);
        let app = App { proxy, own: probes.merge(elsewhere), surface: Surface::Public };
        listen(socket, certificates, app);
    } else {
        listen(socket, certificates, App { proxy, own: everything, surface: Surface::All });
    }
    wiring::say_where(config, addr, admin_addr);
    phase.store(Phase::Serving as u8, std::sync::atomic::Ordering::Release);
    let timeout = Duration::from_secs(config.shutdown.timeout_seconds);
    Ok(Running {
        addr,
        admin_addr,
        spans,
        meta,
        counters,
        own_sessions,
        tenancy,
        front,
        beside,
        back,
        journal: door,
        phase,
        upkeep_rounds,
        timeout,
    })
}

impl Running {
    /// Waits until everything the front lane submitted so far is in the journal. Blocks.
    pub fn journal_flush(&self) {
        if let Some((journal, _)) = &self.journal {
            tokio::task::block_in_place(|| journal.flush());
        }
    }

    /// Waits until a round of upkeep that began after this call has ended. Cancel-safe.
    pub async fn upkeep_done(&self) {
        let mut rounds = self.upkeep_rounds.clone();
        let begun_before = *rounds.borrow() + 1;
        if rounds.wait_for(|n| *n > begun_before).await.is_err() {
            tracing::debug!("upkeep has ended");
        }
    }

    /// Turns `/readyz` to 503 and tells clients to close their connections. Everything is served on until [`Running::shutdown`].
    pub fn leave(&self) {
        self.phase.store(Phase::Stopping as u8, std::sync::atomic::Ordering::Release);
        self.front.leave();
    }

    /// Ends in order: not ready, no new connection, streams finish, the back lane drains, stores close.
    ///
    /// What is not finished or stored by the deadline stays in the journal for the next start.
    pub async fn shutdown(self) {
        let started = Instant::now();
        self.leave();
        self.front.stop();
        if tokio::time::timeout(self.timeout, self.front.drained()).await.is_err() {
            tracing::warn!(open = self.front.running(), "shutdown.timeout_seconds is over, open exchanges are cut");
        }
        let left = self.timeout.saturating_sub(started.elapsed()).max(FLUSH_AT_LEAST);
        if let Some((journal, deliveries)) = self.journal {
            tokio::task::block_in_place(|| journal.flush());
            deliveries.close();
            if tokio::time::timeout(left, self.back.drained()).await.is_err() {
                tracing::warn!("the store did not take everything in time, the rest stays in the journal");
            }
            tokio::task::block_in_place(|| journal.shutdown());
        }
        self.back.stop();
        self.tenancy.finish(FLUSH_AT_LEAST).await;
        self.beside.stop();
        // In the reverse order of their opening, and only now: the back lane writes to them until it has drained.
        let sessions = match &self.own_sessions {
            Some(sessions) => sessions.close().await,
            None => Ok(()),
        };
        let ends = [
            ("sessions", sessions),
            ("counters", self.counters.close().await),
            ("meta", self.meta.close().await),
            ("spans", self.spans.close().await),
        ];
        for (store, closed) in ends {
            if let Err(error) = closed {
                tracing::error!(store, error = &error as &dyn std::error::Error, "closing a store failed");
            }
        }
        tracing::info!(took_ms = started.elapsed().as_millis(), "shut down");
    }
}
