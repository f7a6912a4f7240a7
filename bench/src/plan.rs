//! How a streamed answer is paced: asked for by the load client in a header, played by the provider.

use std::{str::FromStr, time::Duration};

use anyhow::Context as _;

/// The header that carries a [`StreamPlan`]; every contestant passes it on.
pub(crate) const HEADER: &str = "x-bench-stream";

/// The text in front of the send time in every chunk; the time is `CLOCK_MONOTONIC` nanoseconds.
pub(crate) const STAMP: &[u8] = b"\"content\":\" t";

/// How many chunks, and how far apart. Written `CHUNKS/MICROSECONDS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamPlan {
    pub(crate) chunks: u32,
    pub(crate) interval: Duration,
}

impl std::fmt::Display for StreamPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.chunks, self.interval.as_micros())
    }
}

impl FromStr for StreamPlan {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let expected = || format!("{HEADER}: {text:?} is not CHUNKS/MICROSECONDS");
        let (chunks, micros) = text.split_once('/').with_context(expected)?;
        let chunks = chunks.parse().with_context(expected)?;
        let interval = Duration::from_micros(micros.parse().with_context(expected)?);
        Ok(Self { chunks, interval })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_survives_its_header() {
        let plan = StreamPlan { chunks: 100, interval: Duration::from_millis(20) };
        assert_eq!(plan.to_string(), "100/20000");
        assert_eq!(plan.to_string().parse::<StreamPlan>().unwrap(), plan);
        assert!("100".parse::<StreamPlan>().is_err());
    }
}
