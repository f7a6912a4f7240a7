//! Reads JSON lines with a `text` each on stdin and writes what training sees of them, little-endian u32 throughout.
//!
//! First: how many texts, how many n-grams are kept (those of at least `MIN` texts, first argument, 3 by default), and their
//! names in order. Then per text: the words of its folded view, the points of rules (most and sum in plain sight, most and sum
//! in decoded views; for the user's channel, then for the untrusted one), and how many windows follow. Per window: the view it
//! is of (0 folded, 1 decoded), its sizes (bit 0 small, bit 1 large), how many n-grams it has, how many of them are kept, and
//! the place of each of those in the list of names.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufWriter, Write},
};

use llmtrace_detect::{
    Attack, Deadline, Input,
    linear::{windows_of, words_of},
    views,
};
use llmtrace_model::Channel;

#[derive(serde::Deserialize)]
struct Line {
    text: String,
}

/// The place of every n-gram that is kept, by its name.
type Places = HashMap<u32, u32>;

fn main() -> io::Result<()> {
    let least = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(3);
    let texts = io::stdin()
        .lock()
        .lines()
        .map(|line| Ok(serde_json::from_str::<Line>(&line?)?.text))
        .collect::<io::Result<Vec<_>>>()?;
    let names = common(&texts, least);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    write(&mut out, [number(texts.len()), number(names.len())])?;
    write(&mut out, names.iter().copied())?;
    let places: Places = names.iter().zip(0..).map(|(&name, place)| (name, place)).collect();
    let attack = Attack::new();
    for text in &texts {
        describe(&attack, text, &places, &mut out)?;
    }
    out.flush()
}

/// The names of the n-grams that so many texts have, in order.
fn common(texts: &[String], least: u32) -> Vec<u32> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    let mut names = Vec::new();
    for text in texts {
        names.clear();
        each_window(text, |_, _, window| names.extend_from_slice(window));
        names.sort_unstable();
        names.dedup();
        for &name in &names {
            *counts.entry(name).or_default() += 1;
        }
    }
    let mut common: Vec<u32> = counts.into_iter().filter(|&(_, count)| count >= least).map(|(name, _)| name).collect();
    common.sort_unstable();
    common
}

fn each_window(text: &str, mut each: impl FnMut(u32, &[usize], &[u32])) {
    let views = views(text);
    let all = std::iter::once((0, &views.folded)).chain(views.decoded.iter().map(|view| (1, view)));
    for (which, view) in all {
        windows_of(&view.text, |sizes, names| each(which, sizes, names));
    }
}

fn describe(attack: &Attack, text: &str, places: &Places, out: &mut impl Write) -> io::Result<()> {
    let (mut windows, mut count) = (Vec::new(), 0_u32);
    each_window(text, |which, sizes, names| {
        let bits = sizes.iter().fold(0_u32, |bits, size| bits | 1 << size);
        windows.extend([which, bits, number(names.len()), 0]);
        let start = windows.len();
        windows.extend(names.iter().filter_map(|name| places.get(name)));
        windows[start - 1] = number(windows.len() - start);
        count += 1;
    });
    let views = views(text);
    let points = |channel| attack.points(&Input { channel, views: &views, deadline: Deadline::NEVER }).map(u32::from);
    write(out, [number(words_of(&views.folded.text))])?;
    write(out, points(Channel::User))?;
    write(out, points(Channel::Untrusted))?;
    write(out, [count])?;
    write(out, windows)
}

fn write(out: &mut impl Write, numbers: impl IntoIterator<Item = u32>) -> io::Result<()> {
    numbers.into_iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
