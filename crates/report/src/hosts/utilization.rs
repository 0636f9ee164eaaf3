//! Busy shares from shares per state, as gauges tell them.

use super::cores::Cores;
use super::label::Renumbering;
use super::series::Series;
use crate::notes::{NoteCode, Notes};

/// A share of another state was read.
const HAS_OTHER: u8 = 1;
/// A share above 0 of another state was read.
const HAS_WORK: u8 = 2;
/// A share may be a little above 1 where a clock of milliseconds measured the time.
const MAX_SHARE: f64 = 1.5;

/// Shares of cores, as they are read.
#[derive(Debug, Default)]
pub(super) struct Utilization {
    cores: Cores<Core>,
    bad: u64,
}

/// Readings of one core.
#[derive(Debug, Default)]
struct Core {
    /// Of pieces that were read before.
    before: Vec<Readings>,
    now: Readings,
}

/// Readings of one core that were read together. Shares of its states at one time become one
/// reading, as long as they come one after the other; the rest is done when all is read.
#[derive(Debug, Default)]
struct Readings {
    times: Vec<i64>,
    /// Not a number where it was not read.
    idle: Vec<f64>,
    flags: Vec<u8>,
    repeated: u64,
}

/// Readings that tell no busy share.
#[derive(Clone, Copy, Debug, Default)]
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
        self.cores.of(host, cpu).now.push(time, reading);
    }

    /// Adds what was read after this, where hosts and cores have other numbers.
    pub(super) fn append(&mut self, later: Self, hosts: &Renumbering, cpus: &Renumbering) {
        self.bad += later.bad;
        for (host, cpu, core) in later.cores.into_all() {
            self.cores.of(hosts.of(host), cpus.of(cpu)).append(core);
        }
    }

    /// The busy shares of each core.
    pub(super) fn finish(self, notes: &mut Notes) -> Cores<Series> {
        let mut untold = Untold::default();
        let cores = self.cores.map_in_parallel(Core::busy).map(|(busy, its)| {
            untold.empty += its.empty;
            untold.unknown += its.unknown;
            untold.repeated += its.repeated;
            busy
        });
        notes.add(NoteCode::BadNumber, self.bad);
        notes.add(NoteCode::DuplicatesRemoved, untold.repeated);
        notes.add(NoteCode::EmptyReading, untold.empty);
        notes.add(NoteCode::NoIdleState, untold.unknown);
        cores
    }
}

impl Core {
    fn append(&mut self, later: Self) {
        let now = std::mem::take(&mut self.now);
        for mut piece in [now].into_iter().chain(later.before).chain([later.now]) {
            let (last, first) = (self.before.last_mut(), piece.times.first());
            if let (Some(last), Some(first)) = (last, first)
                && last.times.last() == Some(first)
            {
                // What is read of a time may be in two pieces.
                let time = piece.times.remove(0);
                last.push(time, (piece.idle.remove(0), piece.flags.remove(0)));
                last.repeated += std::mem::take(&mut piece.repeated);
            }
            if !piece.times.is_empty() {
                self.before.push(piece);
            }
        }
    }

    fn busy(mut self) -> (Series, Untold) {
        self.append(Self::default());
        let mut pieces = self.before;
        let is_sorted = pieces.iter().all(Readings::is_sorted)
            && pieces.is_sorted_by(|a, b| a.times.last() < b.times.first());
        if !is_sorted {
            pieces = vec![Readings::settle(pieces)];
        }
        let mut untold = Untold::default();
        let count = pieces.iter().map(|piece| piece.times.len()).sum();
        let mut busy = Series::with_capacity(count);
        for piece in pieces {
            untold.repeated += piece.repeated;
            for ((time, idle), flags) in piece.times.iter().zip(&piece.idle).zip(&piece.flags) {
                if idle.is_nan() {
                    untold.unknown += 1;
                } else if *idle == 0.0 && *flags == HAS_OTHER {
                    // In no state at all: a first reading, before anything was measured.
                    untold.empty += 1;
                } else {
                    busy.push(*time, (1.0 - idle).clamp(0.0, 1.0));
                }
            }
        }
        (busy, untold)
    }
}

impl Readings {
    fn push(&mut self, time: i64, (idle, flags): (f64, u8)) {
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

    fn is_sorted(&self) -> bool {
        self.times.is_sorted_by(|a, b| a < b)
    }

    /// Puts readings of some pieces in order of time, one for each time.
    fn settle(pieces: Vec<Self>) -> Self {
        let mut settled = Self {
            repeated: pieces.iter().map(|piece| piece.repeated).sum(),
            ..Self::default()
        };
        let readings = pieces.into_iter().flat_map(|piece| {
            let rest = piece.idle.into_iter().zip(piece.flags);
            piece.times.into_iter().zip(rest)
        });
        let mut readings: Vec<_> = readings.collect();
        readings.sort_by(|(a, (x, _)), (b, (y, _))| a.cmp(b).then(x.total_cmp(y)));
        for (time, reading) in readings {
            settled.push(time, reading);
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notes::Notes;
    use proptest::prelude::*;

    const HOST: u32 = 1;
    const CPU: u32 = 1;

    /// Busy shares by time, and notes with their counts.
    type Answer = (Vec<(i64, f64)>, Vec<(NoteCode, u64)>);

    fn busy(pieces: &[&[(i64, State, f64)]]) -> Answer {
        let same = Renumbering::same(1);
        let mut all = Utilization::default();
        for piece in pieces {
            let mut one = Utilization::default();
            for (time, state, share) in *piece {
                one.push(HOST, CPU, *state, *time, *share);
            }
            all.append(one, &same, &same);
        }
        let mut notes = Notes::default();
        let mut cores = all.finish(&mut notes).into_all();
        let series = cores.pop().map(|(_, _, series)| series).unwrap_or_default();
        let notes = notes.into_vec().into_iter().map(|n| (n.code, n.count));
        (
            series.times.into_iter().zip(series.values).collect(),
            notes.collect(),
        )
    }

    proptest! {
        /// Wherever pieces end, the answer is that of all readings in one.
        #[test]
        fn pieces_do_not_matter(
            readings in prop::collection::vec((0..12_i64, 0..3_u8, 0..3_u8), 0..24),
            cuts in prop::collection::vec(0..24_usize, 0..4),
        ) {
            let readings: Vec<_> = readings.into_iter().map(|(time, state, share)| {
                let state = [State::Idle, State::Other, State::Untold][usize::from(state)];
                (time, state, f64::from(share) / 2.0)
            }).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(readings.len())).collect();
            cuts.extend([0, readings.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|w| &readings[w[0]..w[1]]).collect();
            prop_assert_eq!(busy(&pieces), busy(&[&readings]));
        }
    }
}
