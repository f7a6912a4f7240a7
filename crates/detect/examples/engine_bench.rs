//! How long an engine takes to build, and to look at texts: `cargo run --release -p llmtrace-detect --example engine_bench`.
//!
//! Prints medians and 99th percentiles of many rounds on one core, in microseconds, by channel.

use std::{hint::black_box, time::Instant};

use llmtrace_detect::{Deadline, Engine};
use llmtrace_model::Channel;

/// Prose without anything to find, about 1 KB.
const PROSE: &str = "The committee met on the second floor of the old library, where the heating had failed again, and most of those present kept \
     their coats on. After the minutes were read, the treasurer explained why the roof could not wait for another winter: two of \
     the beams had been measured in spring, and the surveyor's letter left little doubt about what would follow a heavy snowfall. \
     Somebody asked whether the money for the garden could be moved. It could, said the treasurer, but then the wall along the \
     river would have to stay as it was, and the children would go on climbing through the gap on their way to school. In the end \
     they agreed to ask the town for half of it and to hold a concert for the rest. The choir had been looking for an occasion, and \
     the baker offered the bread. Nobody spoke of the garden again until the very end, when the gardener himself got up and said \
     that he had planted the beans already, and that they would grow whatever the committee decided.";
const ROUNDS: usize = 2_000;

fn main() {
    let begun = Instant::now();
    let engine = Engine::new();
    println!("building the engine: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    let short: String = PROSE.chars().take(230).collect();
    let long = PROSE.repeat(9);
    for (name, text) in [("50 tokens", short.as_str()), ("1 KB", PROSE), ("2,000 tokens", long.as_str())] {
        for &channel in Channel::ALL {
            let mut nanos: Vec<u32> = (0..ROUNDS)
                .map(|_| {
                    let begun = Instant::now();
                    black_box(engine.scan(channel, black_box(text), Deadline::NEVER));
                    u32::try_from(begun.elapsed().as_nanos()).unwrap_or(u32::MAX)
                })
                .collect();
            nanos.sort_unstable();
            let [p50, p99] = [ROUNDS / 2, ROUNDS * 99 / 100].map(|n| f64::from(nanos[n]) / 1e3);
            let kb = f64::from(u32::try_from(text.len()).expect("short")) / 1024.0;
            println!("{name:13} {channel:10} p50 {p50:8.1}  p99 {p99:8.1}  per KB {:6.1}", p50 / kb);
        }
    }
}
