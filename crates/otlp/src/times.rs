//! The times inside protobuf requests: found, and moved in place.
//!
//! All times of OTLP are fixed64 fields, so that a request can be moved in time without being
//! decoded or changing its length. The shapes below say where they are.

use otolith_capture::Signal;

use crate::proto::fault::Fault;
use crate::proto::wire::{Message, Wire};

/// Where the times of a message are.
struct Shape {
    /// Fields that hold a time of this message itself.
    times: &'static [u32],
    /// Fields with messages that hold times.
    children: &'static [(u32, &'static Shape)],
    /// Whether the times of this message are those of an item.
    is_item: bool,
}

const fn group(children: &'static [(u32, &'static Shape)]) -> Shape {
    Shape {
        times: &[],
        children,
        is_item: false,
    }
}

const fn item(times: &'static [u32], children: &'static [(u32, &'static Shape)]) -> Shape {
    Shape {
        times,
        children,
        is_item: true,
    }
}

const fn part(times: &'static [u32]) -> Shape {
    Shape {
        times,
        children: &[],
        is_item: false,
    }
}

static TRACES: Shape = group(&[(1, &group(&[(2, &group(&[(2, &SPAN)]))]))]);
static SPAN: Shape = item(&[7, 8], &[(11, &EVENT)]);
static EVENT: Shape = part(&[1]);

static LOGS: Shape = group(&[(1, &group(&[(2, &group(&[(2, &LOG_RECORD)]))]))]);
static LOG_RECORD: Shape = item(&[1, 11], &[]);

static METRICS: Shape = group(&[(1, &group(&[(2, &group(&[(2, &METRIC)]))]))]);
static METRIC: Shape = group(&[
    (5, &group(&[(1, &NUMBER_POINT)])),
    (7, &group(&[(1, &NUMBER_POINT)])),
    (9, &group(&[(1, &HISTOGRAM_POINT)])),
    (10, &group(&[(1, &EXPONENTIAL_POINT)])),
    (11, &group(&[(1, &SUMMARY_POINT)])),
]);
static NUMBER_POINT: Shape = item(&[2, 3], &[(5, &EXEMPLAR)]);
static HISTOGRAM_POINT: Shape = item(&[2, 3], &[(8, &EXEMPLAR)]);
static EXPONENTIAL_POINT: Shape = item(&[2, 3], &[(11, &EXEMPLAR)]);
static SUMMARY_POINT: Shape = item(&[2, 3], &[]);
static EXEMPLAR: Shape = part(&[2]);

fn shape(signal: Signal) -> &'static Shape {
    match signal {
        Signal::Traces => &TRACES,
        Signal::Metrics => &METRICS,
        Signal::Logs => &LOGS,
    }
}

/// A time that is not 0.
struct Time {
    unix_nano: u64,
    /// Where its 8 bytes are in the request.
    offset: usize,
    is_item: bool,
}

/// Visits all times of a message that are not 0. The depth is that of the shapes.
fn walk(
    message: Message<'_>,
    shape: &Shape,
    visit: &mut impl FnMut(Time) -> Result<(), ShiftError>,
) -> Result<(), ShiftError> {
    let mut fields = message.fields();
    while let Some(field) = fields.next()? {
        match field.value {
            Wire::Fixed64(unix_nano) if unix_nano != 0 && shape.times.contains(&field.number) => {
                visit(Time {
                    unix_nano,
                    offset: fields.offset() - 8,
                    is_item: shape.is_item,
                })?;
            }
            Wire::Len(slice) => {
                let child = shape.children.iter().find(|(n, _)| *n == field.number);
                if let Some((_, shape)) = child {
                    walk(slice.into(), shape, visit)?;
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
    let _ = walk(Message::payload(request), shape(signal), &mut |time| {
        if time.is_item {
            chosen = Some(chosen.map_or(time.unix_nano, |so_far| choose(so_far, time.unix_nano)));
        }
        Ok(())
    });
    chosen
}

/// Why times could not be moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShiftError {
    /// The request is broken.
    #[error("failed to find the times of a request: {message}")]
    BadProtobuf {
        /// What is broken, with its offset.
        message: String,
        /// Byte offset in the request.
        offset: usize,
    },
    /// A time would leave the range from 1 to 2^64 - 1, in which it can come back.
    #[error("failed to move the time `{time_unix_nano}` ns by `{offset_nanos}` ns: out of range")]
    OutOfRange {
        /// The time as it is.
        time_unix_nano: u64,
        /// How far it should be moved.
        offset_nanos: i64,
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

/// Moves all times of a protobuf request that are not 0, in place: starts and ends, events, log
/// times and observed times, data points and their starts, exemplars.
///
/// Keeps the list of their places, 8 bytes each, while it runs.
///
/// # Errors
///
/// When the request is broken where times are, or a time would leave its range. The request is
/// then unchanged.
pub fn shift_times(
    signal: Signal,
    request: &mut [u8],
    offset_nanos: i64,
) -> Result<(), ShiftError> {
    let mut places = Vec::new();
    walk(Message::payload(request), shape(signal), &mut |time| {
        shifted(time.unix_nano, offset_nanos)?;
        places.push(time.offset);
        Ok(())
    })?;
    for place in places {
        let Some(bytes) = request[place..].first_chunk_mut::<8>() else {
            continue;
        };
        let moved = shifted(u64::from_le_bytes(*bytes), offset_nanos)?;
        *bytes = moved.to_le_bytes();
    }
    Ok(())
}

fn shifted(time_unix_nano: u64, offset_nanos: i64) -> Result<u64, ShiftError> {
    match time_unix_nano.checked_add_signed(offset_nanos) {
        // 0 would mean that there is no time.
        Some(moved) if moved > 0 => Ok(moved),
        _ => Err(ShiftError::OutOfRange {
            time_unix_nano,
            offset_nanos,
        }),
    }
}
