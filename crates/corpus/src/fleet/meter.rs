//! A process that counts and exports at intervals.

use std::collections::BTreeMap;

use super::counted::{Counted, Told, What};
use super::delivery::{Delivery, SECOND};
use super::item::{Attribute, Content, Item, Sender, Shape, Val};
use super::ledger::{Ledger, Who};

/// How long a process lives after its last count, in intervals: it exports without counting.
const IDLE_INTERVALS: u64 = 2;

/// Something that a process counts.
#[derive(Clone, Debug)]
pub(super) struct Count {
    pub(super) time: u64,
    pub(super) shape: Shape,
    pub(super) attributes: Vec<Attribute>,
    pub(super) amount: u64,
    pub(super) what: What,
    pub(super) told: Told,
    pub(super) who: Who,
}

/// How points of a process relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Temporality {
    Delta,
    Cumulative,
}

/// A process.
pub(super) struct Meter {
    pub(super) temporality: Temporality,
    pub(super) start: u64,
    pub(super) interval: u64,
    /// It counted before the capture began: every series that its first export has.
    pub(super) is_old: bool,
    /// At about half of its life it loses its counts and keeps its start.
    pub(super) forgets: bool,
}

struct Series {
    of: Count,
    value: u64,
    /// Observations of a histogram.
    observations: u64,
    /// In this interval.
    amount: u64,
    times: u64,
    is_new: bool,
}

impl Meter {
    /// Exports counts and keeps in the ledger what the points tell.
    pub(super) fn run(
        &self,
        sender: &Sender,
        mut counts: Vec<Count>,
        delivery: &mut Delivery,
        ledger: &mut Ledger,
    ) {
        counts.retain(|count| count.amount > 0);
        counts.sort_by_key(|count| count.time);
        let Some(last) = counts.last() else { return };
        let first = counts[0].time;
        // An old process exports from just before its first count in the capture on.
        let skipped = if self.is_old {
            (first - self.start) / self.interval
        } else {
            0
        };
        let ticks = (last.time - self.start) / self.interval + 1;
        let mut series: BTreeMap<String, Series> = BTreeMap::new();
        let mut counts = counts.into_iter().peekable();
        for tick in skipped + 1..=ticks + IDLE_INTERVALS {
            let time = self.start + tick * self.interval;
            while let Some(count) = counts.next_if(|count| count.time < time) {
                let key = format!("{} {:?}", count.shape.name, count.attributes);
                let series = series.entry(key).or_insert_with(|| Series {
                    of: count.clone(),
                    value: 0,
                    observations: 0,
                    amount: 0,
                    times: 0,
                    is_new: true,
                });
                series.amount += count.amount;
                series.times += 1;
            }
            if self.forgets && tick == skipped + (ticks - skipped) / 2 + 1 {
                forget(&mut series, ledger);
            }
            let mut items = Vec::new();
            for series in series.values_mut() {
                items.extend(self.point(series, time, tick == skipped + 1, ledger));
            }
            if !items.is_empty() {
                delivery.export(sender, time + SECOND / 4, &items, ledger);
            }
        }
    }

    fn point(
        &self,
        series: &mut Series,
        time: u64,
        is_first_export: bool,
        ledger: &mut Ledger,
    ) -> Option<Item> {
        let amount = std::mem::take(&mut series.amount);
        let times = std::mem::take(&mut series.times);
        let is_cumulative = self.temporality == Temporality::Cumulative;
        if amount == 0 && !is_cumulative {
            return None;
        }
        series.value += amount;
        series.observations += times;
        if series.is_new && self.is_old && is_first_export {
            series.value += 1_000 + amount;
            series.observations += 3;
        }
        let first = is_cumulative && std::mem::replace(&mut series.is_new, false);
        let Count {
            shape,
            attributes,
            what,
            told,
            who,
            ..
        } = &series.of;
        let is_source = !matches!(what, What::Nothing);
        if is_source {
            ledger.counted.push(Counted {
                what: *what,
                told: *told,
                who: who.clone(),
                time,
                first: first.then_some((self.start, series.value)),
                // What it counted before its first export is told by the first point.
                amount: if first { series.value } else { amount },
            });
        }
        Some(Item {
            source: is_source.then_some("a point"),
            attributes: attributes.clone(),
            content: Content::Point {
                shape: *shape,
                temporality: if is_cumulative { 2 } else { 1 },
                start: if is_cumulative {
                    self.start
                } else {
                    time - self.interval
                },
                time,
                amount: if is_cumulative { series.value } else { amount },
                count: if is_cumulative {
                    series.observations
                } else {
                    times
                },
            },
        })
    }
}

/// Loses the counts, if that can be seen: every value falls.
fn forget(series: &mut BTreeMap<String, Series>, ledger: &mut Ledger) {
    let falls = |s: &Series| s.amount < s.value && s.times < s.observations;
    if !series.values().all(falls) {
        return;
    }
    for series in series.values_mut() {
        ledger.planted.resets += u64::from(!matches!(series.of.what, What::Nothing));
        (series.value, series.observations) = (0, 0);
    }
}

/// Attributes that say nothing, as some processes send them.
pub(super) fn unset(key: &'static str) -> Attribute {
    (key, Val::Nothing)
}
