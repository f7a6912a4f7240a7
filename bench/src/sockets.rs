//! Realtime sessions: what relaying and reading many WebSockets costs, against a bare relay in the same run.
//!
//! Each socket sends a frame of 20 ms of audio fifty times a second, and gets as many of the model's audio, with an answer
//! that ends once a second. Both ends are this process; what stands between them is a process of its own, whose CPU time is
//! read from its clock. The contestants take turns, so that a change of the machine meets both.

use std::{
    env,
    net::SocketAddr,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use hyper::rt::Executor as _;
use hyper_util::rt::TokioExecutor;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{
    contestant::{Contestant, Kind, Programs},
    process::Process,
};

/// How much CPU LLMTrace may take, against the bare relay.
const TARGET: f64 = 1.5;
/// How long frames pass before the measuring starts.
const WARM_UP: Duration = Duration::from_secs(1);

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many sockets are open at once.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
    sockets: u16,
    /// How many frames a second each socket sends, and gets.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    frames: u16,
    /// How many seconds each turn is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=60))]
    seconds: u8,
    /// How many turns each contestant has.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,
    /// The product, built for release; by default beside this program.
    #[arg(long, env = "LLMTRACE_BENCH_PROXY")]
    proxy: Option<PathBuf>,
    /// Where journals and databases go while they are measured.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// What one turn showed.
#[derive(Debug, Clone, Copy)]
struct Turn {
    cpu_nanos: u64,
    frames: u64,
}

impl Turn {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn nanos_a_frame(self) -> f64 {
        self.cpu_nanos as f64 / self.frames.max(1) as f64
    }
}

/// Runs both contestants in turns and prints what a frame cost in each.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let bench = env::current_exe()?;
    let proxy = options.proxy.clone().unwrap_or_else(|| bench.with_file_name("llmtrace-proxy"));
    ensure!(proxy.is_file(), "{} is not there: build it for release, or name it with --proxy", proxy.display());
    let data = options.data.clone().unwrap_or_else(env::temp_dir);
    let programs = Programs { bench, nginx: PathBuf::new(), llmtrace: proxy, servers: None, data };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (upstream, received) = serve(options.frames).await?;
        let (mut bare, mut ours) = (Vec::new(), Vec::new());
        for round in 1..=options.rounds {
            let mut command = Command::new(&programs.bench);
            command.args(["tunnel", "--upstream", &upstream.to_string()]);
            let (process, addr) = Process::start_serving("bare relay", &mut command)?;
            bare.push(measure(options, addr, &received, || process.cpu_nanos()).await?);
            drop(process);
            let contestant = Contestant::start(Kind::Lite, &programs, upstream).await?;
            let cpu = || contestant.cpu_nanos()?.context("a process");
            ours.push(measure(options, contestant.addr, &received, cpu).await?);
            say(&format!("round {round}: {}", line(&bare[bare.len() - 1..], &ours[ours.len() - 1..])));
        }
        say(&format!(
            "{} sockets, {} frames a second each way: {}",
            options.sockets,
            options.frames,
            line(&bare, &ours)
        ));
        let ratio = mean(&ours) / mean(&bare);
        say(&format!(
            "target: at most {TARGET:.1} times the bare relay; {}",
            if ratio <= TARGET { "held" } else { "missed" }
        ));
        Ok(())
    })
}

#[expect(clippy::print_stdout, reason = "the result")]
fn say(line: &str) {
    println!("{line}");
}

fn line(bare: &[Turn], ours: &[Turn]) -> String {
    let (bare, ours) = (mean(bare), mean(ours));
    format!("bare relay {:.2} µs a frame, LLMTrace {:.2} µs, ratio {:.2}", bare / 1e3, ours / 1e3, ours / bare)
}

fn mean(turns: &[Turn]) -> f64 {
    let all = |of: fn(&Turn) -> u64| turns.iter().map(of).sum();
    Turn { cpu_nanos: all(|turn| turn.cpu_nanos), frames: all(|turn| turn.frames) }.nanos_a_frame()
}

/// Opens the sockets through `addr` and measures for a while.
async fn measure(
    options: &Options,
    addr: SocketAddr,
    received: &Arc<AtomicU64>,
    cpu: impl Fn() -> anyhow::Result<u64>,
) -> anyhow::Result<Turn> {
    let sent_back = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..options.sockets {
        let stream = open(addr).await?;
        clients.spawn(talk(stream, options.frames, client_frames(), Arc::clone(&sent_back)));
    }
    sleep_until(Instant::now() + WARM_UP).await;
    let count = || received.load(Ordering::Relaxed) + sent_back.load(Ordering::Relaxed);
    let before = (cpu()?, count());
    sleep_until(Instant::now() + Duration::from_secs(u64::from(options.seconds))).await;
    let after = (cpu()?, count());
    ensure!(clients.try_join_next().is_none(), "a session ended before it was to");
    let turn = Turn { cpu_nanos: after.0 - before.0, frames: after.1 - before.1 };
    let planned = u64::from(options.sockets) * u64::from(options.frames) * u64::from(options.seconds) * 2;
    ensure!(
        turn.frames * 10 >= planned * 9,
        "{} of {planned} frames passed: the machine is too busy to measure",
        turn.frames
    );
    Ok(turn)
}

async fn open(addr: SocketAddr) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let ask = "GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: \
               websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(ask.as_bytes()).await?;
    let head = head(&mut stream).await?;
    ensure!(head.starts_with("HTTP/1.1 101"), "no switch: {head}");
    Ok(stream)
}

