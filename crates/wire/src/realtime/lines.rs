//! A bounded copy that is made of whole lines.

use std::collections::VecDeque;

/// How many bytes of the last lines are kept beyond the head.
const TAIL_BYTES: usize = 64 * 1024;

/// A bounded copy of lines: the first ones, and the last ones where the middle did not fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    /// The first lines, each with its `\n`.
    pub head: Vec<u8>,
    /// The last lines beyond them; where some are missing between, it starts with a `\n`.
    pub tail: Vec<u8>,
    /// Size of all lines.
    pub total_bytes: u64,
}

/// Lines on their way into a copy.
#[derive(Debug, Default)]
pub(super) struct Lines {
    head: Vec<u8>,
    tail: VecDeque<Vec<u8>>,
    tail_bytes: usize,
    total_bytes: u64,
    lost: u64,
    max: usize,
}

impl Lines {
    pub(super) fn new(max: usize) -> Self {
        Self { max, ..Self::default() }
    }

    /// Takes a line; it has no `\n`.
    pub(super) fn push(&mut self, line: &[u8]) {
        let size = line.len() + 1;
        self.total_bytes += size as u64;
        if self.tail.is_empty() && self.head.len() + size <= self.max {
            self.head.extend_from_slice(line);
            self.head.push(b'\n');
            return;
        }
        self.tail.push_back(line.to_vec());
        self.tail_bytes += size;
        // The last line stays however long it is: it is the one that tells how a turn ended.
        while self.tail_bytes > TAIL_BYTES && self.tail.len() > 1 {
            let Some(gone) = self.tail.pop_front() else { break };
            self.tail_bytes -= gone.len() + 1;
            self.lost += 1;
        }
    }

    /// Takes all lines of another one behind its own.
    pub(super) fn append(&mut self, other: &Self) {
        let kept = other.head.len() + other.tail_bytes;
        for line in other.head.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.push(line);
        }
        if other.lost > 0 {
            // What it had lost is missing here, too.
            self.lost += other.lost;
            self.max = self.max.min(self.head.len());
            self.total_bytes += other.total_bytes - kept as u64;
        }
        other.tail.iter().for_each(|line| self.push(line));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total_bytes == 0
    }

    pub(super) fn finish(self) -> Copied {
        let mut tail = Vec::with_capacity(self.tail_bytes + 1);
        if self.lost > 0 {
            tail.push(b'\n');
        }
        for line in &self.tail {
            tail.extend_from_slice(line);
            tail.push(b'\n');
        }
        Copied { head: self.head, tail, total_bytes: self.total_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(lines: &[&str], max: usize) -> Copied {
        let mut copy = Lines::new(max);
        lines.iter().for_each(|line| copy.push(line.as_bytes()));
        copy.finish()
    }

    #[test]
    fn lines_stay_whole_and_the_last_one_is_always_there() {
        let whole = copied(&["{\"a\":1}", "{\"b\":2}"], 100);
        assert_eq!(
            (&whole.head[..], &whole.tail[..], whole.total_bytes),
            (&b"{\"a\":1}\n{\"b\":2}\n"[..], &b""[..], 16)
        );
        let two = copied(&["{\"a\":1}", "{\"b\":2}"], 10);
        assert_eq!((&two.head[..], &two.tail[..], two.total_bytes), (&b"{\"a\":1}\n"[..], &b"{\"b\":2}\n"[..], 16));
        let long = "x".repeat(70_000);
        let cut = copied(&["{\"a\":1}", &long, &long, "{\"z\":3}"], 10);
        assert_eq!((&cut.head[..], &cut.tail[..]), (&b"{\"a\":1}\n"[..], &b"\n{\"z\":3}\n"[..]));
        assert_eq!(cut.total_bytes, 16 + 2 * 70_001);
    }

    #[test]
    fn joined_copies_keep_their_order_and_their_gaps() {
        let (mut one, mut two) = (Lines::new(8), Lines::new(8));
        one.push(b"{\"a\":1}");
        two.push(b"{\"b\":2}");
        one.append(&two);
        let joined = one.finish();
        assert_eq!(
            (&joined.head[..], &joined.tail[..], joined.total_bytes),
            (&b"{\"a\":1}\n"[..], &b"{\"b\":2}\n"[..], 16)
        );
        let (mut one, mut two) = (Lines::new(100), Lines::new(8));
        for line in ["{\"b\":2}", &"x".repeat(70_000), &"y".repeat(70_000), "{\"c\":3}"] {
            two.push(line.as_bytes());
        }
        one.push(b"{\"a\":1}");
        one.append(&two);
        let joined = one.finish();
        assert_eq!((&joined.head[..], &joined.tail[..]), (&b"{\"a\":1}\n{\"b\":2}\n"[..], &b"\n{\"c\":3}\n"[..]));
        assert_eq!(joined.total_bytes, 24 + 2 * 70_001);
    }
}
