//! Content codings: a compressed copy is expanded piece by piece into a sink, which sets the bound.

use std::io::{self, Write};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// A `content-encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Not compressed.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or bare RFC 1951 as some servers send it.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// One we do not know, or several in a row.
    Unknown,
}

impl Coding {
    /// Reads the header's value.
    pub(crate) fn of(header: Option<&str>) -> Self {
        let Some(name) = header.map(str::trim) else { return Self::Identity };
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if name.is_empty() || is("identity") {
            Self::Identity
        } else if is("gzip") || is("x-gzip") {
            Self::Gzip
        } else if is("deflate") {
            Self::Deflate
        } else if is("br") {
            Self::Brotli
        } else if is("zstd") {
            Self::Zstd
        } else {
            Self::Unknown
        }
    }
}

/// Expands what is written into it into `W`. An error of `W` (its bound) stops the expansion.
pub(crate) enum Inflate<W: Write> {
    /// Gzip, several members too.
    Gzip(MultiGzDecoder<W>),
    /// Deflate or Brotli, until the first bytes tell which kind it is.
    Undecided(Coding, Vec<u8>, Option<W>),
    /// Deflate with a zlib header.
    Zlib(ZlibDecoder<W>),
    /// Deflate without.
    Raw(DeflateDecoder<W>),
    /// Brotli.
    Brotli(Box<brotli::DecompressorWriter<W>>),
    /// Zstandard.
    Zstd(Box<zstd::stream::write::Decoder<'static, W>>),
}

/// Largest Zstandard window, as log2: RFC 9659 allows no more for the coding, and it bounds the memory.
const ZSTD_WINDOW_LOG: u32 = 23;
const BROTLI_BUFFER: usize = 16 * 1024;
/// How a Brotli stream with a large window starts (reserved in RFC 7932, section 9.1).
const BROTLI_LARGE_WINDOW: u8 = 0x11;

impl<W: Write> Inflate<W> {
    /// Makes an expander; `None` where the coding needs none or is unknown.
    pub(crate) fn new(coding: Coding, sink: W) -> Option<Self> {
        match coding {
            Coding::Identity | Coding::Unknown => None,
            Coding::Gzip => Some(Self::Gzip(MultiGzDecoder::new(sink))),
            Coding::Deflate | Coding::Brotli => Some(Self::Undecided(coding, Vec::new(), Some(sink))),
            Coding::Zstd => {
                let mut decoder = zstd::stream::write::Decoder::new(sink).ok()?;
                decoder.window_log_max(ZSTD_WINDOW_LOG).ok()?;
                Some(Self::Zstd(Box::new(decoder)))
            }
        }
    }

    /// Takes the next compressed bytes; when it returns, the sink has all that can be known of them.
    pub(crate) fn feed(&mut self, chunk: &[u8]) -> io::Result<()> {
        if let Self::Undecided(coding, start, sink) = self {
            start.extend_from_slice(chunk);
            let [first, second, ..] = start[..] else { return Ok(()) };
            let start = std::mem::take(start);
            let Some(sink) = sink.take() else { return Err(io::ErrorKind::Other.into()) };
            *self = Self::decided(*coding, first, second, sink)?;
            return self.feed(&start);
        }
        let out: &mut dyn Write = match self {
            Self::Gzip(d) => d,
            Self::Zlib(d) => d,
            Self::Raw(d) => d,
            Self::Brotli(d) => d,
            Self::Zstd(d) => d,
            Self::Undecided(..) => return Ok(()),
        };
        out.write_all(chunk)?;
        out.flush()
    }

    fn decided(coding: Coding, first: u8, second: u8, sink: W) -> io::Result<Self> {
        if coding == Coding::Brotli {
            // Windows over 16 MiB are no part of RFC 7932, and their memory would be the server's to choose.
            if first & 0x7f == BROTLI_LARGE_WINDOW {
                return Err(io::ErrorKind::Unsupported.into());
            }
            return Ok(Self::Brotli(Box::new(brotli::DecompressorWriter::new(sink, BROTLI_BUFFER))));
        }
        let is_zlib = first & 15 == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31);
        Ok(if is_zlib { Self::Zlib(ZlibDecoder::new(sink)) } else { Self::Raw(DeflateDecoder::new(sink)) })
    }

    /// The sink, to take out what it has.
    pub(crate) fn sink_mut(&mut self) -> Option<&mut W> {
        match self {
            Self::Gzip(d) => Some(d.get_mut()),
            Self::Zlib(d) => Some(d.get_mut()),
            Self::Raw(d) => Some(d.get_mut()),
            Self::Brotli(d) => Some(d.get_mut()),
            Self::Zstd(d) => Some(d.get_mut()),
            Self::Undecided(_, _, sink) => sink.as_mut(),
        }
    }

    /// The sink.
    pub(crate) fn sink(&self) -> Option<&W> {
        match self {
            Self::Gzip(d) => Some(d.get_ref()),
            Self::Zlib(d) => Some(d.get_ref()),
            Self::Raw(d) => Some(d.get_ref()),
            Self::Brotli(d) => Some(d.get_ref()),
            Self::Zstd(d) => Some(d.get_ref()),
            Self::Undecided(_, _, sink) => sink.as_ref(),
        }
    }
}

/// A sink that keeps up to `max` bytes and then refuses.
pub(crate) struct Bounded {
    /// What came.
    pub bytes: Vec<u8>,
    /// The bound.
    pub max: usize,
    /// More came than the bound allows.
    pub full: bool,
}

impl Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let room = self.max - self.bytes.len();
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            self.full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
