use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
};

use llmtrace_model::{
    Erased, Erasure, ErasureId, PageRequest, Raw, RawBody, Retention, SavedView, SpanFilter, SpanRecord, Subject,
    TenantScope, Timestamp, ViewId, ViewPage,
};
use llmtrace_store::{
    MetaStore, Options, Replacing, SpanStore, Written,
    conformance::builders::{START, numbered},
};

use super::{
    export::{Start, draft_of, export},
    import::import,
    load::{self, Target},
    position::PositionFile,
    reader::Reader,
};

const ALL: TenantScope = TenantScope::All;

struct Stores {
    spans: Arc<dyn SpanStore>,
    meta: Arc<dyn MetaStore>,
}

async fn stores(url: &str) -> Stores {
    let options = Options::default();
    let spans = llmtrace_store::open_spans("test", url, &options).await.unwrap();
    Stores { spans, meta: llmtrace_store::open_meta("test", url, &options).await.unwrap() }
}

async fn lite(folder: &Path, name: &str) -> Stores {
    stores(&format!("sqlite:{}", folder.join(name).display())).await
}

/// Bytes that do not pack, the same for the same seed.
fn noise(seed: u64, bytes: usize) -> bytes::Bytes {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(|_| next()).collect::<Vec<u8>>().into()
}

fn record(n: u64, raw_bytes: usize) -> Arc<SpanRecord> {
    let built = numbered(n).tenant(if n.is_multiple_of(3) { "a" } else { "b" }).version(u32::from(n.is_multiple_of(5)));
    let built = if n.is_multiple_of(2) { built.cost_nanos(i64::try_from(n).unwrap() * 7).tokens(n, 3) } else { built };
    let built = if n.is_multiple_of(4) { built.said("what \0 is \u{1F600}?", "nothing") } else { built };
    let built = match n {
        1 => built.at(Timestamp::from_unix_us(i64::MIN)).cost_nanos(i64::MAX),
        2 => built.at(Timestamp::from_unix_us(i64::MAX)).cost_nanos(i64::MIN),
        _ => built,
    };
    let built = built.with(|span| {
        span.params.insert("temperature".to_owned(), serde_json::json!(0.1 + 0.2));
        span.params.insert("seed".to_owned(), serde_json::json!(u64::MAX));
    });
    if raw_bytes == 0 {
        return built.record();
    }
    let body = |seed, bytes| RawBody {
        media_type: Some("application/json".to_owned()),
        content_encoding: None,
        head: noise(seed, bytes),
        tail: noise(seed + 1, 10),
        size_bytes: bytes as u64 + 500,
    };
    built.raw(Raw { request: body(n, raw_bytes), response: body(n + 99, 7) }).record()
}

/// A store with a little of everything, and more bytes than one block or one batch holds.
async fn filled(folder: &Path, spans: u64, raw_bytes: usize) -> Stores {
    let stores = lite(folder, "source.db").await;
    let records: Vec<_> = (1..=spans).map(|n| record(n, raw_bytes)).collect();
    for batch in records.chunks(50) {
        stores.spans.write(batch).await.unwrap();
    }
    let (a, b) = ("a".parse().unwrap(), "b".parse().unwrap());
    let seen = [(a, START), (b, START), ("a".parse().unwrap(), Timestamp::from_unix_us(5))];
    stores.meta.touch_tenants(&seen).await.unwrap();
    let view = SavedView {
        id: ViewId::from_bytes([3; 16]),
        tenant: Some("a".parse().unwrap()),
        version: 1,
        name: "slow".to_owned(),
        page: ViewPage::Traces,
        query: [("model".to_owned(), "m".to_owned())].into(),
        created_at: START,
        updated_at: START,
    };
    assert_eq!(stores.meta.put_view(&ALL, &view, Replacing::Nothing).await.unwrap(), Written::Done);
    let retention = Retention { content_days: Some(7), span_days: None };
    stores.meta.put_retention(&"b".parse().unwrap(), Some(retention)).await.unwrap();
    stores.meta.add_erasure(&erasure(7, Subject::Session("gone".to_owned()))).await.unwrap();
    stores
}

fn erasure(id: u8, subject: Subject) -> Erasure {
    Erasure {
        id: ErasureId::from_bytes([id; 16]),
        tenant_id: None,
        subject,
        requested_at: START,
        done_at: Some(START),
        due_at: Some(START),
        repeat_until: START,
        erased: Erased { spans: 2, contents: 1 },
    }
}

