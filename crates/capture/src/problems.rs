//! Codes of what this crate rejects, each a stable word.

use crate::frame::RejectCode;

/// The last record of the file is cut off.
pub const TORN_TAIL: RejectCode = RejectCode("torn_tail");
/// A record inside the file is cut off or broken so that its end cannot be told; reading went on
/// at the next place that looks like a beginning.
pub const TORN_RECORD: RejectCode = RejectCode("torn_record");
/// A line of a JSON file that does not begin a JSON object or array.
pub const NOT_JSON: RejectCode = RejectCode("not_json");
/// A length prefix that cannot be right; reading went on where lengths and messages agree again.
pub const BAD_LENGTH: RejectCode = RejectCode("bad_length");
/// A record larger than the limit of one frame.
pub const FRAME_TOO_LARGE: RejectCode = RejectCode("frame_too_large");
/// A message or body whose compression cannot be undone.
pub const BAD_COMPRESSION: RejectCode = RejectCode("bad_compression");
/// The compressed stream of the whole file is cut off or damaged; what came before it was read.
pub const TORN_COMPRESSION: RejectCode = RejectCode("torn_compression");
/// The compressed stream of the whole file unfolds beyond the limits; what came before was read.
pub const DECOMPRESSION_LIMIT: RejectCode = RejectCode("decompression_limit");
/// An envelope whose body was lost before it was written, such as agentic-ci's `{"raw": ..}`,
/// or a line of rejects whose bytes redaction left out.
pub const UNRECOVERABLE_BODY: RejectCode = RejectCode("unrecoverable_body");
/// An envelope with an empty body, which holds no telemetry.
pub const EMPTY_BODY: RejectCode = RejectCode("empty_body");
/// An envelope that contradicts itself or cannot be opened.
pub const BAD_ENVELOPE: RejectCode = RejectCode("bad_envelope");
/// A file of no known layout.
pub const UNRECOGNISED: RejectCode = RejectCode("unrecognised");

/// All codes of this crate, for documentation.
pub const ALL: [RejectCode; 12] = [
    TORN_TAIL,
    TORN_RECORD,
    NOT_JSON,
    BAD_LENGTH,
    FRAME_TOO_LARGE,
    BAD_COMPRESSION,
    TORN_COMPRESSION,
    DECOMPRESSION_LIMIT,
    UNRECOVERABLE_BODY,
    EMPTY_BODY,
    BAD_ENVELOPE,
    UNRECOGNISED,
];
