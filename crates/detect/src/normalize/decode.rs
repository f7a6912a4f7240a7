//! Decodes what is encoded in a text, twice at most.
//!
//! A look at the text ([`super::scan`]) says which decoders run; each keeps only what reads like language. How many views there
//! are, how long each is and how long they are together is bounded, so that encodings within encodings end.

mod bytes;
mod cipher;
mod codes;
mod edit;
mod escapes;
mod flip;
mod leet;
mod morse;
mod pig;
mod spacing;

use std::{borrow::Cow, ops::Range, sync::Arc};

use super::{
    Hidden, How, View, fold,
    offsets::Offsets,
    scan::{self, Signs},
};

/// How many views there may be.
const MOST: usize = 48;
/// How long one may be.
const LONGEST: usize = 1 << 16;
/// How long all of them may be together, beside the length of the text itself.
const ALL: usize = 1 << 17;
/// How often what was decoded is decoded again.
const DEPTH: usize = 2;

/// A folded text, and what it was before.
pub(super) struct Source<'a> {
    pub(super) before: &'a str,
    pub(super) text: &'a str,
    pub(super) way: &'a Offsets,
}

impl Source<'_> {
    /// A part of the text as it was written: in its case.
    fn written(&self, range: Range<usize>) -> &str {
        let range = self.way.origin(range);
        let start = self.before.floor_char_boundary(range.start);
        &self.before[start..self.before.ceil_char_boundary(range.end.max(start))]
    }
}

/// What a decoder made of a part of a source.
pub(super) struct Piece {
    how: How,
    text: String,
    /// The way back into the text of the source.
    way: Offsets,
}

/// What decoders have made of one source, within what may still be made.
pub(super) struct Pieces {
    all: Vec<Piece>,
    count: usize,
    bytes: usize,
    /// Whether some were left out because there was no room.
    left_out: bool,
}

impl Pieces {
    /// Keeps a piece if there is room for it.
    fn add(&mut self, how: How, text: String, way: Offsets) {
        if text.is_empty() {
            return;
        }
        if self.is_full() || text.len() > LONGEST.min(self.bytes) {
            self.left_out = true;
        } else {
            self.count -= 1;
            self.bytes -= text.len();
            self.all.push(Piece { how, text, way });
        }
    }

    /// Keeps what a stretch says in full, with what others before it said in the same way: a payload may be in parts.
    fn add_stretch(&mut self, how: How, text: &str, from: Range<usize>) {
        let last = self.all.iter_mut().rev().find(|piece| piece.how == how);
        if let Some(Piece { text: before, way: Offsets::Stretches(stretches), .. }) = last
            && stretches.last().is_some_and(|(_, last)| last.end <= from.start)
            && before.len() + text.len() < LONGEST
            && text.len() < self.bytes
        {
            stretches.push((before.len(), from));
            self.bytes -= text.len() + 1;
            before.push('\n');
            before.push_str(text);
            return;
        }
        self.add(how, text.to_owned(), Offsets::Stretches(vec![(0, from)]));
    }

    /// Whether decoders need not go on.
    fn is_full(&self) -> bool {
        self.count == 0 || self.bytes == 0
    }
}

/// A decoder: adds what it finds in a source.
type Decoder = fn(&Source<'_>, &Signs, &mut Pieces);

/// All of them. Each returns at once where there are no signs of its encoding.
const DECODERS: [Decoder; 9] = [
    bytes::decode,
    escapes::decode,
    codes::decode,
    spacing::decode,
    cipher::decode,
    leet::decode,
    morse::decode,
    pig::decode,
    flip::decode,
];

/// A folded text that is still to be looked at.
struct Step {
    before: String,
    text: String,
    how: Vec<How>,
    ways: Vec<Arc<Offsets>>,
}

/// The views of what is encoded in a text, and in what it hides.
///
/// And whether there was more than there is room for.
pub(super) fn decode<'t>(
    original: &'t str,
    root: &Source<'_>,
    way: &Arc<Offsets>,
    hidden: &[Hidden],
) -> (Vec<View<'t>>, bool) {
    let mut left = Pieces { all: Vec::new(), count: MOST, bytes: ALL + root.text.len(), left_out: false };
    let mut views = Vec::new();
    for hidden in hidden.iter().filter(|hidden| hidden.kind.is_encoding() && !hidden.text.is_empty()) {
        left.add_stretch(How::Hidden, &hidden.text, hidden.range.clone());
    }
    let mut steps: Vec<Step> = left.all.drain(..).map(|piece| piece.step(&[], &[])).collect();
    left.run(root);
    steps.extend(left.all.drain(..).map(|piece| piece.step(&[], std::slice::from_ref(way))));
    for depth in 1..=DEPTH {
        let mut next = Vec::new();
        for step in steps {
            if depth < DEPTH {
                let map = step.ways[0].clone();
                left.run(&Source { before: &step.before, text: &step.text, way: &map });
                let (_, before) = step.how.split_last().unwrap_or((&How::Folded, &[]));
                // What was turned around once is not turned back.
                let new = left.all.drain(..).filter(|piece| piece.how.is_layered() || !before.contains(&piece.how));
                next.extend(new.map(|piece| piece.step(before, &step.ways)));
            }
            let Step { text, how, ways, .. } = step;
            // Two ways may lead to one text; it is read once.
            if views.iter().any(|view: &View<'_>| view.text == text) {
                continue;
            }
            views.push(View { how, text: Cow::Owned(text), original, ways });
        }
        steps = next;
    }
    (views, left.left_out)
}

impl Pieces {
    fn run(&mut self, source: &Source<'_>) {
        let signs = scan::scan(source.text);
        for decoder in DECODERS {
            decoder(source, &signs, self);
        }
        // Two decoders may come to one text; it is read once.
        let mut nth = 0;
        while nth < self.all.len() {
            if self.all[..nth].iter().any(|before| before.text == self.all[nth].text) {
                self.all.remove(nth);
            } else {
                nth += 1;
            }
        }
    }
}

impl How {
    /// Whether one such step within another says something new.
    fn is_layered(self) -> bool {
        match self {
            Self::Folded
            | Self::Hidden
            | Self::Base64
            | Self::Base32
            | Self::Hex
            | Self::Binary
            | Self::Codes
            | Self::Percent => true,
            Self::Entities | Self::Escapes | Self::QuotedPrintable | Self::Morse => true,
            Self::Caesar(_)
            | Self::Rot47
            | Self::Atbash
            | Self::Reversed
            | Self::ReversedWords
            | Self::ReversedOrder => false,
            Self::Leet | Self::Spaced | Self::Joined | Self::PigLatin | Self::Flipped => false,
        }
    }
}

impl Piece {
    /// Folded, with the steps and ways that led to it.
    fn step(self, how: &[How], ways: &[Arc<Offsets>]) -> Step {
        let whole = std::iter::once(0..self.text.len()).collect::<Vec<_>>();
        let folded = fold::fold(&self.text, &whole);
        let how = how.iter().copied().chain([self.how, How::Folded]).collect();
        let ways = [Arc::new(folded.map), Arc::new(self.way)].into_iter().chain(ways.iter().cloned()).collect();
        Step { before: self.text, text: folded.text, how, ways }
    }
}
