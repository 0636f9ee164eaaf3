//! The values of histograms.

use bumpalo::Bump;

use super::members::Object;
use super::point::{Common, Points};
use super::shared::Shared;
use crate::json::fault::{Note, Stop};
use crate::json::histogram::{bounds, buckets, counts};
use crate::json::reader::Reader;
use crate::model::{ExponentialHistogramPoint, HistogramPoint};

/// Reads the value of a histogram. Where its bounds are cut out and cannot be told, it has no buckets, with
/// a note: count and sum are right.
pub(super) fn histogram<'a: 'b, 'b>(
    common: Common<'b>,
    points: &mut Points<'a>,
    shared: &mut Shared<'a>,
    reader: &mut Reader<'a>,
    bump: &'b Bump,
) -> Result<HistogramPoint<'b>, Stop> {
    let value = Object::find(reader, &["count", "sum", "min", "max", "buckets"])?;
    let mut point = HistogramPoint {
        attributes: common.attributes,
        start_time_unix_nano: common.start_time_unix_nano,
        time_unix_nano: common.time_unix_nano,
        count: value.u64(reader, "count")?,
        sum: value.double(reader, "sum")?,
        bucket_counts: &[],
        explicit_bounds: &[],
        exemplars: &[],
        flags: 0,
        min: value.double(reader, "min")?,
        max: value.double(reader, "max")?,
    };
    if value.enter(reader, &["buckets"]) {
        let object = Object::find(reader, &["boundaries", "counts"])?;
        if object.enter(reader, &["counts"]) {
            point.bucket_counts = counts(reader, bump)?;
        }
        if object.enter(reader, &["boundaries"]) {
            if !reader.cut() {
                point.explicit_bounds = bounds(reader, bump)?;
                points.bounds = Some(shared.saw_bounds(point.explicit_bounds));
            } else if let Some(bounds) = points
                .bounds
                .or_else(|| shared.bounds_of(point.bucket_counts.len()))
            {
                point.explicit_bounds = bounds;
            } else {
                reader.note(Note::CutReference);
                point.bucket_counts = &[];
            }
        }
    }
    Ok(point)
}

/// Reads the value of an exponential histogram.
pub(super) fn exponential<'b>(
    common: Common<'b>,
    reader: &mut Reader<'_>,
    bump: &'b Bump,
) -> Result<ExponentialHistogramPoint<'b>, Stop> {
    let value = Object::find(
        reader,
        &[
            "count",
            "sum",
            "min",
            "max",
            "scale",
            "zeroCount",
            "positive",
            "negative",
        ],
    )?;
    let mut point = ExponentialHistogramPoint {
        attributes: common.attributes,
        start_time_unix_nano: common.start_time_unix_nano,
        time_unix_nano: common.time_unix_nano,
        count: value.u64(reader, "count")?,
        sum: value.double(reader, "sum")?,
        scale: 0,
        zero_count: value.u64(reader, "zeroCount")?,
        positive: None,
        negative: None,
        flags: 0,
        exemplars: &[],
        min: value.double(reader, "min")?,
        max: value.double(reader, "max")?,
        zero_threshold: 0.0,
    };
    if value.enter(reader, &["scale"]) {
        point.scale = reader.i32_field()?;
    }
    if value.enter(reader, &["positive"]) {
        point.positive = buckets(reader, bump)?;
    }
    if value.enter(reader, &["negative"]) {
        point.negative = buckets(reader, bump)?;
    }
    Ok(point)
}
