//! What is said of rejects when their messages must not quote the input.

use otolith_capture::{RejectCode, problems as capture};
use otolith_otlp::problems as otlp;
use otolith_tables::problems as tables;

use crate::cat::{REQUEST_TOO_LARGE, UNCLEAR_SIGNAL};

const UNKNOWN: &str = "rejected; the reason is withheld by redaction";

/// The fixed text of a code.
pub(super) fn of(code: RejectCode) -> &'static str {
    let found = REASONS.iter().find(|(known, _)| *known == code);
    found.map_or(UNKNOWN, |(_, text)| text)
}

const REASONS: &[(RejectCode, &str)] = &[
    (capture::TORN_TAIL, "the last record of the file is cut off"),
    (capture::TORN_RECORD, "a record is cut off or broken"),
    (
        capture::NOT_JSON,
        "a line that does not begin a JSON object or array",
    ),
    (capture::BAD_LENGTH, "a length prefix that cannot be right"),
    (
        capture::FRAME_TOO_LARGE,
        "a record larger than the limit of one frame",
    ),
    (
        capture::BAD_COMPRESSION,
        "a message whose compression cannot be undone",
    ),
    (
        capture::TORN_COMPRESSION,
        "the compressed stream is cut off or damaged",
    ),
    (
        capture::DECOMPRESSION_LIMIT,
        "the compressed stream unfolds beyond the limits",
    ),
    (
        capture::UNRECOVERABLE_BODY,
        "an envelope whose body was lost before it was written",
    ),
    (capture::EMPTY_BODY, "an envelope with an empty body"),
    (capture::BAD_ENVELOPE, "an envelope that cannot be opened"),
    (capture::UNRECOGNISED, "a file of no known layout"),
    (otlp::BAD_JSON, "not valid JSON"),
    (otlp::BAD_PROTOBUF, "not valid protobuf"),
    (otlp::BAD_UTF8, "text that is not UTF-8"),
    (otlp::BAD_VALUE, "a value of the wrong kind or out of range"),
    (
        otlp::BAD_ID,
        "a trace or span id of the wrong length or alphabet",
    ),
    (
        otlp::TOO_DEEP,
        "lists and maps nested deeper than the limit",
    ),
    (otlp::TOO_MANY_ATTRIBUTES, "more attributes than the limit"),
    (otlp::NOT_OTLP, "valid JSON that holds no OTLP request"),
    (
        otlp::JAVASCRIPT_SDK_DUMP,
        "an object of the JavaScript SDK that is no span, log record or metrics",
    ),
    (
        otlp::LOST_REFERENCE,
        "a data point whose attributes or time the writer of a dump cut out",
    ),
    (
        otlp::PROFILES,
        "a request of the profiles signal, which is not converted",
    ),
    (
        otlp::UNKNOWN_SIGNAL,
        "a protobuf message whose signal cannot be told",
    ),
    (
        tables::OVERSIZED_FRAME,
        "the frame is too large for its texts to be columns",
    ),
    (
        UNCLEAR_SIGNAL,
        "a protobuf request that does not show its signal",
    ),
    (
        REQUEST_TOO_LARGE,
        "a request longer than its length can be told",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_captures_has_a_text() {
        for code in capture::ALL {
            assert_ne!(of(code), UNKNOWN, "{code}");
        }
        assert_eq!(of(RejectCode("new")), UNKNOWN);
    }
}
