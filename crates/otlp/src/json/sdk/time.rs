//! Times as the SDK holds them.

use jiff::Timestamp;

use crate::json::fault::Stop;
use crate::json::reader::Reader;
use crate::problems::BAD_VALUE;

/// A time of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// Not there.
    Absent,
    /// Cut out: it is one that was written before.
    Cut,
    /// Nanoseconds since the epoch.
    At(u64),
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Reads a time: `[seconds, nanoseconds]`, or the text that a JavaScript date becomes.
pub(super) fn time(reader: &mut Reader<'_>) -> Result<Time, Stop> {
    if reader.cut() {
        return Ok(Time::Cut);
    }
    let start = reader.offset();
    let time = match reader.peek() {
        b'[' => pair(reader)?,
        b'"' => {
            let text = reader.word()?;
            let parsed: Result<Timestamp, _> = text.parse();
            parsed
                .ok()
                .and_then(|time| u64::try_from(time.as_nanosecond()).ok())
        }
        _ => return reader.wrong_kind("a time as [seconds, nanoseconds]"),
    };
    match time {
        Some(time) => Ok(Time::At(time)),
        None => reader.stop(
            BAD_VALUE,
            start,
            "expected a time as [seconds, nanoseconds] between 1970 and 2554",
        ),
    }
}

/// The nanoseconds of a pair; none if it is no time.
fn pair(reader: &mut Reader<'_>) -> Result<Option<u64>, Stop> {
    reader.list()?;
    let (mut parts, mut count) = ([None; 2], 0);
    let mut first = true;
    while reader.element(&mut first)? {
        let part = match reader.peek() {
            b'0'..=b'9' => reader.number()?.parse::<u64>().ok(),
            _ => {
                reader.skip_value()?;
                None
            }
        };
        if let Some(place) = parts.get_mut(count) {
            *place = part;
        }
        count += 1;
    }
    Ok(match (parts, count) {
        ([Some(seconds), Some(nanos)], 2) if nanos < NANOS_PER_SECOND => seconds
            .checked_mul(NANOS_PER_SECOND)
            .and_then(|time| time.checked_add(nanos)),
        _ => None,
    })
}
