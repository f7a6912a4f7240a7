//! What spans add up to: from roll-ups where they are whole and current, from the spans themselves elsewhere.

use std::ops::Range;

use llmtrace_model::{SpanFilter, StatsQuery, StatsRow, TenantScope, Timestamp};
use rusqlite::{Transaction, params_from_iter};

use super::{
    Slice, Slices, Stop,
    blob::{Blob, Sink},
    family::{Column, Family, Ids, columns_of, wanted},
    get,
    plan::{self, DAY, HOUR_US, Size, Unit, Units, start_of},
};
use crate::{
    sqlite::{query, read::View, row::Columns, search::Text},
    stats::{Groups, Key, Name, Sum},
};

/// The rows of a query.
pub(in crate::sqlite) fn rows(view: &View<'_>, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Stop> {
    let text = view.search(scope, &query.filter)?;
    let mut reading = Reading { view: &view.transaction, scope, query, text, groups: Groups::new(query) };
    match Rolled::of(query) {
        Some(rolled) => reading.rolled(&rolled)?,
        None => reading.sliced()?,
    }
    Ok(reading.groups.finish())
}

/// What of a query roll-ups may answer.
struct Rolled {
    family: &'static Family,
    /// The largest that fits into a step of the query.
    size: Size,
    /// The hours that are inside its time from end to end.
    hours: Range<i64>,
}

impl Rolled {
    fn of(query: &StatsQuery) -> Option<Self> {
        let size = match query.interval_us {
            Some(us) if us % HOUR_US != 0 => return None,
            Some(us) if us % (DAY * HOUR_US) != 0 => Size::Hour,
            Some(_) | None => Size::Day,
        };
        let SpanFilter { from, until, .. } = &query.filter;
        let start =
            from.map_or(i64::MIN, |from| plan::hour_of(from) + i64::from(from.unix_us().rem_euclid(HOUR_US) != 0));
        let end = until.map_or(i64::MAX, plan::hour_of);
        let family = Family::answering(query)?;
        (start < end).then_some(Self { family, size, hours: start..end })
    }
}

/// A query that is being answered, at one state of the file.
struct Reading<'a> {
    view: &'a Transaction<'a>,
    scope: &'a TenantScope,
    query: &'a StatsQuery,
    text: Text,
    groups: Groups<'a>,
}

impl Reading<'_> {
    /// By roll-ups where they are whole and current.
    fn rolled(&mut self, Rolled { family, size, hours }: &Rolled) -> Result<(), Stop> {
        let mut raw = plan::dirty(self.view, self.scope, hours)?;
        let days = whole_days(hours).filter(|_| *size == Size::Day);
        match &days {
            Some(days) => {
                for (day, is_current) in plan::known(self.view, self.scope, Size::Day, days)? {
                    let own = day.clone()..Unit { start: day.start + DAY, ..day.clone() };
                    let is_dirty = raw.range(own).next().is_some();
                    if is_dirty || !is_current || !self.unit(&day, Size::Day, family)? {
                        let owner = day.tenant.parse().map(TenantScope::One).map_err(|_| Stop::Damaged)?;
                        self.hours(&owner, &(day.start..day.start + DAY), family, &mut raw)?;
                    }
                }
                self.hours(self.scope, &(hours.start..days.start), family, &mut raw)?;
                self.hours(self.scope, &(days.end..hours.end), family, &mut raw)?;
            }
            None => self.hours(self.scope, hours, family, &mut raw)?,
        }
        for (tenant, hours) in plan::ranges(raw) {
            let owner = tenant.parse().map(TenantScope::One).map_err(|_| Stop::Damaged)?;
            let (from, until) = plan::ends(&hours);
            self.raw(&owner, from, until)?;
        }
        let (first, last) = plan::ends(hours);
        if let Some(from) = self.query.filter.from {
            self.raw(self.scope, Some(from), first)?;
        }
        if let Some(until) = self.query.filter.until {
            self.raw(self.scope, last, Some(until))?;
        }
        Ok(())
    }

    /// Adds the hours that are rolled up; those that turn out not to be go to `raw`.
    fn hours(&mut self, scope: &TenantScope, hours: &Range<i64>, family: &Family, raw: &mut Units) -> Result<(), Stop> {
        if hours.is_empty() {
            return Ok(());
        }
        for (hour, is_current) in plan::known(self.view, scope, Size::Hour, hours)? {
            if is_current && !self.unit(&hour, Size::Hour, family)? {
                raw.insert(hour);
            }
        }
        Ok(())
    }

    /// Adds one roll-up; `false` where the family was not kept.
    fn unit(&mut self, unit: &Unit, size: Size, family: &Family) -> Result<bool, Stop> {
        let Some(content) = get(self.view, unit, size, family.number)? else { return Ok(false) };
        let Some(blob) = Blob::open(&content, family, start_of(unit.start))? else { return Ok(false) };
        if let Some(mut into) = Into::of(self.query, unit, &blob, &mut self.groups) {
            blob.read(&mut into)?;
        }
        Ok(true)
    }

    /// Span by span, from the hours in which any may match.
    fn sliced(&mut self) -> Result<(), Stop> {
        let filter = &self.query.filter;
        let slices = match self.text {
            Text::Any | Text::Many => Slices::of(self.view, self.scope, filter, None),
            // What leads to few rows needs no walk.
            Text::Few(..) => None,
        };
        let Some(mut slices) = slices else { return self.raw(self.scope, filter.from, filter.until) };
        while let Some(Slice { scopes, from, until }) = slices.next()? {
            for scope in &scopes {
                self.raw(scope, from, until)?;
            }
        }
        Ok(())
    }

    /// Adds spans one by one.
    fn raw(&mut self, scope: &TenantScope, from: Option<Timestamp>, until: Option<Timestamp>) -> Result<(), Stop> {
        if from.zip(until).is_some_and(|(from, until)| from >= until) {
            return Ok(());
        }
        let filter = SpanFilter { from, until, ..self.query.filter.clone() };
        let query = query::stats(&self.text, scope, &filter, &self.query.group_by);
        let mut statement = self.view.prepare_cached(&query.sql)?;
        let mut found = statement.query(params_from_iter(&query.values))?;
        while let Some(row) = found.next()? {
            self.groups.scan()?;
            let mut key = Key::default();
            let mut from = Columns::of(row);
            let sample = from.sample()?;
            for name in key.iter_mut().take(self.query.group_by.len()) {
                *name = self.groups.names.number(from.text()?);
            }
            sample.add_to(self.groups.sum(sample.started_at, key)?);
        }
        Ok(())
    }
}

