//! How log events are written: one line each, to standard error, RFC 3339 times in UTC, stable fields.
//!
//! JSON lines hold `timestamp`, `level`, `target`, `message` and the event's own fields side by side. Standard output stays
//! free for what commands print.

use std::{fmt, io, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{MakeWriter, format::Writer, time::FormatTime},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::clock::Clock;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object per line.
    Json,
}

/// Logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is none.
    #[error(
        "logging.level: found {found:?}, expected one of off, error, warn, info, debug, trace, \
         or directives such as info,llmtrace_server::journal=debug"
    )]
    Level {
        /// What was given.
        found: String,
    },
    /// The format is none.
    #[error("logging.format: found {found:?}, expected one of text, json")]
    Format {
        /// What was given.
        found: String,
    },
    /// Somebody set logging up before.
    #[error("logging is set up already")]
    Twice,
}

impl FromStr for LogFormat {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(LogError::Format { found: other.to_owned() }),
        }
    }
}

/// Sets up logging for the whole process; once, by the command line.
///
/// `level` is a word (`info`) or a list of directives (`info,hyper=warn`).
pub fn init(level: &str, format: LogFormat) -> Result<(), LogError> {
    let subscriber = tracing_subscriber::registry().with(layer(level, format, Clock::system(), io::stderr)?);
    subscriber.try_init().map_err(|_| LogError::Twice)
}

/// Says whether [`init`] would take `level`.
pub fn check_level(level: &str) -> Result<(), LogError> {
    filter(level).map(|_| ())
}

fn layer<S, W>(
    level: &str,
    format: LogFormat,
    clock: Clock,
    to: W,
) -> Result<Box<dyn Layer<S> + Send + Sync + 'static>, LogError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_timer(Times(clock)).with_ansi(false).with_writer(to);
    let filter = filter(level)?;
    Ok(match format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(false).with_filter(filter).boxed()
        }
    })
}

fn filter(level: &str) -> Result<EnvFilter, LogError> {
    let wrong = || LogError::Level { found: level.to_owned() };
    // The filter's own parser takes any word for a target's name, so a misspelt level would log nothing.
    for directive in level.split(',') {
        let word = directive.rsplit_once('=').map_or(directive, |(_, word)| word);
        let known = ["off", "error", "warn", "info", "debug", "trace"];
        if !known.iter().any(|k| k.eq_ignore_ascii_case(word.trim())) {
            return Err(wrong());
        }
    }
    EnvFilter::builder().parse(level).map_err(|_| wrong())
}

/// Writes our clock's time.
struct Times(Clock);

impl FormatTime for Times {
    fn format_time(&self, to: &mut Writer<'_>) -> fmt::Result {
        write!(to, "{}", self.0.now())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use llmtrace_model::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(level: &str, format: LogFormat, say: impl FnOnce()) -> String {
        let paper = Paper::default();
        let to = paper.clone();
        let clock = Clock::fixed(Timestamp::from_unix_us(1_760_000_000_123_456));
        let layer = layer(level, format, clock, move || to.clone()).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_json_line_holds_the_fields_side_by_side() {
        let text = written("info", LogFormat::Json, || {
            tracing::warn!(upstream.host = "api.openai.com", records = 3, "shed \"some\"\nrecords");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({
                "timestamp": "2025-10-09T08:53:20.123456Z",
                "level": "WARN",
                "target": "llmtrace_server::telemetry::logs::tests",
                "message": "shed \"some\"\nrecords",
                "upstream.host": "api.openai.com",
                "records": 3,
            })
        );
    }

    #[test]
    fn a_text_line_starts_with_the_time_in_utc_and_has_no_colours() {
        let text = written("info", LogFormat::Text, || tracing::info!(records = 3, "replayed"));
        assert!(text.starts_with("2025-10-09T08:53:20.123456Z  INFO "), "{text}");
        assert!(text.ends_with("replayed records=3\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn the_level_decides_what_is_written() {
        let say = || {
            tracing::debug!("detail");
            tracing::error!("trouble");
        };
        assert!(!written("info", LogFormat::Text, say).contains("detail"));
        assert!(written("off", LogFormat::Text, say).is_empty());
        let directives = "error,llmtrace_server::telemetry=debug";
        assert!(written(directives, LogFormat::Text, say).contains("detail"));
    }

    #[test]
    fn a_misspelt_level_or_format_is_refused_by_name() {
        for bad in ["", "inof", "info,", "verbose", "llmtrace_server=loud", "info;debug", "5"] {
            let error = check_level(bad).unwrap_err().to_string();
            assert!(error.starts_with("logging.level: found "), "{bad}: {error}");
        }
        for good in ["info", "INFO", "warn,hyper=debug", "off"] {
            assert!(check_level(good).is_ok(), "{good}");
        }
        let error = "yaml".parse::<LogFormat>().unwrap_err().to_string();
        assert_eq!(error, "logging.format: found \"yaml\", expected one of text, json");
    }
}
