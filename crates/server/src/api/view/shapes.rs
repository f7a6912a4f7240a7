//! The JSON shapes of model types, for the OpenAPI document only: `model` knows no HTTP.
//!
//! A test holds each against what the model really writes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// How we came to know of a span.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// It was forwarded by the proxy.
    Proxy,
    /// It was sent to us as OpenTelemetry.
    Otlp,
}

/// A page of the dashboard that can be saved.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ViewPage {
    /// What everything adds up to.
    Overview,
    /// The list of traces.
    Traces,
    /// The list of sessions.
    Sessions,
    /// The list of users.
    Users,
    /// The list of agents.
    Agents,
}

/// Whether messages are stored; each keeps more than the one before it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CaptureContent {
    /// Everything about them: usage, cost, times, sizes; no message text.
    Metadata,
    /// Messages, tool calls and everything about them.
    Full,
}

/// Of which exchanges the bytes are stored as they passed; each keeps more than the one before it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CaptureRaw {
    /// Of none.
    Off,
    /// Of those that failed, and of those in which a body could not be read.
    Errors,
    /// Of all.
    All,
}

/// Whether an exchange went well.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It did.
    Ok,
    /// It did not.
    Error,
}

/// How an action of the audit log went.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It was done.
    Done,
    /// Whoever asked may not.
    Refused,
    /// It was tried and did not succeed.
    Failed,
}

/// How an exchange ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EndReason {
    /// The whole answer reached the client.
    Complete,
    /// The client hung up first.
    ClientGone,
    /// The upstream failed.
    UpstreamFailed,
    /// A timeout of ours ended it.
    TimedOut,
    /// A policy or budget cut the stream.
    Cut,
    /// Refused before it was sent.
    Refused,
    /// A policy blocked it.
    Blocked,
    /// Our process ended first.
    Interrupted,
}

/// Where the tokens come from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum UsageSource {
    /// The provider reported them.
    Provider,
    /// Counted by us.
    Estimated,
    /// There are none.
    None,
}

/// What went wrong in an exchange.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorInfo {
    /// A stable word: the provider's error type, or ours.
    kind: String,
    /// The message.
    message: String,
}

/// One thing a detector found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Finding {
    /// What refusals and this API call it: 16 hexadecimal digits.
    id: String,
    /// The entry of the OWASP Top 10 for LLM Applications (2025) it belongs to, `null` where there is none.
    #[schema(required)]
    owasp: Option<String>,
    /// What it is.
    kind: FindingKind,
    /// Which sort of it: `instruction_override`, `aws_access_key`, `credit_card`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    subtype: String,
    /// How bad it is.
    severity: Severity,
    /// How sure the detector is, 0 to 1.
    confidence: f32,
    /// The rule or model that found it, a model with its version.
    rule: String,
    /// Why, for a person.
    reason: String,
    /// Where it was found, unless it is about the exchange as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    /// What the policy in force said is done about it.
    action: Action,
}

/// What is done about a finding, from the weakest to the strongest.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// Nothing: it is on the span for whoever looks.
    Observe,
    /// The exchange counts as flagged.
    Flag,
    /// The text is replaced.
    Redact,
    /// The exchange is refused, or its answer cut off.
    Block,
}

/// A stretch of text in an exchange.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// Whose words they are.
    channel: Channel,
    /// Which text: a JSON Pointer (RFC 6901) into the span's content, `/input_messages/0/parts/1/content`.
    path: String,
    /// Its first byte in that text, in UTF-8.
    start: u64,
    /// The byte behind its last one.
    end: u64,
}

/// Whose words a text holds.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Channel {
    /// A person typed it.
    User,
    /// A tool, document, file or web page said it.
    Untrusted,
    /// The model produced it.
    Output,
    /// The operator's instructions.
    System,
}

