//! Busy shares from shares per state, as gauges tell them.

use super::label::Renumbering;
use super::means::{Untold, mean};
use super::rounds::{HAS_OTHER, HAS_WORK, Rounds};
use super::series::Series;
use crate::notes::{NoteCode, Notes};
use crate::parallel;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// A share may be a little above 1 where a clock of milliseconds measured the time.
const MAX_SHARE: f64 = 1.5;
/// Readings after which rounds go into memory of their own, so that nothing is copied as they grow.
const TOGETHER: usize = 4_096;

/// Shares of cores, as they are read.
#[derive(Debug, Default)]
pub(super) struct Utilization {
    /// By number of the host, in the order in which they were read.
    hosts: Vec<Vec<Rounds>>,
    bad: u64,
}

/// What a share is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    Other,
    /// No state is told: the share is that of busy time.
    Untold,
}

impl Utilization {
    #[inline]
    pub(super) fn push(&mut self, host: u32, cpu: u32, state: State, time: i64, share: f64) {
        if !(0.0..=MAX_SHARE).contains(&share) {
            self.bad += 1;
            return;
        }
        let reading = match state {
            State::Idle => (share, 0),
            State::Untold => (1.0 - share, 0),
            State::Other if share > 0.0 => (f64::NAN, HAS_OTHER | HAS_WORK),
            State::Other => (f64::NAN, HAS_OTHER),
        };
        self.rounds(host, time).push(cpu, time, reading);
    }

    /// The same of idle shares of cores of a host at one time, in their order; there are some.
    pub(super) fn push_idle(&mut self, host: u32, cpus: &[u32], time: i64, shares: &[f64]) {
        if shares.iter().all(|share| (0.0..=MAX_SHARE).contains(share)) {
            self.rounds(host, time).push_idle(cpus, time, shares);
            return;
        }
        for (cpu, share) in cpus.iter().zip(shares) {
            self.push(host, *cpu, State::Idle, time, *share);
        }
    }

    /// Where readings of a host at a time go.
    fn rounds(&mut self, host: u32, time: i64) -> &mut Rounds {
        let rounds = self.host(host);
        let next = match rounds.last() {
            Some(last) if last.len() < TOGETHER || last.last_time() == Some(time) => None,
            Some(last) => Some(Rounds::after(last)),
            None => Some(Rounds::default()),
        };
        rounds.extend(next);
        rounds.last_mut().expect("there is one")
    }

    fn host(&mut self, host: u32) -> &mut Vec<Rounds> {
        let host = host as usize;
        if self.hosts.len() <= host {
            self.hosts.resize_with(host + 1, Vec::new);
        }
        &mut self.hosts[host]
    }

    /// Adds what was read after this, where hosts and cores have other numbers.
    pub(super) fn append(&mut self, later: Self, hosts: &Renumbering, cpus: &Renumbering) {
        self.bad += later.bad;
        for (host, later) in (0..).zip(later.hosts) {
            if later.is_empty() {
                continue;
            }
            let rounds = self.host(hosts.of(host));
            for mut next in later {
                next.renumber(cpus);
                // What is read of a time may be in two pieces.
                if let Some(last) = rounds.last_mut()
                    && last.last_time() == next.first_time()
                {
                    last.take_first(&mut next);
                }
                if next.len() > 0 {
                    rounds.push(next);
                }
            }
        }
    }

