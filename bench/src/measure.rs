//! One contestant, one round: every phase with its count, its deadline and its figures.

use std::{future::Future, net::SocketAddr, rc::Rc, time::Duration};

use anyhow::Context as _;

use crate::{
    contestant::{Contestant, Kind, Programs},
    load, memory,
    metric::{Metric, Results},
    paced,
    plan::StreamPlan,
    prompt::{Requests, Size},
    scrape,
    stats::{float, percentile},
    streams,
};

/// No phase may take longer.
const PHASE_LIMIT: Duration = Duration::from_secs(180);

/// The rate of the open loop.
const RATE: u32 = 1000;

/// Connections of the full and the paced load.
const CONNECTIONS: usize = 64;

/// How much of everything.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Amounts {
    pub(crate) rounds: usize,
    /// Requests at full load per round, for 1 KB, 8 KB and 100 KB.
    pub(crate) requests: [usize; 3],
    /// Requests of the open loop per round and size, at 1000 a second.
    pub(crate) paced: usize,
    /// Requests of the single connection per round.
    pub(crate) single: usize,
    pub(crate) streams: usize,
    pub(crate) chunks: u32,
    pub(crate) chunk_interval_ms: u64,
    /// Waves of streams per round.
    pub(crate) waves: usize,
    /// Silent connections, idle connections and slow streams.
    pub(crate) held: usize,
    /// Requests before and between the two readings of resident memory.
    pub(crate) rss_warm: usize,
    pub(crate) rss_requests: usize,
}

impl Amounts {
    /// The amounts of the published table.
    pub(crate) fn full(rounds: usize) -> Self {
        Self {
            rounds,
            requests: [20_000, 10_000, 4_000],
            paced: 3_000,
            single: 3_000,
            streams: 200,
            chunks: 100,
            chunk_interval_ms: 20,
            waves: 2,
            held: 1000,
            // More than the memory store keeps of these exchanges: what grows after it does not stop growing.
            rss_warm: 60_000,
            rss_requests: 200_000,
        }
    }

    /// A smoke test: shows that everything works, proves no figure.
    pub(crate) fn quick() -> Self {
        Self {
            rounds: 1,
            requests: [400, 200, 50],
            paced: 150,
            single: 100,
            streams: 20,
            chunks: 5,
            chunk_interval_ms: 10,
            waves: 1,
            held: 50,
            rss_warm: 500,
            rss_requests: 1000,
        }
    }

    fn requests(&self, size: Size) -> usize {
        match size {
            Size::Kb1 => self.requests[0],
            Size::Kb8 => self.requests[1],
            Size::Kb100 => self.requests[2],
        }
    }
}

/// What a phase needs.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) provider: SocketAddr,
    pub(crate) amounts: &'a Amounts,
}

/// CPU and shed records of one phase.
struct Window {
    cpu_nanos: Option<u64>,
    shed: u64,
}

