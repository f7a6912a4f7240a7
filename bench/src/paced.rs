//! The open-loop load: requests leave by a fixed timetable, whatever the answers do.
//!
//! A latency counts from the time on the timetable, so waiting for a free connection and lateness of the client count
//! as well (no coordinated omission). The timetable is a timerfd in the client's own poll loop: tokio's timer rounds
//! to milliseconds, which is more than what is measured here.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fs::File,
    io::Read as _,
    net::SocketAddr,
    os::fd::OwnedFd,
    rc::Rc,
    time::Duration,
};

use anyhow::Context as _;
use nix::sys::{
    time::TimeSpec,
    timer::{Expiration, TimerSetTimeFlags},
    timerfd::{ClockId, TimerFd, TimerFlags},
};
use tokio::{io::unix::AsyncFd, sync::Notify, task::JoinSet};

use crate::{clock, connection::Connection, prompt::Requests, stats::float};

/// From setting the timer to the first request.
const LEAD_NANOS: u64 = 20_000_000;

/// What an open loop saw.
#[derive(Debug)]
pub(crate) struct Paced {
    /// From the first scheduled time to the last answer.
    elapsed: Duration,
    /// Nanoseconds from the scheduled time to the last byte of the answer, sorted.
    pub(crate) latencies: Vec<u64>,
}

impl Paced {
    /// Answers per second; below the asked rate when the contestant could not hold it.
    pub(crate) fn rate(&self) -> f64 {
        float(self.latencies.len() as u64) / self.elapsed.as_secs_f64()
    }
}

/// Scheduled times that wait for a free connection.
#[derive(Debug, Default)]
struct Due {
    waiting: RefCell<VecDeque<u64>>,
    arrived: Notify,
    closed: Cell<bool>,
}

impl Due {
    fn push(&self, scheduled: u64) {
        self.waiting.borrow_mut().push_back(scheduled);
        self.arrived.notify_one();
    }

    fn close(&self) {
        self.closed.set(true);
        self.arrived.notify_waiters();
    }

    /// The next scheduled time, `None` when there will be no more.
    async fn next(&self) -> Option<u64> {
        loop {
            let arrived = self.arrived.notified();
            if let Some(scheduled) = self.waiting.borrow_mut().pop_front() {
                return Some(scheduled);
            }
            if self.closed.get() {
                return None;
            }
            arrived.await;
        }
    }
}

/// Sends `count` requests at `rate` per second over at most `connections` connections.
pub(crate) async fn paced(
    addr: SocketAddr,
    requests: Rc<Requests>,
    rate: u32,
    count: usize,
    connections: usize,
) -> anyhow::Result<Paced> {
    let due = Rc::new(Due::default());
    let turn = Rc::new(Cell::new(0_usize));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let mut connection = Connection::open(addr).await?;
        // The upstream connection exists before the clock runs: connecting is not what is measured.
        connection.exchange(requests.get(0)).await?;
        let (due, turn, requests) = (due.clone(), turn.clone(), requests.clone());
        tasks.spawn_local(async move {
            let mut latencies = Vec::new();
            while let Some(scheduled) = due.next().await {
                connection.exchange(requests.get(turn.replace(turn.get() + 1))).await?;
                latencies.push(clock::monotonic_nanos().saturating_sub(scheduled));
            }
            anyhow::Ok(latencies)
        });
    }
    let started = clock::monotonic_nanos() + LEAD_NANOS;
    timetable(&due, started, 1_000_000_000 / u64::from(rate), count).await?;
    let mut latencies = Vec::with_capacity(count);
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    let elapsed = Duration::from_nanos(clock::monotonic_nanos() - started);
    latencies.sort_unstable();
    Ok(Paced { elapsed, latencies })
}

/// Puts each scheduled time into `due` when it has come.
async fn timetable(due: &Due, started: u64, interval: u64, count: usize) -> anyhow::Result<()> {
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
    let at = |nanos| TimeSpec::from_duration(Duration::from_nanos(nanos));
    timer.set(Expiration::IntervalDelayed(at(started), at(interval)), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
    #[expect(deprecated, reason = "its successor is unsafe; a File keeps its descriptor open until it is dropped")]
    let timer = AsyncFd::new(File::from(OwnedFd::from(timer))).context("polling the timer")?;
    let mut sent = 0;
    while sent < count {
        let mut ready = timer.readable().await?;
        let mut ticks = [0_u8; 8];
        let Ok(read) = ready.try_io(|timer| timer.get_ref().read(&mut ticks)) else { continue };
        read.context("reading the timer")?;
        for _ in 0..u64::from_ne_bytes(ticks) {
            if sent < count {
                due.push(started + interval * sent as u64);
                sent += 1;
            }
        }
    }
    due.close();
    Ok(())
}
