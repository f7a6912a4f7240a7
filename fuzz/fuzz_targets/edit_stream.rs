//! Streams that are edited: what nobody changes passes as it came, in any cut; what is changed never panics, whatever it is.
#![no_main]

use std::collections::BTreeMap;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use llmtrace_wire::{
    DIALECTS, Dialect,
    edit::{self, Censor, Stream, TextOf},
};

/// Holds the last bytes of each text, and takes a letter out where it is asked to.
struct Holds {
    held: BTreeMap<TextOf, String>,
    bytes: usize,
    changes: bool,
}

impl Censor for Holds {
    fn more(&mut self, of: TextOf, piece: &str) -> String {
        let mut text = self.held.remove(&of).unwrap_or_default() + piece;
        if self.changes {
            text.retain(|c| c != 'e');
        }
        let at = text.floor_char_boundary(text.len().saturating_sub(self.bytes));
        self.held.insert(of, text.split_off(at));
        text
    }

    fn end(&mut self, of: TextOf) -> String {
        self.held.remove(&of).unwrap_or_default()
    }

    fn whole(&mut self, _: TextOf, text: &str) -> Option<String> {
        (self.changes && text.contains('e')).then(|| text.replace('e', ""))
    }

    fn holds_signed(&self) -> bool {
        self.changes
    }

    fn is_cut(&self) -> bool {
        self.changes && self.held.len() > 3
    }
}

const MEDIA: [&str; 4] =
    ["text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream", "application/json"];

fn run(dialect: Dialect, media: &str, pieces: &[&[u8]], mut censor: Holds) -> Option<Vec<u8>> {
    let mut stream = Stream::new(Some(dialect), media, 4096)?;
    let mut out = Vec::new();
    for piece in pieces {
        if stream.push(Bytes::copy_from_slice(piece), &mut censor, &mut out).is_err() {
            stream.give_up(&mut censor, &mut out);
        }
    }
    if stream.finish(&mut censor, &mut out).is_err() {
        stream.give_up(&mut censor, &mut out);
    }
    Some(out.concat())
}

fuzz_target!(|input: (u8, u8, u8, &[u8])| {
    let (dialect, media, cut, bytes) = input;
    let dialect = DIALECTS[usize::from(dialect) % DIALECTS.len()];
    let media = MEDIA[usize::from(media) % MEDIA.len()];
    let (first, second) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let holds = |bytes, changes| Holds { held: BTreeMap::new(), bytes, changes };
    if let Some(passed) = run(dialect, media, &[first, second], holds(0, false)) {
        assert_eq!(passed, bytes, "nobody changed it");
    }
    run(dialect, media, &[first, second], holds(5, true));
    let _ = edit::document(bytes, &mut holds(0, true));
    let _ = edit::strings(bytes, &mut |text| text.contains('e').then(|| text.replace('e', "")));
});
