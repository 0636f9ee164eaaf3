//! Reads what hosts say of themselves.

use super::cpu_time::CpuTime;
use super::label::{Label, Renumbering};
use super::metrics::{CPU, CPU_STATE, CPU_TIME, CPU_UTILIZATION, HOST, IDLE, MEMORY_STATE};
use super::points::{self, Metric, Points};
use super::series::Series;
use super::utilization::{State, Utilization};
use crate::data::Database;
use crate::error::ReportError;
use crate::glob::Glob;
use crate::notes::{NoteCode, Notes};
use std::collections::BTreeMap;

/// A quantity of a host that points tell as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) metric: &'static str,
    /// The state of what is counted, where points of several states have the metric.
    pub(crate) state: Option<&'static str>,
}

/// What is read of hosts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantities<'q> {
    pub(crate) busy: bool,
    pub(crate) levels: &'q [Level],
}

impl Quantities<'_> {
    /// The metrics that are read.
    pub(crate) fn metrics(self) -> impl Iterator<Item = &'static str> {
        self.reads().map(|(name, _)| name)
    }

    fn reads(self) -> impl Iterator<Item = (&'static str, Read)> {
        let busy = [(CPU_UTILIZATION, Read::Utilization), (CPU_TIME, Read::Time)];
        let levels = self.levels.iter().enumerate();
        let levels = levels.map(|(index, level)| (level.metric, Read::Level(index)));
        busy.into_iter().filter(move |_| self.busy).chain(levels)
    }
}

/// What points of a metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Utilization,
    Time,
    /// By its place among the levels.
    Level(usize),
}

/// What hosts said.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// The hosts by number.
    pub(crate) names: Label,
    /// Share of the time that cores were busy, mean over cores; by host.
    pub(crate) busy: BTreeMap<u32, Series>,
    /// The levels that were asked for; by host.
    pub(crate) levels: Vec<BTreeMap<u32, Series>>,
}

impl Hosts {
    /// Reads busy shares and levels.
    ///
    /// Busy is 1 - idle. Of a host that tells shares these are taken, else the differences of its
    /// counters of time.
    pub(crate) fn read(
        databases: &[Database<'_>],
        quantities: Quantities<'_>,
        services: Option<&Glob>,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        let levels = quantities.levels;
        let metric = |(name, read)| {
            let is_counter = read == Read::Time;
            (Metric { name, is_counter }, read)
        };
        let (metrics, reads): (Vec<_>, Vec<_>) = quantities.reads().map(metric).unzip();
        let mut labels = [HOST, CPU, CPU_STATE, MEMORY_STATE].map(Label::new);
        let mut gathered = Gathered::default();
        points::each_piece(
            databases,
            &metrics,
            &labels.clone(),
            services,
            |gathered: &mut Gathered, points, labels| {
                gathered.add(&points, labels, (&reads, levels));
            },
            |later, its| {
                let hosts = labels[0].adopt(&its[0]);
                let cpus = labels[1].adopt(&its[1]);
                gathered.append(later, &hosts, &cpus);
            },
        )?;
        let [names, cpus, _, _] = labels;
        let cpu_name = |cpu| cpus.text(cpu).unwrap_or_default().to_owned();
        let mut busy = gathered.utilization.means(cpu_name, notes);
        let rest = gathered.time.of_hosts(|host| !busy.contains_key(&host));
        busy.append(&mut rest.finish(notes).means(cpu_name));
        notes.add(NoteCode::BadNumber, gathered.bad);
        let mut repeated = 0;
        let mut settle = |(host, series): (u32, Series)| (host, series.settle(&mut repeated));
        gathered.levels.resize_with(levels.len(), BTreeMap::new);
        let levels = gathered.levels.into_iter();
        let levels = levels.map(|hosts| hosts.into_iter().map(&mut settle).collect());
        let levels = levels.collect();
        notes.add(NoteCode::DuplicatesRemoved, repeated);
        Ok(Self {
            names,
            busy,
            levels,
        })
    }
}

/// What is being read.
#[derive(Default)]
struct Gathered {
    utilization: Utilization,
    time: CpuTime,
    /// As many as there are points of.
    levels: Vec<BTreeMap<u32, Series>>,
    bad: u64,
}

impl Gathered {
    /// Adds what was read after this, where hosts and cores have other numbers.
    fn append(&mut self, later: Self, hosts: &Renumbering, cpus: &Renumbering) {
        self.utilization.append(later.utilization, hosts, cpus);
        self.time.append(later.time, hosts, cpus);
        for (level, later) in later.levels.into_iter().enumerate() {
            let levels = self.level(level);
            for (host, series) in later {
                levels.entry(hosts.of(host)).or_default().append(series);
            }
        }
        self.bad += later.bad;
    }

    /// Adds idle shares, those of a host at one time at once.
    fn add_idle(&mut self, points: &Points, (hosts, cpus): (&[u32], &[u32])) {
        let (times, values) = (&points.times, &points.values);
        let mut first = 0;
        while first < times.len() {
            let (time, host) = (times[first], hosts[first]);
            let others = times[first..].iter().zip(&hosts[first..]);
            let its = others.take_while(|(t, h)| (**t, **h) == (time, host));
            let after = first + its.count();
            let (cpus, shares) = (&cpus[first..after], &values[first..after]);
            self.utilization.push_idle(host, cpus, time, shares);
            first = after;
        }
    }

    fn level(&mut self, level: usize) -> &mut BTreeMap<u32, Series> {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, BTreeMap::new);
        }
        &mut self.levels[level]
    }

    fn add(&mut self, points: &Points, labels: &[Label], (reads, levels): (&[Read], &[Level])) {
        let idle = labels[2].number(IDLE);
        let states = levels
            .iter()
            .map(|level| level.state.map(|state| labels[3].number(state)));
        let states: Vec<Option<Option<u32>>> = states.collect();
        let [hosts, cpus, cpu_states, memory_states] = points.labels.as_slice() else {
            unreachable!("there are as many as labels");
        };
        let is_utilization = |place: &u32| reads[*place as usize] == Read::Utilization;
        if points.metrics.iter().all(is_utilization)
            && cpu_states.iter().all(|state| Some(*state) == idle)
        {
            // As a rule a file has the shares of one state after the other.
            return self.add_idle(points, (hosts, cpus));
        }
        for row in 0..points.times.len() {
            let (time, value) = (points.times[row], points.values[row]);
            let (host, cpu) = (hosts[row], cpus[row]);
            match reads[points.metrics[row] as usize] {
                _ if value.is_nan() => self.bad += 1,
                Read::Utilization => {
                    let state = match cpu_states[row] {
                        super::ABSENT => State::Untold,
                        state if Some(state) == idle => State::Idle,
                        _ => State::Other,
                    };
                    self.utilization.push(host, cpu, state, time, value);
                }
                Read::Time => {
                    let is_idle = Some(cpu_states[row]) == idle;
                    let counter = points.counters[row];
                    self.time.push((host, cpu, is_idle), counter, time, value);
                }
                Read::Level(level) => {
                    let wanted = states[level];
                    if wanted.is_some_and(|state| state != Some(memory_states[row])) {
                        continue;
                    }
                    if !value.is_finite() {
                        self.bad += 1;
                        continue;
                    }
                    let series = self.level(level).entry(host).or_default();
                    series.push(time, value);
                }
            }
        }
    }
}
