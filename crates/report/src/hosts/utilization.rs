//! Busy shares from shares per state, as gauges tell them.

use super::cores::{Cores, arrange_all, arrange_some};
use super::label::Renumbering;
use super::rounds::{HAS_OTHER, HAS_WORK, Reading, Rounds};
use super::series::Series;
use crate::notes::{NoteCode, Notes};
use crate::parallel;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ptr;

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

/// Readings of one core. Shares of its states at one time become one reading, as long as they come one
/// after the other; the rest is done when all is read.
#[derive(Debug, Default)]
struct Core {
    times: Vec<i64>,
    /// Not a number where it was not read.
    idle: Vec<f64>,
    flags: Vec<u8>,
    repeated: u64,
}

/// Readings that tell no busy share.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Untold {
    empty: u64,
    unknown: u64,
    repeated: u64,
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
        let rounds = self.host(host);
        match rounds.last_mut() {
            Some(last) if last.len() < TOGETHER || last.last_time() == Some(time) => {
                last.push(cpu, time, reading);
            }
            last => {
                let mut next = last.map_or_else(Rounds::default, |last| Rounds::after(last));
                next.push(cpu, time, reading);
                rounds.push(next);
            }
        }
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

impl Untold {
    fn add(&mut self, more: Self) {
        self.empty += more.empty;
        self.unknown += more.unknown;
        self.repeated += more.repeated;
    }

    /// The busy share of a reading, if it tells one.
    fn busy(&mut self, (idle, flags): Reading) -> Option<f64> {
        if idle.is_nan() {
            self.unknown += 1;
            None
        } else if idle == 0.0 && flags == HAS_OTHER {
            // In no state at all: a first reading, before anything was measured.
            self.empty += 1;
            None
        } else {
            Some((1.0 - idle).clamp(0.0, 1.0))
        }
    }
}

/// The mean over the cores of a host at each time.
fn mean(rounds: Vec<Rounds>, name: impl Fn(u32) -> String) -> (Series, Untold) {
    let is_sorted = rounds.iter().all(Rounds::is_sorted)
        && rounds.is_sorted_by(|a, b| a.last_time() < b.first_time());
    if is_sorted {
        mean_of_rounds(&rounds, name)
    } else {
        mean_of_cores(rounds, name)
    }
}

/// The same where every round is later than the one before.
fn mean_of_rounds(rounds: &[Rounds], name: impl Fn(u32) -> String) -> (Series, Untold) {
    let cores = rounds.iter().flat_map(Rounds::cores).copied();
    let cores: HashSet<u32> = cores.collect();
    let mut cores: Vec<u32> = cores.into_iter().collect();
    cores.sort_unstable();
    cores.sort_by_cached_key(|core| name(*core));
    let in_order = cores.clone();
    arrange_all(&mut cores);
    let all = sum(rounds, &cores);
    if all.is_whole {
        // As a rule all cores are read at once.
        return (all.mean, all.untold);
    }
    // Cores that never tell a share are none.
    let told = in_order.iter().filter(|core| all.told.contains(*core));
    let mut cores: Vec<u32> = told.copied().collect();
    let in_order = cores.clone();
    arrange_all(&mut cores);
    let whole = sum(rounds, &cores);
    if whole.is_whole {
        return (whole.mean, all.untold);
    }
    let mut cores = in_order;
    arrange_some(&mut cores);
    (sum(rounds, &cores).mean, all.untold)
}

/// Means of rounds, and what was met on the way.
struct Sums {
    mean: Series,
    untold: Untold,
    /// The cores that told a share.
    told: HashSet<u32>,
    /// Whether all or none of the cores told a share, in each round.
    is_whole: bool,
}

/// Adds up the shares of cores in this order.
fn sum(rounds: &[Rounds], order: &[u32]) -> Sums {
    let ranks: HashMap<u32, usize> = order.iter().copied().zip(0..).collect();
    let mut told = vec![false; order.len()];
    let mut untold = Untold::default();
    let mut mean = Series::with_capacity(rounds.iter().map(Rounds::count).sum());
    let mut is_whole = true;
    // Ranks and places of the cores of a round.
    let mut places: Vec<(usize, usize)> = Vec::new();
    for rounds in rounds {
        untold.repeated += rounds.repeated;
        let mut last: &[u32] = &[];
        for round in rounds.iter() {
            if !ptr::eq(round.cores, last) {
                last = round.cores;
                places.clear();
                let ranked = round.cores.iter().map(|core| ranks.get(core).copied());
                let ranked = ranked
                    .zip(0..)
                    .filter_map(|(rank, place)| Some((rank?, place)));
                places.extend(ranked);
                places.sort_unstable();
            }
            let (mut sum, mut count) = (0.0, 0_usize);
            for (rank, place) in &places {
                if let Some(busy) = untold.busy((round.idle[*place], round.flags[*place])) {
                    told[*rank] = true;
                    sum += busy;
                    count += 1;
                }
            }
            if count > 0 {
                is_whole &= count == order.len();
                mean.push(round.time, sum / count as f64);
            }
        }
    }
    let told = order.iter().zip(told).filter(|(_, told)| *told);
    Sums {
        mean,
        untold,
        told: told.map(|(core, _)| *core).collect(),
        is_whole,
    }
}

/// The same whatever the order.
fn mean_of_cores(rounds: Vec<Rounds>, name: impl Fn(u32) -> String) -> (Series, Untold) {
    const HOST: u32 = 0;
    let mut untold = Untold::default();
    let mut cores: Cores<Core> = Cores::default();
    for rounds in rounds {
        untold.repeated += rounds.repeated;
        for round in rounds.iter() {
            let readings = round.idle.iter().zip(round.flags);
            for (core, (idle, flags)) in round.cores.iter().zip(readings) {
                cores.of(HOST, *core).push(round.time, (*idle, *flags));
            }
        }
    }
    let cores = cores.map(|core| {
        let (busy, its) = core.busy();
        untold.add(its);
        busy
    });
    let mean = cores.means(name).remove(&HOST);
    (mean.unwrap_or_default(), untold)
}

impl Core {
    fn push(&mut self, time: i64, (idle, flags): Reading) {
        if self.times.last() == Some(&time) {
            let last = self.times.len() - 1;
            self.flags[last] |= flags;
            if self.idle[last].is_nan() {
                self.idle[last] = idle;
            } else if !idle.is_nan() {
                self.repeated += 1;
            }
        } else {
            self.times.push(time);
            self.idle.push(idle);
            self.flags.push(flags);
        }
    }

    /// The readings in order of time, one for each time.
    fn settle(self) -> Self {
        if self.times.is_sorted_by(|a, b| a < b) {
            return self;
        }
        let mut settled = Self {
            repeated: self.repeated,
            ..Self::default()
        };
        let rest = self.idle.into_iter().zip(self.flags);
        let mut readings: Vec<_> = self.times.into_iter().zip(rest).collect();
        readings.sort_by(|(a, (x, _)), (b, (y, _))| a.cmp(b).then(x.total_cmp(y)));
        for (time, reading) in readings {
            settled.push(time, reading);
        }
        settled
    }

    fn busy(self) -> (Series, Untold) {
        let settled = self.settle();
        let mut untold = Untold {
            repeated: settled.repeated,
            ..Untold::default()
        };
        let mut busy = Series::with_capacity(settled.times.len());
        let readings = settled.idle.into_iter().zip(settled.flags);
        for (time, reading) in settled.times.into_iter().zip(readings) {
            if let Some(share) = untold.busy(reading) {
                busy.push(time, share);
            }
        }
        (busy, untold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
