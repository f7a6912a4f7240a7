//! Says which n-grams of a window weighed most, for a person.

use std::ops::Range;

use super::{
    Head,
    ngrams::{Before, Reach, ending_in},
    words::Words,
};

/// How many n-grams are named.
const NAMED: usize = 3;

impl Head {
    /// The strongest n-grams of a window of a text, strongest first: each as the bytes of the text it stands in.
    ///
    /// Only whole words are named; one that lies in a stronger one is not named again.
    pub fn strongest(&self, text: &str, window: Range<usize>, size: usize) -> Vec<Range<usize>> {
        let Some(part) = text.get(window.clone()) else { return Vec::new() };
        let mut named: Vec<(f32, Range<usize>)> = Vec::with_capacity(NAMED + 1);
        let mut starts = [window.start; 3];
        let mut before = Before::NOTHING;
        let mut words = Words::of(part);
        while let Some(word) = words.next() {
            starts = [starts[1], starts[2], window.start + word.start];
            let end = window.start + word.end;
            ending_in(&word, before, words.letters(), |name, reach| {
                let Reach::Words(count) = reach else { return };
                let strength = self.strength(size, name);
                if strength > 0.0 {
                    keep(&mut named, strength, starts[3 - count]..end);
                }
            });
            before = before.and(&word);
        }
        named.into_iter().map(|(_, range)| range).collect()
    }
}

fn keep(named: &mut Vec<(f32, Range<usize>)>, strength: f32, range: Range<usize>) {
    let meets = |other: &Range<usize>| other.start < range.end && range.start < other.end;
    if named.iter().any(|(other, place)| *other >= strength && meets(place)) {
        return;
    }
    named.retain(|(_, place)| !meets(place));
    let place = named.partition_point(|(other, _)| *other >= strength);
    named.insert(place, (strength, range));
    named.truncate(NAMED);
}
