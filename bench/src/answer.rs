//! Reads HTTP/1.1 answers from bytes: the least a load client needs, so that it costs little beside what it measures.
//!
//! Knows `Content-Length` and chunked bodies. No IO here; [`crate::connection`] feeds it.

use anyhow::{Context as _, bail, ensure};

/// The largest head or chunk-size line that is accepted.
const MAX_HEAD: usize = 64 * 1024;

/// An answer that is being read.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    state: State,
    /// The status, 0 until the head is complete.
    pub(crate) status: u16,
    /// Body bytes seen, chunk framing not counted.
    pub(crate) body_bytes: usize,
}

#[derive(Debug)]
enum State {
    Head(Vec<u8>),
    Length(usize),
    ChunkSize(Vec<u8>),
    ChunkData(usize),
    ChunkEnd(usize),
    Trailers(Vec<u8>),
    Done,
}

impl Default for State {
    fn default() -> Self {
        Self::Head(Vec::new())
    }
}

impl Answer {
    /// Takes the next bytes and hands every piece of the body to `body`. Says whether the answer is complete.
    pub(crate) fn feed(&mut self, mut input: &[u8], mut body: impl FnMut(&[u8])) -> anyhow::Result<bool> {
        while !input.is_empty() {
            let used = self.step(input, &mut body)?;
            input = &input[used..];
            if matches!(self.state, State::Done) {
                ensure!(input.is_empty(), "{} bytes after the end of the answer", input.len());
            }
        }
        Ok(matches!(self.state, State::Done))
    }

    /// Moves one state on and says how many bytes that took.
    fn step(&mut self, input: &[u8], body: &mut impl FnMut(&[u8])) -> anyhow::Result<usize> {
        match &mut self.state {
            State::Head(held) => {
                let Some(used) = take_until(held, input, b"\r\n\r\n")? else { return Ok(input.len()) };
                let (status, next) = parse_head(held)?;
                self.status = status;
                self.state = next;
                Ok(used)
            }
            State::Length(left) => {
                let used = input.len().min(*left);
                body(&input[..used]);
                self.body_bytes += used;
                *left -= used;
                if *left == 0 {
                    self.state = State::Done;
                }
                Ok(used)
            }
            State::ChunkSize(held) => {
                let Some(used) = take_until(held, input, b"\r\n")? else { return Ok(input.len()) };
                let line = std::str::from_utf8(held).context("chunk size")?;
                let digits = line.trim_end().split(';').next().unwrap_or_default();
                let size = usize::from_str_radix(digits, 16).with_context(|| format!("chunk size {digits:?}"))?;
                self.state = if size == 0 { State::Trailers(Vec::new()) } else { State::ChunkData(size) };
                Ok(used)
            }
            State::ChunkData(left) => {
                let used = input.len().min(*left);
                body(&input[..used]);
                self.body_bytes += used;
                *left -= used;
                if *left == 0 {
                    self.state = State::ChunkEnd(2);
                }
                Ok(used)
            }
            State::ChunkEnd(left) => {
                let used = input.len().min(*left);
                *left -= used;
                if *left == 0 {
                    self.state = State::ChunkSize(Vec::new());
                }
                Ok(used)
            }
            State::Trailers(held) => {
                let Some(used) = take_until(held, input, b"\r\n")? else { return Ok(input.len()) };
                self.state = if held.len() == 2 { State::Done } else { State::Trailers(Vec::new()) };
                Ok(used)
            }
            State::Done => bail!("bytes after the end of the answer"),
        }
    }
}

/// Appends input to `held` up to and with `end`. `None`: all of the input was taken and the end is still to come.
fn take_until(held: &mut Vec<u8>, input: &[u8], end: &[u8]) -> anyhow::Result<Option<usize>> {
    let from = held.len().saturating_sub(end.len() - 1);
    let before = held.len();
    held.extend_from_slice(input);
    ensure!(held.len() <= MAX_HEAD + input.len(), "a head or chunk-size line over {MAX_HEAD} bytes");
    let Some(at) = memchr::memmem::find(&held[from..], end) else { return Ok(None) };
    held.truncate(from + at + end.len());
    Ok(Some(held.len() - before))
}

fn parse_head(head: &[u8]) -> anyhow::Result<(u16, State)> {
    let head = std::str::from_utf8(head).context("answer head")?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).unwrap_or_default();
    let status = status.parse::<u16>().with_context(|| format!("status line {status_line:?}"))?;
    let mut length = None;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked") {
            return Ok((status, State::ChunkSize(Vec::new())));
        }
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<usize>().context("content-length")?);
        }
    }
    match length {
        Some(0) => Ok((status, State::Done)),
        Some(length) => Ok((status, State::Length(length))),
        None => bail!("an answer with neither content-length nor chunks: {status_line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], cut: usize) -> (u16, Vec<u8>, bool) {
        let (mut answer, mut body, mut done) = (Answer::default(), Vec::new(), false);
        for piece in bytes.chunks(cut) {
            done = answer.feed(piece, |part| body.extend_from_slice(part)).unwrap();
        }
        (answer.status, body, done)
    }

    #[test]
    fn every_cut_of_a_chunked_answer_gives_the_same_body() {
        let bytes =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nA: b\r\n\r\n";
        for cut in 1..=bytes.len() {
            assert_eq!(read(bytes, cut), (200, b"hello!".to_vec(), true), "cut {cut}");
        }
    }

    #[test]
    fn every_cut_of_an_answer_with_length_gives_the_same_body() {
        let bytes = b"HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\n\r\nabc";
        for cut in 1..=bytes.len() {
            assert_eq!(read(bytes, cut), (404, b"abc".to_vec(), true), "cut {cut}");
        }
    }

    #[test]
    fn an_answer_is_not_done_before_its_last_byte() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab";
        assert!(!read(bytes, 7).2);
    }

    #[test]
    fn bytes_after_the_answer_are_an_error() {
        let mut answer = Answer::default();
        assert!(answer.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab", |_| {}).is_err());
    }
}
