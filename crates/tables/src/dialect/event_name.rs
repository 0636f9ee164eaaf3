//! Which event a log record tells of.

use otolith_otlp::{LogRecord, Value};

use super::agents;

/// The event that a log record tells of, without the prefix of a known emitter.
///
/// Candidates in order: attribute `event.name`; the field `event_name`, unless it is a source
/// location (`event <file>:<line>`); a text body that is the name of an event of a known emitter.
pub(crate) fn event_name<'a>(record: &LogRecord<'a>) -> Option<&'a str> {
    let attribute = record
        .attributes
        .iter()
        .find_map(|attribute| match attribute.value {
            Value::String(name) if attribute.key == "event.name" && !name.is_empty() => Some(name),
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

/// The name without the prefix of a known emitter.
fn short(name: &str) -> &str {
    agents()
        .iter()
        .filter_map(|agent| agent.event_prefix.as_deref())
        .find_map(|prefix| name.strip_prefix(prefix).filter(|rest| !rest.is_empty()))
        .unwrap_or(name)
}

/// True for the text of a call site, which Rust's `tracing` writes into the field.
fn is_source_location(name: &str) -> bool {
    name.strip_prefix("event ")
        .and_then(|place| place.rsplit_once(':'))
        .is_some_and(|(file, line)| {
            !file.is_empty() && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// The event that a body is the name of: a prefix and one word, or a full name that is known.
fn named_by_body(body: &str) -> Option<&str> {
    let is_word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    agents().iter().find_map(|agent| match &agent.event_prefix {
        Some(prefix) => body
            .strip_prefix(prefix.as_str())
            .filter(|rest| is_word(rest)),
        None => agent
            .events
            .iter()
            .any(|event| event == body)
            .then_some(body),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_otlp::KeyValue;

    fn check(attribute: Option<&str>, field: &str, body: Option<&str>, expected: Option<&str>) {
        let attributes: Vec<KeyValue<'_>> = attribute
            .map(|name| KeyValue {
                key: "event.name",
                value: Value::String(name),
            })
            .into_iter()
            .collect();
        let record = LogRecord {
            time_unix_nano: 0,
            observed_time_unix_nano: 0,
            severity_number: 0,
            severity_text: "",
            body: body.map(Value::String),
            attributes: &attributes,
            dropped_attributes_count: 0,
            flags: 0,
            trace_id: None,
            span_id: None,
            event_name: field,
        };
        assert_eq!(event_name(&record), expected);
    }

    #[test]
    fn the_attribute_comes_first_and_loses_its_prefix() {
        check(
            Some("api_request"),
            "",
            Some("claude_code.api_request"),
            Some("api_request"),
        );
        check(
            Some("claude_code.api_request"),
            "",
            None,
            Some("api_request"),
        );
        check(
            Some("codex.sse_event"),
            "event otel/src/x.rs:12",
            None,
            Some("sse_event"),
        );
        check(
            Some("loop_detected"),
            "",
            Some("A loop."),
            Some("loop_detected"),
        );
        check(Some("codex."), "", None, Some("codex."));
    }

    #[test]
    fn the_field_is_next_unless_it_is_a_call_site() {
        check(None, "gemini_cli.agent.start", None, Some("agent.start"));
        check(None, "event otel/src/x.rs:12", None, None);
        check(None, "event x.rs", None, Some("event x.rs"));
        check(Some(""), "field", None, Some("field"));
    }

    #[test]
    fn a_body_counts_only_as_a_known_name() {
        check(
            None,
            "",
            Some("claude_code.tool_result"),
            Some("tool_result"),
        );
        check(
            None,
            "",
            Some("copilot_chat.tool.call"),
            Some("copilot_chat.tool.call"),
        );
        check(None, "", Some("claude_code. is nice"), None);
        check(None, "", Some("user logged in"), None);
        check(None, "", None, None);
    }
}
