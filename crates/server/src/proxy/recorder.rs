//! The bounded copy of a body: its head, and the last bytes of what did not fit.

use bytes::{Bytes, BytesMut};

use crate::journal::Recorded;

/// How much of the end of a long body is kept.
const TAIL_BYTES: usize = 64 * 1024;

/// Copies a body as it passes: up to `max` bytes of its head and [`TAIL_BYTES`] of its end.
///
/// Bytes are copied rather than referenced: a slice of a read buffer would keep the whole buffer alive, and a slow
/// stream would hold kilobytes for each token.
#[derive(Debug)]
pub(super) struct Recorder {
    head: BytesMut,
    tail: Vec<u8>,
    max: usize,
    total_bytes: u64,
}

impl Recorder {
    pub(super) fn new(max: usize) -> Self {
        Self { head: BytesMut::new(), tail: Vec::new(), max, total_bytes: 0 }
    }

    /// Takes the next bytes of the body.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.total_bytes += chunk.len() as u64;
        let fits = chunk.len().min(self.max - self.head.len());
        self.head.extend_from_slice(&chunk[..fits]);
        if fits < chunk.len() {
            self.push_tail(&chunk[fits..]);
        }
    }

    fn push_tail(&mut self, rest: &[u8]) {
        let rest = &rest[rest.len().saturating_sub(TAIL_BYTES)..];
        // Twice the tail before it is cut, so that each byte is moved once on average.
        if self.tail.len() + rest.len() > 2 * TAIL_BYTES {
            let keep = TAIL_BYTES.saturating_sub(rest.len());
            self.tail.drain(..self.tail.len() - keep.min(self.tail.len()));
        }
        self.tail.extend_from_slice(rest);
    }

    /// Takes a copy that somebody else made instead of its own.
    pub(super) fn replace(&mut self, copy: Recorded) {
        self.head = BytesMut::from(copy.head);
        self.tail = Vec::from(copy.tail);
        self.total_bytes = copy.total_bytes;
    }

    /// Says whether `more` bytes would still fit into the head.
    pub(super) fn fits(&self, more: usize) -> bool {
        self.tail.is_empty() && self.head.len() + more <= self.max
    }

    /// The head so far.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Ends the copy.
    pub(super) fn finish(&mut self) -> Recorded {
        let tail = std::mem::take(&mut self.tail);
        let cut = tail.len().saturating_sub(TAIL_BYTES);
        Recorded {
            head: std::mem::take(&mut self.head).freeze(),
            tail: Bytes::from(tail).slice(cut..),
            total_bytes: self.total_bytes,
        }
    }
}

/// The copy of a body that is held whole: slices of it, nothing is moved.
pub(super) fn of_held(body: &Bytes, max: usize) -> Recorded {
    let head = body.slice(..body.len().min(max));
    let tail_start = body.len().saturating_sub(TAIL_BYTES).max(head.len());
    Recorded { tail: body.slice(tail_start..), head, total_bytes: body.len() as u64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_copy_is_head_and_tail_of_the_body_however_it_is_cut(
            sizes in proptest::collection::vec(0usize..90_000, 0..8),
            max in 0usize..100_000,
        ) {
            let body: Vec<u8> = (0u8..251).cycle().take(sizes.iter().sum()).collect();
            let mut recorder = Recorder::new(max);
            let mut at = 0;
            for size in sizes {
                recorder.push(&body[at..at + size]);
                at += size;
            }
            let copy = recorder.finish();
            let head = body.len().min(max);
            let tail = body.len().saturating_sub(TAIL_BYTES).max(head);
            prop_assert_eq!(&copy.head[..], &body[..head]);
            prop_assert_eq!(&copy.tail[..], &body[tail..]);
            prop_assert_eq!(copy.total_bytes, body.len() as u64);
            prop_assert_eq!(of_held(&Bytes::from(body), max), copy);
        }
    }
}