async fn everything(stores: &Stores) -> Vec<SpanRecord> {
    let (mut page, mut found) = (PageRequest::first(100), Vec::new());
    loop {
        let read = stores.spans.list_records(&ALL, &SpanFilter::default(), &page).await.unwrap();
        for record in read.items {
            let raw = stores.spans.raw(&ALL, record.span.exchange_id).await.unwrap();
            found.push(SpanRecord { raw, ..record });
        }
        let Some(after) = read.next else { return found };
        page.after = Some(after);
    }
}

async fn assert_same(one: &Stores, other: &Stores) {
    // One by one: the difference of two lists of bodies would be unreadable.
    let (left, right) = (everything(one).await, everything(other).await);
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(&right) {
        assert!(left == right, "{:#?}\n{:#?}", left.span, right.span);
    }
    assert_eq!(one.meta.tenants().await.unwrap(), other.meta.tenants().await.unwrap());
    assert_eq!(one.meta.views(&ALL).await.unwrap(), other.meta.views(&ALL).await.unwrap());
    assert_eq!(one.meta.retentions().await.unwrap(), other.meta.retentions().await.unwrap());
    assert_eq!(one.meta.erasures(&ALL).await.unwrap(), other.meta.erasures(&ALL).await.unwrap());
}

async fn write(stores: &Stores, file: &Path, start: Start) -> anyhow::Result<super::totals::Totals> {
    export(stores.spans.as_ref(), stores.meta.as_ref(), &ALL, file, start).await
}

async fn read(file: &Path, stores: &Stores, folder: &Path) -> anyhow::Result<load::Done> {
    let names = ["spans".to_owned(), "meta".to_owned()];
    let (_, done) = import(file, stores.spans.as_ref(), stores.meta.as_ref(), names, folder).await?;
    Ok(done)
}

#[tokio::test]
async fn what_moves_from_lite_to_memory_and_back_is_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let source = filled(folder.path(), 120, 500).await;
    let (there, back) = (folder.path().join("there"), folder.path().join("back"));
    let totals = write(&source, &there, Start::Anew).await.unwrap();
    assert_eq!((totals.spans, totals.contents, totals.raws), (120, 30, 120));
    assert_eq!(totals.raw_bytes, 120 * (500 + 10 + 7 + 10));
    let memory = stores("memory:").await;
    let done = read(&there, &memory, folder.path()).await.unwrap();
    assert_eq!(done, load::Done { spans: 120, ..load::Done::default() });
    assert_same(&source, &memory).await;

    assert_eq!(write(&memory, &back, Start::Anew).await.unwrap(), totals);
    let other = lite(folder.path(), "other.db").await;
    for kept in [0, 3] {
        let done = read(&back, &other, folder.path()).await.unwrap();
        assert_eq!(done, load::Done { spans: 120, kept, ..load::Done::default() }, "a second time changes nothing");
        assert_same(&source, &other).await;
    }
    let left = fs::read_dir(folder.path())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().path().extension() == Some("json".as_ref()));
    assert_eq!(left.count(), 0, "no position is left");
}

#[tokio::test]
async fn a_price_that_was_put_on_a_span_moves_and_is_not_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (lite(folder.path(), "old.db").await, lite(folder.path(), "new.db").await);
    old.spans.write(&[numbered(1).cost_nanos(5).record()]).await.unwrap();
    new.spans.write(&[numbered(1).version(1).cost_nanos(9).record()]).await.unwrap();
    let (of_old, of_new) = (folder.path().join("of-old"), folder.path().join("of-new"));
    write(&old, &of_old, Start::Anew).await.unwrap();
    write(&new, &of_new, Start::Anew).await.unwrap();
    read(&of_new, &old, folder.path()).await.unwrap();
    read(&of_old, &new, folder.path()).await.unwrap();
    for stores in [&old, &new] {
        let span = everything(stores).await.remove(0).span;
        assert_eq!((span.version, span.cost.map(llmtrace_model::Money::nanos)), (1, Some(9)));
    }
}

#[tokio::test]
async fn what_was_erased_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (lite(folder.path(), "source.db").await, lite(folder.path(), "target.db").await);
    let early = Timestamp::from_unix_us(START.unix_us() - 1);
    let gone = numbered(1).session("s").at(early).record();
    source.spans.write(&[gone, numbered(2).session("s").record(), numbered(3).at(early).record()]).await.unwrap();
    target.meta.add_erasure(&erasure(1, Subject::Session("s".to_owned()))).await.unwrap();
    let file = folder.path().join("archive");
    write(&source, &file, Start::Anew).await.unwrap();
    let done = read(&file, &target, folder.path()).await.unwrap();
    assert_eq!((done.spans, done.erased), (2, 1));
}

