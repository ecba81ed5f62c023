//! One day's decay as a fixed-point factor, computed from a half-life without rounding twice.

/// Longest half-life, in days.
pub(super) const HALF_LIFE_DAYS_MAX: u32 = 1000;

/// The largest `f` with (f·2^-64)^`days` ≤ 1/2: what a weight is multiplied by each day so that
/// half of it is gone after `days`.
///
/// Exact: it compares f^days with 2^(64·days − 1) in integers of any length.
pub(super) fn daily_factor(days: u32) -> u64 {
    let known = DELIVERED.into_iter().find(|(known, _)| *known == days);
    known.map_or_else(|| computed(days), |(_, factor)| factor)
}

/// The factors of the half-lives as delivered, which every set of policies would compute again.
const DELIVERED: [(u32, u64); 2] = [(90, 0xfe09_344c_1b2f_1d70), (365, 0xff83_a9bd_67d8_df88)];

fn computed(days: u32) -> u64 {
    let mut factor = 0_u64;
    for bit in (0..64).rev() {
        let higher = factor | (1 << bit);
        if at_most_half(higher, days) {
            factor = higher;
        }
    }
    factor
}

/// factor^days ≤ 2^(64·days − 1), that is: the power's highest bit is clear, or it is the only one.
fn at_most_half(factor: u64, days: u32) -> bool {
    // Little-endian limbs of the power; it has at most `days` of them.
    let mut power = vec![1_u64];
    for _ in 0..days {
        let mut carry = 0_u64;
        for limb in &mut power {
            let product = u128::from(*limb)
                .saturating_mul(u128::from(factor))
                .saturating_add(u128::from(carry));
            let [low, high] = halves(product);
            (*limb, carry) = (low, high);
        }
        power.push(carry);
    }
    // One limb more than factors: the first stood for the 1 at the beginning.
    power.pop();
    match power.split_last() {
        Some((top, rest)) => {
            *top < 1 << 63 || (*top == 1 << 63 && rest.iter().all(|limb| *limb == 0))
        }
        None => false,
    }
}

fn halves(value: u128) -> [u64; 2] {
    let low = u64::try_from(value & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    let high = u64::try_from(value >> 64).unwrap_or(u64::MAX);
    [low, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_lives_give_the_golden_factors() {
        for (days, factor) in [
            (1, 0x8000_0000_0000_0000),
            (2, 0xb504_f333_f9de_6484),
            (90, 0xfe09_344c_1b2f_1d70),
            (365, 0xff83_a9bd_67d8_df88),
        ] {
            assert_eq!(computed(days), factor, "{days} days");
            assert_eq!(daily_factor(days), factor, "{days} days");
        }
    }

    #[test]
    fn the_next_larger_factor_would_keep_more_than_half() {
        for days in [1, 2, 3, 7, 30, 90, 365, HALF_LIFE_DAYS_MAX] {
            let factor = daily_factor(days);
            assert!(at_most_half(factor, days));
            assert!(!at_most_half(factor + 1, days), "{days} days");
        }
    }
}
