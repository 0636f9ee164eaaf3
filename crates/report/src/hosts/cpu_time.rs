//! Busy shares from the time that cores spent in each state, as counters tell it.

use super::cores::Cores;
use super::label::Renumbering;
use super::points::Counter;
use super::series::Series;
use crate::notes::{NoteCode, Notes};
use crate::usage::series::Temporality;
use std::collections::HashMap;

/// Counters of cores, as they are read.
#[derive(Debug, Default)]
pub(super) struct CpuTime {
    places: HashMap<Key, usize>,
    counters: Vec<StateTime>,
    bad: u64,
    unspecified: u64,
}

/// A series, and of a counter since when it counts.
type Key = (i64, Option<i64>);

/// What one process told of one state of one core.
#[derive(Debug)]
struct StateTime {
    key: Key,
    host: u32,
    cpu: u32,
    is_idle: bool,
    is_delta: bool,
    series: Series,
}

/// How a core spent the time up to a reading, in seconds.
#[derive(Clone, Copy, Debug)]
struct Spent {
    until: i64,
    idle: Option<f64>,
    all: f64,
}

impl CpuTime {
    pub(super) fn push(
        &mut self,
        (host, cpu, is_idle): (u32, u32, bool),
        counter: Counter,
        time: i64,
        seconds: f64,
    ) {
        if !seconds.is_finite() || seconds < 0.0 {
            self.bad += 1;
            return;
        }
        if counter.temporality == Temporality::Unspecified {
            self.unspecified += 1;
            return;
        }
        let is_delta = counter.temporality == Temporality::Delta;
        // The start of a delta is that of the point, of a counter that of its process.
        let start = counter.start.filter(|_| !is_delta);
        let key = (counter.series, start);
        let state = self.state(StateTime {
            key,
            host,
            cpu,
            is_idle,
            is_delta,
            series: Series::default(),
        });
        state.series.push(time, seconds);
    }

    /// The state of a key; if there is none yet, this one.
    fn state(&mut self, new: StateTime) -> &mut StateTime {
        let place = *self.places.entry(new.key).or_insert(self.counters.len());
        if place == self.counters.len() {
            self.counters.push(new);
        }
        &mut self.counters[place]
    }

    /// Adds what was read after this, where hosts and cores have other numbers.
    pub(super) fn append(&mut self, later: Self, hosts: &Renumbering, cpus: &Renumbering) {
        self.bad += later.bad;
        self.unspecified += later.unspecified;
        for mut counter in later.counters {
            let series = std::mem::take(&mut counter.series);
            counter.host = hosts.of(counter.host);
            counter.cpu = cpus.of(counter.cpu);
            self.state(counter).series.append(series);
        }
    }

    /// Only the counters of some hosts.
    pub(super) fn of_hosts(mut self, is_wanted: impl Fn(u32) -> bool) -> Self {
        self.counters.retain(|counter| is_wanted(counter.host));
        self
    }

    /// The busy shares of each core: of the time between two readings, at the later one.
    pub(super) fn finish(self, notes: &mut Notes) -> Cores<Series> {
        let (mut repeated, mut resets, mut unknown) = (0, 0, 0);
        let mut cores: Cores<Vec<Spent>> = Cores::default();
        for counter in self.counters {
            let series = counter.series.settle(&mut repeated);
            let core = cores.of(counter.host, counter.cpu);
            let mut before = None;
            for (until, seconds) in series.times.into_iter().zip(series.values) {
                let spent = match before.replace(seconds) {
                    _ if counter.is_delta => seconds,
                    None => continue,
                    Some(before) if seconds < before => {
                        // A restart, or a counter of the kernel that went back a little. What was
                        // spent in the state is unknown and counts as nothing.
                        resets += 1;
                        0.0
                    }
                    Some(before) => seconds - before,
                };
                core.push(Spent {
                    until,
                    idle: counter.is_idle.then_some(spent),
                    all: spent,
                });
            }
        }
        let cores = cores.map(|mut spent| {
            spent.sort_by_key(|spent| spent.until);
            let mut busy = Series::default();
            for states in spent.chunk_by(|a, b| a.until == b.until) {
                let all: f64 = states.iter().map(|spent| spent.all).sum();
                let idle = states.iter().filter_map(|spent| spent.idle);
                match idle.reduce(|a, b| a + b) {
                    Some(idle) if all > 0.0 => busy.push(states[0].until, 1.0 - idle / all),
                    // No time passed between two readings.
                    Some(_) => {}
                    None => unknown += 1,
                }
            }
            busy
        });
        notes.add(NoteCode::BadNumber, self.bad);
        notes.add(NoteCode::UnspecifiedTemporality, self.unspecified);
        notes.add(NoteCode::DuplicatesRemoved, repeated);
        notes.add(NoteCode::CounterReset, resets);
        notes.add(NoteCode::NoIdleState, unknown);
        cores
    }
}
