//! Readings of the cores of one host, round by round: as a rule all cores are read at once, in the same
//! order. What is said of cores once for many rounds takes no memory per reading.

use super::label::Renumbering;
use hashbrown::HashMap;

/// So many cores are looked through one by one.
const FEW: usize = 32;
/// A share of another state was read.
pub(super) const HAS_OTHER: u8 = 1;
/// A share above 0 of another state was read.
pub(super) const HAS_WORK: u8 = 2;

/// What was read of a core at a time: its idle share, not a number where that was not read, and what was
/// read of other states.
pub(super) type Reading = (f64, u8);

/// Rounds of a host. Readings of a core in one round become one.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    rounds: Vec<Round>,
    /// Per round a share for each of its cores.
    idle: Vec<f64>,
    flags: Vec<u8>,
    /// Numbers of cores in the order of their readings. Rounds share them; those of the last round
    /// are the last.
    cores: Vec<u32>,
    /// Places of cores in the last round, if they are more than [`FEW`].
    places: HashMap<u32, u32>,
    /// How many readings of idle shares repeat another one.
    pub(super) repeated: u64,
}

/// A round with its readings.
#[derive(Clone, Copy, Debug)]
pub(super) struct AtOnce<'r> {
    pub(super) time: i64,
    /// The same slice of memory as in the round before where the cores are the same.
    pub(super) cores: &'r [u32],
    pub(super) idle: &'r [f64],
    pub(super) flags: &'r [u8],
}

/// Readings at one time.
#[derive(Clone, Copy, Debug)]
struct Round {
    time: i64,
    /// Place of its first core.
    first: u32,
    count: u32,
}

impl Rounds {
    /// No rounds yet; the cores are likely those of the last round of others.
    pub(super) fn after(others: &Self) -> Self {
        let first = others.rounds.last().map_or(0, |round| round.first as usize);
        Self {
            rounds: Vec::with_capacity(others.rounds.len()),
            idle: Vec::with_capacity(others.idle.len()),
            flags: Vec::with_capacity(others.flags.len()),
            cores: others.cores[first..].to_vec(),
            places: others.places.clone(),
            repeated: 0,
        }
    }

    /// Number of readings.
    pub(super) fn len(&self) -> usize {
        self.idle.len()
    }

    pub(super) fn first_time(&self) -> Option<i64> {
        self.rounds.first().map(|round| round.time)
    }

    pub(super) fn last_time(&self) -> Option<i64> {
        self.rounds.last().map(|round| round.time)
    }

    /// Whether each round is later than the one before.
    pub(super) fn is_sorted(&self) -> bool {
        self.rounds.is_sorted_by(|a, b| a.time < b.time)
    }

    #[inline]
    pub(super) fn push(&mut self, core: u32, time: i64, reading: Reading) {
        let last = self.rounds.last().copied();
        let round = match last.filter(|round| round.time == time) {
            Some(round) => round,
            None => {
                let round = Round {
                    time,
                    first: last.map_or(0, |round| round.first),
                    count: 0,
                };
                self.rounds.push(round);
                round
            }
        };
        let (first, count) = (round.first as usize, round.count as usize);
        if self.cores.get(first + count) != Some(&core) {
            if let Some(place) = self.place(round, core) {
                let place = self.idle.len() - count + place;
                return self.merge(place, reading);
            }
            self.expect(round, core);
        }
        self.idle.push(reading.0);
        self.flags.push(reading.1);
        self.rounds.last_mut().expect("there is one").count += 1;
    }

    /// Adds idle shares of several cores at one time: as a rule those of the whole round before, in the
    /// same order, which takes a comparison instead of a look at each.
    pub(super) fn push_idle(&mut self, cores: &[u32], time: i64, shares: &[f64]) {
        let first = match self.rounds.last() {
            Some(last) if last.time != time => last.first as usize,
            _ => 0,
        };
        let is_known = self.last_time().is_some_and(|last| last != time)
            && self.cores.get(first..first + cores.len()) == Some(cores);
        if !is_known {
            for (core, share) in cores.iter().zip(shares) {
                self.push(*core, time, (*share, 0));
            }
            return;
        }
        self.rounds.push(Round {
            time,
            first: number(first),
            count: number(cores.len()),
        });
        self.idle.extend_from_slice(shares);
        self.flags.resize(self.idle.len(), 0);
    }

