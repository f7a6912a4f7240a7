//! The rows of the table, and the figures behind them.

use std::collections::BTreeMap;

use crate::{contestant::Kind, prompt::Size, stats};

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Metric {
    /// CPU µs per request at full load, until the store is drained.
    Cpu(Size),
    /// CPU µs per request at the paced rate.
    CpuPaced(Size),
    /// Requests per second at full load.
    Throughput(Size),
    /// Latencies at the paced rate, from the scheduled time.
    P50(Size),
    P99(Size),
    /// Answers per second at the paced rate.
    Answered(Size),
    /// One keep-alive connection, one request at a time.
    SingleP50,
    FirstChunkP50,
    ChunkDelayP50,
    CpuPerChunk,
    SilentKib,
    IdleKib,
    StreamKib,
    RssBefore,
    RssAfter,
    /// Exchanges whose record was given up: a contestant that sheds looks cheaper than it is.
    Shed,
}

impl Metric {
    /// Every row, in the order of the table.
    pub(crate) fn all() -> Vec<Self> {
        let sizes = |metric: fn(Size) -> Self| Size::ALL.into_iter().map(metric);
        let mut all: Vec<Self> = sizes(Self::Cpu).chain(sizes(Self::CpuPaced)).chain(sizes(Self::Throughput)).collect();
        for size in Size::ALL {
            all.extend([Self::P50(size), Self::P99(size), Self::Answered(size)]);
        }
        all.extend([Self::SingleP50, Self::FirstChunkP50, Self::ChunkDelayP50, Self::CpuPerChunk]);
        all.extend([Self::SilentKib, Self::IdleKib, Self::StreamKib, Self::RssBefore, Self::RssAfter, Self::Shed]);
        all
    }

    /// The name of the row, with its unit.
    pub(crate) fn label(self) -> String {
        match self {
            Self::Cpu(size) => format!("{}: CPU per request, µs", size.label()),
            Self::CpuPaced(size) => format!("{}: CPU per request at 1000/s, µs", size.label()),
            Self::Throughput(size) => format!("{}: requests/s, 64 connections", size.label()),
            Self::P50(size) => format!("{}: p50 at 1000/s, µs", size.label()),
            Self::P99(size) => format!("{}: p99 at 1000/s, µs", size.label()),
            Self::Answered(size) => format!("{}: answered/s of 1000/s", size.label()),
            Self::SingleP50 => "one keep-alive connection: p50, µs".to_owned(),
            Self::FirstChunkP50 => "200 streams: first chunk p50, µs".to_owned(),
            Self::ChunkDelayP50 => "200 streams: chunk delay p50, µs".to_owned(),
            Self::CpuPerChunk => "200 streams: CPU per chunk, µs".to_owned(),
            Self::SilentKib => "KiB per silent connection".to_owned(),
            Self::IdleKib => "KiB per idle connection, one request before".to_owned(),
            Self::StreamKib => "KiB per slow stream".to_owned(),
            Self::RssBefore => "RSS before the long run, MiB".to_owned(),
            Self::RssAfter => "RSS after the long run, MiB".to_owned(),
            Self::Shed => "exchanges shed".to_owned(),
        }
    }

    /// A short stable name for machines.
    pub(crate) fn key(self) -> String {
        let sized = |name: &str, size: Size| format!("{name}_{}", size.label().to_lowercase().replace(' ', ""));
        match self {
            Self::Cpu(size) => sized("cpu_us_per_request", size),
            Self::CpuPaced(size) => sized("cpu_us_per_request_paced", size),
            Self::Throughput(size) => sized("requests_per_second", size),
            Self::P50(size) => sized("paced_p50_us", size),
            Self::P99(size) => sized("paced_p99_us", size),
            Self::Answered(size) => sized("paced_answered_per_second", size),
            Self::SingleP50 => "single_p50_us".to_owned(),
            Self::FirstChunkP50 => "first_chunk_p50_us".to_owned(),
            Self::ChunkDelayP50 => "chunk_delay_p50_us".to_owned(),
            Self::CpuPerChunk => "cpu_us_per_chunk".to_owned(),
            Self::SilentKib => "kib_per_silent_connection".to_owned(),
            Self::IdleKib => "kib_per_idle_connection".to_owned(),
            Self::StreamKib => "kib_per_slow_stream".to_owned(),
            Self::RssBefore => "rss_before_mib".to_owned(),
            Self::RssAfter => "rss_after_mib".to_owned(),
            Self::Shed => "exchanges_shed".to_owned(),
        }
    }
}

/// Every figure of the run: one value per round.
#[derive(Debug, Default)]
pub(crate) struct Results(BTreeMap<(Metric, Kind), Vec<f64>>);

impl Results {
    /// Notes one round's value.
    pub(crate) fn add(&mut self, metric: Metric, kind: Kind, value: f64) {
        self.0.entry((metric, kind)).or_default().push(value);
    }

    /// The values of all rounds.
    pub(crate) fn rounds(&self, metric: Metric, kind: Kind) -> &[f64] {
        self.0.get(&(metric, kind)).map_or(&[], Vec::as_slice)
    }

    /// The median over the rounds, `None` when it was not measured.
    pub(crate) fn median(&self, metric: Metric, kind: Kind) -> Option<f64> {
        stats::median(self.rounds(metric, kind))
    }

    /// Says whether `kind` has any figure.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.0.keys().any(|(_, of)| *of == kind)
    }
}
