//! Quantities of things that attributes tell apart, such as processes and containers.

use super::label::{Label, Renumbering};
use super::points::{self, Counter, Metric, Points};
use super::series::Series;
use crate::data::Database;
use crate::error::ReportError;
use crate::glob::Glob;
use crate::notes::{NoteCode, Notes};
use crate::usage::series::Temporality;
use otolith_tables::AttributePlace;
use std::collections::{BTreeMap, HashMap};

/// A quantity, by the metrics that tell it. Of a group the first that it has counts.
pub(crate) type Quantity = &'static [Told];

/// How a metric tells a quantity. Series of a group are added up at each time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) metric: &'static str,
    pub(crate) kind: Kind,
    /// What one of the metric is in the unit of the quantity.
    pub(crate) scale: f64,
    /// A unit that some emitter declares though its values have another.
    pub(crate) wrong_unit: Option<&'static str>,
}

/// What points of a metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The quantity itself.
    Level,
    /// A counter: the quantity is how fast it rises, per second.
    Rate,
}

/// What is read: quantities, the labels that make groups, and the points that do not count.
pub(crate) struct Wish {
    pub(crate) quantities: &'static [Quantity],
    pub(crate) groups: Vec<Label>,
    /// Points with this word under this label do not count.
    pub(crate) except: (Label, &'static str),
}

impl Wish {
    /// The metrics that are read.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = &'static str> {
        let told = self.quantities.iter().copied().flatten();
        told.map(|told| told.metric)
    }

    /// The attributes that are read of them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (AttributePlace, &str)> {
        let labels = self.groups.iter().chain([&self.except.0]);
        labels.flat_map(Label::keys)
    }
}

/// Quantities of each group.
pub(crate) struct Grouped {
    /// The labels that make groups.
    pub(crate) labels: Vec<Label>,
    /// By the numbers of their labels; a series per quantity, empty where nobody tells it.
    pub(crate) groups: BTreeMap<Vec<u32>, Vec<Series>>,
}

/// A series as it was sent.
struct Sent {
    group: usize,
    told: usize,
    is_delta: bool,
    series: Series,
}