/// Reads a head byte by byte: what follows it belongs to the session.
async fn head(stream: &mut TcpStream) -> anyhow::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
        ensure!(head.len() < 64 * 1024, "a head without an end");
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Sends `frames` in turn at a steady pace, and counts what comes back by its size: every frame of the other side has one.
async fn talk(mut stream: TcpStream, a_second: u16, frames: Frames, counted: Arc<AtomicU64>) {
    let (mut from, mut to) = stream.split();
    let read = async {
        let mut buffer = vec![0; 16 * 1024];
        let mut bytes = 0;
        while let Ok(n @ 1..) = from.read(&mut buffer).await {
            bytes += n;
            counted.fetch_add((bytes / frames.other_size) as u64, Ordering::Relaxed);
            bytes %= frames.other_size;
        }
    };
    let write = async {
        let mut tick = interval(Duration::from_secs(1) / u32::from(a_second));
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for frame in frames.cycle.iter().cycle() {
            tick.tick().await;
            if to.write_all(frame).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = read => {}, () = write => {} }
}

/// What one side sends, over and over; all frames of a side have the same size, so that they can be counted unread.
#[derive(Debug, Clone)]
struct Frames {
    cycle: Vec<Vec<u8>>,
    other_size: usize,
}

/// 20 ms of 24 kHz audio in base64, with what is around it: as OpenAI's clients send them.
const CLIENT_SIZE: usize = 1400;
const SERVER_SIZE: usize = 1600;

fn client_frames() -> Frames {
    let frame =
        frame(Some([0x37, 0xfa, 0x21, 0x3d]), r#"{"type":"input_audio_buffer.append","audio":""#, r#""}"#, CLIENT_SIZE);
    Frames { cycle: vec![frame], other_size: SERVER_SIZE }
}

/// An answer of fifty events: its beginning, audio, transcript, its end with usage.
fn server_frames(stream: u64) -> Frames {
    let mut cycle = Vec::new();
    let id = format!("resp_{stream}");
    let mut event = |start: String, end: &str| cycle.push(frame(None, &start, end, SERVER_SIZE));
    event(
        format!(
            r#"{{"type":"response.created","event_id":"e","response":{{"id":"{id}","status":"in_progress","voice":""#
        ),
        r#""}}"#,
    );
    for n in 0..48 {
        let is_text = n % 4 == 3;
        let kind = if is_text { "response.output_audio_transcript.delta" } else { "response.output_audio.delta" };
        // A word comes with filling of its own; audio is the filling.
        let filled = if is_text { r#""delta":"word ","obfuscation""# } else { r#""delta""# };
        event(
            format!(
                r#"{{"type":"{kind}","event_id":"e{n}","response_id":"{id}","item_id":"i","output_index":0,"content_index":0,{filled}:""#
            ),
            r#""}"#,
        );
    }
    let usage = r#""usage":{"total_tokens":30,"input_tokens":10,"output_tokens":20,"input_token_details":{"text_tokens":4,"audio_tokens":6,"cached_tokens":0},"output_token_details":{"text_tokens":5,"audio_tokens":15}}"#;
    event(
        format!(
            r#"{{"type":"response.done","event_id":"d","response":{{"id":"{id}","status":"completed","output":[],{usage},"voice":""#
        ),
        r#""}}"#,
    );
    Frames { cycle, other_size: CLIENT_SIZE }
}

/// A text frame of `size` bytes: `start`, as much base64 as fits, `end`.
fn frame(mask: Option<[u8; 4]>, start: &str, end: &str, size: usize) -> Vec<u8> {
    let head = 4 + if mask.is_some() { 4 } else { 0 };
    let payload_size = size - head;
    let fill = "QUJD".repeat(size / 4);
    let payload = format!("{start}{}{end}", &fill[..payload_size - start.len() - end.len()]);
    let mut out = vec![0x81, 126 | if mask.is_some() { 0x80 } else { 0 }];
    out.extend_from_slice(&u16::try_from(payload_size).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(mask.as_ref().map_or(&[][..], |key| key));
    let key = mask.unwrap_or([0; 4]);
    out.extend(payload.bytes().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    out
}

/// The provider's end: switches whatever comes, and talks.
async fn serve(frames: u16) -> anyhow::Result<(SocketAddr, Arc<AtomicU64>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let received = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&received);
    TokioExecutor::new().execute(async move {
        let mut number = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            number += 1;
            let (counted, said) = (Arc::clone(&counted), server_frames(number));
            TokioExecutor::new().execute(async move {
                let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
                let ready = stream.set_nodelay(true).is_ok() && head(&mut stream).await.is_ok();
                if ready && stream.write_all(switch.as_bytes()).await.is_ok() {
                    talk(stream, frames, said, counted).await;
                }
            });
        }
    });
    Ok((addr, received))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_frames_of_a_side_have_one_size_and_hold_json() {
        for frame in server_frames(7).cycle {
            assert_eq!(frame.len(), SERVER_SIZE);
            serde_json::from_slice::<serde_json::Value>(&frame[4..]).unwrap();
        }
        let masked = &client_frames().cycle[0];
        assert_eq!(masked.len(), CLIENT_SIZE);
        let plain: Vec<u8> =
            masked[8..].iter().zip(masked[4..8].iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        serde_json::from_slice::<serde_json::Value>(&plain).unwrap();
    }
}
