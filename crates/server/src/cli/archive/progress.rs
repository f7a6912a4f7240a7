//! How far it is, on a terminal; nothing where nobody looks.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use llmtrace_store::size;

const EVERY: Duration = Duration::from_millis(200);

/// One line that is written over and over.
pub(super) struct Progress {
    is_seen: bool,
    started: Instant,
    shown: Option<Instant>,
    /// Bytes that were there when this began, which the rate does not count.
    before: u64,
}

impl Progress {
    pub(super) fn start(before: u64) -> Self {
        Self { is_seen: io::stderr().is_terminal(), started: Instant::now(), shown: None, before }
    }

    /// Shows where it is: rows, bytes of the file, and the part of the whole in thousandths.
    pub(super) fn at(&mut self, rows: u64, bytes: u64, done: u64, whole: u64) {
        if !self.is_seen || self.shown.is_some_and(|shown| shown.elapsed() < EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let thousandths = (u128::from(done) * 1000).checked_div(u128::from(whole)).unwrap_or(1000).min(1000);
        let per_second = bytes.saturating_sub(self.before) * 1000
            / u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let filled = usize::try_from(thousandths / 50).unwrap_or(20);
        self.show(&format!(
            "\r[{}{}] {:>3} %  {rows} spans  {}  {}/s\x1b[K",
            "#".repeat(filled),
            ".".repeat(20 - filled),
            thousandths / 10,
            size(bytes),
            size(per_second),
        ));
    }

    fn show(&mut self, text: &str) {
        let mut out = io::stderr();
        // A terminal that is gone needs no progress.
        self.is_seen = out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_seen && self.shown.is_some() {
            self.show("\r\x1b[K");
        }
    }
}
