//! Data points of all kinds, with exemplars.

use bumpalo::Bump;

use super::fault::{Note, Stop};
use super::histogram::{exponential, histogram};
use super::reader::Reader;
use super::span::{objects, see};
use super::usual::{Kind, Place};
use super::value::{attributes, point_attributes};
use crate::Limits;
use crate::model::{
    Exemplar, ExponentialHistogramPoint, HistogramPoint, MetricKind, Number, NumberPoint,
    QuantileValue, SummaryPoint,
};
use crate::sink::Sink;

/// A data point of any kind, in the item arena.
#[derive(Clone, Copy)]
pub(super) enum Point<'b> {
    Number(&'b NumberPoint<'b>),
    Histogram(&'b HistogramPoint<'b>),
    Exponential(&'b ExponentialHistogramPoint<'b>),
    Summary(&'b SummaryPoint<'b>),
}

/// A point, and the bytes of its attribute list if they say all of it.
pub(super) type ListedPoint<'b> = (Point<'b>, Option<&'b [u8]>);

/// Hands a point with its list to the sink.
#[inline]
pub(super) fn push_listed<S: Sink>((point, list): ListedPoint<'_>, sink: &mut S) {
    if let Some(list) = list {
        // The attributes are there already, whether they are needed or not.
        let _ = sink.point_attributes(list);
    }
    point.push(sink);
}

impl Point<'_> {
    /// Hands the point to the sink.
    #[inline]
    pub(super) fn push<S: Sink>(self, sink: &mut S) {
        match self {
            Self::Number(point) => sink.number_point(point),
            Self::Histogram(point) => sink.histogram_point(point),
            Self::Exponential(point) => sink.exponential_histogram_point(point),
            Self::Summary(point) => sink.summary_point(point),
        }
    }
}

/// Reads a point of a metric of the given kind.
#[inline]
pub(super) fn point<'a: 'b, 'b>(
    kind: MetricKind,
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<ListedPoint<'b>, Stop> {
    if reader.peek() != b'{' {
        return reader.wrong_kind("a data point object");
    }
    reader.object()?;
    Ok(match kind {
        MetricKind::Gauge | MetricKind::Sum => {
            let (point, list) = number_point(reader, bump, limits)?;
            (Point::Number(bump.alloc(point)), list)
        }
        MetricKind::Histogram => {
            let (point, list) = histogram(reader, bump, limits)?;
            (Point::Histogram(bump.alloc(point)), list)
        }
        MetricKind::ExponentialHistogram => {
            let (point, list) = exponential(reader, bump, limits)?;
            (Point::Exponential(bump.alloc(point)), list)
        }
        MetricKind::Summary => {
            let (point, list) = summary(reader, bump, limits)?;
            (Point::Summary(bump.alloc(point)), list)
        }
    })
}

/// Takes a member of the `value` oneof. Of several the last one wins, with a note.
#[inline]
fn set_number(reader: &mut Reader<'_>, slot: &mut Option<Number>, found: Option<Number>) {
    if found.is_some() {
        if slot.is_some() {
            reader.note(Note::DuplicateMember);
        }
        *slot = found;
    }
}

fn number_point<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<(NumberPoint<'b>, Option<&'b [u8]>), Stop> {
    let mut point = NumberPoint {
        attributes: &[],
        start_time_unix_nano: 0,
        time_unix_nano: 0,
        value: None,
        exemplars: &[],
        flags: 0,
    };
    let mut list = None;
    let (mut place, mut seen) = (Place::first_of(Kind::NumberPoint), 0);
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
            "asDouble" | "as_double" => {
                let found = reader.double_field()?.map(Number::Double);
                set_number(reader, &mut point.value, found);
                continue;
            }
            "asInt" | "as_int" => {
                let found = reader.int_field()?;
                set_number(reader, &mut point.value, found);
                continue;
            }
            "attributes" => {
                (point.attributes, list) = point_attributes(reader, bump, limits)?;
                2
            }
            "exemplars" => {
                point.exemplars = objects(reader, bump, limits, exemplar)?;
                3
            }
            "flags" => {
                point.flags = reader.u32_field()?;
                4
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

fn summary<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<(SummaryPoint<'b>, Option<&'b [u8]>), Stop> {
    let mut point = SummaryPoint {
        attributes: &[],
        start_time_unix_nano: 0,
        time_unix_nano: 0,
        count: 0,
        sum: 0.0,
        quantile_values: &[],
        flags: 0,
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
                point.sum = reader.double_field()?.unwrap_or(0.0);
                3
            }
            "quantileValues" | "quantile_values" => {
                point.quantile_values = objects(reader, bump, limits, quantile_value)?;
                4
            }
            "attributes" => {
                (point.attributes, list) = point_attributes(reader, bump, limits)?;
                5
            }
            "flags" => {
                point.flags = reader.u32_field()?;
                6
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

fn quantile_value(reader: &mut Reader<'_>, _: &Bump, _: &Limits) -> Result<QuantileValue, Stop> {
    let mut quantile_value = QuantileValue {
        quantile: 0.0,
        value: 0.0,
    };
    if !reader.object()? {
        return Ok(quantile_value);
    }
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "quantile" => {
                quantile_value.quantile = reader.double_field()?.unwrap_or(0.0);
                0
            }
            "value" => {
                quantile_value.value = reader.double_field()?.unwrap_or(0.0);
                1
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(quantile_value)
}

pub(super) fn exemplar<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Exemplar<'b>, Stop> {
    let mut exemplar = Exemplar {
        filtered_attributes: &[],
        time_unix_nano: 0,
        value: None,
        span_id: None,
        trace_id: None,
    };
    if !reader.object()? {
        return Ok(exemplar);
    }
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "filteredAttributes" | "filtered_attributes" => {
                exemplar.filtered_attributes = attributes(reader, bump, limits)?;
                0
            }
            "timeUnixNano" | "time_unix_nano" => {
                exemplar.time_unix_nano = reader.u64_field()?;
                1
            }
            "asDouble" | "as_double" => {
                let found = reader.double_field()?.map(Number::Double);
                set_number(reader, &mut exemplar.value, found);
                continue;
            }
            "asInt" | "as_int" => {
                let found = reader.int_field()?;
                set_number(reader, &mut exemplar.value, found);
                continue;
            }
            "spanId" | "span_id" => {
                exemplar.span_id = reader.id_field()?;
                2
            }
            "traceId" | "trace_id" => {
                exemplar.trace_id = reader.id_field()?;
                3
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(exemplar)
}