/// The days that are inside hours from end to end.
fn whole_days(hours: &Range<i64>) -> Option<Range<i64>> {
    let start = hours.start.checked_add(DAY - 1).map_or(i64::MAX, |start| start.div_euclid(DAY).saturating_mul(DAY));
    let end = hours.end.div_euclid(DAY).saturating_mul(DAY);
    (start < end).then_some(start..end)
}

/// Takes the groups of one roll-up into those of a query.
struct Into<'a, 'q> {
    /// Where each dimension of the query comes from.
    dimensions: Vec<From>,
    /// What the filter wants of single columns, as numbers within the roll-up.
    wanted: Vec<(usize, u32)>,
    /// The model it wants, asked for or answered, likewise.
    model: Option<[u32; 2]>,
    groups: &'a mut Groups<'q>,
}

/// Where the value of a dimension comes from.
enum From {
    /// The same for the whole roll-up.
    Fixed(Name),
    /// The first column that has a value: its place, and the name of each of its values.
    Columns(Vec<(usize, Vec<Name>)>),
}

impl<'a, 'q> Into<'a, 'q> {
    /// `None` where the roll-up holds nothing that the query wants.
    fn of(query: &StatsQuery, unit: &Unit, blob: &Blob<'_>, groups: &'a mut Groups<'q>) -> Option<Self> {
        let values = |column: Column| {
            let found = blob.columns.iter().find(|(place, _)| *place == column as usize);
            found.map_or(&[][..], |(_, values)| values)
        };
        let number = |column: Column, wanted: &str| {
            let at = values(column).iter().position(|value| *value == wanted)?;
            u32::try_from(at + 1).ok()
        };
        let mut filter = Vec::new();
        for (column, value) in wanted(&query.filter)? {
            filter.push((column as usize, number(column, &value)?));
        }
        let model = match &query.filter.model {
            Some(model) => match (number(Column::Asked, model), number(Column::Answered, model)) {
                (None, None) => return None,
                // No number is the highest one: a roll-up is not that large.
                (asked, answered) => Some([asked.unwrap_or(u32::MAX), answered.unwrap_or(u32::MAX)]),
            },
            None => None,
        };
        let mut dimensions = Vec::new();
        for dimension in &query.group_by {
            dimensions.push(match columns_of(*dimension)? {
                [] => From::Fixed(groups.names.number(Some(&unit.tenant))),
                columns => From::Columns(
                    columns
                        .iter()
                        .map(|column| {
                            let names = values(*column).iter().map(|value| groups.names.number(Some(value)));
                            (*column as usize, std::iter::once(0).chain(names).collect())
                        })
                        .collect(),
                ),
            });
        }
        Some(Self { dimensions, wanted: filter, model, groups })
    }
}

impl Sink for Into<'_, '_> {
    fn sum(&mut self, ids: &Ids, first: Timestamp) -> Result<Option<&mut Sum>, Stop> {
        let is_wanted = self.wanted.iter().all(|(column, id)| ids[*column] == *id);
        let [asked, answered] = [ids[Column::Asked as usize], ids[Column::Answered as usize]];
        if !is_wanted || self.model.is_some_and(|wanted| asked != wanted[0] && answered != wanted[1]) {
            return Ok(None);
        }
        let mut key = Key::default();
        for (name, from) in key.iter_mut().zip(&self.dimensions) {
            *name = match from {
                From::Fixed(name) => *name,
                From::Columns(columns) => {
                    let mut values = columns.iter().map(|(column, names)| names[ids[*column] as usize]);
                    values.find(|name| *name != 0).unwrap_or(0)
                }
            };
        }
        Ok(Some(self.groups.sum(first, key)?))
    }
}
