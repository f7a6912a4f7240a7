//! `fake-provider`: the fake OpenAI, Anthropic and Bedrock of the tests as a program, for the SDK tests, the demo and by hand.

use std::net::SocketAddr;

use clap::Parser;
use llmtrace_testkit::{AwsAccount, FakeProvider, Options};

/// Answers on loopback as OpenAI, Anthropic and Bedrock would; see the head of `behaviour.rs` for what it can be asked to do.
#[derive(Debug, Parser)]
#[command(name = "fake-provider")]
struct Args {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many requests `/_received` and `/_bill` remember.
    #[arg(long, default_value_t = 10_000)]
    keep: usize,
    /// Checks the signatures of requests for Bedrock against this account: ID,SECRET,REGION or ID,SECRET,REGION,TOKEN.
    #[arg(long, value_delimiter = ',')]
    aws: Vec<String>,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let options = Options { addr: SocketAddr::from(([127, 0, 0, 1], args.port)), keep: args.keep };
    let provider = FakeProvider::start_with(options).await?;
    if let [id, secret, region, token @ ..] = &args.aws[..] {
        provider.require_aws(AwsAccount {
            access_key_id: id.clone(),
            secret_access_key: secret.clone(),
            region: region.clone(),
            session_token: token.first().cloned(),
            ..AwsAccount::default()
        });
    } else if !args.aws.is_empty() {
        return Err(std::io::Error::other("--aws: expected ID,SECRET,REGION or ID,SECRET,REGION,TOKEN"));
    }
    println!("{}", provider.url());
    tokio::signal::ctrl_c().await
}
