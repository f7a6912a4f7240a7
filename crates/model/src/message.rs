//! What was said: messages and their parts, in the shape of OpenTelemetry's GenAI conventions (v1.41).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything said in one exchange. Kept apart from [`crate::Span`], so that lists never load it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Content {
    /// Instructions outside the message list (Anthropic `system`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system_instructions: Vec<Part>,
    /// What the client sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_messages: Vec<Message>,
    /// What the model answered, one message per choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_messages: Vec<Message>,
    /// The tools offered to the model, verbatim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_definitions: Vec<Value>,
}

/// One message: who speaks, and in which parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The speaker.
    pub role: Role,
    /// The speaker's name, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What was said, in order.
    pub parts: Vec<Part>,
    /// Why the model stopped, in the provider's word; output messages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The operator (`system`).
    System,
    /// The operator, in OpenAI's newer word.
    Developer,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool (also OpenAI's former `function`).
    Tool,
    /// A role this version does not know; the raw message keeps its name.
    Unknown,
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
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
        /// Size of the bytes as sent (base64 text length).
        size_bytes: u64,
    },
    /// Something by reference.
    Uri {
        /// `image`, `audio`, `document` or `file`; `citation` for a source the model names.
        modality: String,
        /// Where it is, without credentials.
        uri: String,
    },
    /// A file the provider holds.
    File {
        /// `image`, `audio`, `document` or `file`; `citation` for a source the model names.
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
