//! Where an import is, so that one that was stopped goes on there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use llmtrace_model::ExchangeId;
use serde::{Deserialize, Serialize};

use super::{load::Done, totals::Totals};

/// A place behind a block, everything before which is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    pub(super) archive: ExchangeId,
    /// The stores it went to, as the settings name them.
    pub(super) stores: [String; 2],
    pub(super) at: u64,
    pub(super) number: u64,
    /// A span just before it that was stored: where a store does not know it, it is another store.
    pub(super) stored: Option<ExchangeId>,
    /// What the blocks before it add up to.
    pub(super) read: Totals,
    pub(super) done: Done,
}

/// The file it is in.
pub(super) struct PositionFile(PathBuf);

impl PositionFile {
    /// That of one archive, in a folder which is made where it is missing.
    pub(super) fn of(archive: ExchangeId, folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("storage.path: making {}", folder.display()))?;
        Ok(Self(folder.join(format!("import-{archive}.json"))))
    }

    /// The position; `None` where there is none, or none that can be read: the import then begins anew, which is safe.
    pub(super) fn read(&self) -> Option<Position> {
        serde_json::from_slice(&fs::read(&self.0).ok()?).ok()
    }

    /// Puts a position in the place of the one before.
    pub(super) fn write(&self, position: &Position) -> anyhow::Result<()> {
        let draft = self.0.with_extension("new");
        let json = serde_json::to_vec(position)?;
        let written = fs::write(&draft, json).and_then(|()| fs::rename(&draft, &self.0));
        written.with_context(|| format!("storage.path: writing {}", self.0.display()))
    }

    /// Forgets it: the import is done.
    pub(super) fn remove(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("storage.path: removing {}", self.0.display()))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
