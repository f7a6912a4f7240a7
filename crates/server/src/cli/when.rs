//! Times on the command line.

use llmtrace_model::Timestamp;

const EXPECTED_TIME: &str = "expected a time such as 2026-01-31T12:00:00Z, or a span before now such as 90m, 24h or 7d";

/// A point in time, or how long before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    At(Timestamp),
    Before { seconds: i64 },
}

impl std::str::FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(at) = Timestamp::parse_rfc3339(text) {
            return Ok(Self::At(at));
        }
        let unit = match text.chars().last() {
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            Some(_) | None => return Err(EXPECTED_TIME),
        };
        let count = text.get(..text.len() - 1).and_then(|number| number.parse::<u32>().ok()).ok_or(EXPECTED_TIME)?;
        Ok(Self::Before { seconds: i64::from(count) * unit })
    }
}

impl When {
    /// The point in time that it is, where this is now.
    pub(super) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Before { seconds } => Timestamp::from_unix_us(now.unix_us().saturating_sub(seconds * 1_000_000)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_point_or_a_span_before_now() {
        let now = Timestamp::from_unix_us(1_760_000_000_000_000);
        let at = |text: &str| text.parse::<When>().map(|when| when.from(now).to_string());
        assert_eq!(at("2025-10-09T08:53:20Z").as_deref(), Ok("2025-10-09T08:53:20.000000Z"));
        assert_eq!(at("90m").as_deref(), Ok("2025-10-09T07:23:20.000000Z"));
        assert_eq!(at("7d").as_deref(), Ok("2025-10-02T08:53:20.000000Z"));
        for wrong in ["", "d", "yesterday", "-1h", "1.5h", "5s", "7ü"] {
            assert_eq!(at(wrong), Err(EXPECTED_TIME), "{wrong}");
        }
    }
}