/// A file that cannot be read from some byte on, as on a share that goes away.
struct Failing(BufReader<File>, u64);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.stream_position()? >= self.1 { Err(io::ErrorKind::BrokenPipe.into()) } else { self.0.read(buffer) }
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[tokio::test]
async fn an_import_that_was_stopped_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let source = filled(folder.path(), 300, 100_000).await;
    let file = folder.path().join("archive");
    write(&source, &file, Start::Anew).await.unwrap();
    let bytes = fs::metadata(&file).unwrap().len();
    let open = |until| Reader::open(Failing(BufReader::new(File::open(&file).unwrap()), until)).unwrap();
    let about: super::totals::About = open(bytes).next().unwrap().one().unwrap();
    let target = lite(folder.path(), "target.db").await;
    let position = || PositionFile::of(about.id, folder.path()).unwrap();

    let to = Target {
        spans: target.spans.as_ref(),
        meta: target.meta.as_ref(),
        names: ["spans".to_owned(), "meta".to_owned()],
        position: position(),
    };
    let stopped = load::load(open(bytes * 9 / 10), &about, to, bytes).await.unwrap_err();
    assert_eq!(stopped.to_string(), "cannot be read");
    let kept = position().read().unwrap();
    assert!(kept.read.spans > 100 && kept.read.spans < 300, "{}", kept.read.spans);
    assert_eq!(everything(&target).await.len() as u64, kept.read.spans);

    // Another store does not have what stands before the position, so there it begins anew.
    let other = lite(folder.path(), "other.db").await;
    let elsewhere = folder.path().join("elsewhere");
    PositionFile::of(about.id, &elsewhere).unwrap().write(&kept).unwrap();
    for (stores, folder) in [(&target, folder.path()), (&other, &elsewhere)] {
        let done = read(&file, stores, folder).await.unwrap();
        assert_eq!((done.spans, done.kept), (300, 0));
        assert_same(&source, stores).await;
        assert_eq!(PositionFile::of(about.id, folder).unwrap().read(), None);
    }
}

#[tokio::test]
async fn an_export_that_was_stopped_goes_on_and_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let source = filled(folder.path(), 150, 100_000).await;
    let whole = folder.path().join("whole");
    let totals = write(&source, &whole, Start::Anew).await.unwrap();
    let bytes = fs::read(&whole).unwrap();
    let again = write(&source, &whole, Start::Anew).await.unwrap_err().to_string();
    assert!(again.contains("is there already"), "{again}");
    for (n, cut) in [5, 20, 200, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1, bytes.len()].into_iter().enumerate()
    {
        let file = folder.path().join(format!("cut-{n}"));
        fs::write(draft_of(&file), &bytes[..cut]).unwrap();
        let anew = write(&source, &file, Start::Anew).await.unwrap_err().to_string();
        assert!(anew.contains("go on with --resume"), "{anew}");
        assert_eq!(write(&source, &file, Start::Resume).await.unwrap(), totals, "{cut}");
        assert!(!draft_of(&file).exists());
        let target = stores("memory:").await;
        read(&file, &target, folder.path()).await.unwrap();
        assert_same(&source, &target).await;
    }
}

#[tokio::test]
async fn a_file_that_is_cut_or_damaged_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let source = filled(folder.path(), 40, 300).await;
    let file = folder.path().join("archive");
    write(&source, &file, Start::Anew).await.unwrap();
    let bytes = fs::read(&file).unwrap();
    let target = stores("memory:").await;
    let refusal = async |bytes: &[u8]| {
        let file = folder.path().join("broken");
        fs::write(&file, bytes).unwrap();
        format!("{:#}", read(&file, &target, folder.path()).await.unwrap_err())
    };
    for cut in [0, 10, 16, 60, bytes.len() / 2, bytes.len() - 1] {
        let said = refusal(&bytes[..cut]).await;
        assert!(said.contains("is cut short") && said.contains("copy it again"), "{cut}: {said}");
    }
    let said = refusal(&[&bytes[..], b"x"].concat()).await;
    assert!(said.contains("something follows"), "{said}");
    let said = refusal(b"exchange_id,started_at,tenant\r\n").await;
    assert!(said.contains("is no archive"), "{said}");
    for at in (0..bytes.len()).step_by(97) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let said = refusal(&flipped).await;
        assert!(["is damaged", "is no archive", "is cut short"].iter().any(|what| said.contains(what)), "{at}: {said}");
    }
    assert!(everything(&target).await.is_empty(), "one block of spans: nothing of it was taken");
}
