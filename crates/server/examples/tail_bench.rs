//! Measures the live tail: what each listener costs per span, at 500 spans a second through the whole process.
//!
//! `cargo run --release -p llmtrace-server --example tail_bench`. Listeners are processes of their own (`curl`); the fake
//! provider and the clients are in this one and cost the same in every round, so that the difference is the tail's.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measuring tool, whose clients are tasks of its own"
)]

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use llmtrace_server::{
    boot,
    config::{Config, Sources},
};
use llmtrace_testkit::{Answer, FakeProvider, tcp::RawClient};
use serde_json::json;

/// The product's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: u32 = 5;
const PER_SECOND: u32 = 500;
const SECONDS: u32 = 8;
const CHAT: &str = "/v1/chat/completions";

type Failure = Box<dyn std::error::Error>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    println!("{:>9} {:>8} {:>16} {:>28}", "listeners", "spans/s", "us CPU per span", "us per span and listener");
    let mut without = 0.0;
    for listeners in [0, 1, 8, 32, 64, 0] {
        let (rate, cost) = round(listeners).await?;
        if listeners == 0 {
            without = cost;
            println!("{listeners:9} {rate:8.0} {cost:16.1}");
        } else {
            println!("{listeners:9} {rate:8.0} {cost:16.1} {:28.2}", (cost - without) / f64::from(listeners));
        }
    }
    Ok(())
}

/// Runs exchanges beside listeners; returns spans a second and CPU microseconds per span.
async fn round(listeners: u32) -> Result<(f64, f64), Failure> {
    let provider = FakeProvider::start().await;
    provider.on(
        CHAT,
        Answer::json(json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
        })),
    );
    let folder = tempfile::tempdir()?;
    let path = folder.path().display().to_string();
    let settings = [
        ("LISTEN_ADDR", "127.0.0.1:0"),
        ("UPSTREAM_URL", &provider.url()),
        ("STORAGE__PATH", &path),
        ("STORAGE__PROFILE", "memory"),
    ];
    let env = settings.iter().map(|(key, value)| (format!("LLMTRACE_{key}"), (*value).to_owned())).collect();
    let config = Config::load(&Sources { env, ..Sources::default() }).map_err(|error| error.to_string())?;
    let running = boot::start(&config).await?;
    let heard: Vec<Child> = (0..listeners).map(|_| listen(running.addr.port())).collect::<Result<_, _>>()?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (began, cpu_began) = (Instant::now(), cpu_time()?);
    let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(client(running.addr))).collect();
    for client in clients {
        client.await?.map_err(|error| error.to_string())?;
    }
    let spans = f64::from(PER_SECOND * SECONDS);
    let took = began.elapsed();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let cpu = cpu_time()? - cpu_began;
    running.shutdown().await;
    for mut child in heard {
        child.wait()?;
    }
    Ok((spans / took.as_secs_f64(), cpu.as_secs_f64() * 1e6 / spans))
}

fn listen(port: u16) -> std::io::Result<Child> {
    let url = format!("http://127.0.0.1:{port}/api/v1/tail");
    Command::new("curl").args(["-sN", "-o", "/dev/null", &url]).stdout(Stdio::null()).spawn()
}

/// One client's share of the exchanges, evenly over the time.
async fn client(addr: std::net::SocketAddr) -> std::io::Result<()> {
    let body = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"how are you?"}]}"#;
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nHost: proxy\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut client = RawClient::connect(addr).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1) * CLIENTS / PER_SECOND);
    for _ in 0..PER_SECOND * SECONDS / CLIENTS {
        tick.tick().await;
        client.send(&request).await?;
        client.answer().await?;
    }
    Ok(())
}

/// User and system time of this process so far, from `/proc/self/stat`.
fn cpu_time() -> Result<Duration, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(')').ok_or("no process name")?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || -> Result<u64, Failure> { Ok(fields.next().ok_or("too few fields")?.parse()?) };
    Ok(Duration::from_millis((ticks()? + ticks()?) * 10))
}
