//! Smooth weighted round robin: over any run of picks each member gets its share, and heavy members don't come in bursts.

/// The running state of one rotation. Members are addressed by their place in the caller's list.
#[derive(Clone, Debug, Default)]
pub struct SmoothWeighted {
    current: Vec<i64>,
}

impl SmoothWeighted {
    /// A rotation over `members` members.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self { current: vec![0; members] }
    }

    /// The next member. `weight` gives a member's weight at this moment; 0 leaves it out of this pick.
    ///
    /// Every member gains its weight and the one that has gained most pays the sum of all weights.
    pub fn pick(&mut self, weight: impl Fn(usize) -> u32) -> Option<usize> {
        let mut total = 0;
        let mut best: Option<(usize, i64)> = None;
        for (member, current) in self.current.iter_mut().enumerate() {
            let gain = i64::from(weight(member));
            if gain == 0 {
                continue;
            }
            total += gain;
            *current += gain;
            if best.is_none_or(|(_, most)| *current > most) {
                best = Some((member, *current));
            }
        }
        let (member, _) = best?;
        if let Some(current) = self.current.get_mut(member) {
            *current -= total;
        }
        Some(member)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SmoothWeighted;

    fn picks(weights: &[u32], n: usize) -> Vec<usize> {
        let mut rotation = SmoothWeighted::new(weights.len());
        (0..n).map(|_| rotation.pick(|member| weights[member]).unwrap()).collect()
    }

    #[test]
    fn heavy_members_are_spread_out() {
        assert_eq!(picks(&[5, 1, 1], 7), [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn weight_zero_is_never_picked() {
        assert_eq!(picks(&[0, 1], 3), [1, 1, 1]);
        assert_eq!(SmoothWeighted::new(2).pick(|_| 0), None);
        assert_eq!(SmoothWeighted::new(0).pick(|_| 1), None);
    }

    #[test]
    fn a_member_left_out_for_a_while_does_not_catch_up_in_a_burst() {
        let mut rotation = SmoothWeighted::new(2);
        for _ in 0..100 {
            assert_eq!(rotation.pick(|member| u32::from(member == 0)), Some(0));
        }
        let next: Vec<_> = (0..4).map(|_| rotation.pick(|_| 1).unwrap()).collect();
        assert_eq!(next.iter().filter(|member| **member == 1).count(), 2);
    }

    proptest! {
        #[test]
        fn shares_are_exact_over_a_full_turn(weights in prop::collection::vec(0u32..20, 1..8)) {
            let total: u32 = weights.iter().sum();
            prop_assume!(total > 0);
            let picked = picks(&weights, total as usize);
            for (member, weight) in weights.iter().enumerate() {
                let count = picked.iter().filter(|one| **one == member).count();
                prop_assert_eq!(count, *weight as usize);
            }
        }
    }
}
