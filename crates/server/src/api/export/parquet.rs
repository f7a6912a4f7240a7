//! Spans as an Apache Parquet file: typed columns, zstd, row groups that are bounded by rows and bytes, so that a file of any
//! length is written in the memory of one group (and some 20 KiB of each group's description, which stands at the file's end).
//!
//! Times are UTC in microseconds, dollars DECIMAL(19, 9), which holds every amount exactly; counts are signed 64-bit numbers,
//! in which `i64::MAX` stands for everything above. Lists, maps and content are strings of JSON.

use std::{mem::take, sync::Arc};

use bytes::Bytes;
use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel},
    data_type::{
        BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
    },
    errors::{ParquetError, Result},
    file::{
        properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::{Type, TypePtr},
};

use super::columns::{COLUMNS, Column, Presence, Value, Written};
use crate::api::view::SpanDetail;

/// Rows of a group at most.
const GROUP_ROWS: usize = 65_536;
/// Bytes of a group's values at most, before they are packed; one row's surprise more.
const GROUP_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of a dollar amount: 19 decimal digits.
const DOLLAR_BYTES: usize = 9;

/// Writes one file piece by piece.
pub(super) struct Writer {
    file: SerializedFileWriter<Vec<u8>>,
    group: Vec<Buffer>,
    rows: usize,
    bytes: usize,
}

/// The values of one column of the group that is being gathered.
struct Buffer {
    column: &'static Column,
    values: Values,
    /// Where the column is sometimes absent: 1 for each row that has a value, 0 for each that has none.
    present: Vec<i16>,
}

enum Values {
    Flags(Vec<bool>),
    Shorts(Vec<i32>),
    Longs(Vec<i64>),
    Doubles(Vec<f64>),
    Dollars(Vec<FixedLenByteArray>),
    /// One after the other, and where each ends.
    Texts(Vec<u8>, Vec<usize>),
}

impl Writer {
    /// A file without rows.
    pub(super) fn new() -> Result<Self> {
        let file = SerializedFileWriter::new(Vec::new(), schema()?, properties()?)?;
        let group = COLUMNS.iter().map(Buffer::of).collect();
        Ok(Self { file, group, rows: 0, bytes: 0 })
    }

