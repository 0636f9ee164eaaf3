//! Dumps of the OpenTelemetry JavaScript SDK: objects as the SDK holds them in memory, which programs
//! with a file exporter (Gemini CLI, Qwen Code, GitHub Copilot) write one after another. A frame is one
//! object: a span, a log record, a `ResourceMetrics`, or a metric alone.
//!
//! The layout differs with the SDK's major version (1.x, 2.x) and the program; what it is now is read
//! from the member names, which never mean two things. Members come in any order, so an object is
//! first walked for the places of its members ([`members`]), then read from them.
//!
//! Gemini's writer, to cut circles, replaces every object that it has written before in the same frame
//! by the text `[Circular]`, shared ones too: times and bucket bounds, mostly. [`shared`] tells what such
//! a text stands for where only one thing can be meant; where it cannot be told, the field stays empty
//! with a note, or the point is rejected if its identity hangs on it.

mod header;
mod histogram;
mod log;
mod members;
mod metric;
mod object;
mod point;
mod shared;
mod span;
mod time;
mod value;

pub(crate) use object::decode;
