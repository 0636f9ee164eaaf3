//! Reject and note codes of the tables, each a stable word.

use otolith_capture::RejectCode;
use otolith_otlp::NoteCode;

/// The item has no time; its row has a null `time` and is in the partition `1970-01-01`, or in that of
/// the item that it belongs to.
pub const NO_TIME: NoteCode = NoteCode("no_time");
/// The time is before 1980 or after 2199; the row is in the partition `1970-01-01`, or in that of the
/// item that it belongs to.
pub const ODD_TIME: NoteCode = NoteCode("odd_time");
/// A time or count does not fit a signed 64-bit integer; its column is null and the value is in
/// the column `attributes` under `otolith.<column>`.
pub const OUT_OF_RANGE: NoteCode = NoteCode("out_of_range");
/// Another service name gives the same database name; counted once per further name.
pub const SERVICE_NAME_COLLISION: NoteCode = NoteCode("service_name_collision");
/// The frame is too large for its texts to be columns of a part.
pub const OVERSIZED_FRAME: RejectCode = RejectCode("oversized_frame");
