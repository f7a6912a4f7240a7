//! What a tunnel shows of its bytes: a bounded queue between the two that forward and the one that reads.
//!
//! The forwarding side copies and goes on; it never waits. Where the reader is behind by more than the bound, the
//! direction that would not fit is given up for reading, counted: the frames behind a gap could not be told apart.

use std::time::Instant;

use llmtrace_wire::websocket::Side;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::upgrade::Ended;

/// How many bytes may wait to be read.
const MAX_WAITING: usize = 4 << 20;
/// A buffer that grew beyond this is not kept.
const KEEP_CAPACITY: usize = 64 * 1024;

/// The queue.
pub(super) struct Tap {
    waiting: Mutex<Waiting>,
    more: Notify,
}

/// What was shown and not taken yet.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) bytes: Vec<u8>,
    /// Whose bytes they are, in order; together they are all of `bytes`.
    pub(super) pieces: Vec<Piece>,
    /// Directions that were given up.
    lost: [Lost; 2],
    /// All bytes of each side, the ones that were given up as well.
    totals: [u64; 2],
    over: Option<Ended>,
}

impl Waiting {
    /// Empties it; a buffer that grew large is given back.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEEP_CAPACITY);
        self.pieces.clear();
    }
}

/// Some of the bytes, all of one side.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) side: Side,
    pub(super) len: usize,
    pub(super) at: Instant,
}

/// Whether bytes of a direction are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Lost {
    #[default]
    Nothing,
    /// From here on.
    Everything,
}

/// What became of bytes that were shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// They will be read.
    Taken,
    /// They did not fit: from here on nothing of their side is read.
    GivenUp,
    /// Their side was given up before.
    Ignored,
}

/// What is left to read.
#[derive(Debug)]
pub(super) enum Next {
    /// Something was taken.
    Bytes,
    /// Nothing will come any more.
    Over(Ended),
}

impl Tap {
    pub(super) fn new() -> Self {
        Self { waiting: Mutex::default(), more: Notify::new() }
    }

    /// Shows bytes that were just read from one side.
    pub(super) fn show(&self, side: Side, bytes: &[u8], at: Instant) -> Shown {
        let mut waiting = self.waiting.lock();
        waiting.totals[index(side)] += bytes.len() as u64;
        if waiting.lost[index(side)] == Lost::Everything {
            return Shown::Ignored;
        }
        if waiting.bytes.len() + bytes.len() > MAX_WAITING {
            waiting.lost[index(side)] = Lost::Everything;
            return Shown::GivenUp;
        }
        let was_empty = waiting.pieces.is_empty();
        waiting.bytes.extend_from_slice(bytes);
        waiting.pieces.push(Piece { side, len: bytes.len(), at });
        drop(waiting);
        // Who finds something in the queue takes all of it, so one notice is enough.
        if was_empty {
            self.more.notify_one();
        }
        Shown::Taken
    }

    /// Says how it ended: nothing more will be shown.
    pub(super) fn end(&self, ended: Ended) {
        self.waiting.lock().over = Some(ended);
        self.more.notify_one();
    }

    /// Exchanges what waits for the emptied `spare`, once there is something. Cancel-safe.
    pub(super) async fn take(&self, spare: &mut Waiting) -> Next {
        loop {
            {
                let mut waiting = self.waiting.lock();
                if !waiting.pieces.is_empty() {
                    std::mem::swap(&mut waiting.bytes, &mut spare.bytes);
                    std::mem::swap(&mut waiting.pieces, &mut spare.pieces);
                    return Next::Bytes;
                }
                if let Some(ended) = waiting.over.take() {
                    return Next::Over(ended);
                }
            }
            self.more.notified().await;
        }
    }

    /// How many bytes each side has sent: the client's, the server's.
    pub(super) fn totals(&self) -> [u64; 2] {
        self.waiting.lock().totals
    }

    /// Says whether bytes of a side are missing.
    pub(super) fn lost(&self, side: Side) -> Lost {
        self.waiting.lock().lost[index(side)]
    }
}

/// The place of a side in a pair.
pub(super) fn index(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_come_in_order_and_the_end_after_them() {
        let tap = Tap::new();
        let now = Instant::now();
        tap.show(Side::Client, b"ab", now);
        tap.show(Side::Server, b"c", now);
        tap.end(Ended::Both(Side::Client));
        let mut taken = Waiting::default();
        assert!(matches!(tap.take(&mut taken).await, Next::Bytes));
        let pieces: Vec<_> = taken.pieces.iter().map(|piece| (piece.side, piece.len)).collect();
        assert_eq!((&taken.bytes[..], &pieces[..]), (&b"abc"[..], &[(Side::Client, 2), (Side::Server, 1)][..]));
        assert!(matches!(tap.take(&mut Waiting::default()).await, Next::Over(Ended::Both(Side::Client))));
        assert_eq!(tap.totals(), [2, 1]);
    }

    #[test]
    fn a_side_that_does_not_fit_is_given_up_and_the_other_is_not() {
        let tap = Tap::new();
        let now = Instant::now();
        assert_eq!(tap.show(Side::Server, &vec![0; MAX_WAITING - 1], now), Shown::Taken);
        assert_eq!(tap.show(Side::Server, b"ab", now), Shown::GivenUp);
        assert_eq!(tap.show(Side::Server, b"a", now), Shown::Ignored);
        assert_eq!(tap.show(Side::Client, b"a", now), Shown::Taken);
        assert_eq!((tap.lost(Side::Server), tap.lost(Side::Client)), (Lost::Everything, Lost::Nothing));
    }
}
