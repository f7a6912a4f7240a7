//! Moving what is stored from one installation to another: `export --format archive` writes a file, `import` reads it.
//!
//! ```text
//! store ─▶ export ─▶ row ─▶ writer ─▶ file ─▶ reader ─▶ row ─▶ import ─▶ store
//! ```
//!
//! The format is in `format`, why it is our own in `docs/adr/0023-the-archive.md`. Nothing here knows an engine: both ends are
//! the ports, so every profile moves to every other.

mod erased;
mod export;
mod format;
mod import;
mod load;
mod meta;
mod position;
mod progress;
mod reader;
mod row;
#[cfg(test)]
mod tests;
mod totals;
mod writer;

pub(super) use self::{
    export::{Start, export},
    import::Import,
};
