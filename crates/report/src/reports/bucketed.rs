//! Series of samples, bucket by bucket, with what stands where there are none.

use super::group::Part;
use crate::calendar::{Bucket, Buckets};
use crate::error::ReportError;
use crate::hosts::Series;
use crate::query::{HostFill, HostSeriesQuery};
use crate::report::{Cell, CellType, Column};
use crate::window::{Samples, Window};
use std::collections::BTreeSet;

/// The most rows that filling may make.
const MOST_ROWS: usize = 1_000_000;

/// A quantity and what is shown of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) shown: Shown,
}

/// What is shown of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The mean of the samples.
    Mean,
    /// And the greatest sample.
    Max,
    /// And the least.
    Extremes,
}

impl Measure {
    pub(super) fn columns(&self) -> Vec<Column> {
        let suffixes: &[&str] = match self.shown {
            Shown::Mean => &[""],
            Shown::Max => &["", "_max"],
            Shown::Extremes => &["", "_min", "_max"],
        };
        let column = |suffix: &&str| {
            let name = format!("{}{suffix}", self.name);
            Column::with_unit(name, CellType::Double, self.unit)
        };
        suffixes.iter().map(column).collect()
    }

    fn cells(&self, value: Option<Value>) -> Vec<Cell> {
        let cell = |of: fn(&Window) -> f64| match &value {
            Some(Value::Measured(window)) => Cell::Double(of(window)),
            _ => Cell::Null,
        };
        let mean = Cell::double(value.as_ref().map(Value::mean));
        match self.shown {
            Shown::Mean => vec![mean],
            Shown::Max => vec![mean, cell(|w| w.max)],
            Shown::Extremes => vec![mean, cell(|w| w.min), cell(|w| w.max)],
        }
    }
}

/// What a quantity was in a bucket.
#[derive(Clone, Copy, Debug)]
enum Value {
    Measured(Window),
    Filled(f64),
}

impl Value {
    fn mean(&self) -> f64 {
        match self {
            Self::Measured(window) => window.sample_mean,
            Self::Filled(mean) => *mean,
        }
    }
}

/// Groups in buckets.
pub(super) struct Bucketed<'q> {
    pub(super) buckets: Buckets,
    query: &'q HostSeriesQuery,
    found: Vec<(Bucket, Vec<Part>, Vec<Option<Value>>)>,
}

impl<'q> Bucketed<'q> {
    pub(super) fn new(query: &'q HostSeriesQuery) -> Self {
        Self {
            buckets: Buckets::new(&query.calendar, query.every),
            query,
            found: Vec::new(),
        }
    }

    /// Adds a group by its series, each in order of time.
    pub(super) fn add(&mut self, key: Vec<Part>, series: Vec<Series>) -> Result<(), ReportError> {
        let selection = &self.query.selection;
        let series: Vec<Series> = series.into_iter().map(|s| s.within(selection)).collect();
        let mut sampled = BTreeSet::new();
        for series in &series {
            let mut rest = series.times.as_slice();
            while let Some(first) = rest.first() {
                let bucket = self.buckets.of(*first);
                rest = &rest[rest.partition_point(|time| *time < bucket.end)..];
                sampled.insert(bucket);
            }
        }
        let (Some(first), Some(last)) = (sampled.first(), sampled.last()) else {
            return Ok(());
        };
        let wanted: Vec<Bucket> = match self.query.fill {
            HostFill::None => sampled.into_iter().collect(),
            HostFill::Previous | HostFill::Linear => {
                let room = MOST_ROWS.saturating_sub(self.found.len());
                let all = self.buckets.between(first.start, last.end);
                let all: Vec<Bucket> = all.take(room + 1).collect();
                if all.len() > room {
                    return Err(ReportError::TooManyBuckets {
                        every: self.query.every,
                        limit: MOST_ROWS,
                    });
                }
                all
            }
        };
        let mut rows = vec![Vec::with_capacity(series.len()); wanted.len()];
        for series in series {
            let samples = Samples::new(series.times, series.values);
            let value = |bucket: &Bucket| {
                let window = samples.window(bucket.start, bucket.end.saturating_sub(1));
                window.filter(|window| !window.carried).map(Value::Measured)
            };
            let mut values: Vec<Option<Value>> = wanted.iter().map(value).collect();
            fill(&mut values, &wanted, self.query.fill);
            for (row, value) in rows.iter_mut().zip(values) {
                row.push(value);
            }
        }
        let rows = wanted.into_iter().zip(rows);
        self.found
            .extend(rows.map(|(bucket, values)| (bucket, key.clone(), values)));
        Ok(())
    }

    /// The rows in order of time, then key: the cells of measures, of `samples` and `filled`.
    pub(super) fn rows(&mut self, measures: &[Measure]) -> Vec<(Bucket, Vec<Part>, Vec<Cell>)> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let row = |(bucket, key, values): (Bucket, Vec<Part>, Vec<Option<Value>>)| {
            let count = |value: &Option<Value>| match value {
                Some(Value::Measured(window)) => window.count,
                _ => 0,
            };
            let samples = values.iter().map(count).max();
            let filled = values.iter().any(|v| matches!(v, Some(Value::Filled(_))));
            let cells = measures.iter().zip(values);
            let mut cells: Vec<Cell> = cells.flat_map(|(m, value)| m.cells(value)).collect();
            cells.push(Cell::count(samples));
            cells.push(Cell::Bool(filled));
            (bucket, key, cells)
        };
        found.into_iter().map(row).collect()
    }
}

/// Fills what lies between measured values.
fn fill(values: &mut [Option<Value>], buckets: &[Bucket], how: HostFill) {
    let mut before: Option<usize> = None;
    for index in 0..values.len() {
        let Some(next) = values[index].map(|value| value.mean()) else {
            continue;
        };
        if let Some(before) = before.replace(index)
            && let Some(last) = values[before].map(|value| value.mean())
        {
            let from = buckets[before].start;
            let length = (buckets[index].start - from) as f64;
            for between in before + 1..index {
                let mean = match how {
                    HostFill::None => continue,
                    HostFill::Previous => last,
                    HostFill::Linear => {
                        let part = (buckets[between].start - from) as f64 / length;
                        last + (next - last) * part
                    }
                };
                values[between] = Some(Value::Filled(mean));
            }
        }
    }
}
