//! What the journal must be told. Boot fills it in from the configuration.

use std::{path::PathBuf, time::Duration};

/// The journal's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where records live until the store has them.
    pub mode: Mode,
    /// Most bytes on disk; the oldest records are shed beyond it. At least [`Options::MIN_BYTES`].
    pub max_bytes: u64,
    /// When written records are forced to the device.
    pub fsync: Fsync,
    /// The folder that holds one folder per instance.
    pub path: PathBuf,
    /// From so many bytes that wait for the writer thread on, new exchanges wait (see `gate`).
    pub queue_bytes: usize,
    /// Most bytes that wait in memory for the back lane where the disk refuses them; of what is on disk, half of that waits in
    /// memory, and the rest is read back. With [`Mode::Memory`] new exchanges wait from here on, in place of `queue_bytes`.
    pub delivery_bytes: usize,
}

impl Options {
    /// The smallest `max_bytes` that still makes sense.
    pub const MIN_BYTES: u64 = 256 * 1024;

    pub(super) fn check(&self) -> Result<(), OpenError> {
        if self.max_bytes < Self::MIN_BYTES {
            return Err(OpenError::TooSmall {
                setting: "journal.max_bytes",
                found: self.max_bytes,
                least: Self::MIN_BYTES,
            });
        }
        for (setting, found) in [("queue_bytes", self.queue_bytes), ("delivery_bytes", self.delivery_bytes)] {
            if found == 0 {
                return Err(OpenError::TooSmall { setting, found: 0, least: 1 });
            }
        }
        Ok(())
    }
}

/// Where records live until the store has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In segment files: they survive the process.
    Disk,
    /// In memory only: a crash loses what was not stored.
    Memory,
}

impl Mode {
    /// The word of the setting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Memory => "memory",
        }
    }
}

/// When written records are forced to the device: what a power loss may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    /// Whenever the kernel does: survives the process, not the machine.
    Never,
    /// At most this long after the write, by a thread of its own.
    Interval(Duration),
    /// Before the record counts as written, once per batch.
    Each,
}

/// Says why a journal could not be opened. A disk that cannot be written is none of these: it degrades.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A size is out of range.
    #[error("{setting}: found {found} bytes, expected at least {least}")]
    TooSmall {
        /// The setting.
        setting: &'static str,
        /// What it was.
        found: u64,
        /// What it must be at least.
        least: u64,
    },
    /// The machine gives no thread.
    #[error("cannot start the journal's thread {thread}")]
    Thread {
        /// Its name.
        thread: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
