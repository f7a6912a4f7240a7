//! Writing an archive: beside its place until it is whole, so that a file of that name is always a whole archive.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{Seek as _, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use llmtrace_model::{Cursor, PageRequest, SpanFilter, SpanRecord, TenantScope};
use llmtrace_store::{MetaStore, SpanStore, record_bytes};

use super::{
    format::{Kind, Problem},
    meta,
    progress::Progress,
    reader::Reader,
    totals::{About, Totals},
    writer::Writer,
};
use crate::clock::Clock;

/// Bytes of rows that are in memory at once, as far as the page before tells how long rows are.
const PAGE_BYTES: usize = 16 << 20;
/// Rows of the first page, and the fewest of any: each may carry a body of `capture.max_bytes` each way, twice.
const PAGE_ROWS: u32 = 16;

/// Where an export begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Start {
    /// At the newest span.
    Anew,
    /// Where an export that was stopped had come to.
    Resume,
}

/// Writes everything of a scope to a file that is not there yet, and says what it was.
pub(in crate::cli) async fn export(
    spans: &dyn SpanStore,
    store: &dyn MetaStore,
    scope: &TenantScope,
    path: &Path,
    start: Start,
) -> anyhow::Result<Totals> {
    if path.try_exists().unwrap_or(true) {
        bail!("--out: {} is there already: name another file, or remove it", path.display());
    }
    let draft = draft_of(path);
    let whole = spans.count(scope, &SpanFilter::default()).await.context("counting spans")?;
    let (mut writer, after) = match (start, draft.try_exists().unwrap_or(true)) {
        (Start::Anew, true) => bail!(
            "--out: an export to {} was stopped: go on with --resume, or remove {} to begin anew",
            path.display(),
            draft.display()
        ),
        (Start::Resume, true) => match resumed(&draft, scope)? {
            Resumed::At(writer, after) => (*writer, Some(after)),
            Resumed::Ended(totals) => {
                finish(&draft, path, &File::open(&draft)?)?;
                return Ok(totals);
            }
            Resumed::Nothing => (begin(&draft, store, scope).await?, None),
        },
        (Start::Anew | Start::Resume, false) => (begin(&draft, store, scope).await?, None),
    };
    write_spans(spans, scope, after, whole, &mut writer).await?;
    let (file, totals) = writer.end().with_context(|| format!("writing {}", draft.display()))?;
    finish(&draft, path, &file)?;
    Ok(totals)
}

async fn write_spans(
    spans: &dyn SpanStore,
    scope: &TenantScope,
    after: Option<Cursor>,
    whole: u64,
    writer: &mut Writer<File>,
) -> anyhow::Result<()> {
    let mut progress = Progress::start(writer.bytes());
    let mut page = PageRequest { limit: PAGE_ROWS, after };
    loop {
        let read = spans.list_records(scope, &SpanFilter::default(), &page).await.context("reading spans")?;
        let ids: Vec<_> = read.items.iter().map(|record| record.span.exchange_id).collect();
        let raws = spans.raws(scope, &ids).await.context("reading bytes as they passed")?;
        let (mut bytes, rows) = (0, read.items.len());
        for (record, raw) in read.items.into_iter().zip(raws) {
            let record = SpanRecord { raw, ..record };
            bytes += record_bytes(&record);
            writer.span(record)?;
        }
        let done = writer.totals().spans;
        progress.at(done, writer.bytes(), done, whole);
        let Some(after) = read.next else { return Ok(()) };
        let fit = PAGE_BYTES / (bytes / rows.max(1)).max(1);
        page = PageRequest {
            limit: u32::try_from(fit).unwrap_or(u32::MAX).clamp(PAGE_ROWS, PageRequest::MAX),
            after: Some(after),
        };
    }
}

async fn begin(draft: &Path, store: &dyn MetaStore, scope: &TenantScope) -> anyhow::Result<Writer<File>> {
    // What people said is for the owner of the file only.
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft);
    let file = file.with_context(|| format!("--out: making {}", draft.display()))?;
    let clock = Clock::system();
    let tenant = match scope {
        TenantScope::One(tenant) => Some(tenant.clone()),
        TenantScope::All => None,
    };
    let about = About { id: clock.mint(clock.now()), program: env!("CARGO_PKG_VERSION").to_owned(), tenant };
    let mut writer = Writer::begin(file, &about)?;
    for row in meta::read(store, scope).await? {
        writer.meta(&row)?;
    }
    Ok(writer)
}

/// What a stopped export left.
enum Resumed {
    /// Spans, up to this one.
    At(Box<Writer<File>>, Cursor),
    /// Everything, but for the name.
    Ended(Totals),
    /// Nothing to go on from.
    Nothing,
}

/// Reads what is there up to the last whole block, and cuts off the rest.
fn resumed(draft: &Path, scope: &TenantScope) -> anyhow::Result<Resumed> {
    let opened = OpenOptions::new().read(true).write(true).open(draft);
    let mut file = opened.with_context(|| format!("--out: opening {}", draft.display()))?;
    let mut reader = match Reader::open(&file) {
        Ok(reader) => reader,
        Err(Problem::Cut { .. }) => return Ok(Resumed::Nothing),
        Err(other) => return Err(other).with_context(|| format!("--resume: {}", draft.display())),
    };
    let (mut totals, mut last) = (Totals::default(), None);
    loop {
        let block = match reader.next() {
            Ok(block) => block,
            Err(Problem::Cut { .. } | Problem::Damaged { .. }) => break,
            Err(other) => return Err(other).with_context(|| format!("--resume: {}", draft.display())),
        };
        match block.kind {
            Kind::About => {
                let about: About = block.one()?;
                if about.tenant.clone().map_or(TenantScope::All, TenantScope::One) != *scope {
                    let of = about.tenant.map_or_else(|| "all tenants".to_owned(), |tenant| format!("tenant {tenant}"));
                    bail!("--resume: {} was begun with {of}: say the same --tenant", draft.display());
                }
            }
            Kind::Meta => block.values()?.iter().for_each(|row| totals.add_meta(row)),
            Kind::Spans => {
                for record in block.spans()? {
                    totals.add(&record);
                    last = Some(Cursor { started_at: record.span.started_at, id: record.span.exchange_id });
                }
            }
            Kind::End => return Ok(Resumed::Ended(totals)),
        }
    }
    let (at, number) = reader.place();
    // Without a span nobody knows whether the blocks before them are all there.
    let Some(last) = last else { return Ok(Resumed::Nothing) };
    file.set_len(at)?;
    file.seek(SeekFrom::Start(at))?;
    Ok(Resumed::At(Box::new(Writer::resume(file, at, number, totals)?), last))
}

/// Gives the whole archive its name, once its bytes are on the device.
fn finish(draft: &Path, path: &Path, file: &File) -> anyhow::Result<()> {
    file.sync_all().with_context(|| format!("writing {}", draft.display()))?;
    // A link does not take the place of a file that came meanwhile.
    fs::hard_link(draft, path)
        .or_else(
            |_| if path.exists() { Err(std::io::ErrorKind::AlreadyExists.into()) } else { fs::rename(draft, path) },
        )
        .with_context(|| format!("--out: {} is written and cannot be named {}", draft.display(), path.display()))?;
    match fs::remove_file(draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", draft.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The name of an archive that is not whole yet.
pub(super) fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(".partial");
    path.with_file_name(name)
}
