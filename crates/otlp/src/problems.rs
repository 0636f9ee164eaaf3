//! Reject codes and note codes of the decoders, each a stable word.

use otolith_capture::RejectCode;

use crate::sink::NoteCode;

/// Not valid JSON (syntax, UTF-8, or cut off).
pub const BAD_JSON: RejectCode = RejectCode("bad_json");
/// Not valid protobuf on the wire.
pub const BAD_PROTOBUF: RejectCode = RejectCode("bad_protobuf");
/// Text that is not UTF-8.
pub const BAD_UTF8: RejectCode = RejectCode("bad_utf8");
/// A value of the wrong kind or out of range, such as `{"doubleValue": {}}`.
pub const BAD_VALUE: RejectCode = RejectCode("bad_value");
/// A trace or span id of the wrong length or alphabet.
pub const BAD_ID: RejectCode = RejectCode("bad_id");
/// Lists and maps nested deeper than the limit.
pub const TOO_DEEP: RejectCode = RejectCode("too_deep");
/// More attributes than the limit.
pub const TOO_MANY_ATTRIBUTES: RejectCode = RejectCode("too_many_attributes");
/// Valid JSON that holds no OTLP request.
pub const NOT_OTLP: RejectCode = RejectCode("not_otlp");
/// An object of a dump of the JavaScript SDK (Gemini CLI, Qwen Code, Copilot) that is no span, log record
/// or metrics.
pub const JAVASCRIPT_SDK_DUMP: RejectCode = RejectCode("javascript_sdk_dump");
/// A data point of a dump of the JavaScript SDK whose attributes or time were replaced by the text
/// `[Circular]`, so that it cannot be told what it belongs to.
pub const LOST_REFERENCE: RejectCode = RejectCode("lost_reference");
/// A request of the profiles signal, which is not converted.
pub const PROFILES: RejectCode = RejectCode("profiles");
/// A protobuf message whose signal cannot be told (no items, no hint).
pub const UNKNOWN_SIGNAL: RejectCode = RejectCode("unknown_signal");

/// A key occurred more than once in one attribute list; the last value was kept.
pub const DUPLICATE_ATTRIBUTE_KEY: NoteCode = NoteCode("duplicate_attribute_key");
/// A member occurred more than once in one JSON object; the last value was kept.
pub const DUPLICATE_MEMBER: NoteCode = NoteCode("duplicate_member");
/// An integer with a fraction or beyond 64 bits was kept as a double.
pub const INT_OUT_OF_RANGE: NoteCode = NoteCode("int_out_of_range");
/// Half of a UTF-16 surrogate pair in a JSON string became U+FFFD.
pub const LONE_SURROGATE: NoteCode = NoteCode("lone_surrogate");
/// A string index, which only profiles use, was ignored.
pub const STRING_INDEX_IGNORED: NoteCode = NoteCode("string_index_ignored");
/// A frame held profiles beside other signals; the profiles were ignored.
pub const PROFILES_IGNORED: NoteCode = NoteCode("profiles_ignored");
/// A list of an instrumentation library (protobuf field 1000, gone since protocol 0.19) was
/// ignored.
pub const OLD_LIST_IGNORED: NoteCode = NoteCode("old_list_ignored");
/// A metric had data of more than one kind; all of it was kept.
pub const SEVERAL_DATA_KINDS: NoteCode = NoteCode("several_data_kinds");
/// A metric had no data of a known kind.
pub const NO_KNOWN_DATA: NoteCode = NoteCode("no_known_data");
/// The writer of a dump of the JavaScript SDK put `[Circular]` in the place of an object it had written
/// before, and which it was cannot be told; the field is empty, or holds that text.
pub const CUT_REFERENCE: NoteCode = NoteCode("cut_reference");
/// A request held no item at all: it is empty, or what it holds has unknown names.
pub const NO_ITEMS: NoteCode = NoteCode("no_items");
