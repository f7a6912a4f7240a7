//! Measuring: CPU, calls to write, and how long a query takes.

use std::{
    fs,
    future::Future,
    sync::OnceLock,
    time::{Duration, Instant},
};

use llmtrace_store::Error;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// How often each query is asked, and for how long at most.
const QUERIES: u64 = 200;
const LONGEST: Duration = Duration::from_secs(3);

/// The heading of the lines of [`measure`].
pub(crate) fn heading() {
    println!("{:56} {:>9} {:>9} {:>9}", "ms", "p50", "p95", "max");
}

/// What names of queries must hold to be asked, where not all are.
pub(crate) static ONLY: OnceLock<String> = OnceLock::new();

/// Runs one kind of query and prints a line; one that finds nothing at all measures nothing and fails.
pub(crate) async fn measure<F>(name: &str, query: impl Fn(u64) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<usize, Error>>,
{
    if ONLY.get().is_some_and(|words| !name.contains(words.as_str())) {
        return Ok(());
    }
    let mut times = Vec::new();
    let mut rows = 0;
    let all = Instant::now();
    for i in (0..QUERIES).take_while(|i| *i < 10 || all.elapsed() < LONGEST) {
        let began = Instant::now();
        rows += query(i).await?;
        times.push(began.elapsed());
    }
    if rows == 0 {
        return Err(format!("{name}: no query found a row").into());
    }
    times.sort();
    let ms = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!("{name:56} {:9.2} {:9.2} {:9.2}", ms(50), ms(95), ms(100));
    Ok(())
}

/// User and system time of this process so far, from `/proc/self/stat`.
pub(crate) fn cpu_time() -> Result<Duration, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(')').ok_or("no process name")?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || -> Result<u64, Failure> { Ok(fields.next().ok_or("too few fields")?.parse()?) };
    Ok(Duration::from_millis((ticks()? + ticks()?) * 10))
}

/// How often this process asked the kernel to write, from `/proc/self/io`: unlike times, the same on a busy machine.
pub(crate) fn write_calls() -> Result<u64, Failure> {
    let io = fs::read_to_string("/proc/self/io")?;
    let calls = io.lines().find_map(|line| line.strip_prefix("syscw: ")).ok_or("no line syscw")?;
    Ok(calls.parse()?)
}

/// The size of a file.
pub(crate) fn megabytes(path: &str) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len() >> 20)
}
