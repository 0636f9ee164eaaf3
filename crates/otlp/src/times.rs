//! The times and ids inside protobuf requests: found, and changed in place.
//!
//! All times of OTLP are fixed64 fields, and ids have one length each, so that a request can be moved
//! in time, and made another trace, without being decoded or changing its length. The shapes below
//! say where they are.

use otolith_capture::Signal;

use crate::model::{SpanId, TraceId};
use crate::proto::fault::Fault;
use crate::proto::wire::{Message, Wire};

/// Where the times and ids of a message are.
struct Shape {
    /// Fields that hold a time of this message itself.
    times: &'static [u32],
    /// Fields that hold the id of a trace or span.
    ids: &'static [u32],
    /// Fields with messages that hold such fields.
    children: &'static [(u32, &'static Shape)],
    /// Whether the times of this message are those of an item.
    is_item: bool,
}

const fn group(children: &'static [(u32, &'static Shape)]) -> Shape {
    Shape {
        times: &[],
        ids: &[],
        children,
        is_item: false,
    }
}

const fn item(
    times: &'static [u32],
    ids: &'static [u32],
    children: &'static [(u32, &'static Shape)],
) -> Shape {
    Shape {
        times,
        ids,
        children,
        is_item: true,
    }
}

const fn part(times: &'static [u32], ids: &'static [u32]) -> Shape {
    Shape {
        times,
        ids,
        children: &[],
        is_item: false,
    }
}

static TRACES: Shape = group(&[(1, &group(&[(2, &group(&[(2, &SPAN)]))]))]);
static SPAN: Shape = item(&[7, 8], &[1, 2, 4], &[(11, &EVENT), (13, &LINK)]);
static EVENT: Shape = part(&[1], &[]);
static LINK: Shape = part(&[], &[1, 2]);

static LOGS: Shape = group(&[(1, &group(&[(2, &group(&[(2, &LOG_RECORD)]))]))]);
static LOG_RECORD: Shape = item(&[1, 11], &[9, 10], &[]);

static METRICS: Shape = group(&[(1, &group(&[(2, &group(&[(2, &METRIC)]))]))]);
static METRIC: Shape = group(&[
    (5, &group(&[(1, &NUMBER_POINT)])),
    (7, &group(&[(1, &NUMBER_POINT)])),
    (9, &group(&[(1, &HISTOGRAM_POINT)])),
    (10, &group(&[(1, &EXPONENTIAL_POINT)])),
    (11, &group(&[(1, &SUMMARY_POINT)])),
]);
static NUMBER_POINT: Shape = item(&[2, 3], &[], &[(5, &EXEMPLAR)]);
static HISTOGRAM_POINT: Shape = item(&[2, 3], &[], &[(8, &EXEMPLAR)]);
static EXPONENTIAL_POINT: Shape = item(&[2, 3], &[], &[(11, &EXEMPLAR)]);
static SUMMARY_POINT: Shape = item(&[2, 3], &[], &[]);
static EXEMPLAR: Shape = part(&[2], &[4, 5]);

fn shape(signal: Signal) -> &'static Shape {
    match signal {
        Signal::Traces => &TRACES,
        Signal::Metrics => &METRICS,
        Signal::Logs => &LOGS,
    }
}

/// A field of fixed width.
enum Place {
    /// A time that is not 0.
    Time {
        unix_nano: u64,
        /// Where its 8 bytes are in the request.
        offset: usize,
        is_item: bool,
    },
    /// The id of a trace, 16 bytes, or of a span, 8 bytes.
    Id { offset: usize, len: usize },
}

