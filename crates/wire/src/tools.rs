//! The tools that a request offers to the model, out of the many shapes in which formats define them.

use serde_json::Value;

/// A tool as a request offers it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OfferedTool<'a> {
    /// The server it comes from, where the definition says so (OpenAI `server_label`); else empty.
    pub server: &'a str,
    /// Its name; the type of a tool that the provider brings along (`web_search`).
    pub name: &'a str,
    /// What it says of itself.
    pub description: &'a str,
    /// The schema of its arguments; `null` where there is none.
    pub schema: &'a Value,
    /// Which of the definitions it stands in.
    pub definition: usize,
}

/// The tools of [`llmtrace_model::Content::tool_definitions`], in their order. A definition of a shape that is not known gives none.
///
/// Shapes: OpenAI Chat and Ollama `{"type": "function", "function": {…}}`, OpenAI Responses `{"type", "name", …}` and
/// `{"type": "mcp", "server_label", …}`, Anthropic `{"name", "description", "input_schema"}`, Gemini `{"functionDeclarations": […]}`,
/// Bedrock `{"toolSpec": {"name", "inputSchema": {"json"}}}`, Cohere as OpenAI Chat.
pub fn tools(definitions: &[Value]) -> impl Iterator<Item = OfferedTool<'_>> {
    definitions.iter().enumerate().flat_map(|(definition, value)| {
        let declared = value.get("functionDeclarations").or_else(|| value.get("function_declarations"));
        let several = declared.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let one = several.is_empty().then_some(value);
        several.iter().chain(one).filter_map(move |value| tool(value, definition))
    })
}

fn tool(value: &Value, definition: usize) -> Option<OfferedTool<'_>> {
    let spec =
        ["function", "toolSpec", "custom"].iter().find_map(|name| value.get(*name).filter(|spec| spec.is_object()));
    let spec = spec.unwrap_or(value);
    let text = |name: &str| spec.get(name).and_then(Value::as_str).unwrap_or_default();
    let server = text("server_label");
    let name = [text("name"), server, text("type")].into_iter().find(|name| !name.is_empty())?;
    let schema = ["parameters", "input_schema", "inputSchema", "parametersJsonSchema", "allowed_tools"];
    let schema = schema.iter().find_map(|name| spec.get(*name)).unwrap_or(&Value::Null);
    let schema = schema.get("json").unwrap_or(schema);
    let description = [text("description"), text("server_description")].into_iter().find(|text| !text.is_empty());
    Some(OfferedTool { server, name, description: description.unwrap_or_default(), schema, definition })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_is_the_same_in_every_shape() {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let of = |key: &str| json!({"name": "weather", "description": "tells it", key: schema});
        let shapes = [
            json!({"type": "function", "function": of("parameters")}),
            json!({"type": "function", "name": "weather", "description": "tells it", "parameters": schema}),
            of("input_schema"),
            json!({"functionDeclarations": [of("parameters")]}),
            json!({"toolSpec": {"name": "weather", "description": "tells it", "inputSchema": {"json": schema}}}),
        ];
        for (n, tool) in tools(&shapes).enumerate() {
            let expected =
                OfferedTool { server: "", name: "weather", description: "tells it", schema: &schema, definition: n };
            assert_eq!(tool, expected);
        }
        assert_eq!(tools(&shapes).count(), shapes.len());
    }

    #[test]
    fn tools_of_servers_and_of_the_provider_are_named_by_what_they_are() {
        let shapes = [
            json!({"type": "mcp", "server_label": "files", "server_url": "https://files.example", "allowed_tools": ["read"]}),
            json!({"type": "web_search"}),
            json!({"googleSearch": {}}),
            json!("weather"),
        ];
        let found: Vec<_> = tools(&shapes).map(|tool| (tool.server, tool.name, tool.definition)).collect();
        assert_eq!(found, [("files", "files", 0), ("", "web_search", 1)]);
    }
}
