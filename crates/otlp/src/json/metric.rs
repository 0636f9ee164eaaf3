//! Metrics: the header, and the points that mostly come before the header is complete.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otolith_capture::Signal;

use super::fault::{Note, Stop};
use super::point::{ListedPoint, point, push_listed};
use super::reader::Reader;
use super::request::{Out, Walk, reject_item};
use super::scalar::TEMPORALITY;
use super::span::see;
use super::usual::{Kind, Place};
use super::value::attributes;
use crate::model::{Attributes, Metric, MetricKind};
use crate::sink::Sink;
use crate::{Limits, arena};

/// Points that are kept until their metric's header is complete. Emitters write temporality
/// after the points. Where a metric has more, its rest is skipped to see the header, then read.
const POINTS_KEPT: usize = 1024;

/// The members of a metric that belong to all its data.
struct Header<'a> {
    name: &'a str,
    description: &'a str,
    unit: &'a str,
    metadata: Attributes<'a>,
}

/// The members of one data object (`sum`, `histogram`, ..) around its points.
struct Data<'b> {
    kind: MetricKind,
    temporality: i32,
    is_monotonic: bool,
    points: &'b [ListedPoint<'b>],
    /// Offsets in point lists where reading points goes on once the header is complete.
    unread: Vec<usize>,
}

/// Reads a metric and pushes it with its points, once per data object: a metric that breaks the
/// rule to have only one loses nothing.
pub(super) fn metric<'a, S: Sink>(walk: &mut Walk<'a, '_, S>) -> Result<(), Stop> {
    let mut header = Header {
        name: "",
        description: "",
        unit: "",
        metadata: &[],
    };
    // The data object that was read, and the offsets of those that wait for the header.
    let mut data = None;
    let mut waiting = Vec::new();
    if !walk.reader.object()? {
        return Ok(());
    }
    let item: &Bump = walk.item;
    let (mut place, mut seen) = (Place::first_of(Kind::Metric), 0);
    while let Some(name) = walk.reader.usual_member(&mut place)? {
        let reader = &mut walk.reader;
        let bit = match name {
            "name" => {
                header.name = reader.text_field(walk.header)?;
                0
            }
            "description" => {
                header.description = reader.text_field(walk.header)?;
                1
            }
            "unit" => {
                header.unit = reader.text_field(walk.header)?;
                2
            }
            "metadata" => {
                header.metadata = attributes(reader, walk.header, walk.limits)?;
                3
            }
            _ => {
                let Some(kind) = kind(name) else {
                    reader.skip_value()?;
                    continue;
                };
                if reader.null()? {
                    continue;
                }
                if let Some(Data { kind: before, .. }) = &data {
                    reader.note(if *before == kind {
                        Note::DuplicateMember
                    } else {
                        Note::SeveralDataKinds
                    });
                    waiting.push((kind, reader.offset()));
                    reader.skip_value()?;
                } else {
                    data = Some(read_data(kind, reader, item, walk.limits, &mut walk.out)?);
                }
                continue;
            }
        };
        see(&mut walk.reader, &mut seen, bit);
    }
    let end = walk.reader.offset();
    let Some(data) = data else {
        walk.reader.note(Note::NoKnownData);
        return Ok(());
    };
    let (kind, unread) = push(&header, data, &mut walk.out);
    arena::reset(walk.item);
    push_unread(walk, kind, &unread)?;
    for (kind, offset) in waiting {
        walk.reader.go_to(offset);
        let data = read_data(
            kind,
            &mut walk.reader,
            walk.item,
            walk.limits,
            &mut walk.out,
        )?;
        let (kind, unread) = push(&header, data, &mut walk.out);
        arena::reset(walk.item);
        push_unread(walk, kind, &unread)?;
    }
    walk.reader.go_to(end);
    Ok(())
}

/// The data member that a name stands for.
fn kind(name: &str) -> Option<MetricKind> {
    Some(match name {
        "gauge" => MetricKind::Gauge,
        "sum" => MetricKind::Sum,
        "histogram" => MetricKind::Histogram,
        "exponentialHistogram" | "exponential_histogram" => MetricKind::ExponentialHistogram,
        "summary" => MetricKind::Summary,
        _ => return None,
    })
}