impl Bench<'_> {
    async fn fresh(&self, kind: Kind) -> anyhow::Result<Contestant> {
        Contestant::start(kind, self.programs, self.provider).await
    }

    /// One round of everything but the long memory run.
    pub(crate) async fn round(&self, kind: Kind, results: &mut Results) -> anyhow::Result<()> {
        let contestant = self.fresh(kind).await?;
        memory::warm(contestant.addr).await?;
        let mut shed = 0;
        for size in Size::ALL {
            shed += self.full_load(&contestant, size, results).await.with_context(|| format!("full load {size:?}"))?;
        }
        for size in Size::ALL {
            shed += self.paced_load(&contestant, size, results).await.with_context(|| format!("paced {size:?}"))?;
        }
        shed += self.single(&contestant, results).await.context("single connection")?;
        shed += self.streams(&contestant, results).await.context("streams")?;
        drop(contestant);
        if matches!(kind, Kind::Memory | Kind::Lite | Kind::Unanalysed | Kind::Guarded | Kind::Production) {
            results.add(Metric::Shed, kind, float(shed));
        }
        if kind != Kind::Direct {
            self.held(kind, results).await?;
        }
        Ok(())
    }

    async fn full_load(&self, contestant: &Contestant, size: Size, results: &mut Results) -> anyhow::Result<u64> {
        let count = self.amounts.requests(size);
        let requests = Rc::new(Requests::chat(contestant.addr, size));
        let load = load::closed(contestant.addr, requests, CONNECTIONS, count);
        let (seen, window) = window(contestant, count, load).await?;
        results.add(Metric::Throughput(size), contestant.kind, seen.rate());
        add_cpu(results, Metric::Cpu(size), contestant.kind, &window, count);
        Ok(window.shed)
    }

    async fn paced_load(&self, contestant: &Contestant, size: Size, results: &mut Results) -> anyhow::Result<u64> {
        let count = self.amounts.paced;
        let requests = Rc::new(Requests::chat(contestant.addr, size));
        let load = paced::paced(contestant.addr, requests, RATE, count, CONNECTIONS);
        // Each connection has sent one request before the timetable begins.
        let (seen, window) = window(contestant, count + CONNECTIONS, load).await?;
        add_micros(results, Metric::P50(size), contestant.kind, percentile(&seen.latencies, 0.5));
        add_micros(results, Metric::P99(size), contestant.kind, percentile(&seen.latencies, 0.99));
        results.add(Metric::Answered(size), contestant.kind, seen.rate());
        add_cpu(results, Metric::CpuPaced(size), contestant.kind, &window, count + CONNECTIONS);
        Ok(window.shed)
    }

    async fn single(&self, contestant: &Contestant, results: &mut Results) -> anyhow::Result<u64> {
        let count = self.amounts.single;
        let requests = Rc::new(Requests::chat(contestant.addr, Size::Kb1));
        let (seen, window) = window(contestant, count, load::closed(contestant.addr, requests, 1, count)).await?;
        add_micros(results, Metric::SingleP50, contestant.kind, percentile(&seen.latencies, 0.5));
        Ok(window.shed)
    }

    async fn streams(&self, contestant: &Contestant, results: &mut Results) -> anyhow::Result<u64> {
        let (count, chunks) = (self.amounts.streams, self.amounts.chunks);
        let plan = StreamPlan { chunks, interval: Duration::from_millis(self.amounts.chunk_interval_ms) };
        let mut open = streams::open(contestant.addr, count).await?;
        // The first wave opens the upstream connections; it is short and not counted.
        let first = StreamPlan { chunks: chunks.min(5), ..plan };
        let mut shed = window(contestant, count, streams::wave(&mut open, contestant.addr, first)).await?.1.shed;
        let (mut first_chunks, mut delays, mut cpu) = (Vec::new(), Vec::new(), None);
        for _ in 0..self.amounts.waves {
            let (seen, window) = window(contestant, count, streams::wave(&mut open, contestant.addr, plan)).await?;
            first_chunks.extend(seen.first);
            delays.extend(seen.delays);
            cpu = window.cpu_nanos.map(|nanos| nanos + cpu.unwrap_or_default());
            shed += window.shed;
        }
        first_chunks.sort_unstable();
        delays.sort_unstable();
        add_micros(results, Metric::FirstChunkP50, contestant.kind, percentile(&first_chunks, 0.5));
        add_micros(results, Metric::ChunkDelayP50, contestant.kind, percentile(&delays, 0.5));
        let all = Window { cpu_nanos: cpu, shed: 0 };
        add_cpu(results, Metric::CpuPerChunk, contestant.kind, &all, delays.len());
        Ok(shed)
    }

    /// The three kinds of held connections, each on a fresh contestant.
    async fn held(&self, kind: Kind, results: &mut Results) -> anyhow::Result<()> {
        let count = self.amounts.held;
        let contestant = self.fresh(kind).await?;
        let silent = limited(memory::silent(&contestant, count)).await.context("silent connections")?;
        drop(contestant);
        let contestant = self.fresh(kind).await?;
        let idle = limited(memory::idle(&contestant, count)).await.context("idle connections")?;
        drop(contestant);
        let contestant = self.fresh(kind).await?;
        let slow = limited(memory::slow_streams(&contestant, count)).await.context("slow streams")?;
        drop(contestant);
        for (metric, kib) in [(Metric::SilentKib, silent), (Metric::IdleKib, idle), (Metric::StreamKib, slow)] {
            if let Some(kib) = kib {
                results.add(metric, kind, kib);
            }
        }
        Ok(())
    }

    /// Resident memory before and after the long run, on a fresh contestant.
    pub(crate) async fn long_run(&self, kind: Kind, results: &mut Results) -> anyhow::Result<()> {
        let contestant = self.fresh(kind).await?;
        for (metric, count) in
            [(Metric::RssBefore, self.amounts.rss_warm), (Metric::RssAfter, self.amounts.rss_requests)]
        {
            let requests = Rc::new(Requests::chat(contestant.addr, Size::Kb1));
            window(&contestant, count, load::closed(contestant.addr, requests, CONNECTIONS, count)).await?;
            if let Some(bytes) = contestant.rss_bytes()? {
                results.add(metric, kind, float(bytes) / 1024.0 / 1024.0);
            }
        }
        Ok(())
    }
}

/// Runs `load` and reads the contestant's CPU from before it until every exchange is stored.
async fn window<T>(
    contestant: &Contestant,
    exchanges: usize,
    load: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(T, Window)> {
    let depth = contestant.depth().await?;
    let cpu = contestant.cpu_nanos()?;
    let seen = limited(load).await?;
    let mut shed = 0;
    if let Some(depth) = depth {
        shed = scrape::drained(contestant.addr, depth, exchanges as u64).await?.shed - depth.shed;
    }
    let cpu_nanos = contestant.cpu_nanos()?.zip(cpu).map(|(after, before)| after - before);
    Ok((seen, Window { cpu_nanos, shed }))
}

async fn limited<T>(phase: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::time::timeout(PHASE_LIMIT, phase).await.with_context(|| format!("not done within {PHASE_LIMIT:?}"))?
}

fn add_cpu(results: &mut Results, metric: Metric, kind: Kind, window: &Window, count: usize) {
    if let Some(nanos) = window.cpu_nanos {
        results.add(metric, kind, float(nanos) / 1000.0 / float(count as u64));
    }
}

fn add_micros(results: &mut Results, metric: Metric, kind: Kind, nanos: Option<u64>) {
    if let Some(nanos) = nanos {
        results.add(metric, kind, float(nanos) / 1000.0);
    }
}
