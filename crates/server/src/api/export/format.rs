//! The forms an export can have, and the writer of each.

use std::io;

use llmtrace_model::SpanRecord;

use super::{csv, parquet};
use crate::api::view::SpanDetail;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Jsonl,
    /// Comma-separated values, one span a line (RFC 4180).
    Csv,
    /// One Apache Parquet file.
    Parquet,
}

/// Where an export begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// At the newest span.
    First,
    /// After a span that the reader has: a line of names would stand in the middle of theirs.
    Later,
}

/// Writes spans in one form, piece by piece.
pub struct Writer(Form);

enum Form {
    Jsonl,
    Csv { header: Header, scratch: Vec<u8> },
    Parquet(Box<parquet::Writer>),
}

#[derive(PartialEq, Eq)]
enum Header {
    Due,
    Written,
}

impl Format {
    /// Every form.
    pub const ALL: &'static [Self] = &[Self::Jsonl, Self::Csv, Self::Parquet];

    /// The word for it, which is also the ending of a file's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// Its media type.
    pub(super) const fn media_type(self, part: Part) -> &'static str {
        match (self, part) {
            (Self::Jsonl, _) => "application/jsonl",
            (Self::Csv, Part::First) => "text/csv; charset=utf-8; header=present",
            (Self::Csv, Part::Later) => "text/csv; charset=utf-8; header=absent",
            (Self::Parquet, _) => "application/vnd.apache.parquet",
        }
    }
}

impl Writer {
    /// Begins one part of an export.
    pub fn new(format: Format, part: Part) -> io::Result<Self> {
        Ok(Self(match (format, part) {
            (Format::Jsonl, _) => Form::Jsonl,
            (Format::Csv, Part::First) => Form::Csv { header: Header::Due, scratch: Vec::new() },
            (Format::Csv, Part::Later) => Form::Csv { header: Header::Written, scratch: Vec::new() },
            (Format::Parquet, _) => Form::Parquet(Box::new(parquet::Writer::new()?)),
        }))
    }

    /// Takes spans, and returns what is ready to be sent, which may be nothing yet.
    pub fn rows(&mut self, records: Vec<SpanRecord>) -> io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(records.len() * 1024);
        self.begin(&mut out);
        let spans = records.into_iter().map(SpanDetail::from);
        match &mut self.0 {
            Form::Jsonl => {
                for span in spans {
                    serde_json::to_writer(&mut out, &span)?;
                    out.push(b'\n');
                }
                Ok(out)
            }
            Form::Csv { scratch, .. } => {
                for span in spans {
                    csv::row(&span, scratch, &mut out)?;
                }
                Ok(out)
            }
            Form::Parquet(writer) => {
                for span in spans {
                    writer.row(&span)?;
                }
                Ok(writer.take()?)
            }
        }
    }

    /// Returns the rest, after the last span.
    pub fn end(mut self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        self.begin(&mut out);
        match self.0 {
            Form::Jsonl | Form::Csv { .. } => Ok(out),
            Form::Parquet(writer) => Ok(writer.end()?),
        }
    }

    /// Names the columns, once, also where no span follows.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if let Form::Csv { header, .. } = &mut self.0
            && *header == Header::Due
        {
            csv::header(out);
            *header = Header::Written;
        }
    }
}