/// What a finding is about.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FindingKind {
    /// Text that gives the model orders it should not take.
    Injection,
    /// A user who talks the model out of its rules.
    Jailbreak,
    /// Text hidden from a human reader.
    HiddenText,
    /// An attack in an encoding.
    Encoded,
    /// A tool whose description gives orders, or that changes once it is trusted.
    ToolPoisoning,
    /// A tool called with arguments that do harm.
    ToolMisuse,
    /// Data on its way to somewhere it does not belong.
    Exfiltration,
    /// A credential.
    Secret,
    /// Personal data.
    Pii,
    /// The operator's instructions in an answer.
    SystemPromptLeak,
    /// A mark that was put there to show a leak.
    CanaryLeak,
    /// Insults, threats, hatred.
    Toxicity,
    /// Somebody who may harm themselves.
    SelfHarm,
    /// Code in an answer that is dangerous to run.
    CodeRisk,
}

/// How bad a finding is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Low,
    /// Worth an hour.
    Medium,
    /// Worth today.
    High,
    /// Worth waking somebody.
    Critical,
}

/// A thing by which spans are told apart.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dimension {
    /// The owner.
    TenantId,
    /// The provider.
    Provider,
    /// The wire format.
    Dialect,
    /// The operation.
    Operation,
    /// The model that answered, else the one asked for.
    Model,
    /// The agent.
    AgentId,
    /// The end user.
    UserId,
    /// The session.
    SessionId,
    /// The environment.
    Environment,
    /// The release.
    Release,
    /// How we came to know of it.
    Source,
    /// Well or not.
    Status,
    /// The HTTP status the client saw.
    HttpStatus,
    /// How it ended.
    EndReason,
}

/// The values of a group: those of the dimensions that were asked for are there, `null` where its spans have none.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupKey {
    /// The owner.
    tenant_id: Option<String>,
    /// The provider.
    provider: Option<String>,
    /// The wire format.
    dialect: Option<String>,
    /// The operation.
    operation: Option<String>,
    /// The model that answered, else the one asked for.
    model: Option<String>,
    /// The agent.
    agent_id: Option<String>,
    /// The end user.
    user_id: Option<String>,
    /// The session.
    session_id: Option<String>,
    /// The environment.
    environment: Option<String>,
    /// The release.
    release: Option<String>,
    /// How we came to know of it.
    source: Option<String>,
    /// Well or not.
    status: Option<String>,
    /// The HTTP status the client saw.
    http_status: Option<String>,
    /// How it ended.
    end_reason: Option<String>,
}

/// One message: who speaks, and in which parts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    /// The speaker.
    role: Role,
    /// The speaker's name, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What was said, in order.
    parts: Vec<Part>,
    /// Why the model stopped, in the provider's word; output messages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finish_reason: Option<String>,
}

/// Who speaks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// The operator.
    System,
    /// The operator, in OpenAI's newer word.
    Developer,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
    /// A role this version does not know.
    Unknown,
}

/// One part of a message, in the shape of OpenTelemetry's GenAI conventions.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Part {
    /// Text.
    Text {
        /// The text.
        content: String,
    },
    /// The model calls a tool.
    ToolCall {
        /// The provider's id of the call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The tool.
        name: String,
        /// Its arguments: JSON where they parse, else the raw text.
        arguments: Value,
    },
    /// A tool answers.
    ToolCallResponse {
        /// The call it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What it answered.
        result: Value,
    },
    /// The model's reasoning, or a summary of it.
    Reasoning {
        /// The text; empty where the provider hides it.
        content: String,
    },
    /// The model declines.
    Refusal {
        /// The text.
        content: String,
    },
    /// Inline bytes (image, audio, document): named, not kept.
    Blob {
        /// `image`, `audio`, `document` or `file`.
        modality: String,
        /// The stated media type.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
        /// Size of the bytes as sent.
        size_bytes: u64,
    },
    /// Something by reference.
    Uri {
        /// `image`, `audio`, `document` or `file`.
        modality: String,
        /// Where it is.
        uri: String,
    },
    /// A file the provider holds.
    File {
        /// `image`, `audio`, `document` or `file`.
        modality: String,
        /// The provider's id.
        file_id: String,
    },
    /// A part this version does not know, verbatim.
    Raw {
        /// The part as it was sent.
        value: Value,
    },
}
