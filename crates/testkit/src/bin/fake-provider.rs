//! `fake-provider`: the fake OpenAI and Anthropic of the tests as a program, for the SDK tests, the demo and by hand.

use std::net::SocketAddr;

use clap::Parser;
use llmtrace_testkit::{FakeProvider, Options};

/// Answers on loopback as OpenAI and Anthropic would; see the head of `behaviour.rs` for what it can be asked to do.
#[derive(Debug, Parser)]
#[command(name = "fake-provider")]
struct Args {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many requests `/_received` and `/_bill` remember.
    #[arg(long, default_value_t = 10_000)]
    keep: usize,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let options = Options { addr: SocketAddr::from(([127, 0, 0, 1], args.port)), keep: args.keep };
    let provider = FakeProvider::start_with(options).await?;
    println!("{}", provider.url());
    tokio::signal::ctrl_c().await
}
