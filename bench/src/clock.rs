//! The two clocks of the bench: one that agrees between processes, and the CPU clock of another process.

use anyhow::Context as _;
use nix::{sys::time::TimeSpec, time::ClockId, unistd::Pid};

/// Nanoseconds of `CLOCK_MONOTONIC`: the same number in every process of the machine.
pub(crate) fn monotonic_nanos() -> u64 {
    ClockId::CLOCK_MONOTONIC.now().map(nanos).unwrap_or_default()
}

/// User and system time of the whole process in nanoseconds, ended threads included.
///
/// This is the counter behind `utime + stime` of `/proc/PID/stat`, without the cut to ticks of 10 ms. The sum over
/// `/proc/PID/task/*/schedstat` is as fine but forgets every thread that has ended.
pub(crate) fn process_cpu_nanos(pid: u32) -> anyhow::Result<u64> {
    let pid = Pid::from_raw(i32::try_from(pid)?);
    let clock = ClockId::pid_cpu_clock_id(pid).with_context(|| format!("CPU clock of process {pid}"))?;
    clock.now().map(nanos).with_context(|| format!("CPU clock of process {pid}"))
}

fn nanos(time: TimeSpec) -> u64 {
    u64::try_from(time.tv_sec()).unwrap_or_default() * 1_000_000_000 + u64::try_from(time.tv_nsec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `utime + stime` of this process in nanoseconds, at 100 ticks a second.
    fn stat_nanos() -> u64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10_000_000
    }

    fn burn(nanos: u64) -> u64 {
        let end = process_cpu_nanos(std::process::id()).unwrap() + nanos;
        let mut turns = 0_u64;
        while process_cpu_nanos(std::process::id()).unwrap() < end {
            turns = turns.wrapping_add(1);
        }
        turns
    }

    #[test]
    fn cpu_clock_agrees_with_proc_stat_and_remembers_ended_threads() {
        let before = (process_cpu_nanos(std::process::id()).unwrap(), stat_nanos());
        std::thread::scope(|scope| {
            scope.spawn(|| burn(120_000_000));
        });
        let after = (process_cpu_nanos(std::process::id()).unwrap(), stat_nanos());
        let (clock, stat) = (after.0 - before.0, after.1 - before.1);
        assert!(clock >= 120_000_000, "{clock}");
        assert!(clock.abs_diff(stat) <= 40_000_000, "clock {clock} ns, stat {stat} ns");
    }
}
