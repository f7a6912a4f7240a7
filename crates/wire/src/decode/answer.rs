//! Reads the answer of an exchange: one document, or events.

use llmtrace_model::{BodyCoverage, ErrorInfo, Message, Part, Role};

use super::{Draft, Exchange, Limits, body::Copied, error_body, header, json_body};
use crate::{
    dialects::{
        Arrays, Format,
        error::{bare_error, error_info, error_of, failure},
    },
    framing::{Decoder, Frame, Framing},
    headers::{essence, is_json},
    json::{Json, Rules, parse},
    scanner::first_byte,
};

/// Reads the answer's body.
pub(super) fn read_answered(format: &Format, x: &Exchange<'_>, limits: &Limits, draft: &mut Draft) -> BodyCoverage {
    let copied = match Copied::open(&x.response, x.answer_headers, limits) {
        Ok(copied) => copied,
        Err(coverage) => {
            draft.error = status_error(x.status, "");
            return coverage;
        }
    };
    let media = header(x.answer_headers, "content-type").unwrap_or("");
    let failed = x.status.is_some_and(|status| status >= 400);
    let is_json = is_json(media) || media.is_empty();
    let in_array = || is_json && format.arrays == Arrays::Streams && first_byte(copied.head()) == Some(b'[');
    if let (Some(framing), false) = (Framing::of(media).or_else(|| in_array().then_some(Framing::JsonArray)), failed) {
        draft.streamed = true;
        return read_stream(format, framing, &copied, limits, draft);
    }
    if !is_json && !failed {
        if let (Some(read), true, Some(text)) = (format.text, essence(media).starts_with("text/"), copied.text()) {
            read(text, draft);
            return copied.coverage();
        }
        if let Some(modality) = (format.bytes)(essence(media)) {
            bytes(modality, essence(media), x.response.total_bytes, draft);
            return copied.coverage();
        }
    }
    let body = match (is_json, failed) {
        (false, _) => Err("not json"),
        (true, true) => error_body(&copied, limits),
        (true, false) => json_body(&copied, format.skip, limits),
    };
    match body {
        Ok(body) if failed => {
            draft.error = error_of(&body).or_else(|| bare_error(&body)).or_else(|| status_error(x.status, ""));
            name_error(x, draft);
            draft.request_id = body.str_at("request_id").map(str::to_owned);
        }
        Ok(body) => (format.answer)(body, draft),
        Err(reason) => {
            let is_text = media.starts_with("text/plain");
            draft.error = status_error(x.status, if is_text { copied.text().unwrap_or("") } else { "" });
            return BodyCoverage::Opaque(reason.to_owned());
        }
    }
    copied.coverage()
}

/// An answer that is bytes is named, with its size.
fn bytes(modality: &'static str, media: &str, size_bytes: u64, draft: &mut Draft) {
    draft.not_read(modality);
    let part = Part::Blob { modality: modality.to_owned(), mime_type: Some(media.to_owned()), size_bytes };
    let message = Message { role: Role::Assistant, name: None, parts: vec![part], finish_reason: None };
    draft.content.output_messages.push(message);
}

/// AWS names the kind of an error in a header: `ThrottlingException`, or that with an address behind a colon.
fn name_error(x: &Exchange<'_>, draft: &mut Draft) {
    let kind = header(x.answer_headers, "x-amzn-errortype").and_then(|value| value.split(':').next());
    if let (Some(kind), Some(error)) = (kind.filter(|kind| !kind.is_empty()), &mut draft.error) {
        *error = error_info(kind, &error.message);
    }
}

/// The error a status alone tells.
pub(super) fn status_error(status: Option<u16>, text: &str) -> Option<ErrorInfo> {
    let status = status.filter(|status| *status >= 400)?;
    Some(error_info(&format!("http_{status}"), text))
}

/// Reads an answer that came as events.
fn read_stream(
    format: &Format,
    framing: Framing,
    copied: &Copied<'_>,
    limits: &Limits,
    draft: &mut Draft,
) -> BodyCoverage {
    let Some(assembler) = format.stream else { return BodyCoverage::Opaque("unexpected stream".to_owned()) };
    let mut stream = assembler();
    let understood = read_events(copied, framing, format.skip, limits, draft, |name, event, draft| {
        if name == b"error" && event.get("error").is_none() {
            draft.error = bare_error(&event).or(draft.error.take());
        }
        stream.event(name, event, draft);
    });
    stream.finish(draft);
    if understood == 0 { BodyCoverage::Opaque("no event understood".to_owned()) } else { copied.coverage() }
}

/// Reads a body that is events, either side's; says how many were understood.
pub(super) fn read_events(
    copied: &Copied<'_>,
    framing: Framing,
    skip: &'static [&'static str],
    limits: &Limits,
    draft: &mut Draft,
    mut each: impl FnMut(&[u8], Json<'_>, &mut Draft),
) -> u64 {
    let rules = Rules { max_depth: limits.max_depth, max_values: limits.max_values, skip };
    let mut decoder = Decoder::new(framing, limits.max_event_bytes);
    let mut understood = 0u64;
    let mut frame = |frame: Frame<'_>| match frame {
        Frame::Event { data: b"[DONE]", .. } => understood += 1,
        Frame::Event { name, data } => match std::str::from_utf8(data).map(|text| parse(text, &rules)) {
            Ok(Ok(event)) => {
                understood += 1;
                each(name, event, draft);
            }
            Ok(Err(_)) | Err(_) => draft.unknown("event", "malformed"),
        },
        Frame::Failure { name, data } => {
            understood += 1;
            draft.error.get_or_insert_with(|| failure(name, data));
        }
        Frame::TooLong => draft.unknown("event", "too long"),
        Frame::Broken(why) => draft.unknown("event", why),
    };
    decoder.feed(copied.head(), &mut frame);
    if let Some(tail) = copied.tail() {
        // A whole copy has no tail of its own: this one lies behind a gap.
        decoder.skip_to_next();
        decoder.feed(tail, &mut frame);
    }
    decoder.finish(&mut frame);
    understood
}
