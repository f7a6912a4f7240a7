//! One kept answer as bytes: the form, a checksum of all that follows, the generations it was true in, the question, the answer.
//!
//! The question stands in it whole, so that two questions of the same hash never get each other's answer.

use std::hash::{DefaultHasher, Hasher};

use super::answer::{Answer, Reader, Writer};

/// The first byte: raised when answers are written or made in another way.
pub(super) const FORMAT: u8 = 1;

/// What the rows of a scope were like: two marks that are replaced when they change otherwise than by time going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Generations {
    /// Of the scope itself.
    pub(super) own: Vec<u8>,
    /// Of all tenants together.
    pub(super) every: Vec<u8>,
}

/// Why an entry is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is of another generation, or of another question.
    Stale,
    /// It is not what was written.
    Damaged,
}

pub(super) fn write<A: Answer>(generations: &Generations, question: &str, answer: &A) -> Vec<u8> {
    let mut to = Writer::default();
    to.bytes(&generations.own);
    to.bytes(&generations.every);
    to.bytes(question.as_bytes());
    answer.put(&mut to);
    let mut entry = Vec::with_capacity(to.0.len() + 9);
    entry.push(FORMAT);
    entry.extend_from_slice(&hash(&to.0).to_le_bytes());
    entry.extend_from_slice(&to.0);
    entry
}

pub(super) fn read<A: Answer>(entry: &[u8], generations: &Generations, question: &str) -> Result<A, Unfit> {
    let (form, rest) = entry.split_first().ok_or(Unfit::Damaged)?;
    if *form != FORMAT {
        return Err(Unfit::Stale);
    }
    let (sum, body) = rest.split_first_chunk().ok_or(Unfit::Damaged)?;
    if u64::from_le_bytes(*sum) != hash(body) {
        return Err(Unfit::Damaged);
    }
    let mut from = Reader(body);
    let mut next = || from.bytes().ok_or(Unfit::Damaged);
    let (own, every, asked) = (next()?, next()?, next()?);
    if own != generations.own || every != generations.every || asked != question.as_bytes() {
        return Err(Unfit::Stale);
    }
    let answer = A::take(&mut from).ok_or(Unfit::Damaged)?;
    if from.0.is_empty() { Ok(answer) } else { Err(Unfit::Damaged) }
}

/// The same in every process of one version of the program; another version finds nothing, and no wrong answer.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{Page, SessionSummary, StatsRow, TraceSummary};
    use proptest::prelude::*;

    use super::*;
    use crate::ModelTraffic;

    fn generations(own: &[u8], every: &[u8]) -> Generations {
        Generations { own: own.to_vec(), every: every.to_vec() }
    }

    #[test]
    fn an_entry_holds_for_its_question_and_its_generations_only() {
        let now = generations(b"a", b"b");
        let entry = write(&now, "a question", &Vec::<StatsRow>::new());
        let read = |now: &Generations, question: &str| read::<Vec<StatsRow>>(&entry, now, question);
        assert_eq!(read(&now, "a question"), Ok(Vec::new()));
        assert_eq!(read(&now, "another of the same hash"), Err(Unfit::Stale));
        assert_eq!(read(&generations(b"x", b"b"), "a question"), Err(Unfit::Stale));
        assert_eq!(read(&generations(b"a", b"x"), "a question"), Err(Unfit::Stale));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
        #[test]
        fn any_bytes_are_an_answer_or_damage(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let generations = generations(b"", b"");
            drop(read::<Vec<StatsRow>>(&bytes, &generations, ""));
            let mut from = Reader(&bytes);
            drop(Vec::<StatsRow>::take(&mut from));
            drop(Page::<SessionSummary>::take(&mut Reader(&bytes)));
            drop(Page::<TraceSummary>::take(&mut Reader(&bytes)));
            drop(Vec::<ModelTraffic>::take(&mut Reader(&bytes)));
        }
    }
}
