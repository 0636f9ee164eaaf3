//! `ResourceMetrics`, and metrics alone as the Copilot CLI writes them.

use bumpalo::Bump;
use otolith_capture::Signal;

use super::header::scope;
use super::members::Object;
use super::object::{Root, Walk};
use super::point::{Points, point};
use super::shared::{Shared, Start};
use crate::arena;
use crate::json::fault::Stop;
use crate::json::reader::Reader;
use crate::json::request::reject_item;
use crate::model::{Metric, MetricKind, Scope};
use crate::problems::BAD_VALUE;
use crate::sink::Sink;

/// Temporalities of the protocol. The SDK has 0 for delta and 1 for cumulative.
const UNSPECIFIED: i32 = 0;
const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;

/// What a metric is called, and what measures it.
#[derive(Default)]
struct Descriptor<'b> {
    name: &'b str,
    description: &'b str,
    unit: &'b str,
    /// The kind of the instrument, such as `OBSERVABLE_COUNTER`.
    instrument: &'b str,
    /// 0 for integers, 1 for doubles.
    value_type: Option<i32>,
}

/// Reads the list of scopes that comes next.
pub(super) fn scopes<S: Sink>(walk: &mut Walk<'_, '_, S>) -> Result<(), Stop> {
    let mut shared = Shared::new(walk.header);
    walk.reader.list()?;
    let mut first = true;
    while walk.reader.element(&mut first)? {
        let group = Object::find(&mut walk.reader, &["scope", "metrics"])?;
        let mut found = Scope::default();
        if group.enter(&mut walk.reader, &["scope"]) {
            found = scope(&mut walk.reader, walk.header, walk.limits)?;
        }
        walk.out.sink.scope(&found);
        if group.enter(&mut walk.reader, &["metrics"]) {
            walk.reader.list()?;
            let mut first = true;
            while walk.reader.element(&mut first)? {
                metric(walk, &mut shared)?;
            }
        }
        group.leave(&mut walk.reader);
    }
    Ok(())
}

fn metric<'a, S: Sink>(walk: &mut Walk<'a, '_, S>, shared: &mut Shared<'a>) -> Result<(), Stop> {
    let start = walk.reader.offset();
    let object = Object::find(
        &mut walk.reader,
        &[
            "descriptor",
            "dataPointType",
            "dataPoints",
            "aggregationTemporality",
            "isMonotonic",
        ],
    )?;
    if !object.enter(&mut walk.reader, &["descriptor"]) {
        let message = "expected a metric with a descriptor";
        return walk.reader.stop(BAD_VALUE, start, message);
    }
    let descriptor = descriptor(&mut walk.reader, walk.header)?;
    let temporality = temporality(&object, &mut walk.reader, UNSPECIFIED)?;
    points(walk, &object, &descriptor, temporality, shared)?;
    object.leave(&mut walk.reader);
    Ok(())
}

/// Reads the metric that is this object. It says neither temporality nor kind. The exporter asks for
/// cumulative ones: the start stays while the values grow. A number may be a sum as well as a gauge, so it
/// is no more than what was measured last.
pub(super) fn alone<S: Sink>(walk: &mut Walk<'_, '_, S>, root: &Root) -> Result<(), Stop> {
    let descriptor = named(root, &mut walk.reader, walk.header)?;
    let temporality = temporality(root, &mut walk.reader, CUMULATIVE)?;
    let mut shared = Shared::new(walk.header);
    points(walk, root, &descriptor, temporality, &mut shared)
}

fn descriptor<'a>(reader: &mut Reader<'a>, bump: &'a Bump) -> Result<Descriptor<'a>, Stop> {
    let object = Object::find(
        reader,
        &["name", "description", "unit", "type", "valueType"],
    )?;
    let mut descriptor = named(&object, reader, bump)?;
    // Text in all versions since 1.0.
    if object.enter(reader, &["type"]) && reader.peek() == b'"' {
        descriptor.instrument = reader.word()?;
    }
    if object.enter(reader, &["valueType"]) {
        descriptor.value_type = Some(reader.i32_field()?);
    }
    object.leave(reader);
    Ok(descriptor)
}

