//! What the operating system says about this process, under the names every Prometheus client library uses.
//!
//! Read when somebody asks for the metrics; absent where there is no `/proc`.

use std::{fs, io};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

/// Reads the figures at every scrape.
#[derive(Debug)]
pub(super) struct Process;

/// One reading.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Figures {
    cpu_seconds: f64,
    resident_bytes: i64,
    virtual_bytes: i64,
    threads: i64,
    started_at: f64,
    open_fds: i64,
    max_fds: Option<i64>,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Ok(now) = read() else { return Ok(()) };
        let mut put = |name: &str, help: &str, metric: &dyn Encode| metric.put(&mut encoder, name, help);
        put("process_cpu_seconds", "User and system time of the process", &ConstCounter::new(now.cpu_seconds))?;
        put("process_resident_memory_bytes", "Resident memory", &ConstGauge::new(now.resident_bytes))?;
        put("process_virtual_memory_bytes", "Virtual memory", &ConstGauge::new(now.virtual_bytes))?;
        put("process_threads", "Threads", &ConstGauge::new(now.threads))?;
        put(
            "process_start_time_seconds",
            "Start of the process since the Unix epoch",
            &ConstGauge::new(now.started_at),
        )?;
        put("process_open_fds", "Open file descriptors", &ConstGauge::new(now.open_fds))?;
        if let Some(max) = now.max_fds {
            put("process_max_fds", "The most file descriptors it may open", &ConstGauge::new(max))?;
        }
        Ok(())
    }
}

/// A metric of either kind.
trait Encode {
    fn put(&self, encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str) -> Result<(), std::fmt::Error>;
}

impl<M: EncodeMetric> Encode for M {
    fn put(&self, encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str) -> Result<(), std::fmt::Error> {
        self.encode(encoder.encode_descriptor(name, help, None, self.metric_type())?)
    }
}

#[expect(clippy::cast_precision_loss, reason = "clock ticks stay below 2^53 for a million years")]
fn read() -> io::Result<Figures> {
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program stands in parentheses and may hold any character; the numbers begin after it.
    let (_, numbers) = stat.rsplit_once(')').ok_or_else(broken)?;
    let numbers: Vec<i64> = numbers.split_ascii_whitespace().skip(1).map(|n| n.parse().unwrap_or(0)).collect();
    // proc(5) counts from 1, and the first two fields and the state are not in here.
    let field = |n: usize| numbers.get(n - 4).copied().ok_or_else(broken);
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let boot = fs::read_to_string("/proc/stat")?;
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<f64>().ok());
    let open = fs::read_dir("/proc/self/fd")?.count();
    let max = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    Ok(Figures {
        cpu_seconds: (field(14)? + field(15)?) as f64 / ticks,
        threads: field(20)?,
        started_at: boot.ok_or_else(broken)? + field(22)? as f64 / ticks,
        virtual_bytes: field(23)?,
        resident_bytes: field(24)?.saturating_mul(i64::try_from(rustix::param::page_size()).unwrap_or(4096)),
        // The folder is open itself while it is read.
        open_fds: i64::try_from(open.saturating_sub(1)).unwrap_or(i64::MAX),
        max_fds: max.and_then(|max| i64::try_from(max).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_a_running_process() {
        let before = read().unwrap();
        let held: Vec<u8> = vec![1; 64 << 20];
        let file = fs::File::open("/proc/self/stat").unwrap();
        let after = read().unwrap();
        assert!(after.resident_bytes >= before.resident_bytes + (32 << 20), "{before:?} {after:?} {}", held.len());
        assert!(after.open_fds >= 4 && file.metadata().is_ok(), "{after:?}");
        assert!(after.threads >= 2, "a test has a thread of its own: {after:?}");
        assert!(after.cpu_seconds >= before.cpu_seconds);
        assert!((after.started_at - before.started_at).abs() < 1e-6 && after.started_at > 1.7e9, "{after:?}");
    }
}