    /// The busy shares of each host that tells any: the mean over cores at each time at which any was
    /// read. Cores are added up in the order of their names, so that the sum is always the same.
    pub(super) fn means(
        self,
        name: impl Fn(u32) -> String + Sync,
        notes: &mut Notes,
    ) -> BTreeMap<u32, Series> {
        let mut untold = Untold::default();
        let mut means = BTreeMap::new();
        let hosts = (0..).zip(self.hosts).map(Ok::<_, Infallible>);
        let of_host = |(host, rounds): (u32, Vec<Rounds>)| Ok((host, mean(rounds, &name)));
        let Ok(()) = parallel::in_order(hosts, of_host, |(host, (mean, its))| {
            untold.add(its);
            if !mean.times.is_empty() {
                means.insert(host, mean);
            }
        });
        notes.add(NoteCode::BadNumber, self.bad);
        notes.add(NoteCode::DuplicatesRemoved, untold.repeated);
        notes.add(NoteCode::EmptyReading, untold.empty);
        notes.add(NoteCode::NoIdleState, untold.unknown);
        means
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::means::mean_of_cores;
    use crate::notes::Notes;
    use proptest::prelude::*;

    const HOST: u32 = 1;
    const CORES: u32 = 40;

    /// Time, core, state, share.
    type Point = (i64, u32, State, f64);
    /// Busy shares by time, and notes with their counts.
    type Answer = (Vec<(i64, f64)>, Vec<(NoteCode, u64)>);

    fn read(points: &[Point]) -> Utilization {
        let mut read = Utilization::default();
        for (time, cpu, state, share) in points {
            read.push(HOST, *cpu, *state, *time, *share);
        }
        read
    }

    fn busy(pieces: &[&[Point]]) -> Answer {
        let same = Renumbering::same(CORES);
        let mut all = Utilization::default();
        for piece in pieces {
            all.append(read(piece), &same, &same);
        }
        let mut notes = Notes::default();
        let mut means = all.means(|cpu| cpu.to_string(), &mut notes);
        let mean = means.remove(&HOST).unwrap_or_default();
        let notes = notes.into_vec().into_iter().map(|n| (n.code, n.count));
        (
            mean.times.into_iter().zip(mean.values).collect(),
            notes.collect(),
        )
    }

    fn points(times: bool) -> impl Strategy<Value = Vec<Point>> {
        let point = (0..12_i64, 1..4_u32, 0..3_u8, 0..3_u8);
        let point = point.prop_map(|(time, cpu, state, share)| {
            let state = [State::Idle, State::Other, State::Untold][usize::from(state)];
            (time, cpu, state, f64::from(share) / 2.0)
        });
        let points = prop::collection::vec(point, 0..40);
        points.prop_map(move |mut points| {
            if times {
                points.sort_by_key(|point| point.0);
            }
            points
        })
    }

    /// Every core at every time, in all states.
    fn whole(times: i64, cores: u32) -> Vec<Point> {
        let mut points = Vec::new();
        for time in 0..times {
            for state in [State::Other, State::Idle] {
                for cpu in 1..=cores {
                    let share = f64::from((u32::try_from(time).unwrap() + cpu * 7) % 10) / 10.0;
                    let share = if state == State::Idle { share } else { 0.5 };
                    points.push((time, cpu, state, share));
                }
            }
        }
        points
    }

    proptest! {
        /// Wherever pieces end, the answer is that of all readings in one.
        #[test]
        fn pieces_do_not_matter(
            points in prop_oneof![points(false), points(true)],
            cuts in prop::collection::vec(0..40_usize, 0..4),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(points.len())).collect();
            cuts.extend([0, points.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|w| &points[w[0]..w[1]]).collect();
            prop_assert_eq!(busy(&pieces), busy(&[&points]));
        }

        /// Shares of several cores at once are kept as they are one by one.
        #[test]
        fn shares_at_once_are_kept_like_others(
            runs in prop::collection::vec((0..3_i64, 0..3_u32, 1..5_u32, 0..4_u8), 0..20),
        ) {
            let (mut at_once, mut one_by_one) = <(Utilization, Utilization)>::default();
            for (time, first, count, share) in runs {
                let cpus: Vec<u32> = (first..first + count).collect();
                let mut shares = vec![0.5; cpus.len()];
                // One of them may be too large.
                shares.iter_mut().take(1).for_each(|s| *s = f64::from(share) * 0.6);
                at_once.push_idle(HOST, &cpus, time, &shares);
                for (cpu, share) in cpus.iter().zip(&shares) {
                    one_by_one.push(HOST, *cpu, State::Idle, time, *share);
                }
            }
            prop_assert_eq!(format!("{at_once:?}"), format!("{one_by_one:?}"));
        }

        /// Rounds give what cores one by one do, to the last digit.
        #[test]
        fn rounds_are_as_good_as_cores(points in points(true)) {
            let rounds = || read(&points).hosts.pop().unwrap_or_default();
            let name = |cpu: u32| cpu.to_string();
            let (expected, its) = mean_of_cores(rounds(), name);
            let (found, untold) = mean(rounds(), name);
            prop_assert_eq!(found, expected);
            prop_assert_eq!(untold, its);
        }
    }

    #[test]
    fn many_cores_are_told_apart_in_any_order_of_states() {
        for cores in [1, 8, CORES] {
            let points = whole(300, cores);
            let (shares, notes) = busy(&[&points]);
            assert_eq!((shares.len(), notes), (300, vec![]));
            let expected: f64 = (1..=cores)
                .map(|c| 1.0 - f64::from(c * 7 % 10) / 10.0)
                .sum();
            assert!((shares[0].1 - expected / f64::from(cores)).abs() < 1e-12);
            // Twice, with the rounds in the middle of two pieces.
            let (first, second) = points.split_at(points.len() / 2 + 3);
            assert_eq!(busy(&[first, second]).0, shares);
            let again = busy(&[&points, &points]);
            let repeated = (NoteCode::DuplicatesRemoved, 300 * u64::from(cores));
            assert_eq!(again, (shares, vec![repeated]));
        }
    }

    #[test]
    fn a_core_that_misses_a_round_does_not_count_there() {
        let mut points = whole(3, 3);
        points.retain(|(time, cpu, ..)| (*time, *cpu) != (1, 2));
        let (shares, _) = busy(&[&points]);
        let share = |time: u32, cpu: u32| 1.0 - f64::from((time + cpu * 7) % 10) / 10.0;
        let expected = (share(1, 1) + share(1, 3)) / 2.0;
        assert_eq!(shares.len(), 3);
        assert!((shares[1].1 - expected).abs() < 1e-12);
    }
}
