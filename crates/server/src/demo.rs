//! `llmtrace-proxy demo`: a fake provider, the proxy in front of it and a mixed load, without a key and without a network.

mod load;
mod provider;
mod summary;

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::Args;
use llmtrace_model::{SpanFilter, TenantScope};

use crate::{
    boot::{self, Running},
    config::{Config, Flag, Sources},
    shutdown::Signals,
    tasks::Tasks,
    telemetry::logs,
};

/// How long the store may take for what the load left.
const STORED_WITHIN: Duration = Duration::from_secs(20);

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder of the demo's database and journal.
    #[arg(long, value_name = "FOLDER", default_value = "llmtrace-data/demo")]
    data: PathBuf,
    /// End after the load instead of serving on.
    #[arg(long)]
    exit: bool,
}

impl Demo {
    /// The configuration of the demo: the defaults and the flags of the command line, whatever file and environment say.
    pub fn sources(&self, mut flags: Vec<Flag>) -> Sources {
        if !flags.iter().any(|flag| flag.key == "logging.level") {
            flags.push(Flag { name: "demo", key: "logging.level", value: "warn".to_owned() });
        }
        let data = self.data.display().to_string();
        flags.push(Flag { name: "--data", key: "storage.path", value: data });
        Sources { flags, ..Sources::default() }
    }

    /// Plays the demo; serves on until a signal unless told to exit.
    pub async fn run(&self, mut config: Config) -> anyhow::Result<()> {
        logs::init(config.logging.level.as_str(), config.logging.format)?;
        let mut signals = Signals::listen().context("listening for signals")?;
        let outside = Tasks::new();
        let provider = provider::start(&outside).await?;
        config.upstream_url = format!("http://{provider}").parse().map_err(anyhow::Error::msg)?;
        let running = boot::start(&config).await?;
        let played = tokio::select! {
            played = self.play(&running) => played,
            () = signals.next() => Ok(Then::End),
        };
        if let Ok(Then::Serve) = played {
            signals.next().await;
        }
        tokio::select! {
            () = running.shutdown() => {}
            () = signals.next() => {}
        }
        outside.stop();
        played.map(|_| ())
    }

    async fn play(&self, running: &Running) -> anyhow::Result<Then> {
        let proxy = running.addr;
        let before = stored(running).await?;
        println!("The proxy listens on http://{proxy}; sending {} exchanges through it…\n", load::EXCHANGES);
        load::send(proxy).await?;
        let wanted = before + load::EXCHANGES as u64;
        let in_time = tokio::time::timeout(STORED_WITHIN, async {
            while stored(running).await? < wanted {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        });
        in_time.await.with_context(|| format!("not every exchange was stored within {STORED_WITHIN:?}"))??;
        let spans = summary::read(proxy, load::EXCHANGES).await?;
        println!("{}", summary::table(&spans));
        println!("{}", summary::to_try(proxy));
        if self.exit {
            return Ok(Then::End);
        }
        println!("Serving until Ctrl-C. The spans stay in {}.", self.data.display());
        Ok(Then::Serve)
    }
}

/// What follows the load.
enum Then {
    Serve,
    End,
}

async fn stored(running: &Running) -> anyhow::Result<u64> {
    let all = running.spans.count(&TenantScope::All, &SpanFilter::default()).await;
    all.context("counting what is stored")
}
