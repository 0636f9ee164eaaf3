//! The busy share of a host: the mean over its cores at each time.

use super::cores::{Cores, arrange_all, arrange_some};
use super::rounds::{HAS_OTHER, Reading, Rounds};
use super::series::Series;
use hashbrown::{HashMap, HashSet};
use std::ptr;

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
pub(super) struct Untold {
    pub(super) empty: u64,
    pub(super) unknown: u64,
    pub(super) repeated: u64,
}

impl Untold {
    pub(super) fn add(&mut self, more: Self) {
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
            Some(busy(idle))
        }
    }
}

/// The busy share beside an idle one.
fn busy(idle: f64) -> f64 {
    (1.0 - idle).clamp(0.0, 1.0)
}

/// The mean over the cores of a host at each time.
pub(super) fn mean(rounds: Vec<Rounds>, name: impl Fn(u32) -> String) -> (Series, Untold) {
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
        let is_plain = rounds.is_plain();
        let mut last: &[u32] = &[];
        for round in rounds.iter() {
            let is_new = !ptr::eq(round.cores, last);
            if is_new {
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
            if is_plain {
                // As a rule: nothing to look at but the shares.
                for (_, place) in &places {
                    sum += busy(round.idle[*place]);
                }
                count = places.len();
                if is_new {
                    places.iter().for_each(|(rank, _)| told[*rank] = true);
                }
            }
            for (rank, place) in places.iter().filter(|_| !is_plain) {
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
pub(super) fn mean_of_cores(rounds: Vec<Rounds>, name: impl Fn(u32) -> String) -> (Series, Untold) {
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
