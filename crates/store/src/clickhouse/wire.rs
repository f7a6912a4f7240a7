//! RowBinary, the engine's own format of rows: values one after the other, numbers in little-endian order.
//!
//! Written into a few buffers per table and batch and read from one answer; neither makes an object per value.

use std::str::FromStr;

use bytes::Bytes;
use serde::Serialize;

use super::failure::damaged;
use crate::{Backend, Error, ErrorKind};

/// Bytes from which on a piece of rows is whole: rows are never moved again, however many there are.
const PIECE: usize = 1 << 20;

/// Rows to insert.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// What is being written: the last rows, up to a [`PIECE`].
    pub(super) bytes: Vec<u8>,
    pieces: Vec<Bytes>,
    count: u64,
    /// Where JSON is made whose length is to stand before it.
    json: Vec<u8>,
}

impl Rows {
    /// Ends a row.
    pub(super) fn end(&mut self) {
        self.count += 1;
        if self.bytes.len() >= PIECE {
            let next = Vec::with_capacity(PIECE + PIECE / 8);
            self.pieces.push(std::mem::replace(&mut self.bytes, next).into());
            // One huge value must not be kept for all later ones.
            self.json.shrink_to(PIECE);
        }
    }

    /// Says whether there is no row.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All rows, in pieces that end anywhere.
    pub(super) fn into_pieces(mut self) -> Vec<Bytes> {
        self.pieces.push(self.bytes.into());
        self.pieces
    }

    /// A value as a text of JSON.
    pub(super) fn json(&mut self, value: &impl Serialize) -> Result<(), Error> {
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        serde_json::to_writer(&mut json, value)
            .map_err(|error| Error::new(ErrorKind::Rejected, Backend::Clickhouse, "write", error))?;
        self.blob(&json);
        self.json = json;
        Ok(())
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.u8(value.into());
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u128(&mut self, value: u128) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn f32(&mut self, value: f32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// The number of items of what follows.
    pub(super) fn len(&mut self, mut len: usize) {
        while len >= 0x80 {
            self.bytes.push(u8::try_from(len & 0x7f).unwrap_or(0) | 0x80);
            len >>= 7;
        }
        self.bytes.push(u8::try_from(len).unwrap_or(0));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    pub(super) fn blob(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn numbers(&mut self, numbers: &[u64]) {
        self.len(numbers.len());
        numbers.iter().for_each(|number| self.u64(*number));
    }

    pub(super) fn texts<T: AsRef<str>>(&mut self, texts: impl ExactSizeIterator<Item = T>) {
        self.len(texts.len());
        texts.for_each(|text| self.text(text.as_ref()));
    }

    /// A value that may be absent.
    pub(super) fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.bool(value.is_none());
        if let Some(value) = value {
            put(self, value);
        }
    }

    pub(super) fn maybe_text(&mut self, text: Option<&str>) {
        self.maybe(text, Self::text);
    }
}

/// Values of an answer, from left to right.
#[derive(Debug)]
pub(super) struct Values<'a> {
    rest: &'a [u8],
    op: &'static str,
}

impl<'a> Values<'a> {
    pub(super) fn of(rest: &'a [u8], op: &'static str) -> Self {
        Self { rest, op }
    }

    /// Says whether another row begins.
    pub(super) fn more(&self) -> bool {
        !self.rest.is_empty()
    }

    /// The error of a value that is not what was written.
    pub(super) fn damaged(&self, why: impl Into<String>) -> Error {
        damaged(self.op, why)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.damaged("the answer ends inside a row"));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| self.damaged("the answer ends inside a number"))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(super) fn bool(&mut self) -> Result<bool, Error> {
        Ok(self.u8()? != 0)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn i64(&mut self) -> Result<i64, Error> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(super) fn u128(&mut self) -> Result<u128, Error> {
        Ok(u128::from_le_bytes(self.array()?))
    }

    pub(super) fn f32(&mut self) -> Result<f32, Error> {
        Ok(f32::from_le_bytes(self.array()?))
    }

    pub(super) fn len(&mut self) -> Result<usize, Error> {
        let (mut len, mut shift) = (0u64, 0u32);
        loop {
            let byte = self.u8()?;
            len |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return usize::try_from(len).map_err(|_| self.damaged("a length is out of range"));
            }
            shift += 7;
        }
    }

    pub(super) fn blob(&mut self) -> Result<&'a [u8], Error> {
        let len = self.len()?;
        self.take(len)
    }

    pub(super) fn str(&mut self) -> Result<&'a str, Error> {
        std::str::from_utf8(self.blob()?).map_err(|_| self.damaged("a text is not UTF-8"))
    }

    pub(super) fn text(&mut self) -> Result<String, Error> {
        self.str().map(str::to_owned)
    }

    pub(super) fn maybe<T>(&mut self, take: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<Option<T>, Error> {
        if self.bool()? { Ok(None) } else { take(self).map(Some) }
    }

    pub(super) fn maybe_text(&mut self) -> Result<Option<String>, Error> {
        self.maybe(Self::text)
    }

    /// An array or a map: as many items as its length says.
    pub(super) fn all<T, C: FromIterator<T>>(
        &mut self,
        mut take: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<C, Error> {
        let len = self.len()?;
        (0..len).map(|_| take(self)).collect()
    }

    /// A text that only a closed set of words, or a narrow form, may hold.
    pub(super) fn word<T: FromStr>(&mut self, what: &str) -> Result<T, Error>
    where
        T::Err: std::fmt::Display,
    {
        self.str()?.parse().map_err(|error: T::Err| self.damaged(format!("{what}: {error}")))
    }
}