/// Reads quantities.
pub(crate) fn grouped(
    databases: &[Database<'_>],
    wish: Wish,
    services: Option<&Glob>,
    notes: &mut Notes,
) -> Result<Grouped, ReportError> {
    let told: Vec<Told> = wish.quantities.iter().copied().flatten().copied().collect();
    let metric = |told: &Told| Metric {
        name: told.metric,
        is_counter: true,
    };
    let metrics: Vec<Metric> = told.iter().map(metric).collect();
    let (mut labels, (except, word)) = (wish.groups, wish.except);
    labels.push(except);
    labels.push(Label::or_base(&[], Some("unit")));
    let mut reading = Reading::default();
    points::each_piece(
        databases,
        &metrics,
        &labels.clone(),
        services,
        |batches: &mut Vec<Points>, points, _| batches.push(points),
        |batches, its| {
            let renumbered = labels.iter_mut().zip(&its);
            let renumbered = renumbered.map(|(label, its)| label.adopt(its));
            let renumbered: Vec<Renumbering> = renumbered.collect();
            let [.., except, unit] = &*labels else { return };
            let except = except.number(word);
            let wrong = told.iter().map(|told| unit.number(told.wrong_unit?));
            let wrong: Vec<Option<u32>> = wrong.collect();
            for mut points in batches {
                for (numbers, renumbering) in points.labels.iter_mut().zip(&renumbered) {
                    for number in numbers {
                        *number = renumbering.of(*number);
                    }
                }
                reading.add(&points, &told, except, &wrong);
            }
        },
    )?;
    labels.truncate(labels.len() - 2);
    let series = reading.finish(&told, notes);
    let mut groups: BTreeMap<Vec<u32>, Vec<Series>> = BTreeMap::new();
    for (group, of_group) in series {
        let mut of_group = of_group.into_iter();
        let quantities = wish.quantities.iter().map(|told| {
            let found = of_group.by_ref().take(told.len());
            let found = found.reduce(|first, next| match first.times.is_empty() {
                true => next,
                false => first,
            });
            found.unwrap_or_default()
        });
        groups.insert(group, quantities.collect());
    }
    Ok(Grouped { labels, groups })
}

#[derive(Default)]
struct Reading {
    groups: HashMap<Vec<u32>, usize>,
    places: HashMap<(usize, i64, Option<i64>), usize>,
    sent: Vec<Sent>,
    bad: u64,
    unspecified: u64,
    /// By metric.
    wrong_units: BTreeMap<usize, u64>,
}

impl Reading {
    /// `wrong` are the numbers of wrong units by metric.
    fn add(&mut self, points: &Points, told: &[Told], except: Option<u32>, wrong: &[Option<u32>]) {
        let [labels @ .., excepted, units] = points.labels.as_slice() else {
            return;
        };
        let mut group = Vec::new();
        for row in 0..points.times.len() {
            let value = points.values[row];
            if except == Some(excepted[row]) {
                continue;
            }
            let place = points.metrics[row] as usize;
            if wrong[place] == Some(units[row]) {
                *self.wrong_units.entry(place).or_insert(0) += 1;
            }
            let is_rate = told[place].kind == Kind::Rate;
            if !value.is_finite() || (is_rate && value < 0.0) {
                self.bad += 1;
                continue;
            }
            let counter = points.counters[row];
            if is_rate && counter.temporality == Temporality::Unspecified {
                self.unspecified += 1;
                continue;
            }
            group.clear();
            group.extend(labels.iter().map(|numbers| numbers[row]));
            let sent = self.sent(&group, place, is_rate, counter);
            self.sent[sent].series.push(points.times[row], value);
        }
    }

    /// The place of a series among those sent.
    fn sent(&mut self, group: &[u32], told: usize, is_rate: bool, counter: Counter) -> usize {
        let is_delta = is_rate && counter.temporality == Temporality::Delta;
        let start = counter.start.filter(|_| is_rate && !is_delta);
        let key = (told, counter.series, start);
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let group = match self.groups.get(group) {
            Some(group) => *group,
            None => {
                self.groups.insert(group.to_vec(), self.groups.len());
                self.groups.len() - 1
            }
        };
        self.places.insert(key, self.sent.len());
        self.sent.push(Sent {
            group,
            told,
            is_delta,
            series: Series::default(),
        });
        self.sent.len() - 1
    }

    /// The series of each group, one for each metric.
    fn finish(self, told: &[Told], notes: &mut Notes) -> Vec<(Vec<u32>, Vec<Series>)> {
        let (mut repeated, mut resets) = (0, 0);
        let mut all = vec![vec![Vec::new(); told.len()]; self.groups.len()];
        for sent in self.sent {
            let how = told[sent.told];
            let series = sent.series.settle(&mut repeated);
            let series = match how.kind {
                Kind::Level => series,
                Kind::Rate => rates(series, sent.is_delta, &mut resets),
            };
            let values = series.times.into_iter().zip(series.values);
            let values = values.map(|(time, value)| (time, value * how.scale));
            all[sent.group][sent.told].extend(values);
        }
        for (place, count) in self.wrong_units {
            notes.add_about(NoteCode::WrongUnit, told[place].metric, count);
        }
        notes.add(NoteCode::BadNumber, self.bad);
        notes.add(NoteCode::UnspecifiedTemporality, self.unspecified);
        notes.add(NoteCode::DuplicatesRemoved, repeated);
        notes.add(NoteCode::CounterReset, resets);
        let groups = self.groups.into_iter();
        let mut sums = |group: usize| {
            let of_group = std::mem::take(&mut all[group]);
            of_group.into_iter().map(sum).collect()
        };
        groups
            .map(|(labels, group)| (labels, sums(group)))
            .collect()
    }
}

/// How fast a counter rose up to each reading, per second.
fn rates(series: Series, is_delta: bool, resets: &mut u64) -> Series {
    let mut found = Series::default();
    for index in 1..series.times.len() {
        let (now, before) = (series.values[index], series.values[index - 1]);
        let amount = if is_delta { now } else { now - before };
        if amount < 0.0 {
            *resets += 1;
            continue;
        }
        let nanos = series.times[index].saturating_sub(series.times[index - 1]);
        found.push(series.times[index], amount / (nanos as f64 / 1e9));
    }
    found
}

/// Values added up at each time.
fn sum(mut values: Vec<(i64, f64)>) -> Series {
    values.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut sums = Series::default();
    for at_once in values.chunk_by(|a, b| a.0 == b.0) {
        let sum = at_once.iter().map(|(_, value)| value).sum();
        sums.push(at_once[0].0, sum);
    }
    sums
}
