//! Child processes of the bench: started here, measured by pid, ended by pid.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::clock;

/// How long a process may take to end after `SIGTERM`.
const GRACE: Duration = Duration::from_secs(20);

/// A running child. Dropping it ends it: `SIGTERM`, then after a grace `SIGKILL`.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts `command`. Its standard input is a pipe that closes when we end, its output is dropped.
    pub(crate) fn start(name: &str, command: &mut Command) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {name}: {}", command.get_program().display()))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// Starts one of our own servers and reads the address from its first line, `listening ADDR`.
    pub(crate) fn start_serving(name: &str, command: &mut Command) -> anyhow::Result<(Self, SocketAddr)> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut this = Self { name: name.to_owned(), child: child.with_context(|| format!("starting {name}"))? };
        let output = this.child.stdout.take().context("standard output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let addr = line.trim().strip_prefix("listening ").with_context(|| format!("{name} said {line:?}"))?;
        Ok((this, addr.parse()?))
    }

    /// Fails when the process has ended by itself.
    pub(crate) fn ensure_running(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} ended by itself: {status}", self.name),
            None => Ok(()),
        }
    }

    /// User and system time of the process and its children, in nanoseconds.
    pub(crate) fn cpu_nanos(&self) -> anyhow::Result<u64> {
        self.pids().into_iter().map(clock::process_cpu_nanos).sum()
    }

    /// Resident memory of the process and its children, in bytes.
    pub(crate) fn rss_bytes(&self) -> anyhow::Result<u64> {
        self.pids().into_iter().map(rss_bytes).sum()
    }

    /// The process and those it started itself (the worker of nginx).
    fn pids(&self) -> Vec<u32> {
        let pid = self.child.id();
        let mut pids = vec![pid];
        pids.extend(children(pid));
        pids
    }

    fn end(&mut self) -> anyhow::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM)?;
        let deadline = Instant::now() + GRACE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                self.child.kill()?;
                self.child.wait()?;
                bail!("{} did not end within {GRACE:?} of SIGTERM and was killed", self.name);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("ending {}: {error:#}", self.name);
        }
    }
}

/// Resident memory from `smaps_rollup`, which is exact; the counters in `status` lag behind by pages per thread.
fn rss_bytes(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).with_context(|| format!("{path}: no Rss"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().with_context(|| format!("{path}: {line}"))?;
    Ok(kib * 1024)
}

/// The direct children of `parent`, found by the parent field of `/proc/*/stat`.
fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn started_process_is_measured_and_ended_by_its_pid() {
        let process = Process::start("cat", &mut Command::new("cat")).unwrap();
        let pid = process.child.id();
        assert!(children(std::process::id()).contains(&pid));
        assert!(process.rss_bytes().unwrap() > 0);
        drop(process);
        assert!(!children(std::process::id()).contains(&pid));
    }
}
