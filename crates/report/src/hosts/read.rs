//! Reads what hosts say of themselves.

use super::cpu_time::CpuTime;
use super::label::Label;
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

const UTILIZATION: u32 = 0;
const TIME: u32 = 1;
const LEVELS: usize = 2;

impl Hosts {
    /// Reads busy shares and levels.
    ///
    /// Busy is 1 - idle. Of a host that tells shares these are taken, else the differences of its
    /// counters of time.
    pub(crate) fn read(
        databases: &[Database<'_>],
        levels: &[Level],
        services: Option<&Glob>,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        let metric = |name, is_counter| Metric { name, is_counter };
        let mut metrics = vec![metric(CPU_UTILIZATION, false), metric(CPU_TIME, true)];
        metrics.extend(levels.iter().map(|level| metric(level.metric, false)));
        let mut labels = [HOST, CPU, CPU_STATE, MEMORY_STATE].map(Label::new);
        let mut gathered = Gathered {
            utilization: Utilization::default(),
            time: CpuTime::default(),
            levels: vec![BTreeMap::new(); levels.len()],
            bad: 0,
        };
        points::each_piece(
            databases,
            &metrics,
            &mut labels,
            services,
            |points, labels| {
                gathered.add(&points, labels, levels);
            },
        )?;
        let [names, cpus, _, _] = labels;
        let cpu_name = |cpu| cpus.text(cpu).unwrap_or_default().to_owned();
        let mut busy = gathered.time.finish(notes).means(cpu_name);
        busy.extend(gathered.utilization.finish(notes).means(cpu_name));
        notes.add(NoteCode::BadNumber, gathered.bad);
        let mut repeated = 0;
        let mut settle = |(host, series): (u32, Series)| (host, series.settle(&mut repeated));
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
struct Gathered {
    utilization: Utilization,
    time: CpuTime,
    levels: Vec<BTreeMap<u32, Series>>,
    bad: u64,
}

impl Gathered {
    fn add(&mut self, points: &Points, labels: &[Label], levels: &[Level]) {
        let idle = labels[2].number(IDLE);
        let states = levels
            .iter()
            .map(|level| level.state.map(|state| labels[3].number(state)));
        let states: Vec<Option<Option<u32>>> = states.collect();
        let [hosts, cpus, cpu_states, memory_states] = points.labels.as_slice() else {
            unreachable!("there are as many as labels");
        };
        for row in 0..points.times.len() {
            let (time, value) = (points.times[row], points.values[row]);
            let (host, cpu) = (hosts[row], cpus[row]);
            match points.metrics[row] {
                _ if value.is_nan() => self.bad += 1,
                UTILIZATION => {
                    let state = match cpu_states[row] {
                        super::ABSENT => State::Untold,
                        state if Some(state) == idle => State::Idle,
                        _ => State::Other,
                    };
                    self.utilization.push(host, cpu, state, time, value);
                }
                TIME => {
                    let is_idle = Some(cpu_states[row]) == idle;
                    let counter = points.counters[row];
                    self.time.push((host, cpu, is_idle), counter, time, value);
                }
                metric => {
                    let level = metric as usize - LEVELS;
                    let wanted = states[level];
                    if wanted.is_some_and(|state| state != Some(memory_states[row])) {
                        continue;
                    }
                    if !value.is_finite() {
                        self.bad += 1;
                        continue;
                    }
                    let series = self.levels[level].entry(host).or_default();
                    series.push(time, value);
                }
            }
        }
    }
}
