//! Takes the usage event out of a stream again that we asked for it; every other byte passes.

use bytes::Bytes;
use memchr::memchr2_iter;

use crate::{
    json::{Json, Rules, parse},
    sse::{Decoder, Frame},
    usage::may_have_usage,
};

/// Removes the event with an empty `choices` list and a `usage` that is not `null` from a server-sent-event stream.
///
/// Holds at most one incomplete event; one over the bound ends the filtering, and everything passes from there on. The
/// bytes that come out do not depend on how they came in. Whole events pass as slices of the chunk, without a copy.
#[derive(Debug)]
pub struct UsageFilter {
    max_event_bytes: usize,
    /// The pieces of the incomplete event.
    held: Vec<Bytes>,
    held_bytes: usize,
    /// Bytes of the line the last chunk ended in.
    line_bytes: usize,
    /// The last byte was `\r`: a `\n` now belongs to the same line end.
    after_cr: bool,
    /// The event that ended with that `\r` was taken out, so its `\n` goes too.
    removed_last: bool,
    removed: u64,
    passing: bool,
}

impl UsageFilter {
    /// Makes a filter that holds at most `max_event_bytes` of an incomplete event.
    pub fn new(max_event_bytes: usize) -> Self {
        Self {
            max_event_bytes,
            held: Vec::new(),
            held_bytes: 0,
            line_bytes: 0,
            after_cr: false,
            removed_last: false,
            removed: 0,
            passing: false,
        }
    }

    /// Takes a chunk and appends what may go on to `out`.
    #[allow(clippy::needless_pass_by_value, reason = "the slices that go out keep the chunk alive")]
    pub fn push(&mut self, chunk: Bytes, out: &mut Vec<Bytes>) {
        let mut walk = Walk { chunk: &chunk, sent: 0, start: 0, out };
        let mut line = 0;
        for at in memchr2_iter(b'\n', b'\r', &chunk) {
            if self.passing {
                break;
            }
            if chunk[at] == b'\n' && at == line && self.after_cr_before(&chunk, at) {
                self.second_half(&mut walk, at);
            } else {
                let blank = at == line && self.line_bytes == 0;
                self.line_bytes = 0;
                self.removed_last = false;
                if blank {
                    self.event_ends(&mut walk, at + 1);
                }
            }
            line = at + 1;
        }
        if self.passing {
            walk.send_to(chunk.len());
            return;
        }
        self.line_bytes += chunk.len() - line;
        if let Some(last) = chunk.last() {
            self.after_cr = *last == b'\r';
        }
        self.hold_rest(&mut walk);
    }

    /// Ends the stream: an event that never became complete is none, and passes.
    pub fn finish(&mut self, out: &mut Vec<Bytes>) {
        out.append(&mut self.held);
        self.held_bytes = 0;
    }

    /// How many events were taken out.
    pub fn removed(&self) -> u64 {
        self.removed
    }

    fn after_cr_before(&self, chunk: &[u8], at: usize) -> bool {
        if at == 0 { self.after_cr } else { chunk[at - 1] == b'\r' }
    }

    /// Takes the `\n` of a `\r\n`: it goes the way of the line it ends.
    fn second_half(&mut self, walk: &mut Walk<'_>, at: usize) {
        let starts_event = walk.start == at && self.held.is_empty();
        if std::mem::take(&mut self.removed_last) {
            walk.sent = at + 1;
            walk.start = at + 1;
        } else if starts_event {
            // The event before ended with the `\r` and passed; its `\n` is no part of the next one.
            walk.start = at + 1;
        }
    }

    /// An event ended before `end` of the chunk.
    fn event_ends(&mut self, walk: &mut Walk<'_>, end: usize) {
        let size = self.held_bytes + (end - walk.start);
        if size > self.max_event_bytes {
            self.pass_on(walk);
        } else if self.is_usage_event(&walk.chunk[walk.start..end]) {
            self.removed += 1;
            self.removed_last = true;
            if self.held.is_empty() {
                walk.send_to(walk.start);
            }
            walk.sent = end;
        } else {
            walk.out.append(&mut self.held);
        }
        self.held.clear();
        self.held_bytes = 0;
        walk.start = end;
    }

    /// Stops filtering: what is held goes first.
    fn pass_on(&mut self, walk: &mut Walk<'_>) {
        self.passing = true;
        walk.out.append(&mut self.held);
        self.held_bytes = 0;
    }

    fn hold_rest(&mut self, walk: &mut Walk<'_>) {
        let (start, end) = (walk.start, walk.chunk.len());
        if self.held_bytes + (end - start) > self.max_event_bytes {
            self.pass_on(walk);
            return walk.send_to(end);
        }
        walk.send_to(start);
        if start < end {
            self.held.push(walk.chunk.slice(start..end));
            self.held_bytes += end - start;
        }
    }

    fn is_usage_event(&self, last: &[u8]) -> bool {
        if self.held.is_empty() {
            return is_usage_event(last);
        }
        let mut event = Vec::with_capacity(self.held_bytes + last.len());
        for piece in &self.held {
            event.extend_from_slice(piece);
        }
        event.extend_from_slice(last);
        is_usage_event(&event)
    }
}

/// The way through one chunk.
struct Walk<'a> {
    chunk: &'a Bytes,
    /// Everything before it has been sent or taken out.
    sent: usize,
    /// Where the event at hand starts, if it starts in this chunk.
    start: usize,
    out: &'a mut Vec<Bytes>,
}

impl Walk<'_> {
    fn send_to(&mut self, end: usize) {
        if self.sent < end {
            self.out.push(self.chunk.slice(self.sent..end));
            self.sent = end;
        }
    }
}

fn is_usage_event(event: &[u8]) -> bool {
    // Most events go no further than this search.
    if !may_have_usage(event) {
        return false;
    }
    let mut found = false;
    let mut decoder = Decoder::new(event.len());
    decoder.feed(event, |frame| {
        if let Frame::Event { data, .. } = frame {
            found = is_usage_data(data);
        }
    });
    found
}

fn is_usage_data(data: &[u8]) -> bool {
    let Some(Json::Object(members)) = std::str::from_utf8(data).ok().and_then(|t| parse(t, &Rules::default()).ok())
    else {
        return false;
    };
    let mut empty_choices = false;
    let mut usage = false;
    for (key, value) in &members {
        match key.as_ref() {
            "choices" => empty_choices = matches!(value, Json::Array(items) if items.is_empty()),
            "usage" => usage = matches!(value, Json::Object(_)),
            // Whatever comes with an error is for the client to see.
            "error" if !value.is_null() => return false,
            _ => {}
        }
    }
    empty_choices && usage
}

#[cfg(test)]
mod tests;
