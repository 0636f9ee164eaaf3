//! Busy shares from shares per state, as gauges tell them.

use super::cores::Cores;
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

/// Readings of one core. Shares of its states at one time become one reading, as long as they come
/// one after the other; the rest is done when all is read.
#[derive(Debug, Default)]
struct Core {
    times: Vec<i64>,
    /// Not a number where it was not read.
    idle: Vec<f64>,
    flags: Vec<u8>,
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
        self.cores.of(host, cpu).push(time, reading);
    }

    /// The busy shares of each core.
    pub(super) fn finish(self, notes: &mut Notes) -> Cores<Series> {
        let (mut empty, mut unknown, mut repeated) = (0, 0, 0);
        let cores = self.cores.map(|core| {
            let core = core.settle();
            repeated += core.repeated;
            let mut busy = Series::default();
            let readings = core.times.iter().zip(&core.idle).zip(&core.flags);
            for ((time, idle), flags) in readings {
                if idle.is_nan() {
                    unknown += 1;
                } else if *idle == 0.0 && *flags == HAS_OTHER {
                    // In no state at all: a first reading, before anything was measured.
                    empty += 1;
                } else {
                    busy.push(*time, (1.0 - idle).clamp(0.0, 1.0));
                }
            }
            busy
        });
        notes.add(NoteCode::BadNumber, self.bad);
        notes.add(NoteCode::DuplicatesRemoved, repeated);
        notes.add(NoteCode::EmptyReading, empty);
        notes.add(NoteCode::NoIdleState, unknown);
        cores
    }
}

impl Core {
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

    /// Puts readings in order of time, one for each time.
    fn settle(self) -> Self {
        if self.times.is_sorted_by(|a, b| a < b) {
            return self;
        }
        let rest = self.idle.into_iter().zip(self.flags);
        let mut readings: Vec<_> = self.times.into_iter().zip(rest).collect();
        readings.sort_by(|(a, (x, _)), (b, (y, _))| a.cmp(b).then(x.total_cmp(y)));
        let mut settled = Self {
            repeated: self.repeated,
            ..Self::default()
        };
        for (time, reading) in readings {
            settled.push(time, reading);
        }
        settled
    }
}
