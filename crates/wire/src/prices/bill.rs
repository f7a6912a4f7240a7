//! The sum of one exchange, exact until it is rounded up once.

use llmtrace_model::Money;
use rust_decimal::{Decimal, prelude::ToPrimitive};

/// Adds up count × rate by what the rate is for, so that nothing is divided before the end.
#[derive(Debug, Default)]
pub(super) struct Bill {
    per_million: Sum,
    per_thousand: Sum,
    /// Milliseconds × dollars per hour.
    per_hour: Sum,
    per_piece: Sum,
    /// Whether a rate came from the operator's file.
    pub(super) overridden: bool,
    /// Whether a rate came from the list.
    pub(super) listed: bool,
    /// Whether a rate came from our own table.
    pub(super) more: bool,
    /// Whether anything that was used has no rate.
    gaps: bool,
    /// What the cost lacks; see `Priced::Known`.
    pub(super) not_priced: Vec<String>,
}

/// A sum, `None` once it left the range of a decimal.
#[derive(Debug)]
struct Sum(Option<Decimal>);

impl Default for Sum {
    fn default() -> Self {
        Self(Some(Decimal::ZERO))
    }
}

impl Sum {
    fn add(&mut self, count: Decimal, rate: Decimal) {
        self.0 = self.0.and_then(|sum| sum.checked_add(count.checked_mul(rate)?));
    }
}

impl Bill {
    /// Adds tokens, or anything whose rate is for a million.
    pub(super) fn add_tokens(&mut self, count: u64, rate: Decimal) {
        self.per_million.add(count.into(), rate);
    }

    pub(super) fn add_thousands(&mut self, count: u64, rate: Decimal) {
        self.per_thousand.add(count.into(), rate);
    }

    pub(super) fn add_hours(&mut self, ms: Decimal, rate: Decimal) {
        self.per_hour.add(ms, rate);
    }

    pub(super) fn add_pieces(&mut self, count: u64, dollars: Decimal) {
        self.per_piece.add(count.into(), dollars);
    }

    /// Names something that was used and has no rate.
    pub(super) fn gap(&mut self, what: String) {
        self.gaps = true;
        self.not_priced.push(what);
    }

    /// Names something that was sold on terms whose rate is not known.
    pub(super) fn remark(&mut self, what: String) {
        self.not_priced.push(what);
    }

    /// Says whether something was used, and nothing of it has a rate.
    pub(super) fn has_nothing_but_gaps(&self) -> bool {
        self.gaps && !self.overridden && !self.listed && !self.more
    }

    /// Says whether nothing was used at all.
    pub(super) fn is_untouched(&self) -> bool {
        !self.gaps && !self.overridden && !self.listed && !self.more
    }

    /// Dollars, rounded up to a nano-dollar; `None` beyond what money holds.
    pub(super) fn cost(&self) -> Option<Money> {
        let parts = [
            (&self.per_million, 1_000_000),
            (&self.per_thousand, 1_000),
            (&self.per_hour, 3_600_000),
            (&self.per_piece, 1),
        ];
        let mut dollars = Decimal::ZERO;
        for (sum, per) in parts {
            // Only what is billed by the hour may have no end; cut at its 28th digit it stays between the same nano-dollars.
            dollars = dollars.checked_add(sum.0?.checked_div(Decimal::from(per))?)?;
        }
        let nanos = dollars.checked_mul(Decimal::from(1_000_000_000))?.ceil();
        nanos.to_i64().map(Money::from_nanos)
    }
}