fn named<'a, const N: usize>(
    object: &Object<N>,
    reader: &mut Reader<'a>,
    bump: &'a Bump,
) -> Result<Descriptor<'a>, Stop> {
    let mut descriptor = Descriptor::default();
    if object.enter(reader, &["name"]) {
        descriptor.name = reader.text_field(bump)?;
    }
    if object.enter(reader, &["description"]) {
        descriptor.description = reader.text_field(bump)?;
    }
    if object.enter(reader, &["unit"]) {
        descriptor.unit = reader.text_field(bump)?;
    }
    Ok(descriptor)
}

fn temporality<const N: usize>(
    object: &Object<N>,
    reader: &mut Reader<'_>,
    otherwise: i32,
) -> Result<i32, Stop> {
    if !object.enter(reader, &["aggregationTemporality"]) {
        return Ok(otherwise);
    }
    let start = reader.offset();
    match reader.i32_field()? {
        0 => Ok(DELTA),
        1 => Ok(CUMULATIVE),
        _ => reader.stop(
            BAD_VALUE,
            start,
            "expected a temporality of the SDK, 0 for delta or 1 for cumulative",
        ),
    }
}

/// Announces the metric and reads its points; a bad one is rejected alone.
fn points<'a, S: Sink, const N: usize>(
    walk: &mut Walk<'a, '_, S>,
    object: &Object<N>,
    descriptor: &Descriptor<'a>,
    temporality: i32,
    shared: &mut Shared<'a>,
) -> Result<(), Stop> {
    let instrument = descriptor.instrument;
    let kind = kind(object, instrument, &mut walk.reader)?;
    let mut is_monotonic = matches!(instrument, "COUNTER" | "OBSERVABLE_COUNTER");
    if object.enter(&mut walk.reader, &["isMonotonic"]) {
        is_monotonic = walk.reader.bool_field()?.unwrap_or(is_monotonic);
    }
    walk.out.sink.metric(&Metric {
        name: descriptor.name,
        description: descriptor.description,
        unit: descriptor.unit,
        metadata: &[],
        kind,
        aggregation_temporality: match kind {
            MetricKind::Gauge => UNSPECIFIED,
            _ => temporality,
        },
        is_monotonic: is_monotonic && kind == MetricKind::Sum,
    });
    let mut points = Points {
        kind,
        start: match temporality {
            _ if instrument.starts_with("OBSERVABLE") => Start::Observed,
            DELTA => Start::LastCollection,
            _ => Start::Own,
        },
        value_type: descriptor.value_type,
        bounds: None,
    };
    if !object.enter(&mut walk.reader, &["dataPoints"]) {
        return Ok(());
    }
    walk.reader.list()?;
    let mut first = true;
    while walk.reader.element(&mut first)? {
        let start = walk.reader.mark();
        match point(
            &mut points,
            shared,
            &mut walk.reader,
            walk.item,
            walk.limits,
        ) {
            Ok(point) => {
                walk.out.decoded.items += 1;
                point.push(walk.out.sink);
            }
            Err(Stop) => reject_item(Signal::Metrics, start, &mut walk.reader, &mut walk.out)?,
        }
        arena::reset(walk.item);
    }
    Ok(())
}

/// The kind of the data: as it is numbered, else as the first value and the instrument tell.
fn kind<const N: usize>(
    object: &Object<N>,
    instrument: &str,
    reader: &mut Reader<'_>,
) -> Result<MetricKind, Stop> {
    if object.enter(reader, &["dataPointType"]) {
        let start = reader.offset();
        return match reader.i32_field()? {
            0 => Ok(MetricKind::Histogram),
            1 => Ok(MetricKind::ExponentialHistogram),
            2 => Ok(MetricKind::Gauge),
            3 => Ok(MetricKind::Sum),
            _ => reader.stop(
                BAD_VALUE,
                start,
                "expected a data point type of the SDK, 0 to 3",
            ),
        };
    }
    let number = match instrument.ends_with("COUNTER") {
        true => MetricKind::Sum,
        false => MetricKind::Gauge,
    };
    if !object.enter(reader, &["dataPoints"]) || !reader.list()? || !reader.element(&mut true)? {
        return Ok(number);
    }
    let point = Object::find(reader, &["value"])?;
    if !point.enter(reader, &["value"]) || reader.peek() != b'{' {
        return Ok(number);
    }
    let value = Object::find(reader, &["scale"])?;
    Ok(match value.has(&["scale"]) {
        true => MetricKind::ExponentialHistogram,
        false => MetricKind::Histogram,
    })
}