/// Reads one data object, keeping up to [`POINTS_KEPT`] points.
fn read_data<'a: 'b, 'b, S: Sink>(
    kind: MetricKind,
    reader: &mut Reader<'a>,
    item: &'b Bump,
    limits: &Limits,
    out: &mut Out<'_, S>,
) -> Result<Data<'b>, Stop> {
    let mut data = Data {
        kind,
        temporality: 0,
        is_monotonic: false,
        points: &[],
        unread: Vec::new(),
    };
    let mut points = BumpVec::new_in(item);
    reader.object()?;
    let (mut place, mut seen) = (Place::first_of(Kind::Data), 0);
    while let Some(name) = reader.usual_member(&mut place)? {
        let bit = match name {
            "dataPoints" | "data_points" => {
                read_points(
                    kind,
                    &mut points,
                    &mut data.unread,
                    reader,
                    item,
                    limits,
                    out,
                )?;
                0
            }
            "aggregationTemporality" | "aggregation_temporality" => {
                data.temporality = reader.enum_field(&TEMPORALITY)?;
                1
            }
            "isMonotonic" | "is_monotonic" => {
                data.is_monotonic = reader.bool_field()?.unwrap_or(false);
                2
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    data.points = points.into_bump_slice();
    Ok(data)
}

/// Reads a list of points; a bad one is rejected alone. Repeated lists add up.
fn read_points<'a: 'b, 'b, S: Sink>(
    kind: MetricKind,
    points: &mut BumpVec<'b, ListedPoint<'b>>,
    unread: &mut Vec<usize>,
    reader: &mut Reader<'a>,
    item: &'b Bump,
    limits: &Limits,
    out: &mut Out<'_, S>,
) -> Result<(), Stop> {
    if points.len() >= POINTS_KEPT && reader.peek() == b'[' {
        unread.push(reader.offset());
        return reader.skip_value();
    }
    if !reader.list()? {
        return Ok(());
    }
    let mut first = true;
    while reader.element(&mut first)? {
        let start = reader.mark();
        match point(kind, reader, item, limits) {
            Ok(point) => points.push(point),
            Err(Stop) => reject_item(Signal::Metrics, start, reader, out)?,
        }
        if points.len() >= POINTS_KEPT {
            unread.push(reader.offset());
            while reader.element(&mut first)? {
                reader.skip_value()?;
            }
            break;
        }
    }
    Ok(())
}

/// Announces the metric and pushes the points kept. Returns what is needed to read the others.
fn push<S: Sink>(
    header: &Header<'_>,
    data: Data<'_>,
    out: &mut Out<'_, S>,
) -> (MetricKind, Vec<usize>) {
    let has_temporality = matches!(
        data.kind,
        MetricKind::Sum | MetricKind::Histogram | MetricKind::ExponentialHistogram
    );
    out.sink.metric(&Metric {
        name: header.name,
        description: header.description,
        unit: header.unit,
        metadata: header.metadata,
        kind: data.kind,
        aggregation_temporality: if has_temporality { data.temporality } else { 0 },
        is_monotonic: data.is_monotonic && data.kind == MetricKind::Sum,
    });
    out.decoded.items += data.points.len() as u64;
    for point in data.points {
        push_listed(*point, out.sink);
    }
    (data.kind, data.unread)
}

/// Reads and pushes the points that were skipped, one by one.
fn push_unread<S: Sink>(
    walk: &mut Walk<'_, '_, S>,
    kind: MetricKind,
    unread: &[usize],
) -> Result<(), Stop> {
    for offset in unread {
        walk.reader.go_to(*offset);
        // Either a whole list or, after the points that were kept, the rest of one.
        let mut first = walk.reader.peek() == b'[';
        if first {
            walk.reader.list()?;
        }
        while walk.reader.element(&mut first)? {
            let start = walk.reader.mark();
            match point(kind, &mut walk.reader, walk.item, walk.limits) {
                Ok(point) => {
                    walk.out.decoded.items += 1;
                    push_listed(point, walk.out.sink);
                }
                Err(Stop) => {
                    reject_item(Signal::Metrics, start, &mut walk.reader, &mut walk.out)?;
                }
            }
            arena::reset(walk.item);
        }
    }
    Ok(())
}