    /// The place of a core in the last round.
    fn place(&self, round: Round, core: u32) -> Option<usize> {
        let cores = &self.cores[round.first as usize..][..round.count as usize];
        if cores.last() == Some(&core) {
            // As a rule the states of a core come one after the other.
            return Some(cores.len() - 1);
        }
        if cores.len() <= FEW {
            return cores.iter().position(|its| *its == core);
        }
        let place = *self.places.get(&core)? as usize;
        (cores.get(place) == Some(&core)).then_some(place)
    }

    fn merge(&mut self, place: usize, (idle, flags): Reading) {
        self.flags[place] |= flags;
        if self.idle[place].is_nan() {
            self.idle[place] = idle;
        } else if !idle.is_nan() {
            self.repeated += 1;
        }
    }

    /// Makes a core the next of the last round.
    fn expect(&mut self, round: Round, core: u32) {
        let known = round.first as usize..(round.first + round.count) as usize;
        if known.end < self.cores.len() {
            let first = number(self.cores.len());
            self.cores.extend_from_within(known);
            self.rounds.last_mut().expect("there is one").first = first;
        }
        self.cores.push(core);
        let place = round.count as usize;
        if place > FEW {
            self.places.insert(core, round.count);
        } else if place == FEW {
            self.find_places();
        }
    }

    /// Looks where the cores are that come last.
    fn find_places(&mut self) {
        self.places.clear();
        let first = self.rounds.last().map_or(0, |round| round.first as usize);
        if self.cores.len() - first > FEW {
            let cores = self.cores[first..].iter();
            self.places.extend(cores.copied().zip(0..));
        }
    }

    /// The same of cores with other numbers.
    pub(super) fn renumber(&mut self, cores: &Renumbering) {
        for core in &mut self.cores {
            *core = cores.of(*core);
        }
        self.find_places();
    }

    /// Adds the first round of later ones to the last, which is of the same time.
    pub(super) fn take_first(&mut self, later: &mut Self) {
        let Some(round) = later.rounds.first().copied() else {
            return;
        };
        later.rounds.remove(0);
        let count = round.count as usize;
        let readings = later.idle.drain(..count).zip(later.flags.drain(..count));
        for (place, reading) in (round.first as usize..).zip(readings) {
            self.push(later.cores[place], round.time, reading);
        }
        self.repeated += std::mem::take(&mut later.repeated);
    }

    /// Whether every reading is an idle share and nothing else.
    pub(super) fn is_plain(&self) -> bool {
        // All are looked at, many of them at once.
        let flags = self.flags.iter().fold(0, |all, flags| all | flags);
        flags == 0 && self.idle.iter().filter(|idle| idle.is_nan()).count() == 0
    }

    /// The cores that were read, some of them perhaps several times.
    pub(super) fn cores(&self) -> &[u32] {
        &self.cores
    }

    /// Number of rounds.
    pub(super) fn count(&self) -> usize {
        self.rounds.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = AtOnce<'_>> {
        let (mut idle, mut flags) = (self.idle.as_slice(), self.flags.as_slice());
        self.rounds.iter().map(move |round| {
            let (first, count) = (round.first as usize, round.count as usize);
            let (its_idle, its_flags);
            (its_idle, idle) = idle.split_at(count);
            (its_flags, flags) = flags.split_at(count);
            AtOnce {
                time: round.time,
                cores: &self.cores[first..first + count],
                idle: its_idle,
                flags: its_flags,
            }
        })
    }
}

fn number(len: usize) -> u32 {
    u32::try_from(len).expect("there are fewer readings together")
}
