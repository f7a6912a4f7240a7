//! The journal on a disk that is really full. Needs root, to mount one of two mebibytes; the same with an injected fault
//! runs always (`journal::tests`).

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod journal_kit;

use std::{path::Path, process::Command};

use journal_kit::{Bench, closed, ids};

/// A file system of its own until dropped.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(path: &'a Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "none"]).arg(path).status().unwrap();
        assert!(mount.success(), "mounting needs root");
        Self(path)
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // Lazily: the journal's threads may still hold the lock file.
        Command::new("umount").arg("--lazy").arg(self.0).status().unwrap();
    }
}

#[test]
#[ignore = "needs root to mount a file system"]
fn a_disk_that_fills_up_costs_no_record_and_is_used_again_when_there_is_room() {
    let bench = Bench::new();
    let _disk = Mounted::new(&bench.options.path);
    let (journal, deliveries) = bench.open();
    for n in 0..2000 {
        journal.closed(closed(n, 2000));
    }
    journal.flush();
    let status = journal.status();
    assert!(status.degraded.is_some(), "4 MB do not fit: {status:?}");
    assert!(status.bytes > 1_000_000, "what fitted is on disk: {status:?}");
    let out = bench.take(&deliveries, 2000);
    assert_eq!(ids(&out).len(), 2000);
    deliveries.release(&out.iter().map(|d| d.receipt).collect::<Vec<_>>());
    bench.until(|| journal.status().degraded.is_none());
    journal.closed(closed(3000, 2000));
    journal.flush();
    assert_eq!(journal.status().degraded, None);
    assert_eq!(bench.take(&deliveries, 1).len(), 1);
    journal.shutdown();
}
