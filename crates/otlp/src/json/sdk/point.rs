//! Data points.

use bumpalo::Bump;

use super::histogram::{exponential, histogram};
use super::members::Object;
use super::shared::{Shared, Start};
use super::value::attributes;
use crate::Limits;
use crate::json::fault::Stop;
use crate::json::point::Point;
use crate::json::reader::Reader;
use crate::model::{Attributes, MetricKind, Number, NumberPoint, Value};
use crate::problems::{BAD_VALUE, LOST_REFERENCE};

/// What the points of one metric have in common.
pub(super) struct Points<'h> {
    pub(super) kind: MetricKind,
    pub(super) start: Start,
    /// 0 for integers, 1 for doubles, none if only the values tell.
    pub(super) value_type: Option<i32>,
    /// The bounds of its histograms, once one was read.
    pub(super) bounds: Option<&'h [f64]>,
}

/// The members of a point of any kind.
#[derive(Clone, Copy)]
pub(super) struct Common<'b> {
    pub(super) attributes: Attributes<'b>,
    pub(super) start_time_unix_nano: u64,
    pub(super) time_unix_nano: u64,
}

/// Reads a point.
pub(super) fn point<'a: 'b, 'b>(
    points: &mut Points<'a>,
    shared: &mut Shared<'a>,
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Point<'b>, Stop> {
    let place = reader.offset();
    let object = Object::find(reader, &["attributes", "startTime", "endTime", "value"])?;
    let (start, end) = (
        object.time(reader, &["startTime"])?,
        object.time(reader, &["endTime"])?,
    );
    let (start_time_unix_nano, time_unix_nano) =
        shared.times(points.start, start, end, place, reader)?;
    let mut common = Common {
        attributes: &[],
        start_time_unix_nano,
        time_unix_nano,
    };
    if object.enter(reader, &["attributes"]) {
        let place = reader.offset();
        if reader.cut() {
            let message =
                "the attributes of a point are cut out, and which they were cannot be told";
            return reader.stop(LOST_REFERENCE, place, message);
        }
        common.attributes = attributes(reader, bump, limits)?;
    }
    let has_value = object.enter(reader, &["value"]);
    let point = match points.kind {
        MetricKind::Histogram | MetricKind::ExponentialHistogram if !has_value => {
            return reader.stop(BAD_VALUE, place, "expected a histogram with a value");
        }
        MetricKind::Histogram => {
            Point::Histogram(bump.alloc(histogram(common, points, shared, reader, bump)?))
        }
        MetricKind::ExponentialHistogram => {
            Point::Exponential(bump.alloc(exponential(common, reader, bump)?))
        }
        MetricKind::Gauge | MetricKind::Sum | MetricKind::Summary => {
            // NaN and infinities become `null`.
            let value = match has_value {
                true => number(points.value_type, reader, bump)?,
                false => None,
            };
            Point::Number(bump.alloc(NumberPoint {
                attributes: common.attributes,
                start_time_unix_nano,
                time_unix_nano,
                value,
                exemplars: &[],
                flags: 0,
            }))
        }
    };
    object.leave(reader);
    Ok(point)
}

fn number(
    value_type: Option<i32>,
    reader: &mut Reader<'_>,
    bump: &Bump,
) -> Result<Option<Number>, Stop> {
    match value_type {
        Some(0) => reader.int_field(),
        Some(1) => Ok(reader.double_field()?.map(Number::Double)),
        _ => match reader.peek() {
            b'-' | b'0'..=b'9' => Ok(match super::value::value(reader, bump, 0)? {
                Value::Int(value) => Some(Number::Int(value)),
                Value::Double(value) => Some(Number::Double(value)),
                _ => None,
            }),
            _ => reader.wrong_kind("a number"),
        },
    }
}
