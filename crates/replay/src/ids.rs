//! Other ids of traces and spans, for each loop and copy its own.

use otolith_otlp::{PatchIds, SpanId, TraceId};

use crate::retry::mix;

/// Gives each id another one, by a key.
///
/// Nothing is remembered: an id gives the same other id wherever it stands, in spans, parents,
/// links, log records and exemplars, of any request and signal. Different ids give different ones,
/// as both ways are permutations, and none gives all zeros, which would be no id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreshIds {
    keys: [u64; 4],
}

impl FreshIds {
    /// Those of a loop and a copy in a run.
    pub(crate) fn new(run: u64, pass: u64, copy: u16) -> Self {
        let mut key = mix(run) ^ (pass << 16 | u64::from(copy));
        let keys = [0; 4].map(|_: u64| {
            key = mix(key);
            key
        });
        Self { keys }
    }

    /// Two rounds of a mix that can be undone.
    fn span(&self, id: u64) -> u64 {
        mix(mix(id ^ self.keys[0]) ^ self.keys[1])
    }

    /// Four rounds of a Feistel network.
    fn trace(&self, id: u128) -> u128 {
        let (mut left, mut right) = ((id >> 64) as u64, id as u64);
        for key in self.keys {
            (left, right) = (right, left ^ mix(right ^ key));
        }
        u128::from(left) << 64 | u128::from(right)
    }
}

impl PatchIds for FreshIds {
    fn trace_id(&self, id: TraceId) -> TraceId {
        let mut other = self.trace(u128::from_be_bytes(id));
        // No id that is one gives zero twice.
        if other == 0 {
            other = self.trace(other);
        }
        other.to_be_bytes()
    }

    fn span_id(&self, id: SpanId) -> SpanId {
        let mut other = self.span(u64::from_be_bytes(id));
        if other == 0 {
            other = self.span(other);
        }
        other.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn loops_and_copies_and_runs_differ() {
        let mut seen = HashSet::new();
        for (run, pass, copy) in [(1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1), (2, 0, 0)] {
            let ids = FreshIds::new(run, pass, copy);
            for n in 1..1_000_u64 {
                assert!(
                    seen.insert(ids.span_id(n.to_be_bytes())),
                    "{run} {pass} {copy} {n}"
                );
            }
        }
    }

    /// Undoes [`mix`].
    fn unmix(mut x: u64) -> u64 {
        x = (x ^ (x >> 31) ^ (x >> 62)).wrapping_mul(0x3196_42b2_d24d_8ec3);
        x = (x ^ (x >> 27) ^ (x >> 54)).wrapping_mul(0x96de_1b17_3f11_9089);
        x ^= (x >> 30) ^ (x >> 60);
        x.wrapping_sub(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn what_would_give_zero_gives_something_else() {
        let ids = FreshIds::new(7, 0, 0);
        let [first, second, ..] = ids.keys;
        let id = unmix(unmix(0) ^ second) ^ first;
        assert_eq!(ids.span(id), 0);
        let other = ids.span_id(id.to_be_bytes());
        assert_ne!(other, [0; 8]);
        assert_eq!(u64::from_be_bytes(other), ids.span(0));
    }

    proptest! {
        #[test]
        fn both_ways_can_be_undone(id: u64, high: u64, run: u64) {
            let ids = FreshIds::new(run, 3, 4);
            prop_assert_eq!(unmix(unmix(ids.span(id)) ^ ids.keys[1]) ^ ids.keys[0], id);
            let trace = u128::from(high) << 64 | u128::from(id);
            let other = ids.trace(trace);
            let (mut left, mut right) = ((other >> 64) as u64, other as u64);
            for key in ids.keys.into_iter().rev() {
                (left, right) = (right ^ mix(left ^ key), left);
            }
            prop_assert_eq!(u128::from(left) << 64 | u128::from(right), trace);
        }
    }
}
