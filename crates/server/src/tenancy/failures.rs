//! Who fails too often: wrong keys and cookies of an address, wrong passwords of a name. A bound for each, so that guessing and
//! broken clients cost the stores little.
//!
//! It is asked only about keys, cookies and names that have yet to be looked at: whoever shares an address with a broken client
//! and has a key that is known is let in.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::Mutex,
    time::{Duration, Instant},
};

/// The most that are remembered. Beyond, the ones with the fewest failures are forgotten.
const MAX_REMEMBERED: usize = 10_000;

/// Failures by whoever fails: a [`network`] or a name.
#[derive(Debug)]
pub(super) struct Failures<K> {
    of: Mutex<HashMap<K, Spent>>,
    bound: Bound,
}

/// How often one may fail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// So often at once.
    pub(super) burst: u32,
    /// How long it takes to be allowed once more.
    pub(super) regain: Duration,
}

/// What one has used up, as it stood at a time.
#[derive(Debug, Clone, Copy)]
struct Spent {
    failures: u32,
    at: Instant,
}

impl Spent {
    /// The failures that still count at `now`, and since when what is regained next is waited for.
    fn at(self, now: Instant, bound: Bound) -> Self {
        let regained = now.saturating_duration_since(self.at).as_nanos() / bound.regain.as_nanos().max(1);
        let regained = u32::try_from(regained).unwrap_or(u32::MAX);
        match self.failures.checked_sub(regained) {
            None | Some(0) => Self { failures: 0, at: now },
            Some(failures) => Self { failures, at: self.at + bound.regain * regained },
        }
    }
}

impl<K: Eq + Hash> Failures<K> {
    pub(super) fn new(bound: Bound) -> Self {
        Self { of: Mutex::default(), bound }
    }

    /// Says whether one may try.
    pub(super) fn may_try(&self, who: &K, now: Instant) -> bool {
        let of = self.of.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        of.get(who).is_none_or(|spent| spent.at(now, self.bound).failures < self.bound.burst)
    }

    /// Notes that one failed.
    pub(super) fn note(&self, who: K, now: Instant) {
        let mut of = self.of.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.add(&mut of, who, now);
    }

    /// Notes a failure before it is known to be one, so that many tries at once are no more than the bound; says whether one
    /// may try. What was none is [forgiven](Self::forgive).
    pub(super) fn charge(&self, who: K, now: Instant) -> bool {
        let mut of = self.of.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if of.get(&who).is_some_and(|spent| spent.at(now, self.bound).failures >= self.bound.burst) {
            return false;
        }
        self.add(&mut of, who, now);
        true
    }

    /// Takes one failure back.
    pub(super) fn forgive(&self, who: &K) {
        let mut of = self.of.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(spent) = of.get_mut(who) {
            spent.failures = spent.failures.saturating_sub(1);
        }
    }

    fn add(&self, of: &mut HashMap<K, Spent>, who: K, now: Instant) {
        if of.len() >= MAX_REMEMBERED && !of.contains_key(&who) {
            self.forget(of, now);
        }
        let spent = of.entry(who).or_insert(Spent { failures: 0, at: now });
        *spent = spent.at(now, self.bound);
        spent.failures = spent.failures.saturating_add(1).min(self.bound.burst);
    }

    /// Makes room: whoever has regained everything goes, and where nobody has, half of those who failed least.
    fn forget(&self, of: &mut HashMap<K, Spent>, now: Instant) {
        let failures = |spent: &Spent| spent.at(now, self.bound).failures;
        of.retain(|_, spent| failures(spent) > 0);
        if of.len() < MAX_REMEMBERED {
            return;
        }
        let mut all: Vec<u32> = of.values().map(failures).collect();
        all.sort_unstable();
        let middle = all[all.len() / 2];
        let mut to_go = of.len() / 2;
        of.retain(|_, spent| {
            let goes = to_go > 0 && failures(spent) <= middle;
            to_go -= usize::from(goes);
            !goes
        });
    }
}

/// An IPv4 address, or the network of an IPv6 one that a single client has to itself.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURST: u32 = 20;

    fn failures() -> (Failures<IpAddr>, Instant) {
        (Failures::new(Bound { burst: BURST, regain: Duration::from_secs(1) }), Instant::now())
    }

    fn ip(text: &str) -> IpAddr {
        network(text.parse().unwrap())
    }

    #[test]
    fn an_address_may_fail_so_often_and_regains_one_each_second() {
        let (failures, start) = failures();
        let it = ip("192.0.2.1");
        for _ in 0..BURST {
            assert!(failures.may_try(&it, start));
            failures.note(it, start);
        }
        assert!(!failures.may_try(&it, start));
        assert!(failures.may_try(&ip("192.0.2.2"), start), "another one");
        assert!(!failures.may_try(&it, start + Duration::from_millis(999)));
        assert!(failures.may_try(&it, start + Duration::from_secs(1)));
        failures.note(it, start + Duration::from_secs(1));
        assert!(!failures.may_try(&it, start + Duration::from_millis(1_500)));
        assert!(failures.may_try(&it, start + Duration::from_secs(2)));
    }

    #[test]
    fn tries_at_the_same_time_are_no_more_than_the_bound_and_right_ones_cost_nothing() {
        let (failures, start) = failures();
        let it = ip("192.0.2.1");
        let tried = (0..100).filter(|_| failures.charge(it, start)).count();
        assert_eq!(tried, BURST as usize);
        failures.forgive(&it);
        assert!(failures.charge(it, start) && !failures.charge(it, start));
        for _ in 0..100 {
            let other = ip("192.0.2.2");
            assert!(failures.charge(other, start));
            failures.forgive(&other);
        }
    }

    #[test]
    fn the_addresses_of_one_network_count_as_one() {
        let (failures, start) = failures();
        for n in 0..BURST {
            failures.note(ip(&format!("2001:db8::{n:x}")), start);
        }
        assert!(!failures.may_try(&ip("2001:db8::ffff"), start));
        assert!(failures.may_try(&ip("2001:db8:0:1::1"), start));
        assert_eq!(ip("::ffff:192.0.2.9"), ip("192.0.2.9"));
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_is_room_for() {
        let (failures, start) = failures();
        let bad = ip("192.0.2.1");
        for _ in 0..BURST {
            failures.note(bad, start);
        }
        for n in 0..20_000u32 {
            failures.note(IpAddr::V4((0x0a00_0000 + n).into()), start);
        }
        assert!(failures.of.lock().unwrap().len() <= MAX_REMEMBERED);
        assert!(!failures.may_try(&bad, start), "the worst are remembered longest");
    }
}