/// Visits all times of a message that are not 0, and all ids. The depth is that of the shapes.
fn walk(
    message: Message<'_>,
    shape: &Shape,
    visit: &mut impl FnMut(Place) -> Result<(), ShiftError>,
) -> Result<(), ShiftError> {
    let mut fields = message.fields();
    while let Some(field) = fields.next()? {
        match field.value {
            Wire::Fixed64(unix_nano) if unix_nano != 0 && shape.times.contains(&field.number) => {
                visit(Place::Time {
                    unix_nano,
                    offset: fields.offset() - 8,
                    is_item: shape.is_item,
                })?;
            }
            Wire::Len(slice) => {
                let child = shape.children.iter().find(|(n, _)| *n == field.number);
                if let Some((_, shape)) = child {
                    walk(slice.into(), shape, visit)?;
                } else if shape.ids.contains(&field.number) {
                    visit(Place::Id {
                        offset: slice.offset,
                        len: slice.bytes.len(),
                    })?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The newest time of an item (span end or start, log record, data point) in a protobuf request;
/// `None` if there is none. Broken bytes end the search: what was found before counts.
pub fn newest_time_unix_nano(signal: Signal, request: &[u8]) -> Option<u64> {
    item_times(signal, request, u64::max)
}

/// The oldest time of an item (span start or end, log record, data point and its start) in a
/// protobuf request; `None` if there is none. Broken bytes end the search as in
/// [`newest_time_unix_nano`].
pub fn oldest_time_unix_nano(signal: Signal, request: &[u8]) -> Option<u64> {
    item_times(signal, request, u64::min)
}

fn item_times(signal: Signal, request: &[u8], choose: fn(u64, u64) -> u64) -> Option<u64> {
    let mut chosen = None;
    // What was found before a fault stands: the fault is reported where the request is decoded.
    let _ = walk(Message::payload(request), shape(signal), &mut |place| {
        if let Place::Time {
            unix_nano,
            is_item: true,
            ..
        } = place
        {
            chosen = Some(chosen.map_or(unix_nano, |so_far| choose(so_far, unix_nano)));
        }
        Ok(())
    });
    chosen
}

/// Why times or ids could not be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShiftError {
    /// The request is broken.
    #[error("failed to find the times and ids of a request: {message}")]
    BadProtobuf {
        /// What is broken, with its offset.
        message: String,
        /// Byte offset in the request.
        offset: usize,
    },
    /// A time would leave the range from 1 to 2^64 - 1, in which it can come back.
    #[error("failed to move the time `{time_unix_nano}` ns: out of range")]
    OutOfRange {
        /// The time as it is.
        time_unix_nano: u64,
    },
}

impl From<Fault> for ShiftError {
    fn from(fault: Fault) -> Self {
        Self::BadProtobuf {
            message: fault.message(),
            offset: fault.offset,
        }
    }
}

/// Moves all times of a protobuf request that are not 0, in place, by one offset: see [`patch`].
///
/// # Errors
///
/// As [`patch`].
pub fn shift_times(
    signal: Signal,
    request: &mut [u8],
    offset_nanos: i64,
) -> Result<(), ShiftError> {
    let time = |time: u64| time.checked_add_signed(offset_nanos);
    let times = Patch {
        time: Some(&time),
        ids: None,
    };
    patch(signal, request, times)
}

/// What [`patch`] makes of the fields of fixed width.
#[derive(Clone, Copy)]
pub struct Patch<'a> {
    /// The time in the place of one that is not 0; `None` or 0 if that is out of range.
    pub time: Option<&'a dyn Fn(u64) -> Option<u64>>,
    /// The ids in the place of those that are not all 0.
    pub ids: Option<&'a dyn PatchIds>,
}

/// Gives other ids for ids.
pub trait PatchIds {
    /// The id of a trace.
    fn trace_id(&self, id: TraceId) -> TraceId;
    /// The id of a span.
    fn span_id(&self, id: SpanId) -> SpanId;
}

/// Changes the fields of fixed width of a protobuf request in place.
///
/// Times: starts and ends, events, log times and observed times, data points and their starts,
/// exemplars. Ids: of spans, their parents and links, of log records, of exemplars. What is 0, or
/// no id by its length, stays; nothing else is touched.
///
/// Keeps the list of places, 16 bytes each, while it runs.
///
/// # Errors
///
/// When the request is broken where times are, or a time would leave its range. The request is
/// then unchanged.
pub fn patch(signal: Signal, request: &mut [u8], patch: Patch<'_>) -> Result<(), ShiftError> {
    let mut times = Vec::new();
    let mut ids = Vec::new();
    walk(Message::payload(request), shape(signal), &mut |place| {
        match place {
            Place::Time {
                unix_nano, offset, ..
            } => {
                let Some(time) = patch.time else {
                    return Ok(());
                };
                // 0 would mean that there is no time.
                let moved = time(unix_nano).filter(|moved| *moved > 0);
                let moved = moved.ok_or(ShiftError::OutOfRange {
                    time_unix_nano: unix_nano,
                })?;
                times.push((offset, moved));
            }
            Place::Id { offset, len } if patch.ids.is_some() => ids.push((offset, len)),
            Place::Id { .. } => {}
        }
        Ok(())
    })?;
    for (offset, moved) in times {
        if let Some(bytes) = request[offset..].first_chunk_mut() {
            *bytes = moved.to_le_bytes();
        }
    }
    let Some(other) = patch.ids else {
        return Ok(());
    };
    for (offset, len) in ids {
        let id = &mut request[offset..offset + len];
        if id.iter().all(|byte| *byte == 0) {
            continue;
        }
        if let Ok(id) = <&mut TraceId>::try_from(&mut *id) {
            *id = other.trace_id(*id);
        } else if let Ok(id) = <&mut SpanId>::try_from(id) {
            *id = other.span_id(*id);
        }
    }
    Ok(())
}
