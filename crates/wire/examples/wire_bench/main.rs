//! Prints what reading costs in every format, per KB of body, compared to OpenAI chat; `make bench-wire` runs it.
//!
//! - no argument: by time, rounds of all formats in turn, medians of the ratios within a round;
//! - `--quick`: the same, a few rounds, which proves nothing but that it runs;
//! - `--count`: makes every call that is counted once, inside [`counted`], for `valgrind --tool=callgrind`;
//! - `--counts FILE`: prints the table from those counts, one a line.

mod exchanges;
mod shapes;
mod table;

use std::{hint::black_box, process::ExitCode, time::Instant};

use exchanges::{Case, all, fault};
use table::{Cell, Unit};

/// About so many bytes have request and answer.
const SIZES: [usize; 2] = [8 << 10, 64 << 10];

/// What is measured, one column each.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Inspect,
    ScanPlain,
    ScanPieces,
    ScanEvents,
    DecodePlain,
    DecodeStream,
}

const WORKS: [(Work, &str); 6] = [
    (Work::Inspect, "inspect"),
    (Work::ScanPlain, "scan plain, 1 KB pieces"),
    (Work::ScanPieces, "scan stream, 1 KB pieces"),
    (Work::ScanEvents, "scan stream, event by event"),
    (Work::DecodePlain, "decode plain"),
    (Work::DecodeStream, "decode stream"),
];

impl Work {
    /// Whether it is done to the exchange with a stream.
    fn is_streamed(self) -> bool {
        !matches!(self, Self::ScanPlain | Self::DecodePlain)
    }

    fn do_once(self, case: &Case) {
        match self {
            Self::Inspect => drop(black_box(case.inspect())),
            Self::ScanPlain | Self::ScanPieces => drop(black_box(case.scan(case.answer.chunks(1024)))),
            Self::ScanEvents => {
                drop(black_box(case.scan(case.events.iter().map(|at| &case.answer[at.clone()]))));
            }
            Self::DecodePlain | Self::DecodeStream => drop(black_box(case.decode())),
        }
    }

    fn bytes(self, case: &Case) -> usize {
        match self {
            Self::Inspect => case.request.len(),
            Self::ScanPlain | Self::ScanPieces | Self::ScanEvents => case.answer.len(),
            Self::DecodePlain | Self::DecodeStream => case.request.len() + case.answer.len(),
        }
    }
}

/// One call whose instructions are counted: callgrind collects inside this function only, and writes a dump after it.
#[inline(never)]
fn counted(work: Work, case: &Case) {
    work.do_once(black_box(case));
}

/// Nanoseconds of one call, from rounds of some 200 µs each: for every case a figure per round.
fn timed(work: Work, cases: &[Option<&Case>], rounds: usize) -> Vec<Vec<f64>> {
    let run = |case: &Case, calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| work.do_once(case));
        start.elapsed().as_secs_f64() * 1e9
    };
    let calls = |case: &Case| (1..20).map(|n| 1 << n).find(|calls| run(case, *calls) > 100e3).unwrap_or(1);
    let cases: Vec<_> = cases.iter().map(|case| case.map(|case| (case, calls(case)))).collect();
    let mut figures = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        for (figures, case) in figures.iter_mut().zip(&cases) {
            figures.extend(case.map(|(case, calls)| run(case, calls) / f64::from(calls)));
        }
    }
    figures
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The cells of one column for one size: cost of a call and its ratio to the first row's per byte.
fn column(work: Work, cases: &[Option<&Case>], figures: &[Vec<f64>]) -> Vec<Option<Cell>> {
    let per_byte = |at: usize, round: usize| Some(figures[at].get(round)? / work.bytes(cases[at]?) as f64);
    let cell = |at: usize| {
        let case = cases[at]?;
        let ratios = (0..figures[at].len()).filter_map(|round| Some(per_byte(at, round)? / per_byte(0, round)?));
        let cost = median(figures[at].clone());
        Some(Cell {
            per_kb: cost * 1024.0 / work.bytes(case) as f64,
            ratio: median(ratios.collect()),
            per_delta: (work.is_streamed() && work != Work::Inspect).then(|| cost / case.deltas as f64),
        })
    };
    (0..cases.len()).map(cell).collect()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (unit, rounds, mut counts) = match words[..] {
        [] => (Unit::Nanoseconds, 51, Vec::new()),
        ["--quick"] => (Unit::Nanoseconds, 3, Vec::new()),
        ["--count"] => (Unit::Instructions, 0, Vec::new()),
        ["--counts", file] => {
            let text = std::fs::read_to_string(file).expect("a file of counts");
            let counts = text.lines().map(|line| line.trim().parse().expect("a count a line"));
            (Unit::Instructions, 1, counts.collect::<Vec<f64>>())
        }
        _ => {
            eprintln!("usage: wire_bench [--quick | --count | --counts FILE]");
            return ExitCode::from(2);
        }
    };
    counts.reverse();
    for size in SIZES {
        let exchanges = all(size);
        for (name, plain, stream) in &exchanges {
            for case in plain.iter().chain([stream]) {
                assert_eq!(fault(case), None, "{name} is not read as it should be");
            }
        }
        let mut columns = Vec::new();
        for (work, title) in WORKS {
            let rows = exchanges.iter();
            let cases: Vec<Option<&Case>> =
                rows.map(|(_, plain, stream)| if work.is_streamed() { Some(stream) } else { plain.as_ref() }).collect();
            let figures = match words.first() {
                Some(&"--count") => {
                    for case in cases.iter().flatten() {
                        // Tables that are made on first use are made now.
                        work.do_once(case);
                        counted(work, case);
                    }
                    continue;
                }
                Some(&"--counts") => {
                    cases.iter().map(|case| case.iter().filter_map(|_| counts.pop()).collect()).collect()
                }
                _ => timed(work, &cases, rounds),
            };
            columns.push((title, column(work, &cases, &figures)));
        }
        if !columns.is_empty() {
            let names: Vec<&str> = exchanges.iter().map(|(name, ..)| *name).collect();
            print!("{}", table::table(size, unit, &names, &columns));
        }
    }
    ExitCode::SUCCESS
}
