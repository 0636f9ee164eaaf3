//! Points into items: what the series of a table counted, export by export.

use super::address::Address;
use super::detect::Evidence;
use super::eval::Subject;
use super::idle;
use super::item::Item;
use super::mapping::Outcome;
use super::read::{Reader, TableRows};
use super::rows::{Base, Rows};
use super::series::{Increase, Point, Temporality};
use hashbrown::HashMap;
use otolith_tables::Table;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Agent and source.
type SourceId = (usize, usize);

/// What items of one source may differ in but time and amounts.
type Traits = ([Option<Arc<str>>; 10], Option<u8>);

/// What is the same of all points of a series, found once: rows of one series have the same
/// attributes, resource, scope and metric.
struct OfSeries {
    /// An item of the series.
    item: Item,
    /// The class that its amounts belong to.
    class: String,
    /// Place of its traits among those of all series.
    traits: usize,
}

impl Reader<'_> {
    pub(super) fn points(&mut self, data: &TableRows<'_>, evidence: &[Evidence]) {
        let rows = &data.rows;
        let mut lists: BTreeMap<SourceId, usize> = BTreeMap::new();
        let mut points: Vec<Vec<Point>> = Vec::new();
        // By series and the sources that want it: the lists that take its points.
        let mut known: HashMap<(i64, u64), Vec<usize>> = HashMap::new();
        for (row, evidence) in evidence.iter().enumerate() {
            let Some(series) = rows.series(row) else {
                continue;
            };
            let of_series = known.entry((series, rows.wanted_by(row)));
            let of_series = of_series.or_insert_with(|| {
                let sources = self.sources_of(data, row, *evidence);
                let list = |source| {
                    *lists.entry(source).or_insert_with(|| {
                        points.push(Vec::new());
                        points.len() - 1
                    })
                };
                sources.into_iter().map(list).collect()
            });
            if let [list, rest @ ..] = of_series.as_slice()
                && let Some(point) = point(rows, row, series, data.table)
            {
                points[*list].push(point);
                rest.iter().for_each(|list| points[*list].push(point));
            }
        }
        for (source, list) in lists {
            let points = std::mem::take(&mut points[list]);
            self.points_of(source, points, data);
        }
    }

    /// The sources that take the points of a row's series.
    fn sources_of(&self, data: &TableRows<'_>, row: usize, evidence: Evidence) -> Vec<SourceId> {
        let service = data.rows.base_text(row, Base::ServiceName);
        if !self.is_wanted(service) {
            return Vec::new();
        }
        let agent = self.detector.agent(evidence, service);
        let wanted_by = data.rows.wanted_by(row);
        let sources = data.sources.iter().enumerate();
        let its = sources.filter(|(number, (of_agent, ..))| {
            *of_agent == agent && wanted_by & (1 << number) != 0
        });
        its.map(|(_, (_, index, _))| (agent, *index)).collect()
    }

    /// Makes the items of a source. Points that differ in nothing but the splitting attribute are
    /// one item.
    fn points_of(&mut self, id: SourceId, points: Vec<Point>, data: &TableRows<'_>) {
        let source = &self.mapping.agents[id.0].sources[id.1];
        let selection = (self.selection, self.idle);
        let increases = idle::telling(points, data.begin, selection, &mut self.notes);
        let (series, places) = self.series_of(id, &increases, data);
        let mut increases: Vec<(usize, Increase)> = places.into_iter().zip(increases).collect();
        let group = |(place, increase): &(usize, Increase)| (series[*place].traits, increase.time);
        // In a group in their order, on which sums of doubles depend.
        increases.sort_by_key(group);
        let is_histogram = source.table == Table::Histograms;
        for group in increases.chunk_by(|a, b| group(a) == group(b)) {
            // Of observations, such as the tokens of a turn, their sum is the amount.
            let amount = |increase: &Increase| match is_histogram {
                true => increase.sum,
                false => Some(increase.amount),
            };
            let told = group.iter();
            let told = told.filter_map(|(place, i)| Some((&series[*place], i, amount(i)?)));
            let Some((of_first, first, _)) = told.clone().next() else {
                continue;
            };
            let mut item = Item {
                time: first.time,
                start: first.start,
                idle: true,
                addresses: Vec::new(),
                ..of_first.item.clone()
            };
            let mut classes: BTreeMap<String, f64> = BTreeMap::new();
            for (of_series, increase, amount) in told {
                match classes.get_mut(&of_series.class) {
                    Some(sum) => *sum += amount,
                    None => {
                        classes.insert(of_series.class.clone(), amount);
                    }
                }
                item.start = item.start.min(increase.start);
                item.idle &= increase.idle;
                item.addresses
                    .extend(self.address(&data.rows, increase.row));
            }
            let below_zero = Cell::new(0);
            let subject = Subject {
                mapping: self.mapping,
                rows: &data.rows,
                row: first.row,
                classes: &classes,
                below_zero: &below_zero,
            };
            self.amounts(source, &subject, &mut item);
            self.note_below_zero(item.time, &below_zero);
            self.items.push(item);
        }
    }

    /// What is the same of all points of each series, and where that is of each increase.
    fn series_of(
        &mut self,
        (agent, index): SourceId,
        increases: &[Increase],
        data: &TableRows<'_>,
    ) -> (Vec<OfSeries>, Vec<usize>) {
        let source = &self.mapping.agents[agent].sources[index];
        let none = BTreeMap::new();
        let below_zero = Cell::new(0);
        let mut known = HashMap::new();
        let mut all: Vec<OfSeries> = Vec::new();
        let mut places = Vec::with_capacity(increases.len());
        let mut traits: BTreeMap<Traits, Vec<usize>> = BTreeMap::new();
        for increase in increases {
            let place = *known.entry(increase.series).or_insert(all.len());
            places.push(place);
            if place < all.len() {
                continue;
            }
            let subject = Subject {
                mapping: self.mapping,
                rows: &data.rows,
                row: increase.row,
                classes: &none,
                below_zero: &below_zero,
            };
            let class = source.split.and_then(|key| subject.key_text(key));
            let class = class.unwrap_or_default().into_owned();
            let item = self.item(agent, index, &subject, &data.database, (0, 0));
            let its = traits.entry(traits_of(&item)).or_default();
            its.push(all.len());
            all.push(OfSeries {
                item,
                class,
                traits: 0,
            });
        }
        // Numbered in their own order, so that items are in order of what they tell.
        for (number, its) in traits.into_values().enumerate() {
            for place in its {
                all[place].traits = number;
            }
        }
        (all, places)
    }

    fn address(&mut self, rows: &Rows<'_>, row: usize) -> Option<Address> {
        Address::of(rows, row, &mut self.texts)
    }
}

fn traits_of(item: &Item) -> Traits {
    let texts = [
        Some(Arc::clone(&item.agent_name)),
        Some(Arc::clone(&item.service)),
        item.session.clone(),
        item.user.clone(),
        item.model.clone(),
        item.provider.clone(),
        item.tier.clone(),
        item.host.clone(),
        item.tool.clone(),
        item.status.clone(),
    ];
    (texts, item.outcome.map(|outcome: Outcome| outcome as u8))
}

fn point(rows: &Rows<'_>, row: usize, series: i64, table: Table) -> Option<Point> {
    let number = |column| rows.base(row, column).and_then(|v| v.as_double());
    let value = match table {
        Table::Metrics => Base::Value,
        _ => Base::Count,
    };
    Some(Point {
        row,
        series,
        start: rows
            .base_int(row, Base::StartTimeUnixNano)
            .filter(|nanos| *nanos > 0),
        time: rows.time(row)?,
        value: number(value),
        sum: number(Base::Sum),
        temporality: Temporality::of(rows.base_text(row, Base::Temporality)),
        signed: false,
    })
}
