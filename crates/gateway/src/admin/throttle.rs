//! What guessing at the admin key costs: after a few failures each further one from the same address is answered later and later.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures that cost nothing: people mistype.
const FREE: u32 = 5;
/// The delay after the first failure that costs, doubled with each.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// The longest delay.
const LONGEST_DELAY: Duration = Duration::from_secs(5);
/// Delayed answers an address may wait for at once. Beyond, its keys aren't even looked at, or many connections would undo the delay.
const MAX_PENDING: u32 = 16;
/// Failures are forgotten after so long without another one.
const MEMORY: Duration = Duration::from_secs(15 * 60);
/// Addresses that are remembered.
const MAX_ADDRESSES: usize = 4096;

/// Counts failures by address. No call waits; whoever calls [`failed`](Self::failed) does the waiting.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<IpAddr, Record>>);

#[derive(Clone, Copy, Debug)]
struct Record {
    failures: u32,
    pending: u32,
    last: Instant,
}

impl Throttle {
    /// Whether so many delayed answers to this address are under way that another key is refused unseen.
    pub fn is_overrun(&self, client: IpAddr) -> bool {
        self.records().get(&network(client)).is_some_and(|record| record.pending >= MAX_PENDING)
    }

    /// Notes a failure and tells how long to wait before the answer; call [`answered`](Self::answered) then.
    pub fn failed(&self, client: IpAddr, now: Instant) -> Duration {
        let client = network(client);
        let mut records = self.records();
        if !records.contains_key(&client) {
            make_room(&mut records, now);
        }
        let record = records.entry(client).or_insert(Record { failures: 0, pending: 0, last: now });
        if record.is_stale(now) {
            record.failures = 0;
        }
        record.failures = record.failures.saturating_add(1);
        record.pending = record.pending.saturating_add(1);
        record.last = now;
        delay(record.failures)
    }

    /// The answer to a failure has left.
    pub fn answered(&self, client: IpAddr) {
        if let Some(record) = self.records().get_mut(&network(client)) {
            record.pending = record.pending.saturating_sub(1);
        }
    }

    /// The address has shown the right key.
    pub fn forgive(&self, client: IpAddr) {
        if let Some(record) = self.records().get_mut(&network(client)) {
            record.failures = 0;
        }
    }

    fn records(&self) -> MutexGuard<'_, HashMap<IpAddr, Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn is_stale(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) > MEMORY
    }
}

fn delay(failures: u32) -> Duration {
    match failures.saturating_sub(FREE) {
        0 => Duration::ZERO,
        more => FIRST_DELAY.saturating_mul(1 << (more - 1).min(16)).min(LONGEST_DELAY),
    }
}

/// Forgets what is old, and, if that is not enough, the address that has failed longest ago.
fn make_room(records: &mut HashMap<IpAddr, Record>, now: Instant) {
    if records.len() < MAX_ADDRESSES {
        return;
    }
    records.retain(|_, record| !record.is_stale(now));
    if records.len() >= MAX_ADDRESSES
        && let Some(oldest) = records.iter().min_by_key(|(_, record)| record.last).map(|(address, _)| *address)
    {
        records.remove(&oldest);
    }
}

/// One customer has a /64 of IPv6 addresses (RFC 6177), so all of them count as one.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn delays(throttle: &Throttle, client: &str, now: Instant, times: usize) -> Vec<u128> {
        let one = || throttle.failed(address(client), now).as_millis();
        std::iter::repeat_with(one).take(times).collect()
    }

    #[test]
    fn the_first_failures_are_free_and_then_delays_double_up_to_five_seconds() {
        let throttle = Throttle::default();
        let expected = [0, 0, 0, 0, 0, 250, 500, 1000, 2000, 4000, 5000, 5000];
        assert_eq!(delays(&throttle, "192.0.2.1", Instant::now(), 12), expected);
        assert_eq!(delays(&throttle, "192.0.2.2", Instant::now(), 1), [0], "another address");
    }

    #[test]
    fn the_right_key_and_time_wipe_the_slate() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        delays(&throttle, "192.0.2.1", now, 8);
        throttle.forgive(address("192.0.2.1"));
        assert_eq!(delays(&throttle, "192.0.2.1", now, 6), [0, 0, 0, 0, 0, 250]);
        assert_eq!(delays(&throttle, "192.0.2.1", now + MEMORY * 2, 1), [0]);
    }

    #[test]
    fn too_many_waiting_answers_close_the_door_until_they_have_left() {
        let throttle = Throttle::default();
        let client = address("2001:db8::1");
        delays(&throttle, "2001:db8::2", Instant::now(), MAX_PENDING as usize);
        assert!(throttle.is_overrun(client), "one network, one slate");
        assert!(!throttle.is_overrun(address("2001:db8:0:1::1")));
        throttle.answered(client);
        assert!(!throttle.is_overrun(client));
    }

    #[test]
    fn addresses_that_are_remembered_are_bounded() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..MAX_ADDRESSES + 10 {
            let client = std::net::Ipv4Addr::from_bits(u32::try_from(n).unwrap());
            throttle.failed(client.into(), now + Duration::from_millis(n as u64));
        }
        assert_eq!(throttle.records().len(), MAX_ADDRESSES);
        assert!(!throttle.records().contains_key(&address("0.0.0.0")), "the oldest went");
    }
}
