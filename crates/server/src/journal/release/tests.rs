use std::path::Path;

use super::*;
use crate::journal::disk::Disk;

struct Setup {
    _dir: tempfile::TempDir,
    ledger: Ledger,
    log: LogId,
}

fn setup(segments: u64) -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let folder = Arc::new(Disk::default().create_folder(dir.path(), "a").unwrap());
    let mut ledger = Ledger::default();
    let log = ledger.add_log(folder);
    for number in 1..=segments {
        ledger.add_segment(log, number, format!("{number}").into(), 1000);
    }
    Setup { _dir: dir, ledger, log }
}

impl Setup {
    fn at(&self, segment: u64, index: u32) -> Position {
        Position { log: self.log, segment, index }
    }

    fn add(&mut self, segment: u64, index: u32, kind: Kind) {
        let at = self.at(segment, index);
        let second = i64::from(index) * 1_000_000;
        assert_eq!(self.ledger.record(at, kind, Timestamp::from_unix_us(second)), Registered::Yes);
    }

    fn gone(&mut self) -> Vec<String> {
        let name = |path: &Path| path.display().to_string();
        self.ledger
            .reap()
            .iter()
            .map(|gone| match gone {
                Gone::Segment(path) => name(path),
                Gone::Damaged(path) => format!("damaged {}", name(path)),
                Gone::Folder(_) => "folder".to_owned(),
            })
            .collect()
    }
}

#[test]
fn segments_go_in_order_whatever_the_order_of_acknowledgements() {
    let mut s = setup(2);
    for segment in 1..=2 {
        for index in 0..3 {
            s.add(segment, index, Kind::Close);
        }
        s.ledger.seal(s.log, segment);
    }
    s.ledger.complete(s.log);
    for (segment, index) in [(2, 1), (1, 2), (2, 0), (2, 2), (1, 0)] {
        s.ledger.release(s.at(segment, index));
        assert_eq!(s.gone(), [""; 0]);
    }
    assert_eq!(s.ledger.release(s.at(1, 1)), Released::SegmentDone);
    assert_eq!(s.gone(), ["1", "2", "folder"]);
    assert_eq!((s.ledger.records(), s.ledger.bytes()), (0, 0));
}

#[test]
fn releasing_twice_releases_once() {
    let mut s = setup(1);
    s.add(1, 0, Kind::Close);
    s.add(1, 1, Kind::Close);
    s.ledger.seal(s.log, 1);
    s.ledger.release(s.at(1, 0));
    s.ledger.release(s.at(1, 0));
    assert_eq!(s.gone(), [""; 0]);
    assert_eq!(s.ledger.records(), 1);
}

#[test]
fn a_growing_segment_stays() {
    let mut s = setup(1);
    s.add(1, 0, Kind::Close);
    s.ledger.release(s.at(1, 0));
    assert_eq!(s.gone(), [""; 0]);
}

#[test]
fn an_open_record_keeps_its_segment_until_it_is_moved() {
    let mut s = setup(2);
    s.add(1, 0, Kind::Open);
    s.add(1, 1, Kind::Close);
    s.ledger.seal(s.log, 1);
    assert_eq!(s.ledger.carry_candidate(s.log, 9), None, "a close keeps it anyway");
    assert_eq!(s.ledger.release(s.at(1, 1)), Released::OnlyOpensLeft);
    assert_eq!(s.ledger.carry_candidate(s.log, 9), Some(1));
    assert_eq!(s.ledger.carry_candidate(s.log, 0), None);
    assert_eq!(s.ledger.release(s.at(1, 0)), Released::SegmentDone);
    assert_eq!(s.gone(), ["1"]);
}

#[test]
fn shedding_counts_what_nobody_was_given() {
    let mut s = setup(2);
    for index in 0..5 {
        s.add(1, index, Kind::Close);
    }
    s.ledger.seal(s.log, 1);
    s.ledger.handed_over(s.log, 1, 2);
    let candidate = s.ledger.shed_candidate(Some(s.log)).unwrap();
    assert_eq!((candidate.segment, candidate.unknown), (1, Unknown::Nothing));
    let lost = s.ledger.shed(s.log, 1, None).unwrap();
    assert_eq!(lost.records, 3, "two are with the back lane");
    assert_eq!((s.ledger.records(), s.ledger.bytes()), (0, 1000));
    assert!(s.ledger.shed_candidate(Some(s.log)).is_none(), "our growing segment is never shed");
    assert!(s.ledger.shed_candidate(None).is_some(), "an adopted one is");
    assert_eq!(s.ledger.release(s.at(1, 0)), Released::NothingToDo, "a late acknowledgement is harmless");
}

#[test]
fn what_turned_out_damaged_is_given_up_and_the_file_kept() {
    let mut s = setup(1);
    s.add(1, 0, Kind::Close);
    s.add(1, 1, Kind::Open);
    s.add(1, 2, Kind::Close);
    s.ledger.seal(s.log, 1);
    assert_eq!(s.ledger.lose(s.log, 1, 0..3), 2);
    assert_eq!(s.ledger.lose(s.log, 1, 0..3), 0);
    s.ledger.release(s.at(1, 1));
    assert_eq!(s.gone(), ["damaged 1"]);
}

#[test]
fn the_oldest_record_tells_its_age() {
    let mut s = setup(1);
    assert_eq!(s.ledger.oldest(), None);
    for index in 0..70 {
        s.add(1, index, Kind::Close);
    }
    assert_eq!(s.ledger.oldest(), Some(Timestamp::from_unix_us(0)));
    for index in 0..66 {
        s.ledger.release(s.at(1, index));
    }
    assert_eq!(s.ledger.oldest(), Some(Timestamp::from_unix_us(66_000_000)));
}
