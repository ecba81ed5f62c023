//! Who fails to sign in waits, longer each time: by account, so that many machines that guess one passcode gain
//! nothing, and by address, so that one machine that tries many accounts gains nothing. Pure: times are arguments.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::config::UserName;

/// Failures that cost nothing yet.
const FREE: u32 = 5;
/// The first pause, in microseconds.
const FIRST_US: u64 = 1_000_000;
/// The longest, in microseconds.
const LONGEST_US: u64 = 900_000_000;
/// For how long failures are remembered: the longest pause does not end with as many free tries as at first.
const FORGOTTEN_US: u64 = 86_400_000_000;
/// Accounts and addresses that are remembered.
const KNOWN_MAX: usize = 4_096;

/// Who tries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Somebody under this name, whether there is one or not.
    Account(UserName),
    /// Somebody from there.
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_us: u64,
    /// That of the one before the last.
    before_us: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Throttle(HashMap<Who, Failures>);

impl Throttle {
    /// One more try of each, which is a failure until it succeeds.
    ///
    /// # Errors
    /// For how long, in microseconds, one of them may not try: then nothing is counted.
    pub(super) fn tries(&mut self, who: &[Who], now_us: u64) -> Result<(), u64> {
        let wait_us = self.wait_us(who, now_us);
        if wait_us > 0 {
            return Err(wait_us);
        }
        for who in who {
            if self.0.len() >= KNOWN_MAX && !self.0.contains_key(who) {
                self.forget_one();
            }
            let failures = self.0.entry(who.clone()).or_insert(Failures {
                count: 0,
                last_us: now_us,
                before_us: now_us,
            });
            // What was long ago does not count.
            if now_us.saturating_sub(failures.last_us) > FORGOTTEN_US {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.before_us = std::mem::replace(&mut failures.last_us, now_us);
        }
        Ok(())
    }

    fn wait_us(&self, who: &[Who], now_us: u64) -> u64 {
        let wait = |who: &Who| {
            let failures = self.0.get(who)?;
            let until = failures.last_us.saturating_add(failures.pause_us());
            Some(until.saturating_sub(now_us))
        };
        who.iter().filter_map(wait).max().unwrap_or(0)
    }

    /// How many failures an address among these has by now, when people should hear of it, which is less and less
    /// often.
    pub(super) fn news(&self, who: &[Who]) -> Option<(IpAddr, u32)> {
        who.iter().find_map(|who| {
            let Who::Address(address) = who else {
                return None;
            };
            let count = self.0.get(who)?.count;
            let is_over = count.is_multiple_of(FREE) && (count / FREE).is_power_of_two();
            is_over.then_some((*address, count))
        })
    }

    /// The try of these was none: nobody looked whether it was right.
    pub(super) fn was_none(&mut self, who: &[Who]) {
        for who in who {
            if let Some(failures) = self.0.get_mut(who) {
                failures.count = failures.count.saturating_sub(1);
                failures.last_us = failures.before_us;
            }
        }
    }

    /// They got in. What failed before from their address stays: others may be guessing from there.
    pub(super) fn succeeded(&mut self, who: &[Who]) {
        self.was_none(who);
        for who in who {
            if matches!(who, Who::Account(_)) {
                self.0.remove(who);
            }
        }
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
            Who::Account("ada".parse().unwrap()),
            Who::Address(IpAddr::from([10, 0, 0, 7])),
        ]
    }

    /// Tries until it has to wait, so often; the seconds of each wait.
    fn waits(throttle: &mut Throttle, tries: usize) -> Vec<u64> {
        let mut now_us = 0;
        let mut waits = Vec::new();
        for _ in 0..tries {
            while let Err(wait_us) = throttle.tries(&who(), now_us) {
                waits.push(wait_us / SECOND);
                now_us += wait_us;
            }
        }
        waits
    }

    #[test]
    fn some_failures_are_free_and_then_each_doubles_the_pause() {
        let mut throttle = Throttle::default();
        assert_eq!(waits(&mut throttle, 10), [1, 2, 4, 8, 16]);
        let longest = waits(&mut Throttle::default(), 100);
        assert_eq!(longest.last(), Some(&(LONGEST_US / SECOND)));
        assert_eq!(
            longest.iter().filter(|wait| **wait == 900).count(),
            100 - 5 - 10,
            "the longest pause repeats"
        );
    }

    #[test]
    fn many_at_a_time_are_not_more_than_one_by_one() {
        let mut throttle = Throttle::default();
        let at_once = (0..64).filter(|_| throttle.tries(&who(), 0).is_ok());
        assert_eq!(at_once.count(), 5);
    }

    #[test]
    fn people_hear_of_failures_less_and_less_often() {
        let mut throttle = Throttle::default();
        let mut now_us = 0;
        let mut told = Vec::new();
        while told.len() < 5 {
            match throttle.tries(&who(), now_us) {
                Ok(()) => told.extend(throttle.news(&who())),
                Err(wait_us) => now_us += wait_us,
            }
        }
        let counts: Vec<u32> = told.into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [5, 10, 20, 40, 80]);
    }

    #[test]
    fn who_gets_in_is_free_again_and_their_address_is_not() {
        let mut throttle = Throttle::default();
        for _ in 0..5 {
            throttle.tries(&who(), 0).unwrap();
        }
        // The sixth is right.
        throttle.tries(&who(), SECOND).unwrap();
        throttle.succeeded(&who());
        let [account, address] = who();
        assert_eq!(throttle.wait_us(&[account], SECOND), 0);
        let address = [address];
        assert_eq!(throttle.wait_us(&address, 0), SECOND, "as before");
        throttle.tries(&address, SECOND).unwrap();
        assert_eq!(throttle.wait_us(&address, SECOND), 2 * SECOND);
    }

    #[test]
    fn what_nobody_looked_at_was_no_failure() {
        let mut throttle = Throttle::default();
        for _ in 0..100 {
            throttle.tries(&who(), 0).unwrap();
            throttle.was_none(&who());
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut throttle = Throttle::default();
        for number in 0..KNOWN_MAX + 10 {
            let who = Who::Account(number.to_string().parse().unwrap());
            throttle.tries(&[who], number as u64).unwrap();
        }
        assert_eq!(throttle.0.len(), KNOWN_MAX);
    }
}
