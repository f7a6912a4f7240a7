//! The bench: what LLMTrace costs, against nginx and against the floor of our own stack, in one run on one machine.
//!
//! ```text
//! run ─ load client ─▶ { nothing | nginx | bare hyper | LLMTrace } ─▶ provider
//! ```
//!
//! Every process is started and ended by its own pid, everything stays on loopback, every phase has a count and a
//! deadline. Nothing here is part of the product.

mod answer;
mod clock;
mod connection;
mod contestant;
mod extras;
mod floor;
mod load;
mod machine;
mod measure;
mod memory;
mod metric;
mod paced;
mod plan;
mod process;
mod prompt;
mod provider;
mod report;
mod run;
mod scrape;
mod serving;
mod sockets;
mod stats;
mod streams;
mod targets;
mod tunnel;

use std::net::SocketAddr;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the proxy against nginx and a bare hyper pass-through.
#[derive(Debug, Parser)]
#[command(name = "llmtrace-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs every contestant and prints the table.
    Run(run::Options),
    /// Serves canned chat answers and paced event streams; prints its address, ends when its input closes.
    Provider {
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Serves the bare hyper pass-through; prints its address, ends when its input closes.
    Hyper {
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Where every request goes.
        #[arg(long)]
        upstream: SocketAddr,
    },
    /// Serves the bare WebSocket relay; prints its address, ends when its input closes.
    Tunnel {
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Where every session goes.
        #[arg(long)]
        upstream: SocketAddr,
    },
    /// Measures what a frame of a realtime session costs, against the bare WebSocket relay.
    Sockets(sockets::Options),
    /// Drives one address with one kind of load and prints what it saw.
    Load(load::Options),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Provider { listen } => provider::serve(listen),
        Command::Hyper { listen, upstream } => floor::serve(listen, upstream),
        Command::Tunnel { listen, upstream } => tunnel::serve(listen, upstream),
        Command::Sockets(options) => sockets::run(&options),
        Command::Load(options) => load::run(&options),
    }
}
