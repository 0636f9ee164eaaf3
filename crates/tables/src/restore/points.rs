//! Rows of points back into points.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otolith_otlp::{
    Buckets, Exemplar, ExponentialHistogramPoint, HistogramPoint, Number, NumberPoint,
    QuantileValue, SummaryPoint,
};

use super::children::Children;
use super::error::{Fault, RestoreError};
use super::reserved::{Reserved, narrow};
use super::rows::{Owner, RowReader};
use crate::schema::{HistogramRow, HistogramRows, MetricRows, Rows, SummaryRows};

impl<'a> RowReader<'a, MetricRows> {
    /// A point of a gauge or sum with its exemplars.
    pub(crate) fn number_point<'b, 'c: 'b>(
        &self,
        number: usize,
        children: &mut Children<'c>,
        bump: &'b Bump,
    ) -> Result<NumberPoint<'b>, RestoreError>
    where
        'a: 'b,
    {
        let fault = self.fault(number);
        let row = self.row(number).map_err(fault)?;
        let exemplars =
            self.exemplars(number, (row.series_id, row.time_unix_nano), children, bump)?;
        let read = || {
            let (attributes, reserved) = self.attributes(number, bump)?;
            Ok(NumberPoint {
                attributes,
                start_time_unix_nano: reserved
                    .unsigned(row.start_time_unix_nano, "start_time_unix_nano")?,
                time_unix_nano: reserved.unsigned(row.time_unix_nano, "time_unix_nano")?,
                value: number_of(row.value, row.value_int),
                exemplars,
                flags: narrow(row.flags, "flags")?,
            })
        };
        read().map_err(fault)
    }
}

impl<'a> RowReader<'a, HistogramRows> {
    /// A point of a histogram with its exemplars.
    pub(crate) fn histogram_point<'b, 'c: 'b>(
        &self,
        number: usize,
        children: &mut Children<'c>,
        bump: &'b Bump,
    ) -> Result<HistogramPoint<'b>, RestoreError>
    where
        'a: 'b,
    {
        let fault = self.fault(number);
        let row = self.row(number).map_err(fault)?;
        let exemplars =
            self.exemplars(number, (row.series_id, row.time_unix_nano), children, bump)?;
        let read = || {
            let (attributes, reserved) = self.attributes(number, bump)?;
            let counts = reserved.counts(row.bucket_counts, "bucket_counts", bump)?;
            Ok(HistogramPoint {
                attributes,
                start_time_unix_nano: reserved
                    .unsigned(row.start_time_unix_nano, "start_time_unix_nano")?,
                time_unix_nano: reserved.unsigned(row.time_unix_nano, "time_unix_nano")?,
                count: reserved.unsigned(row.count, "count")?,
                sum: row.sum,
                bucket_counts: counts.unwrap_or_default(),
                explicit_bounds: row.explicit_bounds.unwrap_or_default(),
                exemplars,
                flags: narrow(row.flags, "flags")?,
                min: row.min,
                max: row.max,
            })
        };
        read().map_err(fault)
    }

    /// A point of an exponential histogram with its exemplars.
    pub(crate) fn exponential_histogram_point<'b, 'c: 'b>(
        &self,
        number: usize,
        children: &mut Children<'c>,
        bump: &'b Bump,
    ) -> Result<ExponentialHistogramPoint<'b>, RestoreError>
    where
        'a: 'b,
    {
        let fault = self.fault(number);
        let row = self.row(number).map_err(fault)?;
        let exemplars =
            self.exemplars(number, (row.series_id, row.time_unix_nano), children, bump)?;
        let read = || {
            let (attributes, reserved) = self.attributes(number, bump)?;
            let [positive, negative] = buckets(&row, &reserved, bump)?;
            Ok(ExponentialHistogramPoint {
                attributes,
                start_time_unix_nano: reserved
                    .unsigned(row.start_time_unix_nano, "start_time_unix_nano")?,
                time_unix_nano: reserved.unsigned(row.time_unix_nano, "time_unix_nano")?,
                count: reserved.unsigned(row.count, "count")?,
                sum: row.sum,
                scale: narrow(row.scale, "scale")?,
                zero_count: reserved.unsigned(row.zero_count, "zero_count")?,
                positive,
                negative,
                flags: narrow(row.flags, "flags")?,
                exemplars,
                min: row.min,
                max: row.max,
                zero_threshold: row.zero_threshold.unwrap_or_default(),
            })
        };
        read().map_err(fault)
    }
}

impl<'a> RowReader<'a, SummaryRows> {
    /// A point of a summary.
    pub(crate) fn summary_point<'b>(
        &self,
        number: usize,
        bump: &'b Bump,
    ) -> Result<SummaryPoint<'b>, Fault>
    where
        'a: 'b,
    {
        let row = self.row(number)?;
        let (attributes, reserved) = self.attributes(number, bump)?;
        let (quantiles, values) = (
            row.quantiles.unwrap_or_default(),
            row.quantile_values.unwrap_or_default(),
        );
        if quantiles.len() != values.len() {
            return Err(Fault {
                column: "quantile_values",
                reason: "expected as many values as quantiles",
            });
        }
        let pairs = quantiles.iter().zip(values);
        let mut quantile_values = BumpVec::with_capacity_in(quantiles.len(), bump);
        quantile_values.extend(pairs.map(|(&quantile, &value)| QuantileValue { quantile, value }));
        Ok(SummaryPoint {
            attributes,
            start_time_unix_nano: reserved
                .unsigned(row.start_time_unix_nano, "start_time_unix_nano")?,
            time_unix_nano: reserved.unsigned(row.time_unix_nano, "time_unix_nano")?,
            count: reserved.unsigned(row.count, "count")?,
            sum: row.sum.unwrap_or_default(),
            quantile_values: quantile_values.into_bump_slice(),
            flags: narrow(row.flags, "flags")?,
        })
    }
}

impl<'a, R: Rows> RowReader<'a, R> {
    /// The exemplars of a point, given what they say of it.
    fn exemplars<'b, 'c: 'b>(
        &self,
        number: usize,
        (series_id, time_unix_nano): (Option<i64>, Option<i64>),
        children: &mut Children<'c>,
        bump: &'b Bump,
    ) -> Result<&'b [Exemplar<'b>], RestoreError> {
        let owner = Owner::Point(series_id, time_unix_nano);
        let address = self.address(number, owner).map_err(self.fault(number))?;
        children.exemplars(&address, bump)
    }
}

/// The positive and the negative buckets; absent where there is no offset.
fn buckets<'b>(
    row: &HistogramRow<'_>,
    reserved: &Reserved<'b>,
    bump: &'b Bump,
) -> Result<[Option<Buckets<'b>>; 2], Fault> {
    let side = |offset: Option<i64>, counts, offset_column, counts_column| {
        let counts = reserved.counts(counts, counts_column, bump)?;
        if offset.is_none() && counts.is_none() {
            return Ok(None);
        }
        Ok(Some(Buckets {
            offset: narrow(offset, offset_column)?,
            bucket_counts: counts.unwrap_or_default(),
        }))
    };
    Ok([
        side(
            row.positive_offset,
            row.positive_counts,
            "positive_offset",
            "positive_counts",
        )?,
        side(
            row.negative_offset,
            row.negative_counts,
            "negative_offset",
            "negative_counts",
        )?,
    ])
}

/// A number out of the columns `value` and `value_int`.
pub(crate) fn number_of(value: Option<f64>, value_int: Option<i64>) -> Option<Number> {
    match value_int {
        Some(int) => Some(Number::Int(int)),
        None => value.map(Number::Double),
    }
}
