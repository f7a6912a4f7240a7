//! Who shows wrong keys too often: a bound per address, so that guessing and broken clients cost the stores little.
//!
//! It is asked only about keys that nobody knows: whoever shares an address with a broken client and has a key is let in.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Mutex,
    time::{Duration, Instant},
};

/// How many wrong keys an address may show at once.
const BURST: u32 = 20;
/// How long it takes to be allowed one more.
const REGAIN: Duration = Duration::from_secs(1);
/// The most addresses that are remembered. Beyond, the ones with the fewest failures are forgotten.
const MAX_ADDRESSES: usize = 10_000;

/// Failures by address.
#[derive(Debug, Default)]
pub(super) struct Failures {
    of: Mutex<HashMap<IpAddr, Spent>>,
}

/// What an address has used up, as it stood at a time.
#[derive(Debug, Clone, Copy)]
struct Spent {
    failures: u32,
    at: Instant,
}

impl Spent {
    /// The failures that still count at `now`, and since when what is regained next is waited for.
    fn at(self, now: Instant) -> Self {
        let regained = now.saturating_duration_since(self.at).as_secs() / REGAIN.as_secs();
        let regained = u32::try_from(regained).unwrap_or(u32::MAX);
        match self.failures.checked_sub(regained) {
            None | Some(0) => Self { failures: 0, at: now },
            Some(failures) => Self { failures, at: self.at + REGAIN * regained },
        }
    }
}

impl Failures {
    /// Says whether an address may try a key that nobody knows.
    pub(super) fn may_try(&self, address: IpAddr, now: Instant) -> bool {
        let of = self.of.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        of.get(&network(address)).is_none_or(|spent| spent.at(now).failures < BURST)
    }

    /// Notes that an address showed a wrong key.
    pub(super) fn note(&self, address: IpAddr, now: Instant) {
        let mut of = self.of.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if of.len() >= MAX_ADDRESSES && !of.contains_key(&network(address)) {
            forget(&mut of, now);
        }
        let spent = of.entry(network(address)).or_insert(Spent { failures: 0, at: now });
        *spent = spent.at(now);
        spent.failures = spent.failures.saturating_add(1).min(BURST);
    }
}

/// Makes room: whoever has regained everything goes, and where nobody has, half of those who failed least.
fn forget(of: &mut HashMap<IpAddr, Spent>, now: Instant) {
    of.retain(|_, spent| spent.at(now).failures > 0);
    if of.len() < MAX_ADDRESSES {
        return;
    }
    let mut failures: Vec<u32> = of.values().map(|spent| spent.at(now).failures).collect();
    failures.sort_unstable();
    let middle = failures[failures.len() / 2];
    let mut to_go = of.len() / 2;
    of.retain(|_, spent| {
        let goes = to_go > 0 && spent.at(now).failures <= middle;
        to_go -= usize::from(goes);
        !goes
    });
}

/// An IPv4 address, or the network of an IPv6 one that a single client has to itself.
fn network(address: IpAddr) -> IpAddr {
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

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_may_fail_so_often_and_regains_one_each_second() {
        let (failures, start) = (Failures::default(), Instant::now());
        let it = ip("192.0.2.1");
        for _ in 0..BURST {
            assert!(failures.may_try(it, start));
            failures.note(it, start);
        }
        assert!(!failures.may_try(it, start));
        assert!(failures.may_try(ip("192.0.2.2"), start), "another one");
        assert!(!failures.may_try(it, start + Duration::from_millis(999)));
        assert!(failures.may_try(it, start + Duration::from_secs(1)));
        failures.note(it, start + Duration::from_secs(1));
        assert!(!failures.may_try(it, start + Duration::from_millis(1_500)));
        assert!(failures.may_try(it, start + Duration::from_secs(2)));
    }

    #[test]
    fn the_addresses_of_one_network_count_as_one() {
        let (failures, start) = (Failures::default(), Instant::now());
        for n in 0..BURST {
            failures.note(ip(&format!("2001:db8::{n:x}")), start);
        }
        assert!(!failures.may_try(ip("2001:db8::ffff"), start));
        assert!(failures.may_try(ip("2001:db8:0:1::1"), start));
        failures.note(ip("::ffff:192.0.2.9"), start);
        assert_eq!(failures.of.lock().unwrap().get(&ip("192.0.2.9")).unwrap().failures, 1);
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_is_room_for() {
        let (failures, start) = (Failures::default(), Instant::now());
        let bad = ip("192.0.2.1");
        for _ in 0..BURST {
            failures.note(bad, start);
        }
        for n in 0..20_000u32 {
            failures.note(IpAddr::V4((0x0a00_0000 + n).into()), start);
        }
        assert!(failures.of.lock().unwrap().len() <= MAX_ADDRESSES);
        assert!(!failures.may_try(bad, start), "the worst are remembered longest");
    }
}