    /// Takes one span, and writes the group where it is full.
    pub(super) fn row(&mut self, span: &SpanDetail) -> Result<()> {
        for buffer in &mut self.group {
            self.bytes += buffer.push(span)?;
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES { self.write_group() } else { Ok(()) }
    }

    /// What of the file is written and not taken yet.
    pub(super) fn take(&mut self) -> Result<Vec<u8>> {
        self.file.flush()?;
        Ok(take(self.file.inner_mut()))
    }

    /// Writes the last group and the description of them all, and returns the rest of the file.
    pub(super) fn end(mut self) -> Result<Vec<u8>> {
        self.write_group()?;
        self.file.into_inner()
    }

    fn write_group(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for buffer in &mut self.group {
            let column = group.next_column()?;
            buffer.write(column.expect("the buffers are made from the columns of the schema"))?;
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

impl Buffer {
    fn of(column: &'static Column) -> Self {
        Self { column, values: Values::of(column), present: Vec::new() }
    }

    /// Takes the column's value of one span, and returns the bytes it took.
    fn push(&mut self, span: &SpanDetail) -> Result<usize> {
        let before = self.values.bytes();
        let is_present = match (&mut self.values, self.column.value) {
            (Values::Flags(all), Value::Flag(get)) => push(all, get(span)),
            (Values::Shorts(all), Value::Short(get)) => push(all, get(span).map(i32::from)),
            (Values::Longs(all), Value::Count(get)) => push(all, get(span).map(capped)),
            (Values::Longs(all), Value::Time(get)) => push(all, get(span).map(|time| time.unix_us())),
            (Values::Doubles(all), Value::Millis(get)) => push(all, get(span)),
            (Values::Dollars(all), Value::Dollars(get)) => push(all, get(span).map(|cost| dollars(cost.nanos()))),
            (Values::Texts(all, ends), Value::Text(get)) => {
                let text = get(span);
                let is_present = text.as_deref().map(|text| all.extend_from_slice(text.as_bytes())).is_some();
                is_present && push(ends, Some(all.len()))
            }
            (Values::Texts(all, ends), Value::Json(write)) => {
                let written = write(span, all).map_err(|error| ParquetError::External(error.into()))?;
                written == Written::Value && push(ends, Some(all.len()))
            }
            (
                Values::Flags(_)
                | Values::Shorts(_)
                | Values::Longs(_)
                | Values::Doubles(_)
                | Values::Dollars(_)
                | Values::Texts(..),
                _,
            ) => unreachable!("Values::of makes the buffer from the same column"),
        };
        match self.column.presence {
            Presence::Sometimes => self.present.push(i16::from(is_present)),
            Presence::Always if is_present => {}
            Presence::Always => {
                return Err(ParquetError::General(format!("a span has no {}, which all have", self.column.name)));
            }
        }
        Ok(self.values.bytes() - before + size_of::<i16>())
    }

    /// Writes the values as the next column of a group, and is empty after.
    fn write(&mut self, mut to: SerializedColumnWriter<'_>) -> Result<()> {
        let present = take(&mut self.present);
        let levels = (self.column.presence == Presence::Sometimes).then_some(present.as_slice());
        match &mut self.values {
            Values::Flags(all) => to.typed::<BoolType>().write_batch(&take(all), levels, None)?,
            Values::Shorts(all) => to.typed::<Int32Type>().write_batch(&take(all), levels, None)?,
            Values::Longs(all) => to.typed::<Int64Type>().write_batch(&take(all), levels, None)?,
            Values::Doubles(all) => to.typed::<DoubleType>().write_batch(&take(all), levels, None)?,
            Values::Dollars(all) => to.typed::<FixedLenByteArrayType>().write_batch(&take(all), levels, None)?,
            Values::Texts(all, ends) => {
                let texts = slices(take(all), &take(ends));
                to.typed::<ByteArrayType>().write_batch(&texts, levels, None)?
            }
        };
        to.close()
    }
}

impl Values {
    fn of(column: &Column) -> Self {
        match column.value {
            Value::Flag(_) => Self::Flags(Vec::new()),
            Value::Short(_) => Self::Shorts(Vec::new()),
            Value::Count(_) | Value::Time(_) => Self::Longs(Vec::new()),
            Value::Millis(_) => Self::Doubles(Vec::new()),
            Value::Dollars(_) => Self::Dollars(Vec::new()),
            Value::Text(_) | Value::Json(_) => Self::Texts(Vec::new(), Vec::new()),
        }
    }

    /// What they take in memory, give or take the spare room.
    fn bytes(&self) -> usize {
        match self {
            Self::Flags(all) => all.len(),
            Self::Shorts(all) => size_of_val(all.as_slice()),
            Self::Longs(all) => size_of_val(all.as_slice()),
            Self::Doubles(all) => size_of_val(all.as_slice()),
            Self::Dollars(all) => all.len() * (size_of::<FixedLenByteArray>() + DOLLAR_BYTES),
            Self::Texts(all, ends) => all.len() + size_of_val(ends.as_slice()),
        }
    }
}

/// Adds a value where there is one, and says so.
fn push<T>(all: &mut Vec<T>, value: Option<T>) -> bool {
    let is_present = value.is_some();
    all.extend(value);
    is_present
}

fn capped(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Nano-dollars as a big-endian number of [`DOLLAR_BYTES`].
fn dollars(nanos: i64) -> FixedLenByteArray {
    let wide = i128::from(nanos).to_be_bytes();
    wide[wide.len() - DOLLAR_BYTES..].to_vec().into()
}

/// Cuts one buffer into its texts without copying them.
fn slices(all: Vec<u8>, ends: &[usize]) -> Vec<ByteArray> {
    let all = Bytes::from(all);
    let mut from = 0;
    let cut = |end: &usize| {
        let text = all.slice(from..*end);
        from = *end;
        ByteArray::from(text)
    };
    ends.iter().map(cut).collect()
}

fn schema() -> Result<TypePtr> {
    let fields = COLUMNS.iter().map(|column| field(column).map(Arc::new)).collect::<Result<_>>()?;
    Ok(Arc::new(Type::group_type_builder("span").with_fields(fields).build()?))
}

fn field(column: &Column) -> Result<Type> {
    let (physical, logical) = match column.value {
        Value::Text(_) | Value::Json(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Value::Flag(_) => (Physical::BOOLEAN, None),
        Value::Short(_) => (Physical::INT32, None),
        Value::Count(_) => (Physical::INT64, None),
        Value::Millis(_) => (Physical::DOUBLE, None),
        Value::Time(_) => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Value::Dollars(_) => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(9, 19))),
    };
    let repetition = match column.presence {
        Presence::Always => Repetition::REQUIRED,
        Presence::Sometimes => Repetition::OPTIONAL,
    };
    let builder = Type::primitive_type_builder(column.name, physical).with_repetition(repetition);
    let builder = match column.value {
        Value::Dollars(_) => builder.with_length(9).with_precision(19).with_scale(9),
        Value::Text(_)
        | Value::Json(_)
        | Value::Flag(_)
        | Value::Short(_)
        | Value::Count(_)
        | Value::Millis(_)
        | Value::Time(_) => builder,
    };
    builder.with_logical_type(logical).build()
}

fn properties() -> Result<WriterPropertiesPtr> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        // What stands at the end of the file is kept in memory until then: no index of pages, only each group's statistics.
        .set_offset_index_disabled(true)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_statistics_truncate_length(Some(64))
        .set_created_by(concat!("llmtrace version ", env!("CARGO_PKG_VERSION")).to_owned());
    Ok(Arc::new(properties.build()))
}
