//! Reading what scripts answer: texts.

use std::time::Duration;

use llmtrace_model::{ExchangeId, Money};
use redis::Value;

use crate::{Backend, Counter, CounterName, Error, ErrorKind, Level, Rebuilt, Settled, Take, Taken};

/// The texts of an answer.
pub(super) struct Answer {
    op: &'static str,
    texts: Vec<String>,
}

/// An answer that no script of ours gives.
pub(super) fn odd(op: &'static str, what: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Corrupt, Backend::Redis, op, format!("the script answered {what}"))
}

impl Answer {
    pub(super) fn of(op: &'static str, value: Value) -> Result<Self, Error> {
        let texts = redis::from_redis_value(value).map_err(|error| odd(op, &error))?;
        Ok(Self { op, texts })
    }

    pub(super) fn taken(self, take: &Take) -> Result<Taken, Error> {
        match self.first() {
            "late" => Ok(Taken::Late),
            "missing" => self.names().map(Taken::Missing),
            "spent" => self.number(1).map(Taken::Spent),
            "reserved" => self.number(1).map(Taken::Reserved),
            "no_slot" => self.number(1).map(Taken::NoSlot),
            "limited" => {
                let never = self.texts.get(2).is_none_or(String::is_empty);
                let retry_after = if never { None } else { Some(Duration::from_millis(self.number(2)?)) };
                Ok(Taken::Limited { draw: self.number(1)?, retry_after })
            }
            "granted" => {
                let counters = take.windows.len();
                let windows = (0..counters).map(|index| self.counter(1 + index * 3)).collect::<Result<_, _>>()?;
                let level = |index| {
                    let at = 1 + counters * 3 + index * 2;
                    Ok(Level { tokens: self.number(at)?, full_after: Duration::from_millis(self.number(at + 1)?) })
                };
                let buckets = (0..take.draws.len()).map(level).collect::<Result<_, Error>>()?;
                Ok(Taken::Granted { windows, buckets })
            }
            other => Err(odd(self.op, &other)),
        }
    }

    pub(super) fn settled(self) -> Result<Settled, Error> {
        match self.first() {
            "done" => Ok(Settled::Done),
            "before" => Ok(Settled::Before),
            "unknown" => Ok(Settled::Unknown),
            "missing" => self.names().map(Settled::Missing),
            other => Err(odd(self.op, &other)),
        }
    }

    pub(super) fn rebuilt(self) -> Result<Rebuilt, Error> {
        match self.first() {
            "done" => Ok(Rebuilt::Done),
            "changed" => Ok(Rebuilt::Changed),
            "not_claimed" => Ok(Rebuilt::NotClaimed),
            other => Err(odd(self.op, &other)),
        }
    }

    pub(super) fn yes(self) -> Result<bool, Error> {
        match self.first() {
            "yes" => Ok(true),
            "no" => Ok(false),
            other => Err(odd(self.op, &other)),
        }
    }

    pub(super) fn exchanges(self) -> Result<Vec<ExchangeId>, Error> {
        self.texts.iter().map(|text| text.parse().map_err(|_| odd(self.op, text))).collect()
    }

    pub(super) fn counters(self) -> Result<Vec<Option<Counter>>, Error> {
        let one = |index: usize| {
            if self.texts[index * 3].is_empty() { Ok(None) } else { self.counter(index * 3).map(Some) }
        };
        (0..self.texts.len() / 3).map(one).collect()
    }

    fn first(&self) -> &str {
        self.texts.first().map_or("nothing", String::as_str)
    }

    fn names(&self) -> Result<Vec<CounterName>, Error> {
        self.texts.iter().skip(1).map(|name| name.parse().map_err(|_| odd(self.op, name))).collect()
    }

    fn counter(&self, at: usize) -> Result<Counter, Error> {
        let money = |at| self.number(at).map(Money::from_nanos);
        Ok(Counter { spent: money(at)?, estimated: money(at + 1)?, reserved: money(at + 2)? })
    }

    fn number<T: std::str::FromStr>(&self, at: usize) -> Result<T, Error> {
        let text = self.texts.get(at).map_or("", String::as_str);
        text.parse().map_err(|_| odd(self.op, &text))
    }
}
