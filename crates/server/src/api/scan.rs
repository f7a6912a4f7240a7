//! `/api/v1/scan`: what detection says of a text that is sent to it. Nothing of it is kept.

use std::time::{Duration, Instant};

use axum::Json;
use llmtrace_detect::{Deadline, Engine, Hit, Quoting};
use llmtrace_model::Channel;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    body,
    error::{Problem, ProblemView, WriteProblems},
    query::NoParams,
    read::Asked,
    view::shapes,
};
use crate::analysis::NotAnalysed;

/// How long a scan may take, waiting included.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest body.
const MAX_TEXT: usize = 1024 * 1024;

/// A text to look at.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScannedText {
    /// Anything; stands in the answer as it is.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub id: Value,
    /// The text.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String)]
    pub text: String,
    /// Whose words they are; a user's where nothing is said.
    #[serde(default = "user")]
    #[schema(value_type = Option<shapes::Channel>)]
    pub channel: Channel,
}

/// What was found in a text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Scanned {
    /// That of the text.
    pub id: Value,
    /// The highest score of a finding; 0 where there is none.
    pub score: f32,
    /// What was found, in the order of the text.
    pub findings: Vec<ScannedFinding>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The detectors that did not get to it in time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<&'static str>,
}

/// One thing that was found in a text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScannedFinding {
    /// What it is.
    pub kind: &'static str,
    /// Which sort of it.
    pub subtype: String,
    /// The rule or model that found it.
    pub rule: String,
    /// How sure it is, 0 to 1.
    pub score: f32,
    /// Its first character in the text, counted in Unicode code points.
    pub start: usize,
    /// The character behind its last one.
    pub end: usize,
    /// How bad it is: `info`, `low`, `medium`, `high`, `critical`.
    pub severity: &'static str,
    /// Why, for a person.
    pub reason: String,
    /// The entry of the OWASP Top 10 for LLM Applications (2025) it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owasp: Option<&'static str>,
}

/// Says what detection finds in a text. Nothing of it is kept.
#[utoipa::path(
    post, path = "/api/v1/scan", tag = "detection", operation_id = "scan_text", request_body = ScannedText,
    responses(
        (status = 200, description = "What was found", body = Scanned),
        (status = 503, description = "There was no time for it", body = ProblemView,
         content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn scan(
    Asked { api, .. }: Asked<NoParams>,
    body::Json(text): body::Json<ScannedText, MAX_TEXT>,
) -> Result<Json<Scanned>, Problem> {
    let scanned = api.analysts.run(PATIENCE, move |engine, deadline| Scanned::of(engine, text, deadline)).await;
    scanned.map(Json).map_err(|why| match why {
        NotAnalysed::Late => Problem::AnalysisBusy,
        NotAnalysed::Failed => Problem::AnalysisFailed,
    })
}

impl Scanned {
    /// Looks at a text.
    pub fn of(engine: &Engine, ScannedText { id, text, channel }: ScannedText, deadline: Deadline) -> Self {
        let begun = Instant::now();
        let report = engine.scan(channel, &text, deadline);
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let score = report.hits.iter().map(|hit| hit.score.get()).fold(0.0, f32::max);
        let mut counted = (0, 0);
        let findings = report.hits.into_iter().map(|hit| finding(&text, hit, &mut counted)).collect();
        Self { id, score, findings, micros, late: report.late }
    }
}

/// `counted`: the last place in the text that was asked for, in bytes and in characters; findings come in order.
fn finding(text: &str, hit: Hit, counted: &mut (usize, usize)) -> ScannedFinding {
    let reason = hit.why(Quoting::Allowed);
    let Hit { kind, subtype, rule, score, severity, range, quote: _, reason: _ } = hit;
    let chars = |range: std::ops::Range<usize>| text.get(range).map_or(0, |text| text.chars().count());
    *counted = (range.start, counted.1 + chars(counted.0..range.start));
    let start = counted.1;
    ScannedFinding {
        kind: kind.as_str(),
        subtype: subtype.into_owned(),
        rule: rule.into_owned(),
        score: score.get(),
        start,
        end: start + chars(range),
        severity: severity.as_str(),
        reason,
        owasp: kind.owasp(),
    }
}

fn user() -> Channel {
    Channel::User
}

/// A string of JSON, also one with half of a surrogate pair, which programs that cut texts write: it becomes U+FFFD.
fn text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    struct Bytes;
    impl serde::de::Visitor<'_> for Bytes {
        type Value = String;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    // serde_json gives such a half as bytes to whoever asks for bytes.
    from.deserialize_bytes(Bytes)
}
