//! What was said, as a row of `bodies`: JSON, packed with zstd where that pays.

use std::borrow::Cow;

use llmtrace_model::Content;
use serde::Deserialize;
use zstd::bulk::{Compressor, Decompressor};

use super::raw::PRESET;

/// The longest content that stays plain JSON: below it, packing costs more time than it saves space.
const PLAIN_MAX: usize = 4096;
/// zstd's fastest regular level.
const LEVEL: i32 = 1;
/// The largest content a row may claim to unpack to; more is a damaged row.
const UNPACKED_MAX: usize = 1 << 30;

/// `bodies.codec`: plain JSON.
pub(super) const JSON: i64 = 0;
/// `bodies.codec`: JSON in a zstd frame.
pub(super) const ZSTD: i64 = 1;

/// Packs content; its buffers and tables are reused from row to row.
pub(super) struct Packer {
    /// [`PRESET`], and the JSON of the last content.
    json: Vec<u8>,
    packed: Vec<u8>,
    zstd: Compressor<'static>,
}

/// One packed content.
pub(super) struct Packed<'a> {
    pub(super) codec: i64,
    pub(super) size_bytes: usize,
    pub(super) content: &'a [u8],
}

impl Packer {
    /// A packer without content yet.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self { json: PRESET.to_vec(), packed: Vec::new(), zstd: Compressor::new(LEVEL)? })
    }

    /// Packs one content.
    pub(super) fn pack(&mut self, content: &Content) -> Result<Packed<'_>, BoxError> {
        self.forget();
        serde_json::to_writer(&mut self.json, content)?;
        let json = &self.json[PRESET.len()..];
        let size_bytes = json.len();
        if size_bytes <= PLAIN_MAX {
            return Ok(Packed { codec: JSON, size_bytes, content: json });
        }
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(size_bytes));
        self.zstd.compress_to_buffer(json, &mut self.packed)?;
        Ok(Packed { codec: ZSTD, size_bytes, content: &self.packed })
    }

    /// The dictionary for the bodies of the same row.
    pub(super) fn dictionary(&self) -> &[u8] {
        &self.json
    }

    /// The next row has no content.
    pub(super) fn forget(&mut self) {
        self.json.truncate(PRESET.len());
    }

    /// Gives back what one huge content made the buffers grow to.
    pub(super) fn shrink(&mut self) {
        self.forget();
        self.json.shrink_to(1 << 20);
        self.packed.clear();
        self.packed.shrink_to(1 << 20);
    }
}

/// Any cause.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Unpacks the columns of one row.
pub(super) fn unpack(codec: i64, size_bytes: i64, content: &[u8]) -> Result<Content, BoxError> {
    Ok(parse(&json(codec, size_bytes, content)?)?)
}

/// The JSON in the columns of one row, byte for byte as it was packed.
pub(super) fn json(codec: i64, size_bytes: i64, content: &[u8]) -> Result<Cow<'_, [u8]>, BoxError> {
    match codec {
        JSON => Ok(Cow::Borrowed(content)),
        ZSTD => {
            let size = usize::try_from(size_bytes).ok().filter(|size| *size <= UNPACKED_MAX);
            let size = size.ok_or_else(|| format!("size_bytes is {size_bytes}, expected 0 to {UNPACKED_MAX}"))?;
            Ok(Cow::Owned(Decompressor::new()?.decompress(content, size)?))
        }
        other => Err(format!("codec is {other}, expected {JSON} or {ZSTD}").into()),
    }
}

/// Reads JSON as deep as it was written: tool arguments bring 128 levels of their own, which the usual limit would refuse.
fn parse(json: &[u8]) -> serde_json::Result<Content> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    reader.disable_recursion_limit();
    let content = Content::deserialize(&mut reader)?;
    reader.end()?;
    Ok(content)
}
