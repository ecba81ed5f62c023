//! Who fails to sign in waits, longer each time: by account, so that many machines that guess one passcode gain
//! nothing, and by address, so that one machine that tries many accounts gains nothing. Pure: times are arguments.

use std::collections::HashMap;
use std::net::IpAddr;

/// Failures that cost nothing yet.
const FREE: u32 = 5;
/// The first pause, in microseconds.
const FIRST_US: u64 = 1_000_000;
/// The longest, in microseconds.
const LONGEST_US: u64 = 900_000_000;
/// Accounts and addresses that are remembered.
const KNOWN_MAX: usize = 4_096;

/// Who tries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Somebody under this name, whether there is one or not.
    Account(String),
    /// Somebody from there.
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_us: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Throttle(HashMap<Who, Failures>);

impl Throttle {
    /// For how long, in microseconds, none of them may try again; 0: now.
    pub(super) fn wait_us(&self, who: &[Who], now_us: u64) -> u64 {
        let wait = |who: &Who| {
            let failures = self.0.get(who)?;
            let until = failures.last_us.saturating_add(failures.pause_us());
            Some(until.saturating_sub(now_us))
        };
        who.iter().filter_map(wait).max().unwrap_or(0)
    }

    /// One more failure of each. Told: how many an address has by now, when people should hear of it, which is
    /// less and less often.
    pub(super) fn failed(&mut self, who: &[Who], now_us: u64) -> Option<(IpAddr, u32)> {
        let mut news = None;
        for who in who {
            if self.0.len() >= KNOWN_MAX && !self.0.contains_key(who) {
                self.forget_one();
            }
            let failures = self.0.entry(who.clone()).or_insert(Failures {
                count: 0,
                last_us: now_us,
            });
            // What was long ago does not count.
            let quiet_us = now_us.saturating_sub(failures.last_us);
            if quiet_us > LONGEST_US {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last_us = now_us;
            let (count, is_over) = (failures.count / FREE, failures.count.is_multiple_of(FREE));
            if let Who::Address(address) = who
                && is_over
                && count.is_power_of_two()
            {
                news = Some((*address, failures.count));
            }
        }
        news
    }

    /// They got in. The address stays: others may be guessing from there.
    pub(super) fn succeeded(&mut self, account: &str) {
        self.0.remove(&Who::Account(account.to_owned()));
    }

    fn forget_one(&mut self) {
        let oldest = self.0.iter().min_by_key(|(_, failures)| failures.last_us);
        if let Some(oldest) = oldest.map(|(who, _)| who.clone()) {
            self.0.remove(&oldest);
        }
    }
}

impl Failures {
    fn pause_us(self) -> u64 {
        let Some(over) = self.count.checked_sub(FREE) else {
            return 0;
        };
        let doubled = 1_u64.checked_shl(over).unwrap_or(u64::MAX);
        FIRST_US.saturating_mul(doubled).min(LONGEST_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn who() -> [Who; 2] {
        [
            Who::Account("ada".to_owned()),
            Who::Address(IpAddr::from([10, 0, 0, 7])),
        ]
    }

    #[test]
    fn some_failures_are_free_and_then_each_doubles_the_pause() {
        let mut throttle = Throttle::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            throttle.failed(&who(), 0);
            waits.push(throttle.wait_us(&who(), 0) / SECOND);
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(throttle.wait_us(&who(), 15 * SECOND), SECOND);
        assert_eq!(throttle.wait_us(&who(), 16 * SECOND), 0);
        for _ in 0..100 {
            throttle.failed(&who(), 0);
        }
        assert_eq!(throttle.wait_us(&who(), 0), LONGEST_US);
    }

    #[test]
    fn people_hear_of_failures_less_and_less_often() {
        let mut throttle = Throttle::default();
        let told = (0..100).filter_map(|_| throttle.failed(&who(), 0));
        let counts: Vec<u32> = told.map(|(_, count)| count).collect();
        assert_eq!(counts, [5, 10, 20, 40, 80]);
    }

    #[test]
    fn who_gets_in_is_free_again_and_their_address_is_not() {
        let mut throttle = Throttle::default();
        for _ in 0..6 {
            throttle.failed(&who(), 0);
        }
        throttle.succeeded("ada");
        let [account, address] = who();
        assert_eq!(throttle.wait_us(&[account], 0), 0);
        assert!(throttle.wait_us(&[address], 0) > 0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut throttle = Throttle::default();
        for number in 0..KNOWN_MAX + 10 {
            let who = Who::Account(number.to_string());
            throttle.failed(&[who], number as u64);
        }
        assert_eq!(throttle.0.len(), KNOWN_MAX);
    }
}
