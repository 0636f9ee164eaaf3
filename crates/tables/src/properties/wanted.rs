//! What nobody wants is counted, noted and timed as if it had become rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use otolith_otlp::{
    Buckets, ExponentialHistogramPoint, HistogramPoint, Metric, MetricKind, Sink as _, SummaryPoint,
};
use proptest::prelude::*;

use super::{Record, TestFrame, drain, frames, visit};
use crate::schema::column::{self, Cell};
use crate::{Assembler, AssemblerOptions, Batches, Part, Times, Wanted};

/// Least and greatest time by database and table, as the rows of dated parts have it.
fn times(parts: &[Part]) -> Times {
    let mut times = Times::new();
    for part in parts.iter().filter(|part| part.date != 0) {
        let mut columns = part.columns.iter();
        let Some(column) = columns.find(|column| column.field.name == "time") else {
            continue;
        };
        for row in 0..part.row_count {
            if let Some(Cell::Int(time)) = column::cell(column, row) {
                let key = (part.database.clone(), part.table);
                let (first, last) = times.entry(key).or_insert((time, time));
                (*first, *last) = (time.min(*first), time.max(*last));
            }
        }
    }
    times
}

fn check(visit_all: impl Fn(&mut Batches)) {
    let mut all = Batches::new();
    let mut none = Batches::of(Arc::new(Wanted::default()));
    visit_all(&mut all);
    visit_all(&mut none);
    assert_eq!(all.counts(), none.counts());
    assert_eq!(all.notes(), none.notes());
    assert_eq!(all.rejects(), none.rejects());
    let found = none.times().clone();
    let assemble = |batches| {
        let mut assembler = Assembler::new(AssemblerOptions::DEFAULT, BTreeMap::new());
        assembler.push(batches);
        (drain(&mut assembler), assembler.notes().clone())
    };
    let (parts, notes) = assemble(all);
    let (no_parts, notes_of_none) = assemble(none);
    assert_eq!(found, times(&parts));
    assert_eq!(notes, notes_of_none);
    assert!(no_parts.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn what_nobody_wants_is_in_every_count(frames in frames(), abandoned in 0..8_usize) {
        check(|batches| {
            for (number, frame) in frames.iter().enumerate() {
                visit(batches, number as u64, 0, frame);
                match number == abandoned {
                    true => batches.abandon(),
                    false => batches.commit(),
                }
            }
        });
    }
}

#[test]
fn numbers_that_fit_no_column_are_noted_of_points_that_nobody_wants() {
    const BIG: u64 = u64::MAX;
    let buckets = |counts| {
        Some(Buckets {
            offset: 0,
            bucket_counts: counts,
        })
    };
    let histogram = |count, bucket_counts| HistogramPoint {
        attributes: &[],
        start_time_unix_nano: 0,
        time_unix_nano: 5,
        count,
        sum: None,
        bucket_counts,
        explicit_bounds: &[],
        exemplars: &[],
        flags: 0,
        min: None,
        max: None,
    };
    let exponential = |zero_count, positive, negative| ExponentialHistogramPoint {
        attributes: &[],
        start_time_unix_nano: 0,
        time_unix_nano: 5,
        count: 1,
        sum: None,
        scale: 0,
        zero_count,
        positive,
        negative,
        flags: 0,
        exemplars: &[],
        min: None,
        max: None,
        zero_threshold: 0.0,
    };
    let summary = |count, time_unix_nano| SummaryPoint {
        attributes: &[],
        start_time_unix_nano: 0,
        time_unix_nano,
        count,
        sum: 0.0,
        quantile_values: &[],
        flags: 0,
    };
    check(|batches| {
        let record = Record {
            resource: &[],
            scope: &[],
            attributes: &[],
            signal: otolith_capture::Signal::Metrics,
            time: BIG,
        };
        let frame = TestFrame {
            records: vec![record],
            rejects: 0,
        };
        visit(batches, 1, 0, &frame);
        let mut metric = |kind| {
            batches.metric(&Metric {
                name: "m",
                description: "",
                unit: "",
                metadata: &[],
                kind,
                aggregation_temporality: 0,
                is_monotonic: false,
            });
            match kind {
                MetricKind::Histogram => {
                    for point in [
                        histogram(1, &[1]),
                        histogram(BIG, &[]),
                        histogram(1, &[1, BIG]),
                    ] {
                        batches.histogram_point(&point);
                    }
                }
                MetricKind::ExponentialHistogram => {
                    for point in [
                        exponential(0, None, None),
                        exponential(BIG, None, None),
                        exponential(0, buckets(&[BIG]), None),
                        exponential(0, None, buckets(&[1, BIG])),
                    ] {
                        batches.exponential_histogram_point(&point);
                    }
                }
                _ => {
                    for point in [summary(1, 5), summary(BIG, 5), summary(1, BIG)] {
                        batches.summary_point(&point);
                    }
                }
            }
        };
        metric(MetricKind::Histogram);
        metric(MetricKind::ExponentialHistogram);
        metric(MetricKind::Summary);
        batches.commit();
    });
}
