//! From recorded times to times of sending, where each request is moved to its own moment.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// From recorded times to times of sending, as far as a run has come.
///
/// Metrics need one map for all requests: a series that counts up has the same start in each of
/// them, and delta intervals end where the next ones begin. So times between two requests lie
/// between their moments of sending, in proportion; times before the first, and after the last, keep
/// their distance from it. The map grows with the run and never changes where it has been: a
/// time gives the same time in every request that comes later. It never turns times round.
///
/// Takes 16 bytes per moment of sending.
#[derive(Debug, Default)]
pub(crate) struct LiveTimes {
    passes: RwLock<Passes>,
}

#[derive(Debug, Default)]
struct Passes {
    /// The loop that is being sent.
    newest: u64,
    /// Of that loop and the one before it, some requests of which may still be made ready.
    maps: [Map; 2],
}

/// Recorded times and when they were sent, both growing.
#[derive(Debug, Default)]
struct Map {
    points: Vec<(u64, u64)>,
}

impl LiveTimes {
    /// A request recorded then is sent then, in this loop. What was recorded before one that has
    /// been noted changes nothing.
    pub(crate) fn note(&self, pass: u64, recorded: u64, sent: u64) {
        let mut passes = self.passes.write().unwrap_or_else(PoisonError::into_inner);
        if pass > passes.newest {
            passes.newest = pass;
            passes.maps.swap(0, 1);
            passes.maps[0].points.clear();
        }
        if pass < passes.newest {
            return;
        }
        let points = &mut passes.maps[0].points;
        match points.last() {
            Some((newest, _)) if recorded <= *newest => {}
            Some((_, last)) => {
                let sent = sent.max(*last);
                points.push((recorded, sent));
            }
            None => points.push((recorded, sent)),
        }
    }

    /// The map of a loop, which does not grow while it is held.
    pub(crate) fn of(&self, pass: u64) -> LiveMap<'_> {
        LiveMap {
            passes: self.passes.read().unwrap_or_else(PoisonError::into_inner),
            pass,
        }
    }
}

/// The map of a loop.
pub(crate) struct LiveMap<'a> {
    passes: RwLockReadGuard<'a, Passes>,
    pass: u64,
}

impl LiveMap<'_> {
    /// When something recorded then is sent; `None` out of range, or in a loop long past.
    pub(crate) fn time(&self, recorded: u64) -> Option<u64> {
        let age = self.passes.newest.checked_sub(self.pass)?;
        self.passes
            .maps
            .get(usize::try_from(age).ok()?)?
            .time(recorded)
    }
}

impl Map {
    fn time(&self, recorded: u64) -> Option<u64> {
        let after = self.points.partition_point(|(at, _)| *at <= recorded);
        let before = after.checked_sub(1).and_then(|i| self.points.get(i));
        let sent = match (before, self.points.get(after)) {
            (Some((from, sent)), Some((to, next))) => {
                let part = i128::from(recorded - from) * i128::from(next - sent);
                i128::from(*sent) + part / i128::from(to - from)
            }
            (Some((at, sent)), None) | (None, Some((at, sent))) => {
                i128::from(recorded) - i128::from(*at) + i128::from(*sent)
            }
            (None, None) => return None,
        };
        u64::try_from(sent).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(live: &LiveTimes, pass: u64, expected: &[(u64, u64)]) {
        let map = live.of(pass);
        for (recorded, sent) in expected {
            assert_eq!(map.time(*recorded), Some(*sent), "{recorded}");
        }
    }

    #[test]
    fn times_lie_between_the_requests_around_them() {
        let live = LiveTimes::default();
        assert_eq!(live.of(0).time(5), None);
        live.note(0, 100, 1_000);
        check(&live, 0, &[(90, 990), (100, 1_000), (110, 1_010)]);
        live.note(0, 200, 1_010);
        // Disordered, and so no news.
        live.note(0, 150, 9_999);
        live.note(0, 300, 1_005);
        check(
            &live,
            0,
            &[
                (90, 990),
                (150, 1_005),
                (200, 1_010),
                (250, 1_010),
                (300, 1_010),
            ],
        );
        assert_eq!(live.of(0).time(u64::MAX), None);
    }

    #[test]
    fn loops_have_maps_of_their_own() {
        let live = LiveTimes::default();
        live.note(0, 100, 1_000);
        live.note(1, 100, 2_000);
        // A straggler of the loop before.
        live.note(0, 200, 1_500);
        check(&live, 0, &[(100, 1_000), (200, 1_100)]);
        check(&live, 1, &[(100, 2_000), (200, 2_100)]);
        live.note(2, 100, 3_000);
        check(&live, 1, &[(100, 2_000)]);
        assert_eq!(live.of(0).time(100), None);
    }

    proptest! {
        #[test]
        fn what_was_told_stays_and_order_is_kept(
            steps in prop::collection::vec((0u64..50, 0u64..50), 1..20),
            mut times in prop::collection::vec(0u64..1_000, 1..20),
        ) {
            let live = LiveTimes::default();
            times.sort_unstable();
            let (mut recorded, mut sent) = (100, 10_000);
            let mut told = std::collections::HashMap::new();
            for (gap, wait) in steps {
                recorded += gap;
                sent += wait;
                live.note(0, recorded, sent);
                let map = live.of(0);
                let found: Vec<u64> = times.iter().map(|t| map.time(*t).unwrap()).collect();
                prop_assert!(found.is_sorted());
                for time in times.iter().filter(|time| **time <= recorded) {
                    let now = map.time(*time).unwrap();
                    prop_assert_eq!(*told.entry(*time).or_insert(now), now);
                }
            }
        }
    }
}
