//! Histogram points of both kinds.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::fault::Stop;
use super::point::exemplar;
use super::reader::Reader;
use super::span::{objects, see};
use super::usual::{Kind, Place};
use super::value::point_attributes;
use crate::Limits;
use crate::model::{Buckets, ExponentialHistogramPoint, HistogramPoint};
use crate::problems::BAD_VALUE;

pub(super) fn histogram<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<(HistogramPoint<'b>, Option<&'b [u8]>), Stop> {
    let mut point = HistogramPoint {
        attributes: &[],
        start_time_unix_nano: 0,
        time_unix_nano: 0,
        count: 0,
        sum: None,
        bucket_counts: &[],
        explicit_bounds: &[],
        exemplars: &[],
        flags: 0,
        min: None,
        max: None,
    };
    let mut list = None;
    let (mut place, mut seen) = (Place::first_of(Kind::HistogramPoint), 0);
    while let Some(name) = reader.usual_member(&mut place)? {
        let bit = match name {
            "startTimeUnixNano" | "start_time_unix_nano" => {
                point.start_time_unix_nano = reader.u64_field()?;
                0
            }
            "timeUnixNano" | "time_unix_nano" => {
                point.time_unix_nano = reader.u64_field()?;
                1
            }
            "count" => {
                point.count = reader.u64_field()?;
                2
            }
            "sum" => {
                point.sum = reader.double_field()?;
                3
            }
            "bucketCounts" | "bucket_counts" => {
                point.bucket_counts = counts(reader, bump)?;
                4
            }
            "explicitBounds" | "explicit_bounds" => {
                point.explicit_bounds = bounds(reader, bump)?;
                5
            }
            "attributes" => {
                (point.attributes, list) = point_attributes(reader, bump, limits)?;
                6
            }
            "exemplars" => {
                point.exemplars = objects(reader, bump, limits, exemplar)?;
                7
            }
            "flags" => {
                point.flags = reader.u32_field()?;
                8
            }
            "min" => {
                point.min = reader.double_field()?;
                9
            }
            "max" => {
                point.max = reader.double_field()?;
                10
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok((point, list))
}

pub(super) fn exponential<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<(ExponentialHistogramPoint<'b>, Option<&'b [u8]>), Stop> {
    let mut point = ExponentialHistogramPoint {
        attributes: &[],
        start_time_unix_nano: 0,
        time_unix_nano: 0,
        count: 0,
        sum: None,
        scale: 0,
        zero_count: 0,
        positive: None,
        negative: None,
        flags: 0,
        exemplars: &[],
        min: None,
        max: None,
        zero_threshold: 0.0,
    };
    let mut list = None;
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "startTimeUnixNano" | "start_time_unix_nano" => {
                point.start_time_unix_nano = reader.u64_field()?;
                0
            }
            "timeUnixNano" | "time_unix_nano" => {
                point.time_unix_nano = reader.u64_field()?;
                1
            }
            "count" => {
                point.count = reader.u64_field()?;
                2
            }
            "sum" => {
                point.sum = reader.double_field()?;
                3
            }
            "scale" => {
                point.scale = reader.i32_field()?;
                4
            }
            "zeroCount" | "zero_count" => {
                point.zero_count = reader.u64_field()?;
                5
            }
            "positive" => {
                point.positive = buckets(reader, bump)?;
                6
            }
            "negative" => {
                point.negative = buckets(reader, bump)?;
                7
            }
            "attributes" => {
                (point.attributes, list) = point_attributes(reader, bump, limits)?;
                8
            }
            "exemplars" => {
                point.exemplars = objects(reader, bump, limits, exemplar)?;
                9
            }
            "flags" => {
                point.flags = reader.u32_field()?;
                10
            }
            "min" => {
                point.min = reader.double_field()?;
                11
            }
            "max" => {
                point.max = reader.double_field()?;
                12
            }
            "zeroThreshold" | "zero_threshold" => {
                point.zero_threshold = reader.double_field()?.unwrap_or(0.0);
                13
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok((point, list))
}

/// Reads the buckets of one side of an exponential histogram; `None` for `null`.
pub(super) fn buckets<'b>(
    reader: &mut Reader<'_>,
    bump: &'b Bump,
) -> Result<Option<Buckets<'b>>, Stop> {
    if !reader.object()? {
        return Ok(None);
    }
    let mut buckets = Buckets {
        offset: 0,
        bucket_counts: &[],
    };
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "offset" => {
                buckets.offset = reader.i32_field()?;
                0
            }
            "bucketCounts" | "bucket_counts" => {
                buckets.bucket_counts = counts(reader, bump)?;
                1
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(Some(buckets))
}

pub(super) fn counts<'b>(reader: &mut Reader<'_>, bump: &'b Bump) -> Result<&'b [u64], Stop> {
    if !reader.list()? {
        return Ok(&[]);
    }
    let mut list = BumpVec::new_in(bump);
    let mut first = true;
    while reader.element(&mut first)? {
        list.push(reader.u64_field()?);
    }
    Ok(list.into_bump_slice())
}

pub(super) fn bounds<'b>(reader: &mut Reader<'_>, bump: &'b Bump) -> Result<&'b [f64], Stop> {
    if !reader.list()? {
        return Ok(&[]);
    }
    let mut list = BumpVec::new_in(bump);
    let mut first = true;
    while reader.element(&mut first)? {
        let start = reader.offset();
        match reader.double_field()? {
            Some(bound) => list.push(bound),
            // To leave it out would shift all later ones.
            None => return reader.stop(BAD_VALUE, start, "expected a bound, found null"),
        }
    }
    Ok(list.into_bump_slice())
}
