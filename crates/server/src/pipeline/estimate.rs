//! The tokens of an exchange whose provider reported none: counted from what was said, and marked `estimated`.
//!
//! Only where the provider has certainly billed something: an answer of a model, whole or begun. What was reported stays,
//! an explicit zero too. What is no text (images, audio, files, a stored conversation) cannot be counted and is not.

mod tokens;

use llmtrace_model::{BodyCoverage, Content, EndReason, Message, Part, Span, SpanRecord, Status, Usage, UsageSource};

use self::tokens::Counter;

/// The operations that a model answers, by OpenTelemetry's name.
const ANSWERED: [&str; 3] = ["chat", "text_completion", "generate_content"];
/// The operation whose output is no tokens.
const EMBEDDINGS: &str = "embeddings";
/// Formats whose streams begin with the usage of the input and end with that of the output: one that was cut between the two
/// holds a placeholder for the output (Anthropic, "Streaming messages": `message_start` and `message_delta`).
const INPUT_FIRST: [&str; 1] = ["anthropic_messages"];
/// What OpenAI's models read beside the text: 3 tokens a message and 1 a name, and 3 to begin the answer (OpenAI cookbook, "How
/// to count tokens with tiktoken", October 2026).
const PER_MESSAGE: u64 = 3;
const PER_NAME: u64 = 1;
const PER_ANSWER: u64 = 3;

/// What is to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// Nothing was reported.
    Everything,
    /// The input was reported, the output had no time to be.
    Output,
}

/// Counts what is missing; needs what was said, so it runs before that is forgotten.
pub(super) fn usage(record: &mut SpanRecord) {
    let Some(content) = &record.content else { return };
    let Some(missing) = missing(&record.span, content) else { return };
    let span = &mut record.span;
    let model = span.response_model.as_deref().or(span.request_model.as_deref()).unwrap_or("");
    let reported = span.usage.unwrap_or_default();
    let (output, reasoning) = output(content, model);
    let usage = match missing {
        Missing::Everything => Usage { input: input(content, model, &span.operation), output, reasoning, ..reported },
        // Never less than the events said.
        Missing::Output => {
            Usage { output: reported.output.max(output), reasoning: reported.reasoning.max(reasoning), ..reported }
        }
    };
    if usage.total() > 0 && span.usage != Some(usage) {
        (span.usage, span.usage_source) = (Some(usage), UsageSource::Estimated);
    }
}

fn missing(span: &Span, content: &Content) -> Option<Missing> {
    let is_whole = match span.end_reason {
        EndReason::Complete => span.status == Status::Ok,
        EndReason::ClientGone | EndReason::UpstreamFailed | EndReason::TimedOut | EndReason::Cut => false,
        EndReason::Refused | EndReason::Blocked | EndReason::Interrupted => return None,
    };
    let is_answer = span.method == "POST" && span.http_status.is_some_and(|status| (200..300).contains(&status));
    if !is_answer || !span.units.is_empty() || !is_read(&span.coverage.request) || !is_read(&span.coverage.response) {
        return None;
    }
    let says_something = content.output_messages.iter().any(|message| !message.parts.is_empty());
    match span.operation.as_str() {
        EMBEDDINGS if span.usage.is_none() && is_whole => Some(Missing::Everything),
        operation if !ANSWERED.contains(&operation) || !says_something => None,
        _ if span.usage.is_none() => Some(Missing::Everything),
        _ => {
            let is_cut = !is_whole && span.stream && span.finish_reasons.is_empty();
            (is_cut && INPUT_FIRST.contains(&span.dialect.as_str())).then_some(Missing::Output)
        }
    }
}

/// Says whether the text of a body is there, at least its head and tail.
fn is_read(body: &BodyCoverage) -> bool {
    match body {
        BodyCoverage::Whole | BodyCoverage::Truncated => true,
        BodyCoverage::Empty | BodyCoverage::Opaque(_) | BodyCoverage::NotKept => false,
    }
}

fn input(content: &Content, model: &str, operation: &str) -> u64 {
    let mut counter = Counter::of(model);
    content.system_instructions.iter().for_each(|part| count(&mut counter, part));
    for message in &content.input_messages {
        count_message(&mut counter, message);
    }
    content.tool_definitions.iter().for_each(|tool| counter.add(&tool.to_string()));
    let framing = match (counter.knows_the_model(), operation) {
        (true, "chat") => {
            let messages = content.input_messages.len() + usize::from(!content.system_instructions.is_empty());
            let names = content.input_messages.iter().filter(|message| message.name.is_some()).count();
            PER_ANSWER + PER_MESSAGE * messages as u64 + PER_NAME * names as u64
        }
        (true | false, _) => 0,
    };
    counter.total() + framing
}

/// Output and reasoning.
fn output(content: &Content, model: &str) -> (u64, u64) {
    let (mut said, mut thought) = (Counter::of(model), Counter::of(model));
    for part in content.output_messages.iter().flat_map(|message| &message.parts) {
        let counter = if matches!(part, Part::Reasoning { .. }) { &mut thought } else { &mut said };
        count(counter, part);
    }
    (said.total(), thought.total())
}

fn count_message(counter: &mut Counter, message: &Message) {
    if let Some(name) = &message.name {
        counter.add(name);
    }
    message.parts.iter().for_each(|part| count(counter, part));
}

fn count(counter: &mut Counter, part: &Part) {
    match part {
        Part::Text { content } | Part::Reasoning { content } | Part::Refusal { content } => counter.add(content),
        Part::ToolCall { name, arguments, .. } => {
            counter.add(name);
            counter.add_value(arguments);
        }
        Part::ToolCallResponse { result, .. } => counter.add_value(result),
        Part::Raw { value } => counter.add_value(value),
        Part::Blob { .. } | Part::Uri { .. } | Part::File { .. } => {}
    }
}

#[cfg(test)]
mod tests;
