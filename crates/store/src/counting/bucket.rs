//! Buckets: tokens drawn and not regained, in whole numbers, so that no rounding adds up.

use std::time::Duration;

use super::{Ms, Rows, ms};
use crate::{Bucket, Level, counter::MAX_COUNTED};

/// What a bucket owes: tokens drawn and not regained, times the period, at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Debt {
    pub(crate) owed: i64,
    pub(crate) at: Ms,
}

pub(super) fn now_owed<R: Rows>(rows: &mut R, bucket: &Bucket, now: Ms) -> Result<Debt, R::Error> {
    let Some(debt) = rows.debt(&bucket.name)? else { return Ok(Debt { owed: 0, at: now }) };
    let passed = now.saturating_sub(debt.at).max(0);
    let regained = i128::from(passed) * i128::from(bucket.tokens);
    Ok(Debt { owed: clamped(i128::from(debt.owed) - regained), at: debt.at.max(now) })
}

/// The debt after a draw, and where the bucket has too few: when it will have enough, if ever.
pub(super) fn drawn(bucket: &Bucket, debt: Debt, tokens: u64) -> (Debt, Option<Option<Duration>>) {
    let period = i128::from(bucket.period_ms);
    let owed = i128::from(debt.owed) + i128::from(tokens) * period;
    let over = owed - i128::from(bucket.burst) * period;
    let drawn = Debt { owed: clamped(owed), at: debt.at };
    if tokens == 0 || over <= 0 {
        return (drawn, None);
    }
    (drawn, Some((tokens <= bucket.burst).then(|| after(over, bucket))))
}

pub(super) fn level(bucket: &Bucket, debt: Debt) -> Level {
    let period = i128::from(bucket.period_ms);
    let left = (i128::from(bucket.burst) * period - i128::from(debt.owed)).max(0) / period;
    Level { tokens: u64::try_from(left).unwrap_or(u64::MAX), full_after: after(i128::from(debt.owed), bucket) }
}

/// How long a bucket takes to regain a debt, rounded up to a millisecond.
fn after(owed: i128, bucket: &Bucket) -> Duration {
    let tokens = i128::from(bucket.tokens.max(1));
    Duration::from_millis(u64::try_from((owed + tokens - 1) / tokens).unwrap_or(u64::MAX))
}

/// When a bucket is full and need not be kept.
pub(super) fn full_at(bucket: &Bucket, debt: Debt) -> Ms {
    debt.at.saturating_add(ms(after(i128::from(debt.owed), bucket)))
}

pub(super) fn clamped(owed: i128) -> i64 {
    i64::try_from(owed.clamp(0, i128::from(MAX_COUNTED.nanos()))).unwrap_or(0)
}
