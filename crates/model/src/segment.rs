//! A piece of text with its place in an exchange: what the wire hands to detection.

use serde_json::Value;

use crate::{Content, Part, Role, word::words};

/// One piece of text of an exchange. Made of what `wire` decoded, read by `detect`; they meet only here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Who is said to speak.
    pub role: Role,
    /// Whose words they are.
    pub channel: Channel,
    /// Where it stands in the exchange's [`crate::Content`]: a JSON Pointer (RFC 6901), `/input_messages/0/parts/1/content`.
    pub path: String,
    /// The text.
    pub text: &'a str,
}

words! {
    /// Whose words a text holds, which decides how far they are trusted and what is looked for in them.
    Channel {
        /// A person typed it, or an application in their name.
        User = "user",
        /// A tool, document, file or web page said it, or the description of a tool.
        Untrusted = "untrusted",
        /// The model produced it.
        Output = "output",
        /// The operator's instructions.
        System = "system",
    } "user, untrusted, output, system"
}

impl Content {
    /// Every piece of text that was said, in the order of the exchange: instructions, tools, input, output.
    ///
    /// Of JSON (arguments, results, descriptions of tools, parts this version does not know) each string is a piece of its own.
    pub fn segments(&self) -> Vec<Segment<'_>> {
        let mut to = Segments(Vec::new());
        for (n, part) in self.system_instructions.iter().enumerate() {
            to.part(Role::System, part, format!("/system_instructions/{n}"));
        }
        for (n, tool) in self.tool_definitions.iter().enumerate() {
            to.json(Role::System, Channel::Untrusted, tool, format!("/tool_definitions/{n}"));
        }
        for (list, messages) in [("input_messages", &self.input_messages), ("output_messages", &self.output_messages)] {
            for (n, message) in messages.iter().enumerate() {
                for (m, part) in message.parts.iter().enumerate() {
                    to.part(message.role, part, format!("/{list}/{n}/parts/{m}"));
                }
            }
        }
        to.0
    }
}

impl Role {
    /// Whose words a text of this speaker holds.
    fn channel(self) -> Channel {
        match self {
            Self::System | Self::Developer => Channel::System,
            Self::User => Channel::User,
            Self::Assistant => Channel::Output,
            // Who speaks under a name this version does not know is trusted least.
            Self::Tool | Self::Unknown => Channel::Untrusted,
        }
    }
}

struct Segments<'a>(Vec<Segment<'a>>);

impl<'a> Segments<'a> {
    fn part(&mut self, role: Role, part: &'a Part, path: String) {
        match part {
            Part::Text { content } => self.text(role, role.channel(), content, path + "/content"),
            Part::Reasoning { content } | Part::Refusal { content } => {
                self.text(role, Channel::Output, content, path + "/content");
            }
            Part::ToolCall { id: _, name: _, arguments } => {
                self.json(role, Channel::Output, arguments, path + "/arguments");
            }
            // Whoever's message it stands in: some formats send results in the user's.
            Part::ToolCallResponse { id: _, result } => self.json(role, Channel::Untrusted, result, path + "/result"),
            Part::Raw { value } => self.json(role, Channel::Untrusted, value, path + "/value"),
            // Coverage names what is not text.
            Part::Blob { .. } | Part::Uri { .. } | Part::File { .. } => {}
        }
    }

    fn json(&mut self, role: Role, channel: Channel, value: &'a Value, path: String) {
        match value {
            Value::String(text) => self.text(role, channel, text, path),
            Value::Array(values) => {
                for (n, value) in values.iter().enumerate() {
                    self.json(role, channel, value, format!("{path}/{n}"));
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.json(role, channel, value, format!("{path}/{name}"));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, role: Role, channel: Channel, text: &'a str, path: String) {
        if !text.is_empty() {
            self.0.push(Segment { role, channel, path, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Message;

    fn message(role: Role, parts: Vec<Part>) -> Message {
        Message { role, name: None, parts, finish_reason: None }
    }

    fn text(content: &str) -> Part {
        Part::Text { content: content.to_owned() }
    }

    #[test]
    fn each_text_has_its_channel_and_a_pointer_that_finds_it() {
        let content = Content {
            system_instructions: vec![text("be brief")],
            tool_definitions: vec![json!({"function": {"a/b~c": "reads files"}})],
            input_messages: vec![
                message(Role::Developer, vec![text("be kind")]),
                message(
                    Role::User,
                    vec![
                        text("hello"),
                        Part::Blob { modality: "image".into(), mime_type: None, size_bytes: 3 },
                        Part::ToolCallResponse { id: None, result: json!([{"body": "page"}, 3, null]) },
                        Part::Raw { value: json!({"document": "file"}) },
                    ],
                ),
                message(
                    Role::Assistant,
                    vec![Part::ToolCall { id: None, name: "f".into(), arguments: json!({"path": "/tmp"}) }],
                ),
                message(Role::Tool, vec![text("result"), text("")]),
                message(Role::Unknown, vec![text("who")]),
            ],
            output_messages: vec![message(
                Role::Assistant,
                vec![Part::Reasoning { content: "hm".into() }, text("answer"), Part::Refusal { content: "no".into() }],
            )],
        };
        let value = serde_json::to_value(&content).unwrap();
        let found: Vec<_> = content.segments().into_iter().map(|s| (s.channel, s.text, s.path)).collect();
        for (_, text, path) in &found {
            assert_eq!(value.pointer(path).and_then(Value::as_str), Some(*text), "{path}");
        }
        let said: Vec<_> = found.iter().map(|(channel, text, _)| (*channel, *text)).collect();
        use Channel::{Output, System, Untrusted, User};
        assert_eq!(
            said,
            [
                (System, "be brief"),
                (Untrusted, "reads files"),
                (System, "be kind"),
                (User, "hello"),
                (Untrusted, "page"),
                (Untrusted, "file"),
                (Output, "/tmp"),
                (Untrusted, "result"),
                (Untrusted, "who"),
                (Output, "hm"),
                (Output, "answer"),
                (Output, "no"),
            ]
        );
    }
}
