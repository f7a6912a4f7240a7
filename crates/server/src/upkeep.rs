//! What is done now and then, away from every request: reloading what changed on disk, pricing stored spans anew, tending
//! the span store, removing what is older than it is kept and what was asked to be erased, keeping Redis connected.

mod backoff;
mod connect;
mod erase;
mod reprice;
mod retain;
mod tend;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use llmtrace_wire::PriceBook;
use tokio::sync::watch;

pub use connect::Connecting;
pub use erase::{Eraser, Erasing, Gone};
pub use reprice::{Rehearsal, Repriced, Repricer};
pub use retain::Retaining;
pub use tend::Tending;

use crate::{listen::Certificates, tasks::Tasks};

/// How often files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// What is looked after.
pub struct Upkeep {
    /// The listener's certificates, where it speaks TLS.
    pub certificates: Option<Arc<Certificates>>,
    /// The price overrides, where there are any.
    pub prices: Option<PriceFile>,
}

/// A file of price overrides, and where its prices go.
pub struct PriceFile {
    path: PathBuf,
    prices: Arc<ArcSwap<PriceBook>>,
    read: String,
}

impl PriceFile {
    /// Reads the file for the first time; the error names file, key and remedy.
    pub fn load(path: PathBuf) -> anyhow::Result<(Self, Arc<ArcSwap<PriceBook>>)> {
        let read = read(&path)?;
        let prices = Arc::new(ArcSwap::from_pointee(parse(&path, &read)?));
        Ok((Self { path, prices: Arc::clone(&prices), read }, prices))
    }

    /// Reads the file again; says whether the prices changed. On an error the old ones stay.
    pub fn reload(&mut self) -> anyhow::Result<bool> {
        let now = read(&self.path)?;
        if now == self.read {
            return Ok(false);
        }
        self.read = now;
        self.prices.store(Arc::new(parse(&self.path, &self.read)?));
        Ok(true)
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).map_err(|e| anyhow::anyhow!("prices.overrides: {}: {e}", path.display()))
}

fn parse(path: &Path, text: &str) -> anyhow::Result<PriceBook> {
    PriceBook::with_overrides(text).map_err(|e| anyhow::anyhow!("prices.overrides: {}: {e}", path.display()))
}

impl Upkeep {
    /// Looks after everything until the tasks are asked to stop; counts its rounds into `rounds`.
    pub async fn run(mut self, rounds: watch::Sender<u64>, tasks: Tasks) {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            // Cancel-safe: a missed tick is made up by the next.
            tokio::select! {
                _ = tick.tick() => {
                    self.once();
                    rounds.send_modify(|n| *n += 1);
                }
                () = tasks.stopping() => return,
            }
        }
    }

    /// Looks at every file once.
    pub fn once(&mut self) {
        if let Some(certificates) = &self.certificates {
            match certificates.reload() {
                Ok(true) => tracing::info!("tls certificate reloaded"),
                Ok(false) => {}
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "tls certificate not reloaded"),
            }
        }
        if let Some(prices) = &mut self.prices {
            match prices.reload() {
                Ok(true) => tracing::info!("price overrides reloaded"),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(error = %error, "price overrides not reloaded, the old ones stay in force")
                }
            }
        }
    }
}
