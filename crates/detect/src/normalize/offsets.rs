//! The way back from a form of a text to the bytes it was made of.

use std::ops::Range;

/// Where the bytes of a form came from. Positions are bytes; a form is made of at most 4 GiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Offsets {
    /// Byte for byte.
    Same,
    /// From each of these bytes on, all of it from all of this stretch; in order.
    Stretches(Vec<(usize, Range<usize>)>),
    /// Stretch by stretch, in order.
    Runs(Vec<Run>),
}

/// A stretch of a form whose pieces are all of one length, as are the pieces they came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Its first byte in the form.
    at: u32,
    /// Where it came from.
    from: u32,
    /// The end of that.
    to: u32,
    /// How long a piece is in the form; 0 where the run is one piece.
    out: u16,
    /// How long a piece was.
    step: u16,
}

impl Run {
    /// The first byte of the piece that this byte of the form belongs to.
    fn start(&self, at: usize) -> usize {
        let pieces = (at - self.at as usize).checked_div(usize::from(self.out)).unwrap_or(0);
        (self.from as usize + pieces * usize::from(self.step)).min(self.to as usize)
    }

    /// The byte behind that piece.
    fn end(&self, at: usize) -> usize {
        if self.out == 0 {
            return self.to as usize;
        }
        (self.start(at) + usize::from(self.step)).min(self.to as usize)
    }
}

impl Offsets {
    /// What a range of the form came from.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        match self {
            Self::Same => range,
            Self::Stretches(stretches) => {
                let find = |at: usize| stretches[..stretches.partition_point(|(start, _)| *start <= at)].last();
                let start = find(range.start).map_or(0, |(_, from)| from.start);
                if range.is_empty() {
                    return start..start;
                }
                start..find(range.end - 1).map_or(start, |(_, from)| from.end).max(start)
            }
            Self::Runs(runs) => {
                let find = |at: usize| {
                    let behind = runs.partition_point(|run| run.at as usize <= at);
                    behind.checked_sub(1).map(|nth| runs[nth])
                };
                let start = find(range.start).map_or(0, |run| run.start(range.start));
                if range.is_empty() {
                    return start..start;
                }
                start..find(range.end - 1).map_or(start, |run| run.end(range.end - 1)).max(start)
            }
        }
    }
}

/// Writes a form down with the way back.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// What was written so far.
    pub(super) text: String,
    runs: Vec<Run>,
}

impl Writer {
    /// Room for so much text.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), runs: Vec::new() }
    }

    /// Adds text that stood there byte for byte, or of which each character is as long as the one it was made of.
    pub(super) fn copy(&mut self, text: &str, from: usize) {
        if !text.is_empty() {
            self.note(text.len(), from..from + text.len());
            self.text.push_str(text);
        }
    }

    /// The same in lower case, for ASCII.
    pub(super) fn copy_lower(&mut self, text: &str, from: usize) {
        let at = self.text.len();
        self.copy(text, from);
        if let Some(new) = self.text.get_mut(at..) {
            new.make_ascii_lowercase();
        }
    }

    /// Adds a character that was made of this.
    pub(super) fn push(&mut self, c: char, from: Range<usize>) {
        self.note(c.len_utf8(), from);
        self.text.push(c);
    }

    /// Adds text all of which was made of this.
    pub(super) fn push_str(&mut self, text: &str, from: Range<usize>) {
        if !text.is_empty() {
            self.note(text.len(), from);
            self.text.push_str(text);
        }
    }

    fn note(&mut self, out: usize, from: Range<usize>) {
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (at, start, to) = (narrow(self.text.len()), narrow(from.start), narrow(from.end));
        let step = from.end - from.start;
        let (out, step) = match (u16::try_from(out), u16::try_from(step)) {
            // Pieces that kept their length join to one run, however long each is.
            (Ok(a), Ok(b)) if a == b => (1, 1),
            (Ok(a), Ok(b)) if b > 0 => (a, b),
            _ if out == step => (1, 1),
            _ => (0, 0),
        };
        match self.runs.last_mut() {
            Some(last) if last.to == start && last.out == out && last.step == step && out > 0 => last.to = to,
            _ => self.runs.push(Run { at, from: start, to, out, step }),
        }
    }

    /// The text and the way back.
    pub(super) fn finish(self) -> (String, Offsets) {
        let same = match self.runs[..] {
            [] => true,
            [run] => run.from == 0 && run.out == 1 && run.step == 1,
            _ => false,
        };
        (self.text, if same { Offsets::Same } else { Offsets::Runs(self.runs) })
    }
}
