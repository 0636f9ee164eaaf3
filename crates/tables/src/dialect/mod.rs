//! What emitters are known to do, as data.

pub(crate) mod known_keys;

use otolith_otlp::{LogRecord, Value};

/// Prefixes that emitters put before the names of their events.
const EVENT_PREFIXES: [&str; 4] = ["claude_code.", "codex.", "gemini_cli.", "qwen-code."];

/// The event that a log record tells of, without the prefix of a known emitter.
///
/// Candidates in order: attribute `event.name`; the field `event_name`, unless it is a source
/// location (`event <file>:<line>`); a text body that is a known emitter's event name.
pub(crate) fn event_name<'a>(record: &LogRecord<'a>) -> Option<&'a str> {
    let attribute =
        record
            .attributes
            .iter()
            .find_map(|attribute| match (attribute.key, attribute.value) {
                ("event.name", Value::String(name)) if !name.is_empty() => Some(name),
                _ => None,
            });
    attribute
        .or_else(|| {
            (!record.event_name.is_empty() && !is_source_location(record.event_name))
                .then_some(record.event_name)
        })
        .map(short)
        .or_else(|| match record.body {
            Some(Value::String(body)) => named_by_body(body),
            _ => None,
        })
}

fn short(name: &str) -> &str {
    EVENT_PREFIXES
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix).filter(|rest| !rest.is_empty()))
        .unwrap_or(name)
}

/// True for the text of a call site, as Rust's `tracing` writes it into the field.
fn is_source_location(name: &str) -> bool {
    name.strip_prefix("event ")
        .and_then(|place| place.rsplit_once(':'))
        .is_some_and(|(file, line)| {
            !file.is_empty() && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn named_by_body(body: &str) -> Option<&str> {
    EVENT_PREFIXES.iter().find_map(|prefix| {
        body.strip_prefix(prefix).filter(|rest| {
            !rest.is_empty()
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        })
    })
}
