//! Reads LLMTrace's `/metrics`: whether the back lane has stored everything, and whether anything was given up.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::bail;

use crate::connection::Connection;

/// How long the back lane may take to drain after one phase of load.
const DRAIN_LIMIT: Duration = Duration::from_secs(120);

/// Few enough polls that asking is no load of its own.
const POLL: Duration = Duration::from_millis(50);

/// The counters that say where the exchanges are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    pub(crate) stored: u64,
    pub(crate) shed: u64,
    pub(crate) journal_records: u64,
    pub(crate) queue_records: u64,
}

/// Reads the counters once.
pub(crate) async fn depth(addr: SocketAddr) -> anyhow::Result<Depth> {
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {addr}\r\n\r\n");
    let mut text = Vec::new();
    let mut connection = Connection::open(addr).await?;
    connection.exchange_with(request.as_bytes(), |part| text.extend_from_slice(part)).await?;
    parse(&String::from_utf8_lossy(&text))
}

/// Waits until `exchanges` more than `before` are stored or given up.
///
/// An exchange is counted as stored when the store has it and its journal record is released, so nothing is left to do
/// then; the depth gauges are read for the message only, because gauges may be told later than counters.
pub(crate) async fn drained(addr: SocketAddr, before: Depth, exchanges: u64) -> anyhow::Result<Depth> {
    let deadline = Instant::now() + DRAIN_LIMIT;
    loop {
        let now = depth(addr).await?;
        if now.stored + now.shed >= before.stored + before.shed + exchanges {
            return Ok(now);
        }
        if Instant::now() > deadline {
            bail!("{exchanges} exchanges were not stored within {DRAIN_LIMIT:?}: before {before:?}, now {now:?}");
        }
        tokio::time::sleep(POLL).await;
    }
}

fn parse(text: &str) -> anyhow::Result<Depth> {
    let Some(stored) = sum(text, "llmtrace_spans_stored_total") else {
        bail!("/metrics does not hold llmtrace_spans_stored_total");
    };
    let (Some(journal_records), Some(queue_records)) =
        (sum(text, "llmtrace_journal_records"), sum(text, "llmtrace_queue_records"))
    else {
        bail!("/metrics does not hold llmtrace_journal_records and llmtrace_queue_records");
    };
    let shed = sum(text, "llmtrace_shed_total").unwrap_or_default();
    Ok(Depth { stored, shed, journal_records, queue_records })
}

/// The sum over all labels of one metric, `None` when it is not there.
fn sum(text: &str, name: &str) -> Option<u64> {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = rest.rsplit(' ').next()?;
        rest.starts_with([' ', '{']).then(|| value.parse::<f64>().ok())?
    });
    let values: Vec<f64> = values.collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counters are whole and small")]
    (!values.is_empty()).then(|| values.iter().sum::<f64>() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_summed_over_labels_and_not_over_longer_names() {
        let text = "llmtrace_spans_stored_total 12\nllmtrace_journal_records 3\nllmtrace_queue_records 2\n\
                    llmtrace_queue_records_max 9\nllmtrace_shed_total{reason=\"a\"} 1\nllmtrace_shed_total{reason=\"b\"} 4\n";
        let depth = parse(text).unwrap();
        assert_eq!(depth, Depth { stored: 12, shed: 5, journal_records: 3, queue_records: 2 });
    }

    #[test]
    fn missing_counters_are_an_error_not_a_zero() {
        assert!(parse("llmtrace_journal_records 0\n").is_err());
    }
}
