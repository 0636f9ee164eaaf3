//! Takes some of the items out of a protobuf request, with the resources and scopes around them.
//!
//! A request that is too long for its receiver is sent in parts. Messages on the way to the items are
//! written anew, as their lengths change; everything in them, unknown fields included, is copied.

use std::ops::Range;

use otolith_capture::Signal;

use crate::FrameReject;
use crate::encode::put_len_prefixed;
use crate::proto::fault::Fault;
use crate::proto::wire::{Message, Slice, Wire};

/// A message on the way to the items: its fields that lead there.
struct Level(&'static [(u32, Below)]);

/// What is in such a field.
enum Below {
    /// One item per occurrence.
    Item,
    /// A group of its own per occurrence.
    Group(&'static Level),
    /// A part of one message per occurrence: protobuf joins them.
    Part(&'static Level),
}

static ITEMS: Level = Level(&[(
    1,
    Below::Group(&Level(&[(2, Below::Group(&Level(&[(2, Below::Item)])))])),
)]);

static POINTS: Level = Level(&[(1, Below::Item)]);
static METRIC: Level = Level(&[
    (5, Below::Part(&POINTS)),
    (7, Below::Part(&POINTS)),
    (9, Below::Part(&POINTS)),
    (10, Below::Part(&POINTS)),
    (11, Below::Part(&POINTS)),
]);
static METRICS: Level = Level(&[(
    1,
    Below::Group(&Level(&[(
        2,
        Below::Group(&Level(&[(2, Below::Group(&METRIC))])),
    )])),
)]);

const fn request(signal: Signal) -> &'static Level {
    match signal {
        Signal::Traces | Signal::Logs => &ITEMS,
        Signal::Metrics => &METRICS,
    }
}

/// Counts the items of a protobuf request: spans, log records or data points, whether they can be
/// decoded or not.
///
/// # Errors
///
/// When the bytes on the way to the items are broken.
pub fn count_items(signal: Signal, bytes: &[u8]) -> Result<u64, FrameReject> {
    let mut count = 0;
    count_in(Slice { bytes, offset: 0 }, request(signal), &mut count)?;
    Ok(count)
}

fn count_in(slice: Slice<'_>, level: &Level, count: &mut u64) -> Result<(), Fault> {
    let mut fields = Message::from(slice).fields();
    while let Some(field) = fields.next()? {
        let Wire::Len(content) = field.value else {
            continue;
        };
        match level.below(field.number) {
            Some(Below::Item) => *count += 1,
            Some(Below::Group(level) | Below::Part(level)) => count_in(content, level, count)?,
            None => {}
        }
    }
    Ok(())
}

impl Level {
    fn below(&self, number: u32) -> Option<&Below> {
        let found = self.0.iter().find(|(n, _)| *n == number);
        found.map(|(_, below)| below)
    }
}

/// A protobuf request of the items of another one whose numbers, from 0, lie in `range`: with all
/// that is said of their resources, scopes and metrics. The items themselves are not looked at.
///
/// Ranges that follow one another up to [`count_items`] give parts that hold everything: groups
/// without any item are in the part of the item that comes next, or in the last part.
///
/// # Errors
///
/// When the bytes on the way to the items are broken.
pub fn take_items(signal: Signal, bytes: &[u8], range: Range<u64>) -> Result<Vec<u8>, FrameReject> {
    let total = count_items(signal, bytes)?;
    let mut taker = Taker {
        payload: bytes,
        is_last: range.end >= total,
        range,
        next: 0,
    };
    let mut taken = Vec::new();
    taker.take(Slice { bytes, offset: 0 }, request(signal), &mut taken)?;
    Ok(taken)
}

struct Taker<'a> {
    payload: &'a [u8],
    range: Range<u64>,
    is_last: bool,
    /// Number of the item that comes next.
    next: u64,
}

impl Taker<'_> {
    /// Copies a message without the items that are not wanted. True if one was.
    fn take(
        &mut self,
        slice: Slice<'_>,
        level: &Level,
        taken: &mut Vec<u8>,
    ) -> Result<bool, Fault> {
        let mut has_item = false;
        let mut fields = Message::from(slice).fields();
        while let Some(field) = fields.next()? {
            let below = match field.value {
                Wire::Len(content) => level.below(field.number).map(|below| (below, content)),
                _ => None,
            };
            let Some((below, content)) = below else {
                taken.extend_from_slice(&self.payload[field.offset..fields.offset()]);
                continue;
            };
            match below {
                Below::Item => {
                    if self.range.contains(&self.next) {
                        taken.extend_from_slice(&self.payload[field.offset..fields.offset()]);
                        has_item = true;
                    }
                    self.next += 1;
                }
                Below::Group(level) | Below::Part(level) => {
                    let before = self.next;
                    let mut inner = Vec::new();
                    let has = self.take(content, level, &mut inner)?;
                    let is_empty = self.next == before;
                    let is_kept = match below {
                        Below::Part(_) => is_empty,
                        _ => is_empty && self.holds_place(before),
                    };
                    if has || is_kept {
                        put_len_prefixed(taken, field.number, &inner);
                        // An empty group alone is no reason to keep what is around it, but for
                        // the part that it belongs to.
                        has_item |= has || matches!(below, Below::Group(_));
                    }
                }
            }
        }
        Ok(has_item)
    }

    /// Whether what stands before this item is in the range.
    fn holds_place(&self, next: u64) -> bool {
        next >= self.range.start && (next < self.range.end || self.is_last)
    }
}
